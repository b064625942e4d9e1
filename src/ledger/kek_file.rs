//! `kek/<epoch>.age`: the epoch's key-encryption key, sealed to the daemon and the auditors.
//!
//! **In scope**: writing it so that it is whole under its name or not there, and reading it.
//! **Out of scope**: whether it is the key that was logged; the caller compares, because age
//! does not say who wrote a file.

use std::path::{Path, PathBuf};

use super::keys::Epoch;
use crate::model::datakey::Kek;
use crate::ops::age::{self, AgeError, Identities, Recipients};
use crate::ops::files::{self, FileError};
use crate::tlog::Origin;

/// Longest plaintext in bytes: a context, an origin, two numbers.
const PLAINTEXT_BYTES_MAX: usize = 1_024;
/// Longest file in bytes: as many recipients as age takes.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 10;

/// Why a KEK file does not yield its key, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KekFault {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It cannot be sealed, or does not open.
    #[error("the key-encryption key does not open")]
    Age(#[from] AgeError),
    /// It opens, and is not the key of this epoch of this log.
    #[error("{} is not the key-encryption key of epoch {epoch} of this log", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// The epoch.
        epoch: u32,
    },
}

/// The file of an epoch.
pub(crate) fn path(dir: &Path, epoch: u32) -> PathBuf {
    dir.join(format!("{epoch}.age"))
}

/// Writes an epoch's file, durably, and only after it was seen to open again: a key that
/// nobody can open would be found out years later. Replaces one that nothing is wrapped under.
pub(crate) fn keep(
    dir: &Path,
    epoch: &Epoch,
    recipients: &Recipients,
    at_rest: &Identities,
) -> Result<(), KekFault> {
    let sealed = age::encrypt_bytes(recipients, &epoch.kek.to_file(&epoch.origin, epoch.number))?;
    files::make_dir(dir, files::PRIVATE_DIR_MODE)?;
    let path = path(dir, epoch.number);
    let partial = files::partial_name(&path);
    // Replaces what an earlier attempt left under either name.
    files::replace(&partial, &sealed, files::PRIVATE_MODE)?;
    if read_file(&partial, &epoch.origin, epoch.number, at_rest)?.id() != epoch.kek.id() {
        return Err(KekFault::Other { path: partial, epoch: epoch.number });
    }
    Ok(files::rename(&partial, &path)?)
}

/// Opens an epoch's file.
pub(crate) fn read(dir: &Path, origin: &Origin, epoch: u32, at_rest: &Identities) -> Result<Kek, KekFault> {
    read_file(&path(dir, epoch), origin, epoch, at_rest)
}

fn read_file(path: &Path, origin: &Origin, epoch: u32, at_rest: &Identities) -> Result<Kek, KekFault> {
    let sealed = files::read(path, FILE_BYTES_MAX)?;
    let plaintext = age::decrypt_bytes(&sealed, at_rest, PLAINTEXT_BYTES_MAX)?;
    let other = || KekFault::Other { path: path.to_owned(), epoch };
    let (kek, named_origin, named_epoch) = Kek::parse_file(&plaintext).map_err(|_| other())?;
    if named_origin == *origin && named_epoch == epoch { Ok(kek) } else { Err(other()) }
}
