//! The tree as this ledger keeps it: the right edge in memory, everything left of it in full
//! tiles, those of the running batch not stored yet.
//!
//! **In scope**: nodes of a tree from wherever they are, the edge recomputed from rows.
//! **Out of scope**: the mathematics ([`crate::tlog`]), what is signed about it.

use std::collections::HashMap;
use std::sync::Arc;

use super::rows;
use crate::store::{Batch, Family, StoreError, View};
use crate::tlog::proof::ProofError;
use crate::tlog::tile::{TILE_HEIGHT, TILE_WIDTH, TileError};
use crate::tlog::{Hash, Node, RightEdge, Run, Tile, TileNodes, TreeSize, leaf_hash, node_hash};

/// Tiles that a batch filled, and the edge it ended with: whatever a receipt of the batch
/// needs. A left sibling that is older than the batch was one of the peaks it began with, and
/// those stood in partial tiles, which are here either still partial or filled.
#[derive(Clone, Debug)]
pub(crate) struct BatchTree {
    pub(crate) edge: Arc<RightEdge>,
    pub(crate) filled: HashMap<Tile, TileNodes>,
}

impl BatchTree {
    pub(crate) fn node(&self, node: Node) -> Result<Hash, TreeFault> {
        self.edge.node(node, |tile| self.filled.get(&tile).ok_or(TreeFault::missing(tile)))
    }
}

/// A complete node of the tree with this edge.
pub(crate) fn node(edge: &RightEdge, view: &dyn View, node: Node) -> Result<Hash, TreeFault> {
    edge.node(node, |tile| read_tile(view, tile))
}

/// A full tile from the store.
pub(crate) fn read_tile(view: &dyn View, tile: Tile) -> Result<TileNodes, TreeFault> {
    let bytes = view.get(Family::Tiles, &rows::tile_key(tile))?.ok_or(TreeFault::missing(tile))?;
    Ok(TileNodes::parse(&bytes, TILE_WIDTH)?)
}

/// Stores a full tile.
pub(crate) fn put_tile(batch: &mut Batch, tile: Tile, nodes: &TileNodes) {
    batch.put(Family::Tiles, rows::tile_key(tile), nodes.to_bytes());
}

/// Recomputes the edge of the tree of the first `size` entries: leaves from the entries, the
/// rest from the roots of stored tiles. Only comparing the root with a signed one tells
/// whether it is right.
pub(crate) fn load(size: TreeSize, view: &dyn View) -> Result<RightEdge, TreeFault> {
    RightEdge::load(size, |node| match node.level.checked_sub(TILE_HEIGHT) {
        None => Ok(leaf_hash(&read_entry(view, node.index)?)),
        Some(below) => {
            let tile = Tile::new(below / TILE_HEIGHT, Run::new(node.index, TILE_WIDTH)?)?;
            read_tile(view, tile)?.root().ok_or(TreeFault::missing(tile))
        }
    })
}

/// Builds the tree of the first `size` entries from nothing but the entries, with every tile.
pub(crate) fn rebuild(
    size: TreeSize,
    view: &dyn View,
    mut full: impl FnMut(Tile, &TileNodes),
) -> Result<RightEdge, TreeFault> {
    let mut edge = RightEdge::new();
    for index in 0..size.get() {
        edge.push(leaf_hash(&read_entry(view, index)?), |tile, nodes| full(tile, &nodes));
    }
    Ok(edge)
}

/// The bytes of an entry.
pub(crate) fn read_entry(view: &dyn View, index: u64) -> Result<Vec<u8>, TreeFault> {
    view.get(Family::Entries, &rows::index_key(index))?.ok_or(TreeFault::EntryMissing { index })
}

/// The root that the tree of these nodes had when it had `size` leaves.
pub(crate) fn root_at(
    size: TreeSize,
    mut node: impl FnMut(Node) -> Result<Hash, TreeFault>,
) -> Result<Hash, TreeFault> {
    let mut root: Option<Hash> = None;
    for peak in Node::peaks(size).rev() {
        let left = node(peak)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root.unwrap_or_else(Hash::empty_root))
}

/// Why a node of the tree cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TreeFault {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry is not there.
    #[error("entry {index} is missing")]
    EntryMissing {
        /// Its index.
        index: u64,
    },
    /// A full tile is not there.
    #[error("{} is missing", tile.path())]
    TileMissing {
        /// Which one.
        tile: Tile,
    },
    /// A tile's bytes are none, or the tree has no such node.
    #[error(transparent)]
    Tile(#[from] TileError),
}

/// What either side of a proof's making can fail with.
pub(crate) enum ProofFault {
    /// A node cannot be had.
    Tree(TreeFault),
    /// The proof was asked for outside the tree.
    Index,
}

impl From<ProofError> for ProofFault {
    fn from(_: ProofError) -> Self {
        Self::Index
    }
}

impl TreeFault {
    fn missing(tile: Tile) -> Self {
        Self::TileMissing { tile }
    }
}
