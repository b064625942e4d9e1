//! Goal: one spelling, and no key that verifies what nobody signed.
//!
//! Method: the vectors, every part spoilt once, the points of small order and the
//! encodings that are not reduced, by enumeration.

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::tlog::vectors;

/// 2^255 − 19, little endian.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

fn typed(kind: u8, key: &[u8]) -> String {
    STANDARD.encode([&[kind], key].concat())
}

#[test]
fn the_key_of_the_format_page() {
    let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let vkey: Vkey = text.parse().expect("the published key");
    assert_eq!((vkey.name(), vkey.id().to_string().as_str()), ("example.com/foo", "530d903a"));
    assert_eq!(vkey.to_string(), text);
    let file = vectors::file("log.vkey");
    let line = std::str::from_utf8(&file).expect("text").trim_end();
    assert_eq!(*vectors::signer(vectors::ORIGIN, "log key 1").vkey(), line.parse().expect("a vkey"));
}

#[test]
fn vectors_that_must_be_refused() {
    for case in vectors::list(&vectors::json("note.json")["vkeys_refused"]) {
        vectors::text(&case["vkey"]).parse::<Vkey>().expect_err(vectors::text(&case["name"]));
    }
}

#[test]
fn every_part_is_checked() {
    let good = vectors::signer(vectors::ORIGIN, "log key 1").vkey().to_string();
    let key = *vectors::signer(vectors::ORIGIN, "log key 1").vkey().public_key();
    let (head, _) = good.rsplit_once('+').expect("three parts");
    let with_key = |encoded: &str| format!("{head}+{encoded}");
    let long = "n".repeat(KEY_NAME_BYTES_MAX + 1);
    for (text, why) in [
        (String::new(), VkeyError::Shape),
        ("name+00000000".to_owned(), VkeyError::Shape),
        (good.replacen(vectors::ORIGIN, "", 1), VkeyError::Name),
        (good.replacen(vectors::ORIGIN, "a b", 1), VkeyError::Name),
        (good.replacen(vectors::ORIGIN, "a\u{2003}b", 1), VkeyError::Name),
        (good.replacen(vectors::ORIGIN, "a\nb", 1), VkeyError::Name),
        (good.replacen(vectors::ORIGIN, &long, 1), VkeyError::Name),
        (good.replacen("227939bd", "227939BD", 1), VkeyError::KeyId),
        (good.replacen("227939bd", "227939b", 1), VkeyError::KeyId),
        (good.replacen("227939bd", "0227939bd", 1), VkeyError::KeyId),
        (good.replacen("227939bd", "", 1), VkeyError::KeyId),
        (format!("{good} "), VkeyError::Base64),
        (format!("{good}\n"), VkeyError::Base64),
        (with_key(""), VkeyError::Type { found: 0 }),
        (with_key(&typed(0x02, key.as_bytes())), VkeyError::Type { found: 0x02 }),
        (with_key(&typed(0x04, key.as_bytes())), VkeyError::Type { found: 0x04 }),
        (with_key(&typed(0x06, key.as_bytes())), VkeyError::Type { found: 0x06 }),
        (with_key(&typed(0x01, &key.as_bytes()[1..])), VkeyError::KeyLength { found: 31 }),
        (with_key(&typed(0x01, &[*key.as_bytes(), [0; 32]].concat())), VkeyError::KeyLength { found: 64 }),
    ] {
        assert_eq!(text.parse::<Vkey>(), Err(why), "{text:?}");
    }
    let mismatch = good.replacen("227939bd", "227939be", 1).parse::<Vkey>();
    assert!(matches!(mismatch, Err(VkeyError::KeyIdMismatch { .. })), "{mismatch:?}");
}

#[test]
fn weak_keys_and_second_encodings_are_refused() {
    // Every y-coordinate that is not reduced, with both signs of x.
    for k in 0..19 {
        for sign in [0, 0x80] {
            let mut bytes = P;
            bytes[0] += k;
            bytes[31] |= sign;
            assert_eq!(PublicKey::from_bytes(&bytes), Err(VkeyError::NotAPoint), "p + {k}, {sign}");
        }
    }
    // The eight points of small order: y = 1, −1, 0 and the two of order 8.
    let mut minus_one = P;
    minus_one[0] -= 1;
    let order_8 =
        hex::decode("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05").expect("hex");
    let order_8: [u8; 32] = order_8.try_into().expect("32 bytes");
    let mut order_8_other = [0; 32];
    let mut borrow = 0;
    for ((to, p), y) in order_8_other.iter_mut().zip(P).zip(order_8) {
        let difference = i16::from(p) - i16::from(y) - borrow;
        borrow = i16::from(difference < 0);
        *to = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    let mut one = [0; 32];
    one[0] = 1;
    for y in [one, minus_one, [0; 32], order_8, order_8_other] {
        for sign in [0, 0x80] {
            let mut bytes = y;
            bytes[31] |= sign;
            let refusal = PublicKey::from_bytes(&bytes).expect_err("weak");
            // x = 0 has no second sign: those two are not canonical either.
            let no_sign = sign != 0 && (y == one || y == minus_one);
            assert_eq!(
                refusal,
                if no_sign { VkeyError::NotAPoint } else { VkeyError::Weak },
                "{}",
                hex::encode(bytes)
            );
        }
    }
}

#[test]
fn one_signature_has_one_encoding() {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let key = PublicKey::from_bytes(secret.verifying_key().as_bytes()).expect("an honest key");
    let good = secret.sign(b"text").to_bytes();
    assert!(key.verifies(b"text", &good));
    assert!(!key.verifies(b"text.", &good));
    // S + L: the same equation, another encoding.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
    let mut carry = 0_u16;
    let mut malleated = good;
    for (s, l) in malleated[32..].iter_mut().zip(order) {
        carry += u16::from(*s) + u16::from(l);
        *s = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert!(!key.verifies(b"text", &malleated));
    for bit in 0..512 {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verifies(b"text", &flipped), "bit {bit}");
    }
    for length in [0, 63, 65] {
        assert!(!key.verifies(b"text", &[good.as_slice(), &[0]].concat()[..length]));
    }
}

proptest! {
    #[test]
    fn prints_what_it_parses(seed in any::<[u8; 32]>(), name in "[!-*,-~]{1,60}") {
        let key = PublicKey::from_bytes(SigningKey::from_bytes(&seed).verifying_key().as_bytes()).expect("honest");
        let vkey = Vkey { id: KeyId::of(&name, &key), name, key };
        prop_assert_eq!(vkey.to_string().parse::<Vkey>(), Ok(vkey.clone()));
        // The oracle computes the same key id.
        let oracle = signed_note::StandardVerifier::new(&vkey.to_string()).expect("theirs parses");
        prop_assert_eq!(signed_note::Verifier::key_id(&oracle).to_be_bytes(), *vkey.id().as_bytes());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,12}(\\+\\PC{0,10}){0,3}") {
        if let Ok(vkey) = text.parse::<Vkey>() {
            prop_assert_eq!(vkey.to_string(), text);
        }
    }
}
