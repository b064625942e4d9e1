//! Goal: a key is found in every form named in the module's contract, wherever a chunk ends.
//! Method: each sample in each wrapping, fed whole, byte by byte and split at every place.

use base64::engine::general_purpose::STANDARD;

use super::*;

const ED25519_PKCS8: &[u8] =
    b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const PFX: &[u8] =
    b"\x30\x82\x0a\x11\x02\x01\x03\x30\x82\x09\xd7\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0";

fn samples() -> Vec<(Vec<u8>, KeyKind)> {
    let text = |s: &str, kind| (s.as_bytes().to_vec(), kind);
    vec![
        text("AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQ", KeyKind::Age),
        text("-----BEGIN PRIVATE KEY-----\nMC4CAQ", KeyKind::Pem),
        text("-----BEGIN ENCRYPTED PRIVATE KEY-----", KeyKind::Pem),
        text("-----BEGIN RSA PRIVATE KEY-----", KeyKind::Pem),
        text("-----BEGIN EC PRIVATE KEY-----", KeyKind::Pem),
        text("-----BEGIN OPENSSH PRIVATE KEY-----", KeyKind::Pem),
        text("-----BEGIN PGP PRIVATE KEY BLOCK-----", KeyKind::Pem),
        text("PuTTY-User-Key-File-3: ssh-ed25519", KeyKind::Putty),
        text("{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"d\": \"nWGxne_9\"}", KeyKind::Jwk),
        text("{\"d\":\"nWGxne_9\",\"kty\":\"OKP\"}", KeyKind::Jwk),
        text("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMko\"}", KeyKind::Jwk),
        (b"openssh-key-v1\0\0\0\0\x04none".to_vec(), KeyKind::OpenSsh),
        (ED25519_PKCS8.to_vec(), KeyKind::Der),
        (PFX.to_vec(), KeyKind::Der),
    ]
}

fn wrapped(text: &str, columns: usize, eol: &str) -> String {
    let lines: Vec<_> =
        text.as_bytes().chunks(columns).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join(eol)
}

/// Every sample is found in every wrapping, for every way to cut it in two.
#[test]
fn finds_each_key_in_each_wrapping() {
    for (sample, kind) in samples() {
        let mut forms = vec![sample.clone(), [b"junk before \n", &sample[..], b"\nafter"].concat()];
        for lead in 0..3 {
            let base64 = STANDARD.encode([&b"xyz"[..lead], &sample[..], b" and more"].concat());
            forms.push(base64.clone().into_bytes());
            forms.push(wrapped(&base64, 76, "\r\n").into_bytes());
            forms.push(wrapped(&base64, 11, "=\n> ").into_bytes());
            forms.push(base64.replace('+', "-").replace('/', "_").into_bytes());
        }
        if !sample.contains(&0)
            && let Ok(text) = std::str::from_utf8(&sample)
        {
            forms.push(serde_json::to_vec(text).expect("a string prints"));
            forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        for (n, form) in forms.iter().enumerate() {
            assert_eq!(Scanner::scan(form), Some(kind), "{kind:?}, form {n}");
            for cut in 0..form.len() {
                let mut scanner = Scanner::new();
                scanner.push(&form[..cut]);
                scanner.push(&form[cut..]);
                assert_eq!(scanner.found(), Some(kind), "{kind:?}, form {n}, cut at {cut}");
            }
        }
    }
}

#[test]
fn innocent_bytes_are_no_keys() {
    for innocent in [
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
        "age1qqqqqqqqqqqqqqqqqqqqq",
        "my private key is under the mat",
        "{\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS\"}",
        "{\"d\":\"a day\",\"k\":\"a kilo\"}",
        "",
    ] {
        assert_eq!(Scanner::scan(innocent.as_bytes()), None, "{innocent}");
    }
    // Half a megabyte of noise, as text and in base64.
    let noise: Vec<u8> = (0..16_384_u32)
        .flat_map(|n| crate::model::digest::Digest::of(&n.to_be_bytes()).as_bytes().to_owned())
        .collect();
    assert_eq!(Scanner::scan(&noise), None);
    assert_eq!(Scanner::scan(STANDARD.encode(&noise).as_bytes()), None);
}

#[test]
fn own_keys_are_found_in_every_form() {
    let seed: [u8; 32] = *crate::model::digest::Digest::of(b"a key of ours").as_bytes();
    let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let keys = OwnKeys::new(&[&seed[..], identity.as_bytes()]).expect("two keys");
    let mut forms = vec![seed.to_vec(), hex::encode(seed).into_bytes(), hex::encode_upper(seed).into_bytes()];
    forms.push(wrapped(&hex::encode(seed), 16, "\n").into_bytes());
    forms.push(identity.as_bytes().to_vec());
    forms.push(identity.to_lowercase().into_bytes());
    forms.push(STANDARD.encode(identity).into_bytes());
    for lead in 0..7 {
        let der = [&ED25519_PKCS8[..9 + lead], &seed[..], b"tail"].concat();
        forms.push(wrapped(&STANDARD.encode(&der), 64, "\n").into_bytes());
        forms.push(URL_SAFE_NO_PAD.encode(&der).into_bytes());
    }
    for (n, form) in forms.iter().enumerate() {
        let around = [b"before\n", &form[..], b"\nafter"].concat();
        assert_eq!(keys.check(&around), Err(OwnKeyFound), "form {n}");
        let mut scanner = keys.scanner();
        let found = around.iter().any(|&byte| scanner.push(&[byte]).is_err());
        assert!(found, "form {n}, byte by byte");
    }
    let other: [u8; 32] = *crate::model::digest::Digest::of(b"another key").as_bytes();
    assert_eq!(keys.check(&other), Ok(()));
    assert_eq!(keys.check(&seed[..31]), Ok(()));
    assert_eq!(OwnKeys::new(&[b"short"]).err(), Some(OwnKeysError::TooShort(5)));
}
