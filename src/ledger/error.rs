//! Why a submission is not recorded, or a reading cannot be had.

use super::clock::ClockRefusal;
use crate::model::id::EventId;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::EventType;
use crate::tlog::{LeafIndex, TreeSize};

/// Why an event was not recorded. Nothing changed, except with [`SubmitError::Poisoned`], where
/// nobody knows yet.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full (503 with Retry-After).
    #[error("the queue is full; come back in {retry_after_s} s")]
    Busy {
        /// When to come back, in seconds; clients should add jitter.
        retry_after_s: u64,
    },
    /// The event is longer than the ledger takes (413).
    #[error("an event has at most {bytes_max} bytes, not {found}")]
    TooLong {
        /// The bound, in bytes.
        bytes_max: usize,
        /// What was posted, in bytes.
        found: usize,
    },
    /// Not for this peer to post (403).
    #[error("{type_} is not for this peer to post")]
    Forbidden {
        /// The event's type.
        type_: EventType,
    },
    /// The same id with another body (409).
    #[error("the id {id} was used for another event at index {index}; hint: an id names one event for ever")]
    IdReused {
        /// The id.
        id: EventId,
        /// Where the other event stands.
        index: LeafIndex,
    },
    /// A rule set that this version does not know (422).
    #[error("there is no rule set {found}; leave rules out, or name the one in force")]
    RulesUnknown {
        /// What the event names.
        found: u32,
    },
    /// A rule says no (400, 403, 409 or 422, by its kind).
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// Too little room is left on the disk (507; reads go on).
    #[error(
        "the home's file system has {free_mib} MiB left, and below {low_water_mib} nothing new is recorded; hint: make room"
    )]
    DiskLow {
        /// What is left, in MiB.
        free_mib: u64,
        /// The mark, in MiB.
        low_water_mib: u64,
    },
    /// Nothing can be stamped at this time (503; reads go on).
    #[error(transparent)]
    Clock(#[from] ClockRefusal),
    /// The ledger stopped: the event may have been recorded or not (500, and exit code 70).
    #[error("the ledger stopped; whether this event was recorded shows after the next start")]
    Poisoned,
    /// The ledger was shut down before this event's turn (503).
    #[error("the ledger is shutting down; nothing was recorded")]
    Closed,
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such entry (404).
    #[error("there is no entry {index}; the log has {size}")]
    NoEntry {
        /// What was asked for.
        index: LeafIndex,
        /// The log's size.
        size: TreeSize,
    },
    /// The log has no such tile at its size (404).
    #[error("the log has no such tile at size {size}")]
    NoTile {
        /// The log's size.
        size: TreeSize,
    },
    /// No such request (404).
    #[error("there is no such request")]
    NoRequest,
    /// Its data key was destroyed (410): the entry stands, its content is gone.
    #[error("what entry {index} said was erased")]
    Erased {
        /// The entry.
        index: LeafIndex,
    },
    /// The ledger stopped, or its disk hangs (500).
    #[error("the ledger stopped")]
    Poisoned,
    /// A row does not read back (500): the ledger stops, [`super::Ledger::doubted`] says why.
    #[error("the ledger's own rows do not read back")]
    Doubt,
}
