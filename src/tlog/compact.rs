//! The compact range: the fewest hashes from which a growing tree's root follows.
//!
//! **In scope**: appending leaves, the root at every size, joining ranges that were
//! hashed on several cores.
//! **Out of scope**: proofs, which need inner nodes: see [`super::edge`].

use super::{
    hash::{Hash, node_hash},
    node::{LEVELS, Node},
    size::TreeSize,
};

/// The peaks of a tree, largest first: one hash per set bit of the size.
///
/// A push costs one node hash on average and allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Hash>,
}

/// Why hashes are not a compact range, or two ranges cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// The right range begins where its largest subtree would not be one subtree of the whole.
    #[error("a range of {right} leaves cannot follow {left} leaves: its largest subtree would be split")]
    Misaligned {
        /// Leaves on the left.
        left: u64,
        /// Leaves on the right.
        right: u64,
    },
    /// Another number of peaks than the size has set bits.
    #[error("a tree of {size} leaves has {} peaks, not {found}", size.count_ones())]
    PeakCount {
        /// The size given.
        size: u64,
        /// How many hashes came with it.
        found: usize,
    },
    /// The joined range would have more leaves than 64 bits count.
    #[error("more leaves than 64 bits count")]
    TooLarge,
}

impl Default for CompactRange {
    fn default() -> Self {
        Self::new()
    }
}

impl CompactRange {
    /// The range without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self { size: 0, peaks: Vec::with_capacity(usize::from(LEVELS)) }
    }

    /// The range of a tree whose peaks are known, largest first.
    ///
    /// # Errors
    /// [`CompactError::PeakCount`]. The hashes themselves cannot be checked here: the
    /// caller compares [`Self::root`] with a signed one.
    pub fn from_peaks(size: TreeSize, peaks: &[Hash]) -> Result<Self, CompactError> {
        let size = size.get();
        if u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(CompactError::PeakCount { size, found: peaks.len() });
        }
        let mut range = Self::new();
        range.size = size;
        range.peaks.extend_from_slice(peaks);
        Ok(range)
    }

    /// Appends one leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends the leaves of `right`.
    ///
    /// Cores hash a log side by side in pieces of one power of two, whatever the last
    /// one's size, and the pieces are joined in order.
    ///
    /// # Errors
    /// [`CompactError::Misaligned`] unless the size so far is a multiple of the largest
    /// subtree in `right`; [`CompactError::TooLarge`].
    pub fn append(&mut self, right: &Self) -> Result<(), CompactError> {
        let largest = Node::peaks(TreeSize::new(right.size)).next();
        if largest.is_some_and(|peak| self.size.trailing_zeros() < u32::from(peak.level) && self.size != 0) {
            return Err(CompactError::Misaligned { left: self.size, right: right.size });
        }
        if self.size.checked_add(right.size).is_none() {
            return Err(CompactError::TooLarge);
        }
        for (peak, hash) in Node::peaks(TreeSize::new(right.size)).zip(&right.peaks) {
            self.push_subtree(peak.level, *hash);
        }
        Ok(())
    }

    /// Appends a complete subtree of `2^level` leaves; the size must be a multiple of that.
    fn push_subtree(&mut self, level: u8, mut hash: Hash) {
        let mut siblings = self.size >> level;
        while siblings & 1 == 1 {
            let left = self.peaks.pop().expect("one peak per set bit of the size");
            hash = node_hash(&left, &hash);
            siblings >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1 << level;
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// The peaks, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the tree of these leaves (RFC 6962 §2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_peaks(self.peaks.iter().rev().copied()).unwrap_or_else(Hash::empty_root)
    }
}

/// Joins neighbouring subtrees given right to left; none for none.
pub(super) fn fold_peaks(right_to_left: impl Iterator<Item = Hash>) -> Option<Hash> {
    right_to_left.reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    //! The oracle is the recursive definition of RFC 6962 §2.1, typed in from its text.

    use proptest::prelude::*;

    use super::{super::vectors::mth, *};
    use crate::tlog::leaf_hash;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn root_equals_the_recursive_definition_at_every_size() {
        let leaves = leaves(300);
        let mut range = CompactRange::new();
        assert_eq!(range.root(), Hash::empty_root());
        for (n, leaf) in leaves.iter().enumerate() {
            range.push(*leaf);
            assert_eq!(range.root(), mth(&leaves[..=n]));
            let again = CompactRange::from_peaks(range.size(), range.peaks()).expect("own peaks");
            assert_eq!(again, range);
        }
    }

    #[test]
    fn wrong_number_of_peaks_is_refused() {
        let hashes = leaves(4);
        for (size, found) in [(0, 1), (1, 0), (3, 1), (3, 3), (4, 2), (u64::MAX, 4)] {
            assert_eq!(
                CompactRange::from_peaks(TreeSize::new(size), &hashes[..found]),
                Err(CompactError::PeakCount { size, found })
            );
        }
    }

    #[test]
    fn misaligned_and_overlong_joins_are_refused() {
        let mut left = CompactRange::new();
        left.push(Hash::ZERO);
        let mut right = left.clone();
        right.push(Hash::ZERO);
        let before = left.clone();
        assert_eq!(left.append(&right), Err(CompactError::Misaligned { left: 1, right: 2 }));
        assert_eq!(left, before, "a refused join changes nothing");
        let mut full =
            CompactRange::from_peaks(TreeSize::new(u64::MAX), &[Hash::ZERO; 64]).expect("64 bits set");
        assert_eq!(full.append(&left), Err(CompactError::TooLarge));
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_same_range(level in 0_u32..6, count in 0_u64..400) {
            let leaves = leaves(count);
            let mut whole = CompactRange::new();
            for leaf in &leaves {
                whole.push(*leaf);
            }
            let mut joined = CompactRange::new();
            for piece in leaves.chunks(1 << level) {
                let mut range = CompactRange::new();
                for leaf in piece {
                    range.push(*leaf);
                }
                joined.append(&range).expect("pieces are aligned");
            }
            prop_assert_eq!(joined, whole);
        }
    }
}
