//! One server a file: a lock of the kernel on a file beside the store. It goes with the process, however that ends.
//! The store itself is not locked: closing any descriptor of it would drop SQLite's own locks.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::store::StoreError;

/// Held as long as the writer lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or says at once that another has it.
    pub(super) fn take(store: &Path) -> Result<Lock, StoreError> {
        let mut beside = store.as_os_str().to_owned();
        beside.push(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&beside)
            .map_err(|error| {
                StoreError::Unavailable(format!("{}: {error}", Path::new(&beside).display()))
            })?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { _file: file }),
            Err(Errno::WOULDBLOCK) => Err(StoreError::InUse(store.display().to_string())),
            Err(error) => Err(StoreError::Unavailable(format!(
                "{} cannot be locked: {error}",
                store.display()
            ))),
        }
    }
}

/// Makes sure that the file is there, readable for its owner alone, and gives its one true name: two names of one
/// store must meet at one lock.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |error: std::io::Error| {
        StoreError::Unavailable(format!("{} cannot be opened: {error}", path.display()))
    };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(failed)?;
    }
    let made = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    std::fs::canonicalize(path).map_err(failed)
}
