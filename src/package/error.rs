//! Why there is no bundle, by cause.

use std::path::PathBuf;

use crate::bundle::pack::PackError;
use crate::bundle::receipt::ReceiptFileError;
use crate::collect::CollectError;
use crate::ledger::{ReadError, SubmitError};
use crate::minimise::secrets::{OwnKeyFound, OwnKeysError};
use crate::model::dsse::DsseError;
use crate::model::id::DisclosureId;
use crate::model::opening::OpeningError;
use crate::ops::age::AgeError;
use crate::ops::files::{self, FileError};
use crate::ops::machine::MachineError;
use crate::practice::vocabulary::DestroyReason;

/// Why a disclosure did not go on. Ids and paths of the home only, never data.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The log did not take a record, so the step it precedes was not made.
    #[error("the step could not be recorded")]
    Submit(#[from] SubmitError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An acknowledgement does not prove what was submitted; nothing is built on it.
    #[error("the log's acknowledgement does not prove the record")]
    Unproven(#[from] OpeningError),
    /// No collection has this name.
    #[error("there is no disclosure {0}")]
    Unknown(DisclosureId),
    /// More collections wait than are queued.
    #[error("{queue_max} collections are waiting; come back later")]
    QueueFull {
        /// The bound.
        queue_max: usize,
    },
    /// The configuration names no sources.
    #[error("no sources are configured, so nothing can be collected")]
    NoSources,
    /// The request is not at the step that this takes.
    #[error("{state}")]
    NotNow {
        /// Where it is instead.
        state: &'static str,
    },
    /// What should be a signed approval to release is none.
    #[error("the envelope is no signed approval: {reason}")]
    Envelope {
        /// What is wrong with it.
        reason: String,
    },
    /// The directory's recipients cannot be encrypted to, or are not those approved.
    #[error("{reason}")]
    Recipients {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A recipient of the directory is no age recipient of a type that is sealed to.
    #[error("the bundle cannot be encrypted")]
    Age(#[from] AgeError),
    /// The sources cannot be collected.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Nothing in the sources is within the scope: there is nothing to disclose.
    #[error("the sources hold nothing within the approved scope")]
    Empty,
    /// The same from rule set 2 on: the collection stays as it is for a reviewer's certificate.
    #[error("the sources hold nothing within the approved scope; a reviewer certifies it: no_data.certified")]
    NothingFound,
    /// What was collected reaches beyond what was approved or ordered (S-09).
    #[error("item {item} of what was collected is not within {outer}; nothing was sealed")]
    OutOfScope {
        /// Position in the touched scope.
        item: usize,
        /// The scope it leaves.
        outer: &'static str,
    },
    /// The bag cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// One of the daemon's own keys would have left (S-02).
    #[error(transparent)]
    OwnKey(#[from] OwnKeyFound),
    /// The daemon's own keys cannot be looked for, so nothing may leave.
    #[error(transparent)]
    OwnKeys(#[from] OwnKeysError),
    /// The receipt file cannot be made.
    #[error(transparent)]
    Receipt(#[from] ReceiptFileError),
    /// A file of the home.
    #[error(transparent)]
    File(#[from] FileError),
    /// A directory or file of the home that [`FileError`] does not cover.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The sealed file is not there any more, or is another one.
    #[error("the staged file is not the one that was sealed")]
    Lost,
    /// The machine failed.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// A fault of this program, in this collection.
    #[error("the collection met a fault of this program; its log says where")]
    Panicked,
    /// The daemon stops.
    #[error("the daemon stopped before the bundle was sealed")]
    Interrupted,
}

impl From<DsseError> for PackageError {
    fn from(error: DsseError) -> Self {
        Self::Envelope { reason: error.to_string() }
    }
}

impl PackageError {
    /// A stable word for the cause, as the API shows it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            // Wherever the room ran out, the cure is the same.
            error if files::is_disk_full(error) => "disk-full",
            Self::Submit(_) => "not-recorded",
            Self::Read(_) => "not-readable",
            Self::Unproven(_) => "unproven",
            Self::Unknown(_) => "unknown",
            Self::QueueFull { .. } => "queue-full",
            Self::NoSources => "no-sources",
            Self::NotNow { .. } => "not-now",
            Self::Envelope { .. } => "envelope",
            Self::Collect(CollectError::SourceChanged { .. }) | Self::Pack(PackError::Changed { .. }) => {
                "source-changed"
            }
            Self::Collect(_) => "sources",
            Self::Empty | Self::NothingFound => "nothing-found",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::Pack(_) => "pack",
            Self::OwnKey(_) => "own-key",
            Self::OwnKeys(_) => "own-keys",
            Self::Age(AgeError::Io(_))
            | Self::Receipt(_)
            | Self::File(_)
            | Self::Io { .. }
            | Self::Machine(_)
            | Self::Panicked => "failed",
            Self::Recipients { .. } | Self::Age(_) => "recipients",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
        }
    }

    /// What a client is told: the error, and what to do about a full disk wherever it was met.
    #[must_use]
    pub(super) fn detail(&self) -> String {
        if files::is_disk_full(self) {
            format!("{self}: the disk has no room for the bundle; make room and open another disclosure")
        } else {
            self.to_string()
        }
    }

    /// Whether the ledger stopped or is in doubt: nothing that follows would be recorded.
    #[must_use]
    pub const fn is_of_the_ledger(&self) -> bool {
        matches!(
            self,
            Self::Submit(SubmitError::Poisoned | SubmitError::Closed)
                | Self::Read(ReadError::Poisoned | ReadError::Doubt)
                | Self::Unproven(_)
        )
    }

    /// The reason that `bundle.destroyed` gives.
    pub(super) const fn destroy_reason(&self) -> DestroyReason {
        match self {
            Self::Collect(CollectError::SourceChanged { .. }) | Self::Pack(PackError::Changed { .. }) => {
                DestroyReason::SourceChanged
            }
            Self::OwnKey(_) => DestroyReason::KeyFound,
            Self::Lost => DestroyReason::Lost,
            // A rule says no to a step that was legal when the collection began.
            Self::Submit(SubmitError::Refused(_)) => DestroyReason::Ordered,
            _ => DestroyReason::Failed,
        }
    }

    /// What a failed second read was really about.
    pub(super) fn of_packing(error: PackError) -> Self {
        match error {
            PackError::Content { path, source } => match source.downcast::<CollectError>() {
                Ok(collect) => Self::Collect(*collect),
                Err(source) => Self::Pack(PackError::Content { path, source }),
            },
            error => Self::Pack(error),
        }
    }
}
