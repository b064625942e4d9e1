//! One process per home.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StoreError;

/// The lock file's name in a home.
const LOCK_FILE: &str = "lock";

/// Holds a home for this process until dropped (or until the process ends, however it ends:
/// the kernel releases a `flock` with its last descriptor).
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the lock of the home in `home`, without waiting.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process holds it, [`StoreError::File`] if the lock
    /// file cannot be opened.
    pub fn acquire(home: &Path) -> Result<Self, StoreError> {
        let path = home.join(LOCK_FILE);
        let opened = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(StoreError::File { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(StoreError::File { path, source }),
        }
    }
}
