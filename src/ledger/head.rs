//! Everything the sequencer knows of the log between two batches.

use std::sync::Arc;

use super::clock::LastStamp;
use super::idempotency::IndexKey;
use super::kept::Kept;
use super::keys::NamedKey;
use super::recheck::Recheck;
use crate::practice::{Case, World};
use crate::tlog::{Hash, LogSigner, RightEdge, SignedCheckpoint};

/// The head of the log and what is needed to add to it. Owned by the sequencer; dropped as a
/// whole on doubt, and only ever rebuilt from the disk.
pub(crate) struct Head {
    pub(crate) signer: LogSigner,
    pub(crate) index_key: IndexKey,
    /// The tree, and the leaf that the next entry's `prev` names.
    pub(crate) edge: RightEdge,
    pub(crate) last_leaf: Hash,
    /// The second path's own idea of the tree.
    pub(crate) recheck: Recheck,
    pub(crate) last_stamp: LastStamp,
    /// The last signed head; `None` only while the log is being founded.
    pub(crate) signed: Option<Arc<SignedCheckpoint>>,
    /// Of the last anchored batch.
    pub(crate) sequence: u64,
    pub(crate) world: Arc<World>,
    /// Cases in memory, as they are in the store: only to save reading them.
    pub(crate) kept: Kept<OpenCase>,
}

/// The state of a request, with the key that its rows and payloads are sealed under.
#[derive(Clone)]
pub(crate) struct OpenCase {
    pub(crate) key: NamedKey,
    pub(crate) case: Case,
}
