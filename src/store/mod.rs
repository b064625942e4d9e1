//! Where bytes are kept: ordered families of rows, changed by one synced batch at a time.
//!
//! **In scope**: the families, the [`View`] to read them, the [`Store`] to change
//! them atomically and durably, RocksDB behind it ([`RocksStore`]), a store in memory that can be
//! made to fail at any commit ([`MemoryStore`]), and the lock that keeps a home to one process.
//! **Out of scope**: what the rows mean. Nothing here knows an entry from a tile.
//!
//! This is the only module that names RocksDB.

mod batch;
mod lock;
mod memory;
mod rocks;

use std::path::PathBuf;

pub use batch::{Batch, Op};
pub use lock::HomeLock;
pub use memory::{Fault, MemoryStore};
pub use rocks::{RocksStore, SecondaryView};

/// A family of rows, each with its own key space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// u64 BE index → the leaf's bytes.
    Entries,
    /// u64 BE index → the sealed payload.
    Payloads,
    /// level, u64 BE number → the 8,192 bytes of a full hash tile. Rebuildable.
    Tiles,
    /// u64 BE size ‖ the first 8 bytes of SHA-256(note) → the signed note.
    Checkpoints,
    /// Notes cosigned by witnesses.
    Cosignatures,
    /// key id → the data key's line of `keys.jsonl`.
    Keys,
    /// request id → its state, sealed under the request's key. Rebuildable.
    Cases,
    /// HMAC of an id → what was recorded under it. Rebuildable.
    Idempotency,
    /// production id → what stands in the outbox. Rebuildable.
    Outbox,
    /// Named facts about the home itself. Rebuildable, but for the keyring.
    Meta,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 10] = [
        Self::Entries,
        Self::Payloads,
        Self::Tiles,
        Self::Checkpoints,
        Self::Cosignatures,
        Self::Keys,
        Self::Cases,
        Self::Idempotency,
        Self::Outbox,
        Self::Meta,
    ];

    /// The column family's name on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Payloads => "payloads",
            Self::Tiles => "tiles",
            Self::Checkpoints => "checkpoints",
            Self::Cosignatures => "cosignatures",
            Self::Keys => "keys",
            Self::Cases => "cases",
            Self::Idempotency => "idempotency",
            Self::Outbox => "outbox",
            Self::Meta => "meta",
        }
    }
}

/// A key and its value.
pub type Row = (Box<[u8]>, Box<[u8]>);

/// Rows in ascending order of their keys.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, StoreError>> + 'a>;

/// Reading: a store as it stands, or one moment of it.
pub trait View: Send + Sync {
    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Read`] if the medium fails or a checksum does not match.
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Every row whose key is `from` or greater, in ascending order of the keys' bytes.
    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_>;

    /// The row with the greatest key.
    ///
    /// # Errors
    /// [`StoreError::Read`] if the medium fails or a checksum does not match.
    fn last(&self, family: Family) -> Result<Option<Row>, StoreError>;
}

/// Writing: whole batches, each durable before the call returns.
pub trait Store: View + 'static {
    /// Applies every operation of `batch` or none, and returns once they would survive a power cut.
    ///
    /// After an error **the outcome is unknown**: the batch may be on the disk or not, and may
    /// be visible to this process without being on the disk. The caller must not write again;
    /// only opening the store anew settles which it was.
    ///
    /// # Errors
    /// [`StoreError::Commit`].
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// The rows as they are now, unmoved by later commits.
    fn snapshot(&self) -> Box<dyn View + '_>;
}

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works on this home.
    #[error("another process holds the lock {}; hint: only one daemon can open a home", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A file of the home, not of the database, cannot be opened or created.
    #[error("cannot open {}", path.display())]
    File {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database in {}", path.display())]
    Open {
        /// Its directory.
        path: PathBuf,
        /// What RocksDB said.
        #[source]
        source: rocksdb::Error,
    },
    /// A row cannot be read.
    #[error("cannot read from {}", family.name())]
    Read {
        /// Where it was looked for.
        family: Family,
        /// What the medium said.
        #[source]
        source: MediumError,
    },
    /// A batch may or may not have been written.
    #[error("cannot tell whether a batch reached the disk")]
    Commit {
        /// What the medium said.
        #[source]
        source: MediumError,
    },
}

/// What stood between the store and its rows.
#[derive(Debug, thiserror::Error)]
pub enum MediumError {
    /// RocksDB, or the disk under it.
    #[error(transparent)]
    Rocks(#[from] rocksdb::Error),
    /// A column family that every database of ours has is not there.
    #[error("the database lacks the column family {0}")]
    FamilyMissing(&'static str),
    /// A fault that a test asked for.
    #[error("injected fault")]
    Injected,
}

#[cfg(test)]
mod tests;
