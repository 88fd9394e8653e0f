//! `backend.json`: how a second `warboard` of the same person finds the backend that the first one runs, and the lock
//! under which one of them is the first. Starting and joining a backend is not done here.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::secret::{Secret, owner_folder, write_owner_file};

/// The longest file that is read.
const LENGTH_MAX: u64 = 64 * 1024;

/// A backend that runs inside a `warboard` of this person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendFile {
    /// Its base URL.
    pub url: String,
    /// Its token.
    pub token: Secret,
    /// The process it runs in.
    pub pid: u32,
}

/// The file's content; a secret is not written by accident, so it has its own shape here.
#[derive(Serialize, Deserialize)]
struct Content {
    url: String,
    token: String,
    pid: u32,
}

/// The file in a data folder.
pub fn path(data_home: &Path) -> PathBuf {
    data_home.join("backend.json")
}

/// The backend that is told there. Nothing where there is none, where it cannot be read or is broken, and where others
/// than its owner may read or write it: whoever finds nothing takes the lock and starts a backend of its own.
pub fn read(path: &Path) -> Option<BackendFile> {
    let file = File::open(path).ok()?;
    if file.metadata().ok()?.mode() & 0o077 != 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LENGTH_MAX).read_to_end(&mut bytes).ok()?;
    let content: Content = serde_json::from_slice(&bytes).ok()?;
    Some(BackendFile {
        url: content.url,
        token: Secret::new(content.token),
        pid: content.pid,
    })
}

/// Writes the file, for its owner alone, as a whole or not at all: whoever reads meanwhile sees the old one.
///
/// # Errors
/// What the system said.
pub fn write(path: &Path, backend: &BackendFile) -> io::Result<()> {
    let content = serde_json::to_vec(&Content {
        url: backend.url.clone(),
        token: backend.token.expose().to_owned(),
        pid: backend.pid,
    })?;
    write_owner_file(path, &content)
}

/// Takes the file away, if it is there; only the holder of the lock should.
///
/// # Errors
/// What the system said.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Held by the one `warboard` of a data folder that runs the backend. The kernel lets go of it however the process ends.
#[derive(Debug)]
pub struct BackendLock {
    _file: File,
}

impl BackendLock {
    /// Takes the lock that belongs to a `backend.json`; none where another has it.
    ///
    /// # Errors
    /// The folder or the lock's file cannot be made.
    pub fn take(path: &Path) -> io::Result<Option<BackendLock>> {
        let file = BackendLock::file(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(BackendLock { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the lock is free and takes it; blocks its thread, at no cost meanwhile.
    ///
    /// # Errors
    /// The folder or the lock's file cannot be made.
    pub fn wait(path: &Path) -> io::Result<BackendLock> {
        let file = BackendLock::file(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(BackendLock { _file: file })
    }

    fn file(path: &Path) -> io::Result<File> {
        owner_folder(path)?;
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.with_extension("lock"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn backend(pid: u32) -> BackendFile {
        BackendFile {
            url: "http://127.0.0.1:40001".to_owned(),
            token: Secret::new("wb_1_secret"),
            pid,
        }
    }

    #[test]
    fn what_is_written_is_read_by_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = path(&home.path().join("new/warboard"));
        assert_eq!(read(&path), None);
        write(&path, &backend(1)).unwrap();
        write(&path, &backend(2)).unwrap();
        assert_eq!(read(&path), Some(backend(2)));
        let mode = std::fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let beside = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "a temporary file was left behind");
        assert!(!format!("{:?}", backend(1)).contains("secret"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path), None, "others could have put it there");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_broken_file_reads_as_none() {
        let home = tempfile::tempdir().unwrap();
        let path = path(home.path());
        for content in ["", "{", "[]", r#"{"url": "http://127.0.0.1:1", "pid": 2}"#] {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(read(&path), None, "{content}");
        }
    }

    #[test]
    fn one_at_a_time_has_the_lock() {
        let home = tempfile::tempdir().unwrap();
        let path = path(home.path());
        let first = BackendLock::take(&path).unwrap();
        assert!(first.is_some());
        assert!(BackendLock::take(&path).unwrap().is_none());
        drop(first);
        assert!(BackendLock::take(&path).unwrap().is_some());
    }
}
