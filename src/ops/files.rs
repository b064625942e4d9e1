//! Files that are durable when the call returns, and private where they hold a secret.
//!
//! **In scope**: creating, replacing and renaming with every fsync that POSIX asks for;
//! bounded reading; permission checks. **Out of scope**: what is in the files.
//!
//! A rename is durable only once its directory was synced, and an error of that sync
//! is reported once, to the descriptor that was open before: so the descriptor is
//! opened first and kept.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Owner may read and write: for every file that holds a secret.
pub const PRIVATE_MODE: u32 = 0o600;
/// Anyone may read: public keys, exports.
pub const PUBLIC_MODE: u32 = 0o644;
/// Anyone may look: directories above a home.
pub const PUBLIC_DIR_MODE: u32 = 0o755;
/// Owner only: directories of a home.
pub const PRIVATE_DIR_MODE: u32 = 0o700;

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Longer than its kind may be.
    #[error("{} is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bound in bytes.
        bytes_max: u64,
    },
    /// Others may read a secret.
    #[error("{} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a regular file.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> FileError + use<'a> {
    move |source| FileError::Io { action, path: path.to_owned(), source }
}

/// The directory that holds `path`; `.` for a bare name.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Syncs a directory's entries to disk.
///
/// # Errors
/// [`FileError::Io`].
pub fn sync_dir(dir: &Path) -> Result<(), FileError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(io_error("sync", dir))
}

/// Makes a directory and its missing parents with the given mode.
///
/// # Errors
/// [`FileError::Io`].
pub fn make_dir(dir: &Path, mode: u32) -> Result<(), FileError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(dir).map_err(io_error("make", dir))
}

/// Writes a file that must not exist yet; durable when this returns.
///
/// If we crash here, a partial file may stand under the final name: use [`replace`]
/// for whatever a start-up would read.
///
/// # Errors
/// [`FileError::Io`], also if the file exists.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let dir = File::open(parent(path)).map_err(io_error("open", parent(path)))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(io_error("create", path))?;
    file.write_all(bytes).map_err(io_error("write", path))?;
    file.sync_all().map_err(io_error("sync", path))?;
    dir.sync_all().map_err(io_error("sync", parent(path)))
}

/// Writes a file under its name at once: the old content or the new, never half; durable
/// when this returns.
///
/// If we crash here, a `.partial` file may be left beside it; nothing reads those.
///
/// # Errors
/// [`FileError::Io`].
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let partial = partial_name(path);
    match fs::remove_file(&partial) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error("remove", &partial)(e)),
        _ => {}
    }
    write_new(&partial, bytes, mode)?;
    rename(&partial, path)
}

/// The name under which something is written before it is complete.
#[must_use]
pub fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Renames within one file system; durable when this returns.
///
/// # Errors
/// [`FileError::Io`].
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    let open = |dir: &Path| File::open(dir).map_err(io_error("open", dir));
    let entered = open(parent(to))?;
    let left = if parent(from) == parent(to) { None } else { Some(open(parent(from))?) };
    fs::rename(from, to).map_err(io_error("rename", from))?;
    entered.sync_all().map_err(io_error("sync", parent(to)))?;
    left.map_or(Ok(()), |dir| dir.sync_all()).map_err(io_error("sync", parent(from)))
}

/// Whether the system said, at the bottom of this, that there is no room: the file system is full,
/// a quota is used up, or no file may grow that long.
#[must_use]
pub fn is_disk_full(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>().filter(|io| io.raw_os_error().is_some());
        let full = |kind| {
            matches!(
                kind,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
            )
        };
        if io.is_some_and(|io| full(io.kind())) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads a regular file of at most `bytes_max` bytes.
///
/// # Errors
/// [`FileError`] if it cannot be read, is no regular file or is longer.
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(io_error("open", path))?;
    if !file.metadata().map_err(io_error("stat", path))?.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n <= bytes_max) {
        Ok(bytes)
    } else {
        Err(FileError::TooLong { path: path.to_owned(), bytes_max })
    }
}

/// [`read`] as UTF-8 text.
///
/// # Errors
/// [`FileError`], also if it is not UTF-8.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, bytes_max)?).map_err(|_| FileError::NotText { path: path.to_owned() })
}

/// Refuses a secret that group or others can reach.
///
/// # Errors
/// [`FileError::Exposed`], or [`FileError::Io`] if it cannot be looked at.
pub fn check_private(path: &Path) -> Result<(), FileError> {
    let mode = fs::metadata(path).map_err(io_error("stat", path))?.mode() & 0o777;
    if mode.trailing_zeros() >= 6 { Ok(()) } else { Err(FileError::Exposed { path: path.to_owned(), mode }) }
}

/// Bytes that are free for us on the file system of `path`.
///
/// # Errors
/// What the operating system says.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    // Without the reserve that only root may use.
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn scratch() -> tempfile::TempDir {
        tempfile::tempdir().expect("a scratch directory")
    }

    #[test]
    fn never_overwrites_what_must_be_new() {
        let dir = scratch();
        let path = dir.path().join("key");
        write_new(&path, b"one", PRIVATE_MODE).expect("written");
        assert!(matches!(
            write_new(&path, b"two", PRIVATE_MODE),
            Err(FileError::Io { action: "create", .. })
        ));
        assert_eq!(read(&path, 3).expect("short enough"), b"one");
        assert!(matches!(read(&path, 2), Err(FileError::TooLong { bytes_max: 2, .. })));
        check_private(&path).expect("0600");
    }

    #[test]
    fn replaces_whole_and_over_a_left_partial() {
        let dir = scratch();
        let path = dir.path().join("state");
        fs::write(partial_name(&path), b"left by a crash").expect("written");
        replace(&path, b"one", PUBLIC_MODE).expect("written");
        replace(&path, b"two", PUBLIC_MODE).expect("replaced");
        assert_eq!(read(&path, 10).expect("read"), b"two");
        assert!(!partial_name(&path).exists());
    }

    #[test]
    fn no_room_is_known_at_the_bottom_of_an_error() {
        // ENOSPC, EDQUOT and EFBIG, bare and below one of ours.
        for number in [28, 122, 27] {
            let said = || io::Error::from_raw_os_error(number);
            assert!(is_disk_full(&said()), "{number}");
            assert!(is_disk_full(&io_error("write", Path::new("bundle"))(said())), "{number}");
        }
        assert!(!is_disk_full(&io::Error::from_raw_os_error(13)), "EACCES is another matter");
        assert!(!is_disk_full(&io::Error::from(io::ErrorKind::FileTooLarge)), "a bound of ours");
    }

    #[test]
    fn a_readable_secret_is_refused() {
        let dir = scratch();
        let path = dir.path().join("key");
        for (mode, is_private) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o601, false)]
        {
            fs::write(&path, b"x").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            assert_eq!(check_private(&path).is_ok(), is_private, "{mode:o}");
            fs::remove_file(&path).expect("removed");
        }
    }
}
