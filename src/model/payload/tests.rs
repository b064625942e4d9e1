//! Goal: one ciphertext, one meaning; each fault has its own name, in the order of the page.
//! Method: the shared vectors, byte-exact when sealing; every byte of a payload flipped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
    file["cases"].as_array().expect("a list").clone()
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_else(|| panic!("{member} is text"))
}

fn bytes<const N: usize>(case: &Value, member: &str) -> [u8; N] {
    hex::decode(text(case, member)).expect("hex").try_into().expect("of that length")
}

fn base64(case: &Value, member: &str) -> Vec<u8> {
    STANDARD.decode(text(case, member)).expect("base64")
}

fn place(case: &Value) -> (Origin, LeafIndex) {
    let index = case["index"].as_u64().expect("a number");
    (Origin::new(text(case, "origin")).expect("an origin"), LeafIndex::new(index))
}

#[test]
fn seals_and_opens_the_vectors() {
    let cases = vectors("payload.json");
    assert_eq!(cases.len(), 4);
    for case in &cases {
        let (origin, index) = place(case);
        let key = DataKey::from_bytes(bytes(case, "dk_hex"));
        let key_id = KeyId::from_bytes(bytes(case, "key_id_hex"));
        let event = base64(case, "event_base64");
        let salt = bytes(case, "salt_hex");
        let (sealed, entry_key) = seal(&key, key_id, &origin, index, &salt, &event).expect("short enough");
        assert_eq!(sealed.as_bytes(), base64(case, "sealed_base64"), "{}", case["name"]);
        assert_eq!(entry_key.as_bytes(), &bytes::<32>(case, "ek_hex"));
        assert_eq!(sealed.digest().to_string(), text(case, "payload_hex"));
        assert_eq!(sealed.open(&key, &origin, index).expect("opens"), event);
        assert_eq!(sealed.open_with_entry_key(&entry_key, &origin, index).expect("opens"), event);
    }
}

fn finding(fault: &PayloadFault) -> &'static str {
    match fault {
        PayloadFault::Hash { .. } => "payload_hash",
        PayloadFault::Version => "version",
        PayloadFault::KeyId(_) => "key_id",
        PayloadFault::Commit => "commit",
        PayloadFault::Tag => "tag",
        PayloadFault::Padding => "padding",
        PayloadFault::Event(_) => "event",
    }
}

/// What a verifier does, in its order, with the key the case gives whatever id stands there.
fn read(case: &Value) -> Result<Vec<u8>, PayloadFault> {
    let (origin, index) = place(case);
    let sealed = SealedPayload::from_bytes(base64(case, "sealed_base64"));
    let expected = Digest::from_hex(text(case, "leaf_payload_hex")).expect("hex");
    if sealed.digest() != expected {
        return Err(PayloadFault::Hash { expected, found: sealed.digest() });
    }
    sealed.key_id()?;
    sealed.open(&DataKey::from_bytes(bytes(case, "dk_hex")), &origin, index)
}

#[test]
fn bad_vectors_get_their_finding() {
    let cases = vectors("negative-payload.json");
    assert!(cases.len() >= 37);
    for case in &cases {
        let fault = read(case).expect_err(text(case, "name"));
        let expected = text(case, "finding");
        assert!(finding(&fault) == expected, "{}: {} instead of {expected}", case["name"], finding(&fault));
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let case = &vectors("payload.json")[0];
    let (origin, index) = place(case);
    let key = DataKey::from_bytes(bytes(case, "dk_hex"));
    let sealed = base64(case, "sealed_base64");
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(SealedPayload::from_bytes(altered).open(&key, &origin, index).is_err(), "byte {at}");
    }
    let elsewhere = LeafIndex::new(index.get() + 1);
    assert_eq!(SealedPayload::from_bytes(sealed).open(&key, &origin, elsewhere), Err(PayloadFault::Commit));
}

#[test]
fn lengths_are_bounded() {
    let origin = Origin::new("log.example/probity-test").expect("an origin");
    let (key, id) = (DataKey::from_bytes([1; 32]), KeyId::from_bytes([2; 16]));
    for found in [0, EVENT_BYTES_MAX + 1] {
        let event = vec![b' '; found];
        let refused = seal(&key, id, &origin, LeafIndex::new(1), &[3; 32], &event).err();
        assert_eq!(refused, Some(EventLengthError { found }));
    }
}

proptest! {
    #[test]
    fn opens_what_it_seals(length in 0_usize..3000, key: [u8; 32], salt: [u8; 32], index in 0_u64..1 << 53) {
        let origin = Origin::new("log.example/x").expect("an origin");
        let event = format!("{{\"a\":\"{}\"}}", "x".repeat(length)).into_bytes();
        let (key, id, index) = (DataKey::from_bytes(key), KeyId::from_bytes([9; 16]), LeafIndex::new(index));
        let (sealed, _) = seal(&key, id, &origin, index, &salt, &event).expect("short enough");
        prop_assert_eq!(sealed.key_id(), Ok(id));
        prop_assert_eq!(sealed.open(&key, &origin, index), Ok(event));
    }
}
