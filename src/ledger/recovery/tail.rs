//! The database's own end: the last batch, byte by byte, against its checkpoint.

use std::sync::Arc;

use super::refusal::RecoveryError;
use crate::ledger::{rows, tree};
use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::model::time::Timestamp;
use crate::store::{Batch, Family, Store};
use crate::tlog::{Hash, LeafIndex, RightEdge, SignedCheckpoint, TreeSize, Vkey, leaf_hash};

/// The end of a log that agrees with itself.
pub(super) struct Tail {
    pub(super) checkpoint: Arc<SignedCheckpoint>,
    pub(super) edge: RightEdge,
    pub(super) last_leaf: Hash,
    pub(super) last_time: Timestamp,
    /// Tiles that the store lacked and the entries gave.
    pub(super) missing_tiles: Batch,
}

/// Checks the newest checkpoint, that entries and payloads end where it does, and every entry
/// since the checkpoint before it.
pub(super) fn check(store: &dyn Store, vkey: &Vkey) -> Result<Tail, RecoveryError> {
    let (_, note) = store.last(Family::Checkpoints)?.ok_or(RecoveryError::Empty)?;
    let checkpoint = SignedCheckpoint::open(&note, std::slice::from_ref(vkey));
    let checkpoint = checkpoint.map_err(|source| RecoveryError::Checkpoint { source: Box::new(source) })?;
    let size = checkpoint.size();
    for family in [Family::Entries, Family::Payloads] {
        let last = store.last(family)?.and_then(|(key, _)| rows::parse_index_key(&key));
        let found = TreeSize::new(last.map_or(0, |last| last.saturating_add(1)));
        if found != size {
            return Err(RecoveryError::Count { what: family.name(), expected: size, found });
        }
    }
    let mut missing_tiles = Batch::default();
    let edge = match tree::load(size, store) {
        Ok(edge) if edge.root() == *checkpoint.root() => edge,
        // A tile is missing or wrong: the entries decide, and the tiles are made again.
        Ok(_) | Err(tree::TreeFault::TileMissing { .. } | tree::TreeFault::Tile(_)) => {
            let put = |tile, nodes: &_| tree::put_tile(&mut missing_tiles, tile, nodes);
            tree::rebuild(size, store, put)?
        }
        Err(fault) => return Err(fault.into()),
    };
    let root = edge.root();
    if root != *checkpoint.root() {
        return Err(RecoveryError::Root { size, expected: *checkpoint.root(), found: root });
    }
    let (last_leaf, last_time) = check_entries(store, previous_size(store, size)?, &edge)?;
    Ok(Tail { checkpoint: Arc::new(checkpoint), edge, last_leaf, last_time, missing_tiles })
}

/// The size of the checkpoint before the newest one; 0 if there is none.
fn previous_size(store: &dyn Store, size: TreeSize) -> Result<u64, RecoveryError> {
    let mut previous = 0;
    let mut from = size.get().saturating_sub(1);
    // Checkpoints are found forward only: look back in growing steps.
    let mut step = 1_u64;
    loop {
        for row in store.scan(Family::Checkpoints, &rows::index_key(from)) {
            match rows::checkpoint_size(&row?.0) {
                Some(found) if found < size.get() => previous = previous.max(found),
                _ => break,
            }
        }
        if previous > 0 || from == 0 {
            return Ok(previous);
        }
        step = step.saturating_mul(2);
        from = from.saturating_sub(step);
    }
}

fn check_entries(store: &dyn Store, from: u64, edge: &RightEdge) -> Result<(Hash, Timestamp), RecoveryError> {
    let size = edge.size().get();
    let mut last = (Hash::from_bytes([0; 32]), None);
    if let Some(before) = from.checked_sub(1) {
        last = (leaf_hash(&tree::read_entry(store, before)?), None);
    }
    for index in from..size {
        let at = LeafIndex::new(index);
        let bytes = tree::read_entry(store, index)?;
        let entry = Entry::parse(&bytes).map_err(|_| RecoveryError::Entry { index: at })?;
        if entry.index != at || entry.prev != last.0 {
            return Err(RecoveryError::Entry { index: at });
        }
        let leaf = leaf_hash(&bytes);
        // The root was compared; this finds an entry that a stored tile covers for.
        if tree::node(edge, store, crate::tlog::Node::leaf(at))? != leaf {
            return Err(RecoveryError::Entry { index: at });
        }
        let sealed = store.get(Family::Payloads, &rows::index_key(index))?;
        if sealed.is_none_or(|sealed| Digest::of(&sealed) != entry.payload) {
            return Err(RecoveryError::Payload { index: at });
        }
        last = (leaf, Some(entry.time));
    }
    let time = last.1.ok_or(RecoveryError::Empty)?;
    Ok((last.0, time))
}
