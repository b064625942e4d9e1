//! Storage doubt: the one failure after which this process must not go on.
//!
//! After a failed write the outcome is unknown; after a root that does not come out twice the
//! memory is. Nothing in this process can be trusted to settle either: state is dropped,
//! everything is refused, and the process ends with exit code 70. Only a new start reads again
//! what is really there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::recheck::RecheckFault;
use super::tree::TreeFault;
use crate::ops::machine::MachineError;
use crate::store::StoreError;
use crate::tlog::{Hash, LeafIndex, TreeSize};

/// What made this process doubt its store or itself.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The anchor could not be written: the head on the disk is signed, but nobody may see it.
    #[error("the anchor could not be written")]
    Anchor(#[source] io::Error),
    /// The encoded batch is not what was computed.
    #[error("a batch came out wrong when it was read back before signing")]
    Recheck(#[from] RecheckFault),
    /// Two computations of one root differ.
    #[error("two computations of the root at size {size} differ: {first} and {second}")]
    Root {
        /// The tree's size.
        size: TreeSize,
        /// What the tree gives.
        first: Hash,
        /// What the encoded batch gives.
        second: Hash,
    },
    /// The new head does not continue the last signed one.
    #[error("the head of size {size} does not continue the last signed head of size {signed}")]
    Consistency {
        /// The last signed size.
        signed: TreeSize,
        /// The new size.
        size: TreeSize,
    },
    /// The fresh signature does not verify under the public key.
    #[error("the signature of the head of size {size} does not verify")]
    Signature {
        /// The head's size.
        size: TreeSize,
    },
    /// A node of the tree cannot be had.
    #[error("the tree is incomplete")]
    Tree(#[from] TreeFault),
    /// A fresh receipt's path does not lead to the root it was made for.
    #[error("the receipt of entry {index} does not lead to its root")]
    Receipt {
        /// The entry's index.
        index: LeafIndex,
    },
    /// A row that this ledger wrote no longer reads as it must.
    #[error("{what} of the ledger's own rows does not read back")]
    Row {
        /// Which kind of row.
        what: &'static str,
    },
    /// The clock or the random generator failed.
    #[error("the machine failed")]
    Machine(#[from] MachineError),
    /// The sequencer ended without being told to: a bug of ours.
    #[error("the sequencer ended unexpectedly")]
    Panicked,
}

/// Shared by everything that can doubt and everything that must stop then.
#[derive(Clone, Debug)]
pub(crate) struct Poison {
    is_set: Arc<AtomicBool>,
    first: Arc<watch::Sender<Option<Arc<Doubt>>>>,
}

impl Poison {
    pub(crate) fn new() -> Self {
        Self { is_set: Arc::default(), first: Arc::new(watch::Sender::new(None)) }
    }

    /// Stops everything for `doubt`; the first one counts.
    pub(crate) fn set(&self, doubt: Doubt) {
        self.is_set.store(true, Ordering::SeqCst);
        self.first.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(Arc::new(doubt));
            }
            is_first
        });
    }

    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// What made everything stop, if it did.
    pub(crate) fn first(&self) -> Option<Arc<Doubt>> {
        self.first.borrow().clone()
    }

    /// Waits until something doubts. Cancel safe.
    pub(crate) async fn wait(&self) -> Arc<Doubt> {
        let mut first = self.first.subscribe();
        match first.wait_for(Option::is_some).await {
            Ok(doubt) => doubt.clone().unwrap_or_else(|| Arc::new(Doubt::Panicked)),
            // This Poison holds the sender: the channel cannot close under us.
            Err(_) => Arc::new(Doubt::Panicked),
        }
    }
}
