//! The database against the anchor: the table of docs/FORMATS.md, Anchor.

use std::sync::Arc;

use super::refusal::RecoveryError;
use super::tail::Tail;
use super::{AnchorLag, OtherMachine, StartUp};
use crate::ledger::anchor::AnchorMedium;
use crate::ledger::{rows, tree};
use crate::model::anchor;
use crate::ops::files;
use crate::store::{Family, Store};
use crate::tlog::{SignedCheckpoint, Vkey};

/// The anchor as it counts: the slot with the higher sequence, its note verified.
pub(super) struct Anchored {
    slot: anchor::Slot,
    checkpoint: SignedCheckpoint,
}

/// Where the database stands.
pub(super) struct Standing {
    /// The sequence of the newest batch, anchored or not.
    pub(super) sequence: u64,
    /// Batches beyond the anchor.
    ahead: u64,
}

impl Standing {
    pub(super) const fn is_ahead(&self) -> bool {
        self.ahead > 0
    }
}

/// Reads the anchor. One torn slot is normal, as a crash tears the one being written; two are not.
pub(super) fn newest_slot(medium: &dyn AnchorMedium, vkey: &Vkey) -> Result<Anchored, RecoveryError> {
    let bytes = medium.read().map_err(RecoveryError::Anchor)?.ok_or(RecoveryError::AnchorMissing)?;
    if bytes.len() != anchor::ANCHOR_BYTES {
        return Err(RecoveryError::AnchorLength { found: bytes.len() });
    }
    let slot = anchor::newest(&bytes).map_err(RecoveryError::AnchorSlots)?;
    // No falling back to the other slot: a valid slot whose note is not ours was put there.
    let checkpoint = SignedCheckpoint::open(&slot.note, std::slice::from_ref(vkey))
        .map_err(|source| RecoveryError::AnchorNote { source: Box::new(source) })?;
    Ok(Anchored { slot, checkpoint })
}

/// Refuses a home that another machine worked on last, unless an operator says it was moved.
pub(super) fn check_machine(anchored: &Anchored, start: &StartUp) -> Result<(), RecoveryError> {
    let is_here = anchored.slot.machine == start.environment.machine;
    if is_here || start.other_machine == OtherMachine::Accepted {
        Ok(())
    } else {
        Err(RecoveryError::OtherMachine)
    }
}

/// Compares the database's head, already checked by itself, with the anchor.
pub(super) fn compare(
    store: &dyn Store,
    tail: &Tail,
    anchored: &Anchored,
    start: &StartUp,
) -> Result<Standing, RecoveryError> {
    let (anchor, found) = (anchored.checkpoint.size(), tail.checkpoint.size());
    if anchor > found {
        return Err(RecoveryError::Lost { anchor, found });
    }
    let root = tree::root_at(anchor, |node| tree::node(&tail.edge, store, node))?;
    if root != *anchored.checkpoint.root() {
        return Err(fork(tail, anchored, start)?);
    }
    let mut ahead = 0;
    for row in store.scan(Family::Checkpoints, &rows::index_key(anchor.get().saturating_add(1))) {
        row?;
        ahead += 1;
    }
    if ahead > 1 && start.anchor_lag == AnchorLag::Refused {
        return Err(RecoveryError::AnchorLag { anchor, found, batches: ahead });
    }
    Ok(Standing { sequence: anchored.slot.sequence.saturating_add(ahead), ahead })
}

/// Two signed heads that cannot be of one log: both are kept, because together they prove it.
fn fork(tail: &Tail, anchored: &Anchored, start: &StartUp) -> Result<RecoveryError, RecoveryError> {
    let dir = start.evidence_dir.clone();
    files::make_dir(&dir, files::PRIVATE_DIR_MODE)?;
    let database: &Arc<SignedCheckpoint> = &tail.checkpoint;
    files::replace(&dir.join("fork-anchor.note"), &anchored.slot.note, files::PUBLIC_MODE)?;
    files::replace(&dir.join("fork-database.note"), &database.to_bytes(), files::PUBLIC_MODE)?;
    Ok(RecoveryError::Forked { anchor: anchored.checkpoint.size(), found: database.size(), evidence: dir })
}
