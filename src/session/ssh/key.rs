//! The door's own key: made at the first start, kept on disk for its owner alone. Whoever came once knows the door again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, HashAlg, PrivateKey};

use crate::secret::open_to_others;

/// Longest file that can be a key.
const LONGEST: u64 = 64 * 1024;

/// Why the door has no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Reading or writing failed.
    #[error("the host key {} cannot be used: {cause}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the host key {} can be read by others than its owner (mode {mode:03o}): run  chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is none of ours.
    #[error("{} holds no host key that can be used: {why}; make one with  ssh-keygen -t ed25519 -N '' -f {}", path.display(), path.display())]
    Unusable {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The key in the file; made there if there is none.
///
/// # Errors
/// The file cannot be read or written, others may read it, or what is in it is no key.
pub fn host_key(path: &Path) -> Result<PrivateKey, KeyError> {
    let failed = |cause| KeyError::File {
        path: path.to_owned(),
        cause,
    };
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(path).map_err(failed)?;
            // Of two that start at once the one whose file it became counts for both.
            read(path, File::open(path).map_err(failed)?)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The key in the file, which must be there.
///
/// # Errors
/// As `host_key`, and there is no file.
pub fn known_key(path: &Path) -> Result<PrivateKey, KeyError> {
    let file = File::open(path).map_err(|cause| KeyError::File {
        path: path.to_owned(),
        cause,
    })?;
    read(path, file)
}

/// How the key is shown to people: `SHA256:...`.
pub fn fingerprint(key: &PrivateKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn read(path: &Path, file: File) -> Result<PrivateKey, KeyError> {
    let failed = |cause| KeyError::File {
        path: path.to_owned(),
        cause,
    };
    let unusable = |why: String| KeyError::Unusable {
        path: path.to_owned(),
        why,
    };
    let about = file.metadata().map_err(failed)?;
    if let Some(mode) = open_to_others(&about) {
        return Err(KeyError::TooOpen {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let key = PrivateKey::from_openssh(&text).map_err(|error| unusable(error.to_string()))?;
    if key.is_encrypted() {
        return Err(unusable("it asks for a passphrase".to_owned()));
    }
    match key.algorithm() {
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } => Ok(key),
        other => Err(unusable(format!("{other} keys are not taken"))),
    }
}

/// Writes a new key beside the file and puts it in its place unless another process was quicker.
fn make(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{:08x}", rand::random::<u32>()));
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&beside, path));
    std::fs::remove_file(&beside)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/host");
        let made = host_key(&path).unwrap();
        assert_eq!(made.algorithm(), Algorithm::Ed25519);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            fingerprint(&host_key(&path).unwrap()),
            fingerprint(&made),
            "a second start has the same key"
        );
        let left: Vec<_> = std::fs::read_dir(folder.path().join("keys"))
            .unwrap()
            .collect();
        assert_eq!(left.len(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host");
        host_key(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let told = host_key(&path).unwrap_err().to_string();
        assert!(told.contains("chmod 600"), "{told}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "nothing").unwrap();
        assert!(matches!(host_key(&path), Err(KeyError::Unusable { .. })));
    }
}
