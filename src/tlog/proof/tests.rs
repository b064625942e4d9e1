//! Goal: our proofs are those of RFC 6962, and nothing else passes for one.
//!
//! Method: every proof of every small tree against the recursive definitions of the RFC,
//! larger ones at random against `ct-merkle`, and those that Go's package made; then every
//! proof with a bit flipped, a hash too few, one too many, and two that changed places.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::tlog::{
    CompactRange,
    vectors::{self, Forest, leaves, mth},
};

/// Trees up to this size are tested exhaustively: beyond 64 every shape of two levels occurs.
const SMALL: usize = 70;

fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64)
}

fn index(i: usize) -> LeafIndex {
    LeafIndex::new(i as u64)
}

/// Every way to spoil a proof a little.
fn spoilt(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..path.len() {
        for bit in [0_u8, 7, 130, 255] {
            let mut bytes = *path[at].as_bytes();
            bytes[usize::from(bit) / 8] ^= 1 << (bit % 8);
            let mut spoilt = path.to_vec();
            spoilt[at] = Hash::from_bytes(bytes);
            all.push(spoilt);
        }
        let mut shorter = path.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut longer = path.to_vec();
        longer.insert(at, path[at]);
        all.push(longer);
        if at > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all.push([path, &[Hash::ZERO]].concat());
    all
}

#[test]
fn every_inclusion_proof_of_small_trees() {
    let all = leaves(SMALL as u64);
    for n in 1..=SMALL {
        let forest = Forest::new(&all[..n]);
        let root = mth(&all[..n]);
        for i in 0..n {
            let path = inclusion_path(index(i), size(n), |node| forest.node(node)).expect("index below size");
            assert_eq!(path, vectors::path(i, &all[..n]), "index {i} of {n}");
            assert_eq!(verify_inclusion(index(i), size(n), &all[i], &path, &root), Ok(()));
            for other in (0..n).filter(|other| *other != i) {
                verify_inclusion(index(other), size(n), &all[i], &path, &root).expect_err("another place");
                verify_inclusion(index(i), size(n), &all[other], &path, &root).expect_err("another leaf");
            }
            for spoilt in spoilt(&path) {
                verify_inclusion(index(i), size(n), &all[i], &spoilt, &root).expect_err("spoilt");
            }
        }
    }
}

#[test]
fn every_consistency_proof_of_small_trees() {
    let all = leaves(SMALL as u64);
    for n in 1..=SMALL {
        let forest = Forest::new(&all[..n]);
        let root = mth(&all[..n]);
        for m in 1..=n {
            let old = mth(&all[..m]);
            let path = consistency_path(size(m), size(n), |node| forest.node(node)).expect("sizes in order");
            assert_eq!(path, vectors::subproof(m, &all[..n], true), "{m} in {n}");
            assert_eq!(verify_consistency(size(m), &old, size(n), &root, &path), Ok(()));
            for spoilt in spoilt(&path) {
                verify_consistency(size(m), &old, size(n), &root, &spoilt).expect_err("spoilt");
            }
            for other in 1..=n {
                let root_of_other = mth(&all[..other]);
                if other != m {
                    verify_consistency(size(m), &root_of_other, size(n), &root, &path)
                        .expect_err("another old root");
                }
                if other != n {
                    verify_consistency(size(m), &old, size(n), &root_of_other, &path)
                        .expect_err("another new root");
                }
            }
        }
    }
}

#[test]
fn a_rewritten_leaf_breaks_consistency() {
    let old = leaves(20);
    for changed in 0..20 {
        let mut new = leaves(33);
        new[changed] = Hash::ZERO;
        let forest = Forest::new(&new);
        let path = consistency_path(size(20), size(33), |node| forest.node(node)).expect("sizes in order");
        let error = verify_consistency(size(20), &mth(&old), size(33), &mth(&new), &path);
        assert!(matches!(error, Err(ProofError::OldRootDiffers { .. })), "leaf {changed}: {error:?}");
    }
}

#[test]
fn edges_of_the_question() {
    let (empty, some) = (Hash::empty_root(), Hash::ZERO);
    let none = |_| -> Result<Hash, ProofError> { panic!("nothing is read") };
    for (i, n) in [(0, 0), (1, 1), (5, 5), (u64::MAX, u64::MAX)] {
        let (index, size) = (LeafIndex::new(i), TreeSize::new(n));
        let refusal = ProofError::IndexNotBelowSize { index, size };
        assert_eq!(inclusion_path(index, size, none), Err(refusal));
        assert_eq!(verify_inclusion(index, size, &some, &[], &some), Err(refusal));
    }
    let swapped = ProofError::SizesSwapped { first: size(3), second: size(2) };
    assert_eq!(consistency_path(size(3), size(2), none), Err(swapped));
    assert_eq!(verify_consistency(size(3), &some, size(2), &some, &[]), Err(swapped));
    // The empty tree is a prefix of every tree, and a tree of itself, by an empty proof.
    assert_eq!(consistency_path(size(0), size(7), none), Ok(vec![]));
    assert_eq!(consistency_path(size(7), size(7), none), Ok(vec![]));
    assert_eq!(verify_consistency(size(0), &empty, size(7), &some, &[]), Ok(()));
    assert_eq!(verify_consistency(size(7), &some, size(7), &some, &[]), Ok(()));
    verify_consistency(size(0), &some, size(7), &some, &[]).expect_err("not the empty root");
    verify_consistency(size(7), &empty, size(7), &some, &[]).expect_err("same size, another root");
    let left_over = Err(ProofError::TooManyHashes { found: 1 });
    assert_eq!(verify_consistency(size(0), &empty, size(7), &some, &[some]), left_over);
    assert_eq!(verify_consistency(size(7), &some, size(7), &some, &[some]), left_over);
    let missing = Err(ProofError::TooFewHashes { found: 0 });
    assert_eq!(verify_consistency(size(6), &some, size(7), &some, &[]), missing);
}

#[test]
fn the_largest_trees_have_paths_of_64_hashes() {
    let size = TreeSize::new(u64::MAX);
    let mut asked = 0;
    for index in [0, 1, u64::MAX / 2, u64::MAX - 1] {
        let path = inclusion_path(LeafIndex::new(index), size, |node| {
            assert!(node.is_complete_in(size), "{node:?}");
            asked += 1;
            Ok::<_, ProofError>(Hash::ZERO)
        })
        .expect("the reader always answers");
        assert!(path.len() <= PATH_HASHES_MAX);
        let error = verify_inclusion(LeafIndex::new(index), size, &Hash::ZERO, &path, &Hash::ZERO);
        assert!(matches!(error, Err(ProofError::RootDiffers { .. })), "{error:?}");
    }
    assert!(asked > 64);
    for first in [1, 2, 3, 1 << 63, u64::MAX - 1] {
        let first = TreeSize::new(first);
        let path =
            consistency_path(first, size, |_| Ok::<_, ProofError>(Hash::ZERO)).expect("sizes in order");
        assert!(path.len() <= PATH_HASHES_MAX + 1);
        verify_consistency(first, &leaves(1)[0], size, &Hash::ZERO, &path).expect_err("made-up hashes");
    }
}

#[test]
fn a_reader_that_fails_is_heard() {
    let lost = ProofError::TooManyHashes { found: 4711 };
    for fails_at in 0..3 {
        let mut reads = 0;
        let path = inclusion_path(index(0), size(7), |_| {
            reads += 1;
            if reads > fails_at { Err(lost) } else { Ok(Hash::ZERO) }
        });
        assert_eq!(path, Err(lost), "read {fails_at}");
    }
}

#[test]
fn proofs_made_by_go() {
    let vectors = vectors::json("go-tlog.json");
    let trees = vectors::list(&vectors["trees"]);
    let all = leaves(70_000);
    let mut range = CompactRange::new();
    for tree in trees {
        let n = vectors::number(&tree["size"]);
        for leaf in &all[vectors::small(range.size().get())..vectors::small(n)] {
            range.push(*leaf);
        }
        let (size, root) = (TreeSize::new(n), vectors::hash(&tree["root_hex"]));
        assert_eq!(range.root(), root, "size {n}");
        let forest = Forest::new(&all[..vectors::small(n)]);
        for case in vectors::list(&tree["inclusion"]) {
            let index = LeafIndex::new(vectors::number(&case["index"]));
            let path = vectors::hashes(&case["path_hex"]);
            let ours = inclusion_path(index, size, |node| forest.node(node)).expect("index below size");
            assert_eq!(ours, path, "index {index} of {n}");
            let leaf = &all[vectors::small(index.get())];
            assert_eq!(verify_inclusion(index, size, leaf, &path, &root), Ok(()));
        }
        for case in vectors::list(&tree["consistency"]) {
            let first = TreeSize::new(vectors::number(&case["first"]));
            let path = vectors::hashes(&case["path_hex"]);
            let old = mth(&all[..vectors::small(first.get())]);
            let ours = consistency_path(first, size, |node| forest.node(node)).expect("sizes in order");
            // Where the older tree is one complete subtree Go and the RFC leave its root out alike.
            assert_eq!(ours, path, "{first} in {n}");
            assert_eq!(verify_consistency(first, &old, size, &root, &path), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_ct_merkle_has_them(n in 1_usize..2500, at in any::<prop::sample::Index>()) {
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for i in 0..n {
            oracle.push(format!("leaf {i}").into_bytes());
        }
        let all = leaves(n as u64);
        let forest = Forest::new(&all);
        let root = Hash::from_bytes(oracle.root().as_bytes().as_slice().try_into().expect("32 bytes"));
        prop_assert_eq!(mth(&all), root);

        let i = at.index(n);
        let path = inclusion_path(index(i), size(n), |node| forest.node(node)).expect("index below size");
        let concatenated: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let theirs = oracle.prove_inclusion(i);
        prop_assert_eq!(&concatenated, theirs.as_bytes());
        prop_assert_eq!(verify_inclusion(index(i), size(n), &all[i], &path, &root), Ok(()));

        let first = i + 1;
        let path = consistency_path(size(first), size(n), |node| forest.node(node)).expect("sizes in order");
        let concatenated: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let theirs = oracle.prove_consistency(n - first);
        prop_assert_eq!(&concatenated, theirs.as_bytes());
        prop_assert_eq!(verify_consistency(size(first), &mth(&all[..first]), size(n), &root, &path), Ok(()));
    }
}
