//! A batch that counts, and the receipts that its callers take from it.
//!
//! Receipts are put together by those who asked, not by the sequencer: while it assembles the
//! next batch, they walk their paths in a tree that nobody changes any more.

use std::sync::Arc;

use super::doubt::Doubt;
use super::tree::{BatchTree, ProofFault, TreeFault};
use crate::model::entry::Entry;
use crate::model::opening::Opening;
use crate::model::payload::EntryKey;
use crate::practice::World;
use crate::tlog::proof;
use crate::tlog::{Hash, LeafIndex, Node, Origin, RightEdge, SignedCheckpoint, VerifiedReceipt};

/// The newest head that is on the disk and in the anchor, with the right edge it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
    pub(crate) edge: Arc<RightEdge>,
    /// What is in force after it.
    pub(crate) world: Arc<World>,
}

/// A committed batch.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
    pub(crate) tree: BatchTree,
}

/// One entry of a batch, with what its opening needs.
pub(crate) struct Fresh {
    pub(crate) index: LeafIndex,
    pub(crate) entry: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) key: EntryKey,
}

/// The answer to a posted event: where it stands, and the proof of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Its entry.
    pub index: LeafIndex,
    /// The receipt: a tlog-proof, text.
    pub receipt: String,
    /// The opening: JSON. It reveals this one entry to whoever has it.
    pub opening: String,
    /// Whether it had been recorded before; the receipt is then that of the first time.
    pub repeated: bool,
}

/// Makes the receipt of an entry under a checkpoint, from the tree's nodes, and checks it.
pub(crate) fn receipt(
    index: LeafIndex,
    entry: Vec<u8>,
    checkpoint: &SignedCheckpoint,
    node: impl FnMut(Node) -> Result<Hash, TreeFault>,
) -> Result<VerifiedReceipt, Doubt> {
    let path = path(index, checkpoint, node)?;
    // A path that does not lead to the signed root must not leave this process.
    VerifiedReceipt::new(entry, index, path, checkpoint, Entry::index_of)
        .map_err(|_| Doubt::Receipt { index })
}

fn path(
    index: LeafIndex,
    checkpoint: &SignedCheckpoint,
    mut node: impl FnMut(Node) -> Result<Hash, TreeFault>,
) -> Result<Vec<Hash>, Doubt> {
    proof::inclusion_path(index, checkpoint.size(), |at| node(at).map_err(ProofFault::Tree)).map_err(
        |fault| match fault {
            ProofFault::Tree(fault) => fault.into(),
            ProofFault::Index => Doubt::Receipt { index },
        },
    )
}

impl Committed {
    /// The receipt and opening of one of this batch's entries.
    pub(crate) fn ack(&self, fresh: &Fresh, origin: &Origin, repeated: bool) -> Result<Ack, Doubt> {
        let receipt =
            receipt(fresh.index, fresh.entry.clone(), &self.checkpoint, |at| self.tree.node(at))?.print();
        let opening = Opening::new(origin, fresh.index, &fresh.sealed, &fresh.key).to_json();
        Ok(Ack { index: fresh.index, receipt, opening, repeated })
    }
}
