//! An export directory as an audit wants it: the names of all its files, and a way to open each.
//!
//! **In scope**: walking the directory, opening regular files in it. **Out of scope**: what
//! the files should hold ([`crate::audit`]). Nothing is followed and nothing is written: a
//! symbolic link is listed under its name and does not open, so it is a finding.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Most files listed: an export of 100 million entries has 1.2 million, so whatever has
/// more is none.
const FILES_MAX: usize = 4_000_000;

/// Deepest folder: tile paths have seven groups at most.
const DEPTH_MAX: usize = 12;

/// Why a directory cannot be read as an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportDirError {
    /// The system refused, or there is no such directory.
    #[error("cannot list {}", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// More than an export can have.
    #[error("{} has too many or too deep files for an export", path.display())]
    TooMany {
        /// The directory.
        path: PathBuf,
    },
}

/// A directory that was listed.
#[derive(Debug)]
pub struct ExportDir {
    root: PathBuf,
    names: BTreeSet<String>,
}

impl ExportDir {
    /// Lists every file below `root`, and every folder that is empty.
    ///
    /// # Errors
    /// [`ExportDirError`].
    pub fn list(root: &Path) -> Result<Self, ExportDirError> {
        let mut dir = Self { root: root.to_owned(), names: BTreeSet::new() };
        dir.walk(root, "", 0)?;
        Ok(dir)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ExportDirError> {
        let failed = |source| ExportDirError::List { path: folder.to_owned(), source };
        let mut is_empty = true;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            is_empty = false;
            // A name that is not UTF-8 is no name of a set; shown with replacement characters.
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(failed)?.is_dir() {
                if depth == DEPTH_MAX {
                    return Err(ExportDirError::TooMany { path: self.root.clone() });
                }
                self.walk(&entry.path(), &format!("{name}/"), depth + 1)?;
            } else {
                self.names.insert(name);
            }
            if self.names.len() > FILES_MAX {
                return Err(ExportDirError::TooMany { path: self.root.clone() });
            }
        }
        // Nothing in the log accounts for an empty folder either.
        if is_empty && !prefix.is_empty() {
            self.names.insert(prefix.to_owned());
        }
        Ok(())
    }

    /// Every name, `/` between parts; that of an empty folder ends in `/`.
    #[must_use]
    pub const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// Opens a listed file.
    ///
    /// # Errors
    /// `NotFound` if it was not listed or is not a regular file; otherwise as the system says.
    pub fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        if !self.names.contains(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        // Neither follow a link nor hang on a pipe that stands where a file should.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let path = self.root.join(name);
        let file: File = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            opened => opened?,
        };
        if file.metadata()?.is_file() {
            Ok(Box::new(io::BufReader::new(file)))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_everything_and_opens_regular_files_only() {
        let dir = tempfile::tempdir().expect("a scratch directory");
        let root = dir.path();
        fs::create_dir_all(root.join("tile/0/000.p")).expect("made");
        fs::create_dir(root.join("void")).expect("made");
        fs::write(root.join("checkpoint"), b"head").expect("written");
        fs::write(root.join("tile/0/000.p/5"), b"hashes").expect("written");
        std::os::unix::fs::symlink("checkpoint", root.join("log.vkey")).expect("linked");
        let export = ExportDir::list(root).expect("lists");
        let names: Vec<_> = export.names().iter().map(String::as_str).collect();
        assert_eq!(names, ["checkpoint", "log.vkey", "tile/0/000.p/5", "void/"]);
        let mut text = String::new();
        export.open("checkpoint").expect("opens").read_to_string(&mut text).expect("reads");
        assert_eq!(text, "head");
        for name in ["log.vkey", "void/", "nothing", "../checkpoint"] {
            let error = export.open(name).err().map(|error| error.kind());
            assert_eq!(error, Some(io::ErrorKind::NotFound), "{name}");
        }
        assert!(matches!(ExportDir::list(&root.join("absent")), Err(ExportDirError::List { .. })));
    }
}
