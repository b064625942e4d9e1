//! Goal: a chain of keyrings opens only as the format says, and trust goes along it no
//! further than signatures do.
//!
//! Method: the vectors (made by a program in Python that knows the format page only), every
//! bit of a chain flipped, and chains built with our own functions.

use proptest::prelude::*;

use super::*;
use crate::tlog::{
    Checkpoint, Hash, SignedNote, note,
    signer::LogSigner,
    vectors::{self, list, number, text},
};

fn index(index: u64) -> LeafIndex {
    LeafIndex::new(index)
}

fn notes(case: &serde_json::Value) -> Vec<Vec<u8>> {
    case["notes_base64"].as_array().expect("a list").iter().map(vectors::bytes).collect()
}

fn open(notes: &[Vec<u8>]) -> Result<KeyringChain, KeyringError> {
    KeyringChain::open(notes.iter().map(Vec::as_slice))
}

fn standing(name: &str) -> Option<Standing> {
    match name {
        "in force" => Some(Standing::InForce),
        "retired" => Some(Standing::Retired),
        "none" => None,
        other => panic!("{other}"),
    }
}

fn refusal(error: &KeyringError) -> &'static str {
    match error {
        KeyringError::CheckpointSigner { .. } => "checkpoint signer",
        KeyringError::EmptyChain => "empty",
        KeyringError::EmptyRange { .. } => "empty range",
        KeyringError::Header => "header",
        KeyringError::KeyReused => "key reused",
        KeyringError::LastNotOpen { .. } => "last not open",
        KeyringError::Line { .. } => "line",
        KeyringError::LineKey { .. } => "key",
        KeyringError::LineOrigin { .. } => "origin line",
        KeyringError::NameIsNotOrigin { .. } => "name",
        KeyringError::NotContiguous { .. } => "not contiguous",
        KeyringError::Note { .. } => "note",
        KeyringError::Order => "order",
        KeyringError::Origin { .. } => "origin",
        KeyringError::Rewritten { .. } => "rewritten",
        KeyringError::Serial { .. } => "serial",
        KeyringError::Signer { .. } => "signer",
        KeyringError::TooLong => "too long",
        KeyringError::Unordered { .. } => "unordered",
    }
}

#[test]
fn vectors_that_open() {
    for case in list(&vectors::json("keyring.json")["good"]) {
        let (name, notes) = (text(&case["name"]), notes(case));
        let chain = open(&notes).expect(name);
        let last = chain.last();
        assert_eq!(last.serial(), notes.len() as u64, "{name}");
        let changes: Vec<_> = chain.rings().iter().map(|ring| ring.last_change().get()).collect();
        assert_eq!(serde_json::json!(changes), case["changes"], "{name}");
        for (ring, note) in chain.rings().iter().zip(&notes) {
            assert_eq!(ring.text(), SignedNote::parse(note).expect(name).text(), "{name}");
        }
        for pair in list(&case["keys_for_size"]) {
            let keys = last.log_key_for_size(TreeSize::new(number(&pair[0]))).expect(name);
            let tenures = keys.outgoing.into_iter().chain([keys.in_force]);
            let found: Vec<_> = tenures.map(|line| line.key().clone()).collect();
            assert_eq!(found, vectors::vkeys(&pair[1]), "{name}: size {}", pair[0]);
        }
        for pair in list(&case["origin_at"]) {
            let origin = last.origin_at(index(number(&pair[0]))).expect("ranges have no gap");
            assert_eq!(origin.as_str(), text(&pair[1]), "{name}");
        }
        for pair in list(&case["trust"]) {
            let key = text(&pair[0]).parse().expect("a vkey");
            assert_eq!(chain.trust(&[key]), standing(text(&pair[1])), "{name}: {}", pair[0]);
        }
        assert_eq!(chain.trust(&[]), None);
        assert_eq!(last.log_key_for_size(TreeSize::ZERO), None);
    }
}

#[test]
fn vectors_that_must_be_refused() {
    for case in list(&vectors::json("keyring.json")["refused"]) {
        let name = text(&case["name"]);
        let error = open(&notes(case)).expect_err(name);
        assert_eq!(refusal(&error), text(&case["refusal"]), "{name}: {error}");
    }
}

#[test]
fn vectors_of_checkpoints() {
    let vectors = vectors::json("keyring.json");
    for case in list(&vectors["checkpoints"]) {
        let name = text(&case["name"]);
        let chain = list(&vectors["good"]).iter().find(|good| good["name"] == case["chain"]).expect(name);
        let ring = open(&notes(chain)).expect(name).last().clone();
        let checkpoint =
            SignedCheckpoint::open(&vectors::bytes(&case["note_base64"]), &ring.vkeys()).expect(name);
        let found = match ring.standing(&checkpoint) {
            Ok(Standing::InForce) => "in force",
            Ok(Standing::Retired) => "retired",
            Err(_) => "refused",
        };
        assert_eq!(found, text(&case["standing"]), "{name}");
    }
}

#[test]
fn no_bit_of_a_chain_can_be_flipped() {
    let vectors = vectors::json("keyring.json");
    let good = notes(&list(&vectors["good"])[2]);
    assert_eq!(good.len(), 2);
    for at in 0..good.len() {
        for bit in 0..good[at].len() * 8 {
            let mut flipped = good.clone();
            flipped[at][bit / 8] ^= 1 << (bit % 8);
            open(&flipped).expect_err("a flipped bit");
        }
    }
}

fn signed(ring: &Keyring, signers: &[&LogSigner]) -> Vec<u8> {
    note::sign(&ring.text(), signers).expect("signs").to_bytes()
}

fn key(label: &str) -> PublicKey {
    *vectors::signer(vectors::ORIGIN, label).vkey().public_key()
}

#[test]
fn chains_that_we_build_open() {
    let signer = |label| vectors::signer(vectors::ORIGIN, label);
    let (a, b) = (signer("log key 1"), signer("log key 2"));
    let origin = Origin::new(vectors::ORIGIN).expect("an origin");
    let first = Keyring::first(origin, key("log key 1"), key("disclosure key 1")).expect("two keys");
    let disclosure = KeyChange { disclosure: Some(key("disclosure key 2")), ..KeyChange::default() };
    let second = first.next(index(7), disclosure).expect("follows");
    let log = KeyChange { log: Some(key("log key 2")), ..KeyChange::default() };
    let third = second.next(index(9), log.clone()).expect("follows");
    let mut chain =
        open(&[signed(&first, &[&a]), signed(&second, &[&a]), signed(&third, &[&a, &b])]).expect("opens");
    assert_eq!(chain.rings(), [first.clone(), second.clone(), third]);
    assert_eq!(chain.last().disclosure_key_at(index(6)), Some(&key("disclosure key 1")));
    assert_eq!(chain.last().disclosure_key_at(index(7)), Some(&key("disclosure key 2")));

    // A refused keyring leaves the chain as it was.
    let before = chain.clone();
    assert!(matches!(chain.push(&signed(&second, &[&b])), Err(KeyringError::Serial { .. })));
    assert_eq!(chain, before);

    // What would be refused when read is not made either.
    assert_eq!(first.next(index(7), KeyChange::default()), Err(KeyringError::Unordered { serial: 2 }));
    assert!(matches!(second.next(index(7), log.clone()), Err(KeyringError::Unordered { serial: 3 })));
    assert!(matches!(first.next(index(0), log), Err(KeyringError::EmptyRange { .. })));
    let reused = KeyChange { log: Some(key("disclosure key 1")), ..KeyChange::default() };
    assert_eq!(first.next(index(7), reused), Err(KeyringError::KeyReused));
    let renamed =
        KeyChange { origin: Some(Origin::new("new.example").expect("an origin")), ..KeyChange::default() };
    assert!(matches!(first.next(index(7), renamed), Err(KeyringError::NameIsNotOrigin { .. })));
}

#[test]
fn a_checkpoint_by_a_stranger_has_no_standing() {
    let origin = Origin::new(vectors::ORIGIN).expect("an origin");
    let ring = Keyring::first(origin.clone(), key("log key 1"), key("disclosure key 1")).expect("two keys");
    let stranger = vectors::signer(vectors::ORIGIN, "other key");
    let checkpoint = Checkpoint::new(origin, TreeSize::new(3), Hash::ZERO).expect("not empty");
    let signed = SignedCheckpoint::sign(&checkpoint, &[&stranger]).expect("signs");
    assert!(matches!(ring.standing(&signed), Err(KeyringError::CheckpointSigner { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn prints_what_it_parses(gaps in prop::collection::vec((1_u64..1000, 0_u8..3), 0..6)) {
        let origin = Origin::new(vectors::ORIGIN).expect("an origin");
        let mut ring = Keyring::first(origin, key("log 0"), key("disclosure 0")).expect("two keys");
        let mut at = 0;
        for (serial, (gap, what)) in gaps.into_iter().enumerate() {
            at += gap;
            let log = (what != 1).then(|| key(&format!("log {}", serial + 1)));
            let disclosure = (what != 0).then(|| key(&format!("disclosure {}", serial + 1)));
            let next = ring.next(index(at), KeyChange { log, disclosure, origin: None }).expect("follows");
            prop_assert_eq!(next.changed_at(&ring), Ok(index(at)));
            prop_assert_eq!(next.last_change(), index(at));
            ring = next;
        }
        prop_assert_eq!(Keyring::parse(&ring.text()), Ok(ring));
    }

    #[test]
    fn what_parses_prints_alike(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let vectors = vectors::json("keyring.json");
        let note = SignedNote::parse(&notes(&list(&vectors["good"])[2])[1]).expect("a note");
        let mut bytes = note.text().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) && let Ok(ring) = Keyring::parse(&text) {
            prop_assert_eq!(ring.text(), text);
        }
    }
}
