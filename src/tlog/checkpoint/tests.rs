//! Goal: a checkpoint of ours has one text, and none is signed or opened that is not one.
//!
//! Method: the vectors, roots recomputed from the logs beside them, and notes rightly
//! signed whose text is wrong.

use proptest::prelude::*;

use super::*;
use crate::tlog::{CompactRange, leaf_hash, size::DECIMAL_MAX, vectors};

fn origin(text: &str) -> Origin {
    Origin::new(text).expect("an origin")
}

fn some_checkpoint() -> Checkpoint {
    Checkpoint::new(origin(vectors::ORIGIN), TreeSize::new(5), Hash::ZERO).expect("not empty")
}

/// The root of the first `size` entries of a log in a vector file, one a line.
fn root_of(file: &str, size: usize) -> Hash {
    let bytes = vectors::file(file);
    let mut range = CompactRange::new();
    for entry in std::str::from_utf8(&bytes).expect("text").lines().take(size) {
        range.push(leaf_hash(entry.as_bytes()));
    }
    assert_eq!(range.size(), TreeSize::new(size as u64));
    range.root()
}

#[test]
fn the_checkpoint_of_the_five_entry_log() {
    let signer = vectors::signer(vectors::ORIGIN, "log key 1");
    let bytes = vectors::file("note.txt");
    let opened = SignedCheckpoint::open(&bytes, std::slice::from_ref(signer.vkey())).expect("opens");
    assert_eq!(opened.size(), TreeSize::new(5));
    assert_eq!(*opened.root(), root_of("entries-5.txt", 5));
    assert_eq!(opened.to_bytes(), bytes);
    // Ed25519 is deterministic: we sign the very same note.
    assert_eq!(SignedCheckpoint::sign(opened.checkpoint(), &[&signer]), Ok(opened.clone()));
    let key = opened.storage_key();
    assert_eq!(key[..8], 5_u64.to_be_bytes());
    assert_eq!(key[8..], Sha256::digest(&bytes)[..8]);
}

#[test]
fn roots_of_the_vector_logs() {
    for (size, root) in vectors::list(&vectors::json("entry.json")["roots_hex"]).iter().enumerate() {
        assert_eq!(root_of("entries-5.txt", size), vectors::hash(root), "size {size}");
    }
    for case in vectors::list(&vectors::json("receipt.json")["cases"]) {
        let size = vectors::small(vectors::number(&case["size"]));
        let file = if size == 300 { "entries-300.txt" } else { "entries-5.txt" };
        assert_eq!(root_of(file, size), vectors::hash(&case["root_hex"]));
    }
}

#[test]
fn vectors_that_must_be_refused() {
    for case in vectors::list(&vectors::json("negative-checkpoint.json")["cases"]) {
        let (name, note) = (vectors::text(&case["name"]), vectors::bytes(&case["note_base64"]));
        let keys = vectors::vkeys(&case["vkeys"]);
        note::open(&note, &keys).expect("the signature on each is right");
        let refusal = match SignedCheckpoint::open(&note, &keys).expect_err(name) {
            CheckpointError::EmptyRoot => "checkpoint: root of the empty tree",
            CheckpointError::Extension => "checkpoint: extension line",
            CheckpointError::KeyNameIsNotOrigin { .. } => "checkpoint: key name is not the origin",
            CheckpointError::Lines => "checkpoint: lines",
            CheckpointError::Origin(_) => "checkpoint: origin",
            CheckpointError::Root(_) => "checkpoint: root",
            CheckpointError::Size => "checkpoint: size",
            other => panic!("{name}: {other}"),
        };
        let same = match vectors::text(&case["refusal"]) {
            "checkpoint: root length" | "checkpoint: not base64" | "checkpoint: base64 not canonical" => {
                "checkpoint: root"
            }
            other => other,
        };
        assert_eq!(refusal, same, "{name}");
    }
}

#[test]
fn none_is_made_or_opened_of_the_empty_tree() {
    let empty = Checkpoint::new(origin(vectors::ORIGIN), TreeSize::ZERO, Hash::empty_root());
    assert_eq!(empty, Err(CheckpointError::Empty));
    let text = format!("{}\n0\n{}\n", vectors::ORIGIN, Hash::empty_root().to_base64());
    assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Empty));
    ForeignCheckpoint::parse(&text).expect("another log's may be");
}

#[test]
fn other_logs_may_have_extension_lines() {
    let text = format!("{}extra line\nand another\n", some_checkpoint().text());
    assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Extension));
    let foreign = ForeignCheckpoint::parse(&text).expect("extensions are allowed there");
    assert_eq!(foreign.extensions, ["extra line", "and another"]);
    for bad in
        [format!("{text}\n"), text.replace("extra line", ""), text.trim_end().to_owned(), String::new()]
    {
        assert_eq!(ForeignCheckpoint::parse(&bad), Err(CheckpointError::Lines), "{bad:?}");
    }
}

#[test]
fn signers_of_other_logs_do_not_count() {
    let checkpoint = some_checkpoint();
    let (ours, theirs) =
        (vectors::signer(vectors::ORIGIN, "log key 1"), vectors::signer("other.example", "log key 2"));
    let refusal = CheckpointError::KeyNameIsNotOrigin { origin: origin(vectors::ORIGIN) };
    assert_eq!(SignedCheckpoint::sign(&checkpoint, &[&theirs]), Err(refusal.clone()));
    assert_eq!(SignedCheckpoint::sign(&checkpoint, &[&ours, &theirs]), Err(refusal.clone()));
    assert!(matches!(SignedCheckpoint::sign(&checkpoint, &[]), Err(CheckpointError::Note(_))));
    let note = note::sign(&checkpoint.text(), &[&theirs]).expect("signs").to_bytes();
    assert_eq!(SignedCheckpoint::open(&note, &[theirs.vkey().clone(), ours.vkey().clone()]), Err(refusal));
}

#[test]
fn a_changed_key_signs_beside_the_old_one() {
    let (old, new) =
        (vectors::signer(vectors::ORIGIN, "log key 1"), vectors::signer(vectors::ORIGIN, "log key 2"));
    let signed = SignedCheckpoint::sign(&some_checkpoint(), &[&old, &new]).expect("signs");
    assert_eq!(signed.signers(), [old.vkey().clone(), new.vkey().clone()]);
    for key in [old.vkey(), new.vkey()] {
        let opened =
            SignedCheckpoint::open(&signed.to_bytes(), std::slice::from_ref(key)).expect("one is enough");
        assert_eq!(opened.signers(), std::slice::from_ref(key));
    }
}

proptest! {
    #[test]
    fn prints_what_it_parses(name in "[a-z./-]{1,40}", size in 1..=DECIMAL_MAX, root in any::<[u8; 32]>()) {
        let (size, root) = (TreeSize::new(size), Hash::from_bytes(root));
        let checkpoint = Checkpoint::new(origin(&name), size, root).expect("not empty");
        prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint));
    }

    #[test]
    fn what_parses_prints_alike(text in "[a-z+ ]{1,5}\n[-+0-9x]{1,4}\n[A-Za-z0-9+/]{42,43}={1,2}\n{0,2}") {
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.text(), text);
        }
    }
}
