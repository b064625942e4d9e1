//! What the tests of this layer share: the vector files, and RFC 6962 §2.1 typed in as it is written.

use super::hash::{Hash, node_hash};

/// MTH(D\[n\]), by the recursion of the RFC; of leaf hashes, not of entries.
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            // The largest power of two smaller than n.
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}
