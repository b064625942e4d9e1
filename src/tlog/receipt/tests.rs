//! Goal: a receipt proves what it says or is refused; no byte of one can change.
//!
//! Method: the vectors, every bit of a receipt flipped, every line removed, doubled or moved,
//! and receipts made from random trees.

use proptest::prelude::*;

use super::*;
use crate::tlog::{
    Checkpoint, Origin, TreeSize,
    proof::inclusion_path,
    vectors::{self, Forest, mth},
};

/// Stands in for the entry format: the member `index` of a JSON object.
fn index_of(entry: &[u8]) -> Option<LeafIndex> {
    serde_json::from_slice::<serde_json::Value>(entry).ok()?["index"].as_u64().map(LeafIndex::new)
}

fn keys() -> Vec<Vkey> {
    vec![vectors::signer(vectors::ORIGIN, "log key 1").vkey().clone()]
}

fn check(bytes: &[u8]) -> Result<VerifiedReceipt, ReceiptError> {
    Receipt::parse(bytes)?.verify(&keys(), index_of)
}

#[test]
fn vectors_that_verify() {
    for case in vectors::list(&vectors::json("receipt.json")["cases"]) {
        let file = vectors::text(&case["file"]);
        let bytes = vectors::file(file);
        let receipt = Receipt::parse(&bytes).expect(file);
        assert_eq!(receipt.print().as_bytes(), bytes, "{file}");
        assert_eq!(receipt.path, vectors::hashes(&case["path_hex"]), "{file}");
        let verified =
            receipt.verify(&vectors::vkeys(&serde_json::json!([case["vkey"]])), index_of).expect(file);
        assert_eq!(verified.index().get(), vectors::number(&case["index"]));
        assert_eq!(verified.checkpoint().size().get(), vectors::number(&case["size"]));
        assert_eq!(*verified.leaf(), vectors::hash(&case["leaf_hash_hex"]));
        assert_eq!(*verified.checkpoint().root(), vectors::hash(&case["root_hex"]));
        assert_eq!(verified.entry(), vectors::text(&case["entry"]).as_bytes());
        assert_eq!(verified.print().as_bytes(), bytes);
    }
}

#[test]
fn vectors_that_must_be_refused() {
    for case in vectors::list(&vectors::json("negative-receipt.json")["cases"]) {
        let name = vectors::text(&case["name"]);
        let receipt = Receipt::parse(&vectors::bytes(&case["receipt_base64"]));
        let error = receipt.and_then(|receipt| receipt.verify(&vectors::vkeys(&case["vkeys"]), index_of));
        let refusal = match error.expect_err(name) {
            ReceiptError::Proof(_) => "proof",
            ReceiptError::Checkpoint(_) | ReceiptError::Note(_) => "note",
            _ => "receipt",
        };
        assert_eq!(refusal, vectors::text(&case["refusal"]), "{name}");
    }
}

#[test]
fn no_bit_of_a_receipt_can_be_flipped() {
    for file in ["receipt-1.tlog-proof", "receipt-5.tlog-proof", "receipt-5-last.tlog-proof"] {
        let good = vectors::file(file);
        check(&good).expect(file);
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped).expect_err("a flipped bit");
        }
        for cut in 0..good.len() {
            check(&good[..cut]).expect_err("cut off");
        }
    }
}

#[test]
fn lines_cannot_be_removed_doubled_or_moved() {
    let good = vectors::file("receipt-5.tlog-proof");
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    // A second signature of a known key counts once but does no harm: that line may double.
    let signature = lines.len() - 1;
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        check(&removed.concat()).expect_err("a line removed");
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        assert_eq!(check(&doubled.concat()).is_ok(), at == signature, "line {at} doubled");
        if at > 0 {
            let mut moved = lines.clone();
            moved.swap(at - 1, at);
            check(&moved.concat()).expect_err("two lines changed places");
        }
    }
}

#[test]
fn the_entry_must_name_its_place() {
    let receipt = Receipt::parse(&vectors::file("receipt-5.tlog-proof")).expect("parses");
    let index = LeafIndex::new(2);
    let unreadable = receipt.clone().verify(&keys(), |_| None);
    assert_eq!(unreadable, Err(ReceiptError::Entry { index }));
    let found = LeafIndex::new(3);
    let other = receipt.clone().verify(&keys(), |_| Some(found));
    assert_eq!(other, Err(ReceiptError::EntryIndex { index, found }));
    // A proof that does not hold is found before anybody reads the entry.
    let mut broken = receipt.clone();
    broken.path.pop();
    let error = broken.verify(&keys(), |_| panic!("read before it was proven"));
    assert!(matches!(error, Err(ReceiptError::Proof(_))), "{error:?}");
    // No key of ours: nothing is verified.
    assert!(matches!(receipt.verify(&[], index_of), Err(ReceiptError::Checkpoint(_))));
}

#[test]
fn bounds() {
    let good = String::from_utf8(vectors::file("receipt-5.tlog-proof")).expect("text");
    let found = RECEIPT_BYTES_MAX + 1;
    assert_eq!(Receipt::parse(&vec![b'a'; found]), Err(ReceiptError::TooLong { found }));
    let hash = format!("{}\n", Hash::ZERO.to_base64());
    let with_hashes =
        |count: usize| good.replacen("index 2\n", &format!("index 2\n{}", hash.repeat(count)), 1);
    Receipt::parse(with_hashes(PATH_HASHES_MAX - 3).as_bytes()).expect("64 hashes");
    assert_eq!(Receipt::parse(with_hashes(PATH_HASHES_MAX - 2).as_bytes()), Err(ReceiptError::PathTooLong));
    let extra = good.lines().nth(1).expect("a second line");
    let with_entry =
        |bytes| good.replacen(extra, &format!("extra {}", STANDARD.encode(vec![b' '; bytes])), 1);
    Receipt::parse(with_entry(ENTRY_BYTES_MAX).as_bytes()).expect("the longest entry");
    let found = ENTRY_BYTES_MAX + 1;
    assert_eq!(Receipt::parse(with_entry(found).as_bytes()), Err(ReceiptError::EntryTooLong { found }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn receipts_of_random_trees(
        size in 1_usize..700,
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let entries: Vec<_> = (0..size).map(|index| format!("{{\"index\":{index}}}").into_bytes()).collect();
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let origin = Origin::new(vectors::ORIGIN).expect("an origin");
        let tree_size = TreeSize::new(size as u64);
        let checkpoint = Checkpoint::new(origin, tree_size, mth(&leaves)).expect("not empty");
        let signer = vectors::signer(vectors::ORIGIN, "log key 1");
        let signed = SignedCheckpoint::sign(&checkpoint, &[&signer]).expect("signs");
        let forest = Forest::new(&leaves);
        let (at, other) = (at.index(size), other.index(size));
        let index = LeafIndex::new(at as u64);
        let path = inclusion_path(index, tree_size, |node| forest.node(node)).expect("below the size");

        let made = VerifiedReceipt::new(entries[at].clone(), index, path.clone(), &signed, index_of).expect("holds");
        let printed = made.print();
        prop_assert_eq!(Receipt::parse(printed.as_bytes()), Ok(made.receipt().clone()));
        prop_assert_eq!(check(printed.as_bytes()), Ok(made));
        if other != at {
            VerifiedReceipt::new(entries[other].clone(), index, path, &signed, index_of).expect_err("another entry");
        }
    }
}
