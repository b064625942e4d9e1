//! Coordinates of complete subtrees.
//!
//! **In scope**: which leaves a node covers, whether a tree has it, which nodes make up a tree.
//! **Out of scope**: hashes; nodes of the ragged right edge, which change with every leaf
//! and are never stored.

use super::size::{LeafIndex, TreeSize};

/// Levels of a tree whose size fits 64 bits.
pub(super) const LEVELS: u8 = 64;

/// The complete subtree over the leaves `index·2^level` to `(index+1)·2^level − 1`.
///
/// Level 0 is the leaves. Its hash never changes once its last leaf is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves.
    pub level: u8,
    /// Place within the level, from 0.
    pub index: u64,
}

impl Node {
    /// The node that is the leaf itself.
    #[must_use]
    pub const fn leaf(index: LeafIndex) -> Self {
        Self { level: 0, index: index.get() }
    }

    /// Whether all leaves below this node are in a tree of `size`.
    #[must_use]
    pub fn is_complete_in(self, size: TreeSize) -> bool {
        self.level < LEVELS && self.index < size.get() >> self.level
    }

    /// The fewest nodes that cover a tree of `size`, left to right, which is largest first.
    #[must_use]
    pub fn peaks(size: TreeSize) -> impl DoubleEndedIterator<Item = Self> {
        let size = size.get();
        (0..LEVELS).rev().filter_map(move |level| {
            let index = size >> level;
            (index & 1 == 1).then_some(Self { level, index: index ^ 1 })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_cover_every_leaf_once_and_are_complete() {
        for size in (0..600).chain([70_000, u64::MAX - 1, u64::MAX]) {
            let mut covered: u64 = 0;
            for peak in Node::peaks(TreeSize::new(size)) {
                assert!(peak.is_complete_in(TreeSize::new(size)));
                assert_eq!(peak.index << peak.level, covered, "size {size}");
                covered += 1 << peak.level;
            }
            assert_eq!(covered, size);
        }
    }

    #[test]
    fn a_node_is_complete_with_its_last_leaf() {
        let node = Node { level: 3, index: 2 };
        assert!(!node.is_complete_in(TreeSize::new(23)));
        assert!(node.is_complete_in(TreeSize::new(24)));
        assert!(!Node { level: 64, index: 0 }.is_complete_in(TreeSize::new(u64::MAX)));
    }
}
