//! The anchor file: the head as this process last acknowledged it, outside the database.
//!
//! To RocksDB a torn tail and a cut-off tail look the same, and a restored backup looks like
//! any database. The anchor tells them apart (docs/FORMATS.md §1). It detects faults and
//! mistakes, not an attacker who writes both disks.
//!
//! **In scope**: the two slots on a medium, which of them counts. **Out of scope**: the bytes
//! of a slot ([`crate::model::anchor`]), what follows from a head that is elsewhere
//! ([`super::recovery`]).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::model::anchor::{ANCHOR_BYTES, SLOT_BYTES};
use crate::ops::files::{self, FileError};

/// Where the two slots are kept.
pub trait AnchorMedium: Send {
    /// The whole file, or `None` if there is none.
    ///
    /// # Errors
    /// What the medium says.
    fn read(&self) -> io::Result<Option<Vec<u8>>>;

    /// Makes the file at once with these bytes; durable when this returns.
    ///
    /// # Errors
    /// What the medium says.
    fn create(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes one slot in place; durable when this returns.
    ///
    /// # Errors
    /// What the medium says; the slot's content is then unknown, the other slot's is not.
    fn write_slot(&mut self, slot: Slot, bytes: &[u8]) -> io::Result<()>;
}

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(bool);

impl Slot {
    /// The slot of batch `sequence`: they take turns, so the last one but one survives a torn write.
    #[must_use]
    pub const fn of(sequence: u64) -> Self {
        Self(sequence % 2 == 1)
    }

    /// Where it begins in the file, in bytes.
    #[must_use]
    pub const fn offset(self) -> usize {
        if self.0 { SLOT_BYTES } else { 0 }
    }
}

/// The anchor of a home, as a file.
#[derive(Debug)]
pub struct FileAnchor {
    path: PathBuf,
    /// Opened with the first write: the descriptor is kept, so that no sync's error is lost.
    file: Option<File>,
}

impl FileAnchor {
    /// The anchor at `path`; nothing is touched.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }
}

impl AnchorMedium for FileAnchor {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        // One byte more than it may have is enough to see that it is too long.
        match files::read(&self.path, ANCHOR_BYTES as u64 + 1) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn create(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file = None;
        files::replace(&self.path, bytes, files::PRIVATE_MODE).map_err(io::Error::other)
    }

    fn write_slot(&mut self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().write(true).open(&self.path)?),
        };
        file.write_all_at(bytes, slot.offset() as u64)?;
        file.sync_data()
    }
}

/// What a failing write of the anchor leaves behind; the caller gets the same error for each.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorFault {
    /// Nothing was written.
    Lost,
    /// All of it was written.
    Persisted,
    /// Half of the slot was written.
    Torn,
}

#[derive(Debug, Default)]
struct MemoryFile {
    bytes: Option<Vec<u8>>,
    plan: std::collections::VecDeque<Option<AnchorFault>>,
}

/// An anchor in memory that fails when told to. Clones share one file.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct MemoryAnchor {
    file: Arc<Mutex<MemoryFile>>,
}

impl MemoryAnchor {
    /// No file yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the coming writes fail or go well, one element each; after them all go well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Option<AnchorFault>>) {
        self.lock().plan = faults.into_iter().collect();
    }

    /// The file as it stands.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        self.lock().bytes.clone()
    }

    /// Puts another file in its place.
    pub fn set(&self, bytes: Option<Vec<u8>>) {
        self.lock().bytes = bytes;
    }

    fn lock(&self) -> MutexGuard<'_, MemoryFile> {
        self.file.lock().expect("no holder of this lock panics")
    }

    fn write(&self, offset: usize, bytes: &[u8], is_new: bool) -> io::Result<()> {
        let mut file = self.lock();
        let fault = file.plan.pop_front().flatten();
        let written = match fault {
            Some(AnchorFault::Lost) => 0,
            // A new file appears whole or not at all: it is renamed into place.
            Some(AnchorFault::Torn) if is_new => 0,
            Some(AnchorFault::Torn) => bytes.len() / 2,
            Some(AnchorFault::Persisted) | None => bytes.len(),
        };
        if written > 0 {
            let old = file.bytes.get_or_insert_with(|| vec![0; bytes.len()]);
            for (to, from) in old.iter_mut().skip(offset).zip(bytes.iter().take(written)) {
                *to = *from;
            }
        }
        if fault.is_some() { Err(io::Error::other("injected fault")) } else { Ok(()) }
    }
}

impl AnchorMedium for MemoryAnchor {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.bytes())
    }

    fn create(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(0, bytes, true)
    }

    fn write_slot(&mut self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        self.write(slot.offset(), bytes, false)
    }
}
