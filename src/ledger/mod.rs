//! The ledger: events in, receipts out, and nothing acknowledged that is not on the disk.
//!
//! **In scope**: founding a log, recording events in one order, recovery, reading, export.
//! **Out of scope**: whether an event is allowed ([`crate::practice`]), what a peer may see
//! (`crate::api`), checking a whole log ([`crate::audit`]).
//!
//! [`found`] makes a log. [`UnverifiedStore`] holds a store against its anchor and becomes a
//! [`Ledger`], behind which one thread numbers, seals, links, signs, syncs and anchors whole
//! batches. [`Reader`] reads, always at a size that was signed, synced and anchored. On any
//! [`Doubt`] everything stops: a new start is the only way back.

mod clock;
mod environment;

mod doubt;
mod draft;
mod error;

mod anchor;
mod derived;
mod idempotency;
mod kek_file;
mod kept;
mod keys;
mod rows;
mod sealed_row;
mod tree;

mod agenda;
mod assemble;
mod committed;
mod head;
mod recheck;
mod sequencer;

mod encryption;
mod timekeeper;

mod export;
mod founding;
mod handle;
mod reader;
mod rebuild;
mod recovery;

pub use agenda::{CursorError, Deadlines, DueCursor, DuePage, OpenDeadline};
#[doc(hidden)]
pub use anchor::{AnchorFault, MemoryAnchor};
pub use anchor::{AnchorMedium, FileAnchor, Slot};
pub use clock::{ClockReading, ClockRefusal, ClockState};
pub use committed::Ack;
pub use doubt::Doubt;
pub use draft::{Draft, DraftError, Poster};
pub use encryption::{EncryptionError, record_encryption};
pub use environment::{Draw32, Environment, FreeSpace, LedgerConfig, ReadClock};
pub use error::{ReadError, SubmitError};
pub use export::{ExportError, ExportSet, Exported, export, export_view};
pub use founding::{Founded, Founding, FoundingError, Texts, found};
pub use handle::{Ledger, Queued, Running};
pub use kek_file::KekFault;
pub use reader::{OpenedEntry, PAGE_ROWS_MAX, Reader};
pub use recheck::RecheckFault;
pub use recovery::{AnchorLag, OtherMachine, RecoveryError, StartUp, UnverifiedStore};
pub use timekeeper::keep_time;
pub use tree::TreeFault;

#[cfg(test)]
mod tests;
