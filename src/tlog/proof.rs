//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2), made and checked.
//!
//! **In scope**: which hashes a proof holds and in which order; the checks of
//! RFC 9162 §2.1.3.2 and §2.1.4.2.
//! **Out of scope**: where hashes come from (the maker is handed a reader of complete
//! nodes), whether a root is to be believed (that is a checkpoint's signature).

use super::{
    compact::fold_peaks,
    hash::{Hash, node_hash},
    node::Node,
    size::{LeafIndex, TreeSize},
};

/// Longest path in a tree whose size fits 64 bits; a consistency proof has one hash more.
pub const PATH_HASHES_MAX: usize = 64;

/// Why a proof cannot be made, or does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf is not in the tree.
    #[error("index {index} is not below the size {size}")]
    IndexNotBelowSize {
        /// The leaf asked for.
        index: LeafIndex,
        /// The tree asked in.
        size: TreeSize,
    },
    /// The older root does not follow from the proof: the newer tree rewrites the older.
    #[error("root of size {size} differs: expected {expected}, the proof gives {found}")]
    OldRootDiffers {
        /// Size of the older tree.
        size: TreeSize,
        /// The root that was signed.
        expected: Hash,
        /// The root that follows from the proof.
        found: Hash,
    },
    /// The root does not follow from the proof.
    #[error("root of size {size} differs: expected {expected}, the proof gives {found}")]
    RootDiffers {
        /// Size of the tree (of a consistency proof: the newer one).
        size: TreeSize,
        /// The root that was signed.
        expected: Hash,
        /// The root that follows from the proof.
        found: Hash,
    },
    /// The tree said to be the older is the larger.
    #[error("the older tree of size {first} is larger than the newer of size {second}")]
    SizesSwapped {
        /// Size said to be the older.
        first: TreeSize,
        /// Size said to be the newer.
        second: TreeSize,
    },
    /// Hashes are left over.
    #[error("too many hashes in the proof: {found}")]
    TooManyHashes {
        /// How many there are.
        found: usize,
    },
    /// Hashes are missing.
    #[error("too few hashes in the proof: {found}")]
    TooFewHashes {
        /// How many there are.
        found: usize,
    },
}

/// Makes the inclusion proof of `index` in the tree of `size`: leaf's sibling first.
///
/// `node` is asked for complete nodes of that tree only, each at most once.
///
/// # Errors
/// [`ProofError::IndexNotBelowSize`], or what `node` returns.
pub fn inclusion_path<E: From<ProofError>>(
    index: LeafIndex,
    size: TreeSize,
    node: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if !size.contains(index) {
        return Err(ProofError::IndexNotBelowSize { index, size }.into());
    }
    let mut path = Vec::with_capacity(PATH_HASHES_MAX);
    climb(Node::leaf(index), size, node, &mut path)?;
    Ok(path)
}

/// Makes the proof that the tree of `first` leaves is a prefix of the tree of `second`.
///
/// It is empty when the older tree is empty or both are the same.
///
/// # Errors
/// [`ProofError::SizesSwapped`], or what `node` returns.
pub fn consistency_path<E: From<ProofError>>(
    first: TreeSize,
    second: TreeSize,
    mut node: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if first > second {
        return Err(ProofError::SizesSwapped { first, second }.into());
    }
    let mut path = Vec::new();
    let Some(start) = Node::peaks(first).next_back().filter(|_| first < second) else {
        return Ok(path);
    };
    path.reserve(PATH_HASHES_MAX);
    // If the older tree is one complete subtree, its root is known to whoever checks.
    if !first.get().is_power_of_two() {
        path.push(node(start)?);
    }
    climb(start, second, node, &mut path)?;
    Ok(path)
}

/// Checks that the leaf with hash `leaf` stands at `index` in the tree of `size` with `root`.
///
/// # Errors
/// [`ProofError`], by what differs. The proof has exactly one length.
pub fn verify_inclusion(
    index: LeafIndex,
    size: TreeSize,
    leaf: &Hash,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let Some(last) = size.last_index().filter(|_| size.contains(index)) else {
        return Err(ProofError::IndexNotBelowSize { index, size });
    };
    let mut found = *leaf;
    walk(Climb { index: index.get(), last: last.get() }, path, path.len(), |side, sibling| match side {
        Side::Left => found = node_hash(sibling, &found),
        Side::Right => found = node_hash(&found, sibling),
    })?;
    if found == *root { Ok(()) } else { Err(ProofError::RootDiffers { size, expected: *root, found }) }
}

/// Checks that the tree of size `first` with `first_root` is a prefix of the tree of size
/// `second` with `second_root`.
///
/// The empty tree is a prefix of every tree, and proves nothing about it.
///
/// # Errors
/// [`ProofError`], by what differs. The proof has exactly one length.
pub fn verify_consistency(
    first: TreeSize,
    first_root: &Hash,
    second: TreeSize,
    second_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if first > second {
        return Err(ProofError::SizesSwapped { first, second });
    }
    let found = path.len();
    let same_old = |old: Hash| {
        let differs = ProofError::OldRootDiffers { size: first, expected: *first_root, found: old };
        if old == *first_root { Ok(()) } else { Err(differs) }
    };
    let (Some(start), Some(last)) = (Node::peaks(first).next_back(), second.last_index()) else {
        return if found == 0 {
            same_old(Hash::empty_root())
        } else {
            Err(ProofError::TooManyHashes { found })
        };
    };
    if first == second {
        return if found == 0 { same_old(*second_root) } else { Err(ProofError::TooManyHashes { found }) };
    }
    let (seed, siblings) = match path.split_first() {
        _ if first.get().is_power_of_two() => (*first_root, path),
        Some((seed, siblings)) => (*seed, siblings),
        None => return Err(ProofError::TooFewHashes { found }),
    };
    let (mut old, mut new) = (seed, seed);
    let climb = Climb { index: start.index, last: last.get() >> start.level };
    walk(climb, siblings, found, |side, sibling| match side {
        // What stands to the left is in both trees, what stands to the right came later.
        Side::Left => (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new)),
        Side::Right => new = node_hash(&new, sibling),
    })?;
    same_old(old)?;
    if new == *second_root {
        Ok(())
    } else {
        Err(ProofError::RootDiffers { size: second, expected: *second_root, found: new })
    }
}

/// On which side of the path a sibling stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: yields the side of each sibling.
struct Climb {
    /// The node's place within its level.
    index: u64,
    /// Place of the level's last node, which may be incomplete.
    last: u64,
}

impl Iterator for Climb {
    type Item = Side;

    fn next(&mut self) -> Option<Side> {
        while self.last > 0 {
            let Self { index, last } = *self;
            self.index >>= 1;
            self.last >>= 1;
            if index & 1 == 1 {
                return Some(Side::Left);
            }
            if index < last {
                return Some(Side::Right);
            }
            // The last node of a level of odd length has no sibling there: it goes up as it is.
        }
        None
    }
}

/// Pairs every sibling with its side; `found` is what an error reports as the proof's length.
fn walk(
    climb: Climb,
    siblings: &[Hash],
    found: usize,
    mut join: impl FnMut(Side, &Hash),
) -> Result<(), ProofError> {
    let mut siblings = siblings.iter();
    for side in climb {
        join(side, siblings.next().ok_or(ProofError::TooFewHashes { found })?);
    }
    if siblings.next().is_some() { Err(ProofError::TooManyHashes { found }) } else { Ok(()) }
}

/// Collects the siblings on the way from `start`, complete in the tree of `size`, to its root.
fn climb<E>(
    start: Node,
    size: TreeSize,
    mut node: impl FnMut(Node) -> Result<Hash, E>,
    path: &mut Vec<Hash>,
) -> Result<(), E> {
    let Node { mut level, mut index } = start;
    let mut last = size.get().saturating_sub(1) >> level;
    while last > 0 {
        let sibling = index ^ 1;
        if sibling < last {
            path.push(node(Node { level, index: sibling })?);
        } else if sibling == last {
            path.extend(edge_hash(Node { level, index: last }, size, &mut node)?);
        }
        index >>= 1;
        last >>= 1;
        level += 1;
    }
    Ok(())
}

/// The hash over the leaves from the first one under `node` to the end of the tree, at most 2^level.
fn edge_hash<E>(
    node: Node,
    size: TreeSize,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Option<Hash>, E> {
    let first = node.index << node.level;
    let mut failure = None;
    let hashes = Node::peaks(TreeSize::new(size.get() - first)).rev().map_while(|peak| {
        let peak = Node { level: peak.level, index: peak.index + (first >> peak.level) };
        read(peak).map_err(|error| failure = Some(error)).ok()
    });
    let hash = fold_peaks(hashes);
    failure.map_or(Ok(hash), Err)
}

#[cfg(test)]
mod tests;
