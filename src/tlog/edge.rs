//! The right edge of a growing tree: its partial tiles, one per level.
//!
//! **In scope**: taking leaf hashes, yielding tiles as they fill, answering for every
//! complete node together with the full tiles that were yielded before.
//! **Out of scope**: storing those tiles. The edge itself is never stored: it is
//! recomputed at start.

use std::{borrow::Borrow, mem};

use super::{
    compact::fold_peaks,
    hash::Hash,
    node::Node,
    size::TreeSize,
    tile::{Run, TILE_HEIGHT, TILE_WIDTH, Tile, TileError, TileNodes},
};

/// The partial tiles of a tree, with the nodes inside them: 16 KiB per tile level.
///
/// A leaf costs one node hash on average. Every node in the edge is looked up, not hashed
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    /// By tile level; a level whose tile was just filled is empty.
    levels: Vec<TileNodes>,
}

impl Default for RightEdge {
    fn default() -> Self {
        Self::new()
    }
}

impl RightEdge {
    /// The edge of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, levels: Vec::new() }
    }

    /// Recomputes the edge of a tree of `size`.
    ///
    /// `hash_of` is asked for the hashes that stand in partial tiles: leaves (level 0,
    /// from the entries) and nodes of level 8, 16, …, each the root of a full tile of the
    /// level below. They must be checked by comparing [`Self::root`] with a signed root.
    ///
    /// # Errors
    /// What `hash_of` returns.
    pub fn load<E>(size: TreeSize, mut hash_of: impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let mut edge = Self { size: size.get(), levels: Vec::new() };
        for level in
            (0..u8::MAX).map_while(|level| level.checked_mul(TILE_HEIGHT).filter(|level| *level < 64))
        {
            let count = size.get() >> level;
            if count == 0 {
                break;
            }
            let width = count % u64::from(TILE_WIDTH);
            let mut nodes = TileNodes::new();
            for index in count - width..count {
                nodes.push(hash_of(Node { level, index })?);
            }
            edge.levels.push(nodes);
        }
        Ok(edge)
    }

    /// Appends a leaf by its hash. `full` gets every tile that it fills, lowest level first.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(Tile, TileNodes)) {
        let mut hash = leaf;
        // Where the hash goes in its level: the leaf's index without its last 8·level bits.
        let mut place = self.size;
        for level in 0.. {
            let nodes = match self.levels.get_mut(usize::from(level)) {
                Some(nodes) => nodes,
                None => self.levels.push_mut(TileNodes::new()),
            };
            nodes.push(hash);
            let Some(root) = nodes.root() else { break };
            place >>= TILE_HEIGHT;
            full(full_tile(level, place), mem::take(nodes));
            hash = root;
        }
        self.size += 1;
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// The root of the tree (RFC 6962 §2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        // Every peak stands in the partial tile of its level: it is there because the
        // size is not a multiple of what would complete its parent.
        let peaks = Node::peaks(self.size()).rev().filter_map(|peak| self.held(peak));
        fold_peaks(peaks).unwrap_or_else(Hash::empty_root)
    }

    /// The partial tiles, lowest level first. There is none without hashes.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (Tile, &TileNodes)> {
        self.levels.iter().zip(0..).filter_map(|(nodes, level)| {
            let run = Run::new(self.tile_index(level), nodes.width()).ok()?;
            Some((Tile::new(level, run).ok()?, nodes))
        })
    }

    /// The hash of `node`, from the edge or from a full tile, for which `tile` is asked.
    ///
    /// `tile` may return the nodes themselves, a reference or an `Arc` of them.
    ///
    /// # Errors
    /// [`TileError::NodeNotInTree`], [`TileError::Length`] if `tile` returned a partial
    /// tile for a full one, or what `tile` returns.
    pub fn node<T: Borrow<TileNodes>, E: From<TileError>>(
        &self,
        node: Node,
        tile: impl FnOnce(Tile) -> Result<T, E>,
    ) -> Result<Hash, E> {
        let Node { level, index } = node;
        let holding = Tile::holding(node, self.size()).ok_or(TileError::NodeNotInTree {
            level,
            index,
            size: self.size(),
        })?;
        if let Some(hash) = self.held(node) {
            return Ok(hash);
        }
        let nodes = tile(holding)?;
        let width = holding.run().width();
        let found = usize::from(nodes.borrow().width()) * super::hash::HASH_BYTES;
        nodes.borrow().hash_of(node).ok_or_else(|| TileError::Length { width, found }.into())
    }

    /// The hash of a node that stands in a partial tile.
    fn held(&self, node: Node) -> Option<Hash> {
        let level = node.level / TILE_HEIGHT;
        let at = node.index << (node.level % TILE_HEIGHT);
        (at >> TILE_HEIGHT == self.tile_index(level)).then_some(())?;
        self.levels.get(usize::from(level))?.hash_of(node)
    }

    /// Place of the partial tile of a level, empty or not.
    fn tile_index(&self, level: u8) -> u64 {
        let shift = (u32::from(level) + 1) * u32::from(TILE_HEIGHT);
        // Above level 7 everything is in the first tile.
        self.size.checked_shr(shift).unwrap_or(0)
    }
}

/// The full tile at `index` of `level`.
fn full_tile(level: u8, index: u64) -> Tile {
    let run = Run::new(index, TILE_WIDTH).expect("a place of 64 bits without its last 8 is a tile's");
    Tile::new(level, run).expect("a tree counted in 64 bits fills tiles of levels 0 to 6 only")
}

#[cfg(test)]
mod tests;
