//! Where bundles lie: staged, released, quarantined.
//!
//! ```text
//! staging/<production>/<production>.tar.age.partial    being written: nobody reads it
//! staging/<production>/<production>.tar.age            complete and synced, before its record
//!                      <production>.receipt.json       after its record
//!                      OPEN-ME.txt
//! outbox/<production>/                                 the same directory, renamed after `bundle.released`
//! quarantine/                                          what lay in the outbox without a release
//! ```
//! A production's id is random, so a directory's name tells nobody what is in it. One
//! directory moves in one rename: an agency's three files are there together or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::PackageError;
use crate::bundle::{open_me, receipt};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::ops::config::Home;
use crate::ops::files;

/// Bytes read at once when a file is digested again.
const CHUNK_BYTES: usize = 256 * 1024;

/// The three directories of a home.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    staging: PathBuf,
    outbox: PathBuf,
    quarantine: PathBuf,
}

/// A bundle being written.
pub(super) struct Draft {
    pub(super) file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// Makes the file durable under its name. Its record may be appended after this, not before.
    ///
    /// If we crash before the rename, a `.partial` is left; after it, a file without a record.
    /// The next start deletes either.
    pub(super) fn keep(self) -> Result<(), PackageError> {
        self.file.sync_all().map_err(io_error("sync", &self.partial))?;
        Ok(files::rename(&self.partial, &self.path)?)
    }
}

impl Shelf {
    /// The directories, made if they are missing.
    pub(super) fn of(home: &Home) -> Result<Self, PackageError> {
        let shelf = Self { staging: home.staging(), outbox: home.outbox(), quarantine: home.quarantine() };
        for dir in [&shelf.staging, &shelf.outbox, &shelf.quarantine] {
            files::make_dir(dir, files::PRIVATE_DIR_MODE)?;
        }
        files::sync_dir(home.root())?;
        Ok(shelf)
    }

    pub(super) fn released_dir(&self, production: &ProductionId) -> PathBuf {
        self.outbox.join(production.as_str())
    }

    fn staged_dir(&self, production: &ProductionId) -> PathBuf {
        self.staging.join(production.as_str())
    }

    fn staged_bundle(&self, production: &ProductionId) -> PathBuf {
        self.staged_dir(production).join(receipt::bundle_name(production))
    }

    /// Begins a bundle's file, private and new.
    pub(super) fn begin(&self, production: &ProductionId) -> Result<Draft, PackageError> {
        let dir = self.staged_dir(production);
        files::make_dir(&dir, files::PRIVATE_DIR_MODE)?;
        files::sync_dir(&self.staging)?;
        let path = self.staged_bundle(production);
        let partial = files::partial_name(&path);
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(files::PRIVATE_MODE);
        let file = options.open(&partial).map_err(io_error("create", &partial))?;
        Ok(Draft { file, partial, path })
    }

    /// Puts the receipt file and the instructions beside the staged bundle; again, if they are there.
    pub(super) fn complete(
        &self,
        production: &ProductionId,
        receipt_file: &[u8],
    ) -> Result<(), PackageError> {
        let dir = self.staged_dir(production);
        files::replace(&dir.join(receipt::receipt_name(production)), receipt_file, files::PRIVATE_MODE)?;
        let text = open_me::text(production);
        Ok(files::replace(&dir.join(open_me::NAME), text.as_bytes(), files::PRIVATE_MODE)?)
    }

    /// SHA-256 of the staged bundle; none if there is none.
    pub(super) fn staged_sha256(&self, production: &ProductionId) -> Result<Option<Digest>, PackageError> {
        let path = self.staged_bundle(production);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(io_error("open", &path))?,
        };
        let mut sha256 = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk).map_err(io_error("read", &path))? {
                0 => return Ok(Some(Digest::from_bytes(sha256.finalize().into()))),
                read => sha256.update(chunk.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Moves the staged directory into the outbox. `bundle.released` is in the log by now.
    ///
    /// If we crash before it is durable, the next start finds the release in the log and moves
    /// the directory then.
    pub(super) fn release(&self, production: &ProductionId) -> Result<(), PackageError> {
        Ok(files::rename(&self.staged_dir(production), &self.released_dir(production))?)
    }

    /// Whether the production's directory is in the outbox.
    pub(super) fn is_released(&self, production: &ProductionId) -> bool {
        self.released_dir(production).is_dir()
    }

    /// Deletes what is staged of a production; durable when this returns. False if nothing was.
    pub(super) fn discard(&self, production: &ProductionId) -> Result<bool, PackageError> {
        self.delete(&self.staged_dir(production))
    }

    /// Names of everything staged.
    pub(super) fn staged(&self) -> Result<Vec<PathBuf>, PackageError> {
        list(&self.staging)
    }

    /// Names of everything in the outbox.
    pub(super) fn outgoing(&self) -> Result<Vec<PathBuf>, PackageError> {
        list(&self.outbox)
    }

    /// Deletes one thing that is staged.
    pub(super) fn delete(&self, path: &Path) -> Result<bool, PackageError> {
        let is_dir = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found.map_err(io_error("stat", path))?.is_dir(),
        };
        let removed = if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.map_err(io_error("delete", path))?;
        files::sync_dir(&self.staging)?;
        Ok(true)
    }

    /// Moves what is staged of a production to where nobody fetches it.
    pub(super) fn quarantine_staged(&self, production: &ProductionId) -> Result<PathBuf, PackageError> {
        self.quarantine(&self.staged_dir(production))
    }

    /// Moves one thing to where nobody fetches it; never over another.
    pub(super) fn quarantine(&self, path: &Path) -> Result<PathBuf, PackageError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_owned();
        let names = std::iter::once(name.clone()).chain((1_u64..).map(|nth| {
            let mut name = name.clone();
            name.push(format!(".{nth}"));
            name
        }));
        let free =
            names.map(|name| self.quarantine.join(name)).find(|path| fs::symlink_metadata(path).is_err());
        let to = free.unwrap_or_else(|| self.quarantine.clone());
        files::rename(path, &to)?;
        Ok(to)
    }
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let entries = fs::read_dir(dir).map_err(io_error("list", dir))?;
    let mut paths: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(io_error("list", dir)))
        .collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

pub(super) fn io_error<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> PackageError + use<'a> {
    move |source| PackageError::Io { action, path: path.to_owned(), source }
}
