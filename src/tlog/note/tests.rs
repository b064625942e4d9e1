//! Goal: a note opens only with a signature of a known key, and has one encoding.
//!
//! Method: the vectors (one is the specification's own example), notes that Go's package
//! made, every bit of a note flipped, and mutated notes given to `signed_note` as well.

use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};

use super::*;
use crate::tlog::vectors;

/// The signature line of a key that nobody knows.
const UNKNOWN_LINE: &str = "— witness.example ucnVFf69KcC1\n";

fn names(note: &VerifiedNote) -> Vec<String> {
    note.signers().iter().map(ToString::to_string).collect()
}

#[test]
fn vectors_that_open() {
    for case in vectors::list(&vectors::json("note.json")["good"]) {
        let (name, bytes) = (vectors::text(&case["name"]), vectors::bytes(&case["note_base64"]));
        let note = open(&bytes, &vectors::vkeys(&case["vkeys"])).expect(name);
        assert_eq!(note.text(), vectors::text(&case["text"]), "{name}");
        assert_eq!(note.note().to_bytes(), bytes, "{name}");
        assert_eq!(names(&note), [vectors::text(&case["vkeys"][0])], "{name}: counted once");
    }
}

#[test]
fn vectors_that_do_not_open() {
    for case in vectors::list(&vectors::json("note.json")["refused"]) {
        let name = vectors::text(&case["name"]);
        let error =
            open(&vectors::bytes(&case["note_base64"]), &vectors::vkeys(&case["vkeys"])).expect_err(name);
        let refusal = match error {
            NoteError::SignatureFails { .. } => "note: signature of a known key fails",
            NoteError::NoKnownSigner => "note: no signature by a known key",
            NoteError::ControlCharacter { .. } => "note: control character",
            NoteError::TooManySignatures { found: 33 } => "note: too many signatures",
            NoteError::NoSignatureBlock => "note: no blank line, or no final newline",
            NoteError::SignatureLine { .. } => "note: signature line",
            other => panic!("{name}: {other}"),
        };
        // The vectors tell base64 and an empty block apart, which here are one line's fault.
        let same = match vectors::text(&case["refusal"]) {
            "note: not base64" | "note: base64 not canonical" => "note: signature line",
            "note: no signature line" => "note: no blank line, or no final newline",
            other => other,
        };
        assert_eq!(refusal, same, "{name}");
    }
}

#[test]
fn notes_made_by_go() {
    for case in vectors::list(&vectors::json("go-tlog.json")["notes"]) {
        let text = vectors::text(&case["text"]);
        let bytes = vectors::text(&case["note"]).as_bytes();
        let keys = vectors::vkeys(&case["vkeys"]);
        let note = open(bytes, &keys).expect(text);
        assert_eq!((note.text(), note.signers()), (text, keys.as_slice()));
        assert_eq!(note.note().to_bytes(), bytes);
        // Ed25519 is deterministic: the same secrets make the same note.
        if keys.iter().all(|key| key.name() == vectors::ORIGIN) {
            let labels = ["log key 1", "log key 2"].into_iter().take(keys.len());
            let signers: Vec<_> = labels.map(|label| vectors::signer(vectors::ORIGIN, label)).collect();
            let again = sign(text, &signers.iter().collect::<Vec<_>>()).expect("signs");
            assert_eq!(again.to_bytes(), bytes);
        }
    }
}

#[test]
fn no_bit_of_a_note_can_be_flipped() {
    let good = vectors::file("note.txt");
    let keys = [vectors::signer(vectors::ORIGIN, "log key 1").vkey().clone()];
    open(&good, &keys).expect("as it is, it opens");
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        open(&flipped, &keys).expect_err("a flipped bit");
    }
    for cut in 0..good.len() {
        open(&good[..cut], &keys).expect_err("cut off");
    }
    for more in [&b"\n"[..], b"x", b"\0", b"\n\n", UNKNOWN_LINE.trim_end().as_bytes()] {
        open(&[good.as_slice(), more].concat(), &keys).expect_err("something after the end");
    }
}

#[test]
fn every_known_signature_must_verify_and_each_key_counts_once() {
    let (one, two) =
        (vectors::signer(vectors::ORIGIN, "log key 1"), vectors::signer(vectors::ORIGIN, "log key 2"));
    let keys = [one.vkey().clone(), two.vkey().clone()];
    let text = "text\n";
    let both = sign(text, &[&one, &two, &one]).expect("signs");
    let opened = both.clone().verify(&keys).expect("opens");
    assert_eq!(opened.signers(), keys, "three lines, two keys");
    // Only one key is known: the other's line is as good as noise.
    let only = both.clone().verify(&keys[1..]).expect("opens");
    assert_eq!(only.signers(), &keys[1..]);
    assert_eq!(both.clone().verify(&[]), Err(NoteError::NoKnownSigner));
    // The same key given twice is no ambiguity.
    both.clone().verify(&[keys[0].clone(), keys[0].clone()]).expect("opens");
    // A known key's line from another text fails, wherever it stands.
    let other = sign("other\n", &[&two]).expect("signs");
    for order in [[0, 1], [1, 0]] {
        let lines = [both.signatures()[0].clone(), other.signatures()[0].clone()];
        let mixed =
            SignedNote { text: text.to_owned(), signatures: order.map(|at| lines[at].clone()).to_vec() };
        let fails = NoteError::SignatureFails { name: vectors::ORIGIN.to_owned(), id: keys[1].id() };
        assert_eq!(mixed.verify(&keys), Err(fails));
    }
    // A signature by a known key that is not 64 bytes long is one that fails.
    let mut short = sign(text, &[&one]).expect("signs");
    short.signatures[0].signature.truncate(63);
    assert!(matches!(short.verify(&keys), Err(NoteError::SignatureFails { .. })));
}

#[test]
fn two_keys_behind_one_key_id_are_refused() {
    let one = vectors::signer(vectors::ORIGIN, "log key 1");
    let other = vectors::signer(vectors::ORIGIN, "log key 2");
    let twin = Vkey::with_id_of(one.vkey(), *other.vkey().public_key());
    let note = sign("text\n", &[&one]).expect("signs");
    let ambiguous = NoteError::AmbiguousKey { name: vectors::ORIGIN.to_owned(), id: one.vkey().id() };
    for keys in [[one.vkey().clone(), twin.clone()], [twin, one.vkey().clone()]] {
        assert_eq!(note.clone().verify(&keys), Err(ambiguous.clone()));
    }
}

#[test]
fn bounds() {
    let signer = vectors::signer(vectors::ORIGIN, "log key 1");
    let overhead = sign("\n", &[&signer]).expect("signs").to_bytes().len() - 1;
    let longest = format!("{}\n", "a".repeat(NOTE_BYTES_MAX - overhead - 1));
    let note = sign(&longest, &[&signer]).expect("exactly at the bound");
    assert_eq!(note.to_bytes().len(), NOTE_BYTES_MAX);
    let found = NOTE_BYTES_MAX + 1;
    assert_eq!(sign(&format!("a{longest}"), &[&signer]), Err(NoteError::TooLong { found }));

    let signers = [&signer; NOTE_SIGNATURES_MAX + 1];
    sign("text\n", &signers[1..]).expect("32 signatures");
    assert_eq!(sign("text\n", &signers), Err(NoteError::TooManySignatures { found: 33 }));
    assert_eq!(sign("text\n", &[]), Err(NoteError::NoSignatureBlock));
    assert_eq!(sign("text", &[&signer]), Err(NoteError::NoFinalLineFeed));
    assert_eq!(sign("", &[&signer]), Err(NoteError::NoFinalLineFeed));
    assert_eq!(sign("a\rb\n", &[&signer]), Err(NoteError::ControlCharacter { at: 1 }));
    assert_eq!(SignedNote::parse(b"\xff\n\n"), Err(NoteError::NotUtf8));
}

/// Notes to mutate: text with an empty line, one known signature, others unknown.
fn some_note() -> impl Strategy<Value = Vec<u8>> {
    let text = "([a-z ü—]{0,6}\n){1,4}";
    (text, 0_usize..3, 0_usize..3).prop_map(|(text, before, after)| {
        let signer = vectors::signer(vectors::ORIGIN, "log key 1");
        let note = sign(&text, &[&signer]).expect("signs").print();
        let (text, lines) = note.split_at(text.len() + 1);
        let (before, after) = (UNKNOWN_LINE.repeat(before), UNKNOWN_LINE.repeat(after));
        [text, &before, lines, &after].concat().into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn agrees_with_signed_note(
        mut bytes in some_note(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 0..3),
    ) {
        for (at, kind, byte) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.insert(at, b'\n'),
                _ => drop(bytes.remove(at)),
            }
        }
        // Ours is narrower about DEL in key names, which theirs takes.
        prop_assume!(!bytes.contains(&0x7f));
        let key = vectors::signer(vectors::ORIGIN, "log key 1").vkey().clone();
        let (ours, theirs) = (SignedNote::parse(&bytes), Note::from_bytes(&bytes));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", ours);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.text().as_bytes(), theirs.text());
            prop_assert_eq!(ours.to_bytes(), bytes);
            let verifier = StandardVerifier::new(&key.to_string()).expect("a vkey");
            let theirs = theirs.verify(&VerifierList::new(vec![Box::new(verifier)]));
            prop_assert_eq!(ours.verify(&[key]).is_ok(), theirs.is_ok());
        }
    }

    #[test]
    fn prints_what_it_parses(text in "([ -~üΩ—]{0,20}\n){1,5}", lines in 1_usize..4) {
        let note = format!("{text}\n{}", UNKNOWN_LINE.repeat(lines));
        let parsed = SignedNote::parse(note.as_bytes()).expect("well formed");
        prop_assert_eq!(parsed.text(), text);
        prop_assert_eq!(parsed.print(), note);
    }
}
