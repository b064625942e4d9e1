//! Places in the log and sizes of it: two numbers that must not be mixed up.
//!
//! **In scope**: [`LeafIndex`] (from 0), [`TreeSize`] (a count), their one decimal spelling.
//! **Out of scope**: places of inner nodes ([`super::node`]), the narrower bound of an
//! entry's own index, which is the entry format's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Largest number a text format may name: tlog-tiles and Go's verifiers count in signed 64 bits.
pub const DECIMAL_MAX: u64 = (1 << 63) - 1;

/// The place of a leaf in the log, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct LeafIndex(u64);

/// A number of leaves, counted from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TreeSize(u64);

/// The text is not a decimal number in its one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number below 2^63 without leading zeros")]
pub struct DecimalError;

impl LeafIndex {
    /// The leaf at place `index`.
    #[must_use]
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one. It stays at `u64::MAX`, which is in no tree.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The place before this one; none before the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The size of the tree whose last leaf this is.
    #[must_use]
    pub const fn tree_size(self) -> TreeSize {
        TreeSize(self.0.saturating_add(1))
    }
}

impl TreeSize {
    /// The empty tree.
    pub const ZERO: Self = Self(0);

    /// The tree of the first `size` leaves.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self(size)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Where the next leaf goes.
    #[must_use]
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }

    /// The last leaf; none in the empty tree.
    #[must_use]
    pub fn last_index(self) -> Option<LeafIndex> {
        self.0.checked_sub(1).map(LeafIndex)
    }

    /// Whether the leaf at `index` is in a tree of this size.
    #[must_use]
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }
}

/// Parses digits without sign and without leading zeros, up to [`DECIMAL_MAX`].
pub(super) fn parse_decimal(text: &str) -> Result<u64, DecimalError> {
    let canonical = text == "0" || (!text.starts_with('0') && !text.is_empty());
    if !canonical || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError);
    }
    match text.parse() {
        Ok(number) if number <= DECIMAL_MAX => Ok(number),
        _ => Err(DecimalError),
    }
}

impl FromStr for LeafIndex {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse_decimal(text).map(Self)
    }
}

impl FromStr for TreeSize {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse_decimal(text).map(Self)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_has_one_spelling() {
        for number in [0, 1, 9, 10, 41, 70_000, DECIMAL_MAX] {
            assert_eq!(number.to_string().parse(), Ok(TreeSize::new(number)));
            assert_eq!(LeafIndex::new(number).to_string().parse(), Ok(LeafIndex::new(number)));
        }
        for bad in
            ["", "00", "01", "+1", "-1", "-0", " 1", "1 ", "0x5", "1_0", "1.0", "٣", "9223372036854775808"]
        {
            assert_eq!(bad.parse::<TreeSize>(), Err(DecimalError), "{bad:?}");
        }
    }

    #[test]
    fn index_and_size_meet_at_the_edges() {
        assert_eq!(TreeSize::ZERO.last_index(), None);
        assert_eq!(LeafIndex::new(0).previous(), None);
        assert_eq!(LeafIndex::new(4).tree_size(), TreeSize::new(5));
        assert_eq!(TreeSize::new(5).last_index(), Some(LeafIndex::new(4)));
        assert!(TreeSize::new(5).contains(LeafIndex::new(4)));
        assert!(!TreeSize::new(5).contains(LeafIndex::new(5)));
        assert_eq!(LeafIndex::new(u64::MAX).tree_size().next_index(), LeafIndex::new(u64::MAX));
    }
}
