//! Writing what is for its owner alone: a file with mode 0600, whole or not at all, in a folder that others cannot enter.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder of a file; what of it is missing is made for its owner alone.
///
/// # Errors
/// What the system said.
pub fn owner_folder(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    Ok(folder)
}

/// Writes a file for its owner alone; whoever reads meanwhile, and whoever reads after a fall, sees the old one or the new one.
///
/// # Errors
/// What the system said.
pub fn write_owner_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = owner_folder(path)?;
    // A temporary file is made with 0600.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(&folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_file_for_its_owner_replaces_the_old_one_whole() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/er/kept");
        for content in ["first and longer", "second"] {
            write_owner_file(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        }
        let folder = path.parent().unwrap();
        assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    }
}
