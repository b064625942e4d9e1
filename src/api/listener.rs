//! The socket's file: who may reach it, and what is done about one that is there already.
//!
//! **In scope**: its directory (0750), its mode (0660), the difference between a socket in use
//! and one left behind by a process that was killed.
//! **Out of scope**: connections ([`super::serve`]), and keeping a home to one process (the
//! home's lock).

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// The socket's directory, where we make it: its group passes, nobody else.
const DIRECTORY_MODE: u32 = 0o750;
/// The socket: its group connects, nobody else.
const SOCKET_MODE: u32 = 0o660;

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The socket cannot be made.
    #[error("cannot listen on {}", path.display())]
    Bind {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The directory cannot be made.
    #[error("cannot make the socket's directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody listens there.
    #[error(
        "socket in use: a process already answers on {}; hint: stop it, or set another socket.path",
        path.display()
    )]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket stands there. It is left alone.
    #[error("{} is not a socket; hint: move it away, or set another socket.path", path.display())]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
}

/// Binds the socket at `path`, which from its first moment has its final mode.
///
/// A socket that nobody answers on is replaced; one that somebody answers on is left alone.
/// Needs a tokio runtime.
///
/// # Errors
/// [`BindError`]; nothing was changed then, but that the directory may have been made.
pub fn bind(path: &Path) -> Result<UnixListener, BindError> {
    make_directory(path)?;
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotASocket { path: path.to_owned() });
        }
        // Only a refused connection proves that nobody listens any more; a socket that may not
        // be connected to, or whose queue is full, belongs to somebody.
        Ok(_) => match net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Ok(_) | Err(_) => return Err(BindError::InUse { path: path.to_owned() }),
        },
        Err(_) => {}
    }
    listen(path).map_err(|source| BindError::Bind { path: path.to_owned(), source })
}

fn make_directory(path: &Path) -> Result<(), BindError> {
    let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    // A directory that is there already belongs to whoever made it, and keeps its mode.
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory);
    made.map_err(|source| BindError::Directory { path: directory.to_owned(), source })
}

/// Binds under a name that nobody knows, sets the mode, and only then moves it into place: at no
/// moment can somebody connect whom the mode keeps out, whatever the umask is.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let staged = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&staged);
    let listener = net::UnixListener::bind(&staged)?;
    let placed = fs::set_permissions(&staged, Permissions::from_mode(SOCKET_MODE))
        .and_then(|()| fs::rename(&staged, path));
    if let Err(error) = placed {
        let _ = fs::remove_file(&staged);
        return Err(error);
    }
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

#[cfg(test)]
mod tests {
    //! Goal: no running daemon loses its socket, no killed one blocks the next.

    use super::*;

    fn in_runtime<T>(test: impl FnOnce() -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let _guard = runtime.enter();
        test()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn modes_from_the_start() {
        let home = tempfile::tempdir().expect("a scratch directory");
        let path = home.path().join("run/probity.sock");
        let _listener = in_runtime(|| bind(&path)).expect("binds");
        assert_eq!(mode(&path), SOCKET_MODE);
        assert_eq!(mode(&home.path().join("run")) & !DIRECTORY_MODE, 0, "no wider than 0750");
        let names = fs::read_dir(home.path().join("run")).expect("readable").count();
        assert_eq!(names, 1, "nothing staged is left");
    }

    #[test]
    fn in_use_stale_and_foreign_are_told_apart() {
        let home = tempfile::tempdir().expect("a scratch directory");
        let path = home.path().join("probity.sock");
        let running = in_runtime(|| bind(&path)).expect("binds");
        assert!(matches!(in_runtime(|| bind(&path)), Err(BindError::InUse { .. })));
        drop(running);
        assert!(path.exists(), "a killed process leaves its socket");
        drop(in_runtime(|| bind(&path)).expect("a stale socket is replaced"));

        let file = home.path().join("notes");
        fs::write(&file, "keep me").expect("written");
        assert!(matches!(in_runtime(|| bind(&file)), Err(BindError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&file).expect("still there"), "keep me");
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_an_error() {
        let home = tempfile::tempdir().expect("a scratch directory");
        let path = home.path().join("a".repeat(120));
        assert!(matches!(in_runtime(|| bind(&path)), Err(BindError::Bind { .. })));
    }
}
