//! Why a ledger does not start, in words that name what was expected, what was found, the cure.

use std::io;
use std::path::PathBuf;

use crate::ledger::doubt::Doubt;
use crate::ledger::kek_file::KekFault;
use crate::ledger::tree::TreeFault;
use crate::model::anchor;
use crate::model::digest::Digest;
use crate::ops::files::FileError;
use crate::store::StoreError;
use crate::tlog::checkpoint::CheckpointError;
use crate::tlog::{Hash, LeafIndex, TreeSize};

/// Why a ledger does not start.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// No anchor file.
    #[error(
        "this home has no anchor; hint: if init was interrupted, run it again; otherwise the anchor was lost and the log must be restored"
    )]
    AnchorMissing,
    /// The anchor cannot be read or written.
    #[error("the anchor cannot be read or written")]
    Anchor(#[source] io::Error),
    /// The anchor is longer or shorter than two slots.
    #[error("the anchor has {found} bytes instead of 8192")]
    AnchorLength {
        /// What was found, in bytes.
        found: usize,
    },
    /// No slot of the anchor counts; a crash tears only one.
    #[error("the anchor was damaged or overwritten")]
    AnchorSlots(#[source] anchor::AnchorFault),
    /// The anchor's note is not signed by this log's key.
    #[error("the anchor holds a note that the log key did not sign")]
    AnchorNote {
        /// Why it does not open.
        #[source]
        source: Box<CheckpointError>,
    },
    /// The anchor was written on another machine.
    #[error(
        "another machine worked on this home last; hint: if it was moved, and runs nowhere else, start once with --moved"
    )]
    OtherMachine,
    /// The anchor is ahead: acknowledged entries are gone.
    #[error("entries {found} to {} were acknowledged and are gone: the anchor stands at size {anchor}, the database at {found}; it was rolled back or lost its tail; hint: restore the newest backup", anchor.get().saturating_sub(1))]
    Lost {
        /// The anchored size.
        anchor: TreeSize,
        /// The database's size.
        found: TreeSize,
    },
    /// The database has another history than the anchor.
    #[error("the database was rewritten or forked: at size {anchor} its root is not the anchored one (the database ends at {found}); both notes are in {}", evidence.display())]
    Forked {
        /// The anchored size.
        anchor: TreeSize,
        /// The database's size.
        found: TreeSize,
        /// Where both notes were written.
        evidence: PathBuf,
    },
    /// The database is ahead by more than one batch.
    #[error(
        "the database is {batches} batches ahead of the anchor ({found} entries against {anchor}), and a crash explains one; hint: if the anchor's disk is sound, start once with --accept-anchor-lag"
    )]
    AnchorLag {
        /// The anchored size.
        anchor: TreeSize,
        /// The database's size.
        found: TreeSize,
        /// Batches between them.
        batches: u64,
    },
    /// No entry or no checkpoint.
    #[error("the database holds no log")]
    Empty,
    /// The newest checkpoint does not open.
    #[error("the newest checkpoint in the database is not signed by the log key")]
    Checkpoint {
        /// Why not.
        #[source]
        source: Box<CheckpointError>,
    },
    /// Entries or payloads end elsewhere than the newest checkpoint.
    #[error("the newest checkpoint covers {expected} entries, but the database's {what} end at {found}")]
    Count {
        /// Which rows.
        what: &'static str,
        /// The checkpoint's size.
        expected: TreeSize,
        /// Where the rows end.
        found: TreeSize,
    },
    /// The entries do not give the root that was signed.
    #[error(
        "the entries give the root {found} at size {size}, signed was {expected}: an entry was changed; hint: probity verify names it"
    )]
    Root {
        /// The signed size.
        size: TreeSize,
        /// The signed root.
        expected: Hash,
        /// What the entries give.
        found: Hash,
    },
    /// An entry of the last batch is not canonical, not in its place, or not linked.
    #[error("entry {index} was changed: it is not the canonical entry that follows the one before it")]
    Entry {
        /// Its index.
        index: LeafIndex,
    },
    /// A payload of the last batch is missing or not the one its entry names.
    #[error("the payload of entry {index} is missing or was changed")]
    Payload {
        /// The entry's index.
        index: LeafIndex,
    },
    /// The KEK file does not open or is another's.
    #[error(transparent)]
    Kek(#[from] KekFault),
    /// The KEK file holds another key than the log names.
    #[error(
        "the key-encryption key has the id {found}, the log names {expected}: this is not the KEK file of this log"
    )]
    KekId {
        /// What the log says.
        expected: Digest,
        /// What the file gives.
        found: Digest,
    },
    /// Entry 0 does not open, or is no `log.created` of this log.
    #[error("entry 0 is not the beginning of this log: {what} differs")]
    Beginning {
        /// What differs.
        what: &'static str,
    },
    /// A file differs from the text in force.
    #[error(
        "the {what} file has the SHA-256 {found}, in force is {expected}; hint: put the old text back, or propose the new one as an act and have two people approve it"
    )]
    Text {
        /// Which file: policy, directory or roles.
        what: &'static str,
        /// What is in force.
        expected: Digest,
        /// What the file has.
        found: Digest,
    },
    /// An entry that was recorded is refused when it is replayed.
    #[error(
        "entry {index} was recorded, but replaying it gives another result; hint: probity verify says more"
    )]
    Replay {
        /// Its index.
        index: LeafIndex,
    },
    /// A file of the home cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The tree cannot be recomputed.
    #[error(transparent)]
    Tree(#[from] TreeFault),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row does not read back, or the machine failed.
    #[error(transparent)]
    Doubt(#[from] Doubt),
}
