//! Tiles (C2SP tlog-tiles): the tree cut into blocks of 256 hashes.
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]        L = level 0…63, W = 1…255 hashes if partial, 256 if not
//! tile/entries/<N>[.p/<W>]    the same run of leaves, as entries
//! N in groups of three digits, all but the last with an x: 1234067 → x001/x234/067
//! tile(L, N)[i] = MTH(D[(256·N + i)·256^L : (256·N + i + 1)·256^L])
//! ```
//!
//! **In scope**: paths, which tiles a tree has, the hashes in a tile and those between
//! one tile level and the next.
//! **Out of scope**: reading and writing them; the framing of entry tiles; a growing
//! tree's partial tiles ([`super::edge`]).

use std::{fmt, str::FromStr};

use super::{
    hash::{HASH_BYTES, Hash, node_hash},
    node::Node,
    size::{TreeSize, parse_decimal},
};

/// Levels of the tree that one level of tiles spans.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// Highest tile level a path may name. A tree counted in 64 bits only ever has 0 to 7.
pub const TILE_LEVEL_MAX: u8 = 63;

/// Largest place of a tile: above it the places of its hashes would not fit 64 bits.
pub const TILE_INDEX_MAX: u64 = u64::MAX >> TILE_HEIGHT;

/// Tile levels a tree counted in 64 bits can have.
const TILE_LEVELS: u8 = 8;

/// Hashes of a full tile and of the levels above it, its root included.
const TILE_NODES: usize = 2 * TILE_WIDTH as usize - 1;

/// A run of up to 256 neighbours, beginning at a multiple of 256: `<N>[.p/<W>]`.
///
/// Tiles of hashes, of entries and of payloads are cut the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    index: u64,
    width: u16,
}

/// A tile of hashes: its level and its run of nodes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    run: Run,
}

/// The hashes of one tile, full or partial, and the complete nodes above them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileNodes {
    width: u16,
    /// Row h (256 >> h hashes) begins at [`slot`]`(h, 0)`; what is not complete yet is zero.
    nodes: Vec<Hash>,
}

/// Why a path names no tile, or bytes are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The content is not a whole number of hashes, or not as many as the tile is wide.
    #[error("a tile of {width} hashes has {} bytes, not {found}", usize::from(*width) * HASH_BYTES)]
    Length {
        /// Hashes the tile has.
        width: u16,
        /// Bytes found.
        found: usize,
    },
    /// A level above [`TILE_LEVEL_MAX`].
    #[error("tile level {level} is above {TILE_LEVEL_MAX}")]
    Level {
        /// The level named.
        level: u8,
    },
    /// The tree has no such complete node.
    #[error("no complete node {index} at level {level} in a tree of size {size}")]
    NodeNotInTree {
        /// The node's level.
        level: u8,
        /// Its place there.
        index: u64,
        /// The tree's size.
        size: TreeSize,
    },
    /// Not a path in its one spelling.
    #[error("not a tile path")]
    Path,
    /// No hash, or more than 256, or a place beyond [`TILE_INDEX_MAX`].
    #[error("no tile has place {index} and {width} hashes")]
    Run {
        /// The place named.
        index: u64,
        /// The width named.
        width: u16,
    },
}

impl Run {
    /// The run at place `index` with `width` members, 256 if it is full.
    ///
    /// # Errors
    /// [`TileError::Run`].
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        if (1..=TILE_WIDTH).contains(&width) && index <= TILE_INDEX_MAX {
            Ok(Self { index, width })
        } else {
            Err(TileError::Run { index, width })
        }
    }

    /// The runs that `count` neighbours are cut into: full ones, then the partial one if any.
    pub fn all(count: u64) -> impl Iterator<Item = Self> {
        let (full, rest) = (count / u64::from(TILE_WIDTH), count % u64::from(TILE_WIDTH));
        let partial = u16::try_from(rest).ok().filter(|width| *width > 0);
        (0..full)
            .map(|index| Self { index, width: TILE_WIDTH })
            .chain(partial.map(|width| Self { index: full, width }))
    }

    /// The run that member `at` of `count` is in; none if it is not below `count`.
    #[must_use]
    pub fn holding(at: u64, count: u64) -> Option<Self> {
        let index = at / u64::from(TILE_WIDTH);
        let members = count.checked_sub(index * u64::from(TILE_WIDTH)).filter(|_| at < count)?;
        Some(Self { index, width: u16::try_from(members).unwrap_or(TILE_WIDTH).min(TILE_WIDTH) })
    }

    /// Place of the run, from 0.
    #[must_use]
    pub const fn index(self) -> u64 {
        self.index
    }

    /// Number of members, 1 to 256.
    #[must_use]
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it has all 256.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Place of the first member.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.index << TILE_HEIGHT
    }

    /// Places of its members.
    #[must_use]
    pub fn members(self) -> impl DoubleEndedIterator<Item = u64> {
        let start = self.start();
        (0..u64::from(self.width)).map(move |offset| start + offset)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Groups of three digits, least significant last; 7 groups hold any 64-bit number.
        let mut rest = self.index;
        let mut groups = Vec::with_capacity(7);
        while rest > 999 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        groups.push(rest);
        let last = groups.len() - 1;
        for (at, group) in groups.iter().rev().enumerate() {
            f.write_str(if at == last { "" } else { "x" })?;
            write!(f, "{group:03}")?;
            f.write_str(if at == last { "" } else { "/" })?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Run {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (place, width) = match text.split_once(".p/") {
            Some((place, width)) => {
                let width = parse_decimal(width).ok().and_then(|width| u16::try_from(width).ok());
                (place, width.filter(|width| (1..TILE_WIDTH).contains(width)).ok_or(TileError::Path)?)
            }
            None => (text, TILE_WIDTH),
        };
        let (groups, last) =
            place.rsplit_once('/').map_or((None, place), |(groups, last)| (Some(groups), last));
        let mut index: u64 = 0;
        for group in groups.into_iter().flat_map(|groups| groups.split('/')) {
            let group = group.strip_prefix('x').ok_or(TileError::Path)?;
            index = append_group(index, group)?;
            // A first group of zeros would be a second spelling.
            if index == 0 {
                return Err(TileError::Path);
            }
        }
        Self::new(append_group(index, last)?, width)
    }
}

/// `index` with three more digits.
fn append_group(index: u64, group: &str) -> Result<u64, TileError> {
    if group.len() != 3 || !group.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TileError::Path);
    }
    let group = group.parse::<u64>().map_err(|_| TileError::Path)?;
    index.checked_mul(1000).and_then(|index| index.checked_add(group)).ok_or(TileError::Path)
}

impl Tile {
    /// The tile of `level` over `run`.
    ///
    /// # Errors
    /// [`TileError::Level`].
    pub fn new(level: u8, run: Run) -> Result<Self, TileError> {
        if level <= TILE_LEVEL_MAX { Ok(Self { level, run }) } else { Err(TileError::Level { level }) }
    }

    /// Every tile of a tree of `size`, level by level, the partial one of each level last.
    pub fn all(size: TreeSize) -> impl Iterator<Item = Self> {
        (0..TILE_LEVELS).flat_map(move |level| {
            Run::all(size.get() >> (TILE_HEIGHT * level)).map(move |run| Self { level, run })
        })
    }

    /// The tile from which the hash of `node` follows in a tree of `size`; none if the node
    /// is not complete there.
    #[must_use]
    pub fn holding(node: Node, size: TreeSize) -> Option<Self> {
        if !node.is_complete_in(size) {
            return None;
        }
        let level = node.level / TILE_HEIGHT;
        let at = node.index << (node.level % TILE_HEIGHT);
        Some(Self { level, run: Run::holding(at, size.get() >> (TILE_HEIGHT * level))? })
    }

    /// Parses `tile/<L>/<N>[.p/<W>]`.
    ///
    /// # Errors
    /// [`TileError`].
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let (level, run) =
            path.strip_prefix("tile/").and_then(|path| path.split_once('/')).ok_or(TileError::Path)?;
        let level = parse_decimal(level).ok().and_then(|level| u8::try_from(level).ok());
        Self::new(level.ok_or(TileError::Path)?, run.parse()?)
    }

    /// `tile/<L>/<N>[.p/<W>]`, relative to the log's prefix.
    #[must_use]
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.run)
    }

    /// The tile level: its hashes are nodes of level 8 times this.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Its place and width.
    #[must_use]
    pub const fn run(self) -> Run {
        self.run
    }

    /// The node whose hash a full tile's root is; none for a partial tile, or above a
    /// tree counted in 64 bits.
    #[must_use]
    pub fn root_node(self) -> Option<Node> {
        let level = (self.level < TILE_LEVELS - 1).then(|| (self.level + 1) * TILE_HEIGHT)?;
        self.run.is_full().then_some(Node { level, index: self.run.index })
    }
}

/// Where in [`TileNodes::nodes`] hash `offset` of row `height` stands.
const fn slot(height: u8, offset: usize) -> usize {
    (TILE_NODES + 1) - ((TILE_NODES + 1) >> height) + offset
}

impl Default for TileNodes {
    fn default() -> Self {
        Self::new()
    }
}

impl TileNodes {
    /// A tile without hashes, to be filled.
    #[must_use]
    pub fn new() -> Self {
        Self { width: 0, nodes: vec![Hash::ZERO; TILE_NODES] }
    }

    /// Reads the content of a tile of `width` hashes and hashes the levels above them.
    ///
    /// # Errors
    /// [`TileError::Length`]: a tile that is longer or shorter than its name says.
    pub fn parse(bytes: &[u8], width: u16) -> Result<Self, TileError> {
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() || hashes.len() != usize::from(width) || width > TILE_WIDTH {
            return Err(TileError::Length { width, found: bytes.len() });
        }
        let mut nodes = Self::new();
        for hash in hashes {
            nodes.push(Hash::from_bytes(*hash));
        }
        Ok(nodes)
    }

    /// Appends a hash and every node it completes. A full tile stays as it is.
    pub(super) fn push(&mut self, mut hash: Hash) {
        if self.width >= TILE_WIDTH {
            return;
        }
        let mut offset = usize::from(self.width);
        let mut height = 0;
        while let Some(node) = self.nodes.get_mut(slot(height, offset)) {
            *node = hash;
            if offset & 1 == 0 {
                break;
            }
            let Some(left) = self.nodes.get(slot(height, offset - 1)) else { break };
            hash = node_hash(left, &hash);
            offset >>= 1;
            height += 1;
        }
        self.width += 1;
    }

    /// Number of hashes, 0 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The hashes, left to right.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        self.nodes.split_at(usize::from(self.width)).0
    }

    /// The content of the tile: its hashes, 32 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes().iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The hash of `node`, whose tile ([`Tile::holding`]) the caller knows this to be;
    /// none while its last leaf is missing.
    #[must_use]
    pub fn hash_of(&self, node: Node) -> Option<Hash> {
        let height = node.level % TILE_HEIGHT;
        let offset = usize::try_from(node.index % (u64::from(TILE_WIDTH) >> height)).ok()?;
        if (offset + 1) << height > usize::from(self.width) {
            return None;
        }
        self.nodes.get(slot(height, offset)).copied()
    }

    /// The root of a full tile, which is one hash of the tile level above. A partial tile
    /// never feeds its parent.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        (self.width == TILE_WIDTH).then(|| self.nodes.last().copied()).flatten()
    }
}

#[cfg(test)]
mod tests;
