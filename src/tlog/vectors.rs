//! What the tests of this layer share: the vector files, keys derived as their README says,
//! and RFC 6962 §2.1 typed in as it is written.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    hash::{Hash, leaf_hash, node_hash},
    node::Node,
    origin::Origin,
    proof::ProofError,
    signer::LogSigner,
    vkey::Vkey,
};

/// The origin of most vectors.
pub(super) const ORIGIN: &str = "log.example/probity-test";

/// The bytes of a vector file.
pub(super) fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A vector file in JSON.
pub(super) fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).expect("vector files are JSON")
}

/// The members of a list; it must have some, or a test of all of them would prove nothing.
pub(super) fn list(value: &Value) -> &[Value] {
    let list = value.as_array().expect("a list");
    assert!(!list.is_empty(), "an empty list of cases");
    list
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

/// A number that fits memory here, as an index.
pub(super) fn small(number: u64) -> usize {
    usize::try_from(number).expect("test trees are small")
}

pub(super) fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(text(base64)).expect("base64")
}

pub(super) fn hash(hex: &Value) -> Hash {
    Hash::from_hex(text(hex)).expect("a hash")
}

pub(super) fn hashes(list: &Value) -> Vec<Hash> {
    list.as_array().expect("a list of hashes").iter().map(hash).collect()
}

pub(super) fn vkeys(list: &Value) -> Vec<Vkey> {
    list.as_array().expect("a list of keys").iter().map(|key| text(key).parse().expect("a vkey")).collect()
}

/// The signer with the test secret of `label`.
pub(super) fn signer(origin: &str, label: &str) -> LogSigner {
    let seed: [u8; 32] = Sha256::digest(format!("probity test vector: {label}")).into();
    let origin = Origin::new(origin).expect("an origin");
    LogSigner::new(origin, SigningKey::from_bytes(&seed)).expect("derived keys are not weak")
}

/// The leaf hashes of the trees in `go-tlog.json`.
pub(super) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|i| leaf_hash(format!("leaf {i}").as_bytes())).collect()
}

/// MTH(D\[n\]), by the recursion of the RFC; of leaf hashes, not of entries.
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// PATH(m, D\[n\]), by the recursion of the RFC.
pub(super) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) =
        if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    path.push(sibling);
    path
}

/// SUBPROOF(m, D\[n\], known), by the recursion of the RFC.
pub(super) fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (subproof(m, left, known), mth(right))
    } else {
        (subproof(m - k, right, false), mth(left))
    };
    proof.push(sibling);
    proof
}

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// Every complete node of a tree, level by level: a store without tiles.
pub(super) struct Forest(Vec<Vec<Hash>>);

impl Forest {
    pub(super) fn new(leaves: &[Hash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while levels[levels.len() - 1].len() > 1 {
            let (pairs, _) = levels[levels.len() - 1].as_chunks::<2>();
            levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Self(levels)
    }

    /// The hash of a node, which must be one of the tree.
    #[expect(clippy::unnecessary_wraps, reason = "makers of proofs read through a fallible closure")]
    pub(super) fn node(&self, node: Node) -> Result<Hash, ProofError> {
        Ok(self.0[usize::from(node.level)][small(node.index)])
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (Node, Hash)> {
        self.0.iter().zip(0..).flat_map(|(hashes, level)| {
            hashes.iter().zip(0..).map(move |(hash, index)| (Node { level, index }, *hash))
        })
    }
}
