//! Rows that are derived from entries, sealed under the key of what they are about.
//!
//! ```text
//! row = data key id(16) ‖ salt(32, fresh) ‖ ChaCha20-Poly1305(K, nonce = 12 zero bytes, aad = context, plaintext)
//! K   = HKDF-SHA-256(ikm = data key, salt, info = "probity/row/v1\n" ‖ context)
//! ```
//! A fresh salt gives a fresh key for every writing, so the nonce can be fixed. The context
//! names the row's place, so that no row can stand in another's.
//!
//! **In scope**: these bytes. **Out of scope**: which key; what the plaintext says.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use super::keys::NamedKey;
use crate::model::payload::KeyId;

const KEY_ID_BYTES: usize = 16;
const SALT_BYTES: usize = 32;
const INFO: &[u8] = b"probity/row/v1\n";
const ZERO_NONCE: [u8; 12] = [0; 12];

/// Seals `plaintext` for the row named by `context`.
pub(crate) fn seal(key: &NamedKey, context: &[u8], salt: [u8; SALT_BYTES], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let nonce = Nonce::assume_unique_for_key(ZERO_NONCE);
    derive(key, context, &salt)
        .seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed)
        .expect("a row is far below the cipher's limit");
    [key.id.as_bytes().as_slice(), &salt, &sealed].concat()
}

/// The data key that a row is sealed under.
pub(crate) fn key_id(row: &[u8]) -> Option<KeyId> {
    row.first_chunk::<KEY_ID_BYTES>().map(|id| KeyId::from_bytes(*id))
}

/// Opens a row; `None` if it was not sealed for this place under this key.
pub(crate) fn open(key: &NamedKey, context: &[u8], row: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (id, rest) = row.split_first_chunk::<KEY_ID_BYTES>()?;
    let (salt, sealed) = rest.split_first_chunk::<SALT_BYTES>()?;
    if id != key.id.as_bytes() {
        return None;
    }
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(ZERO_NONCE);
    let length = derive(key, context, salt).open_in_place(nonce, Aad::from(context), &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}

fn derive(key: &NamedKey, context: &[u8], salt: &[u8; SALT_BYTES]) -> LessSafeKey {
    let prk = Salt::new(HKDF_SHA256, salt).extract(key.key.as_bytes());
    let info = [INFO, context];
    let okm = prk.expand(&info, &CHACHA20_POLY1305).expect("32 bytes are within HKDF's limit");
    LessSafeKey::new(UnboundKey::from(okm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::payload::DataKey;

    #[test]
    fn a_row_opens_in_its_place_under_its_key_only() {
        let named =
            |byte| NamedKey { id: KeyId::from_bytes([byte; 16]), key: DataKey::from_bytes([byte; 32]) };
        let row = seal(&named(1), b"cases\nR-1", [9; 32], b"state");
        assert_eq!(open(&named(1), b"cases\nR-1", &row).as_deref().map(Vec::as_slice), Some(&b"state"[..]));
        assert_eq!(key_id(&row), Some(KeyId::from_bytes([1; 16])));
        assert!(open(&named(1), b"cases\nR-2", &row).is_none());
        assert!(open(&named(2), b"cases\nR-1", &row).is_none());
        for at in 0..row.len() {
            let mut row = row.clone();
            row[at] ^= 1;
            assert!(open(&named(1), b"cases\nR-1", &row).is_none(), "byte {at}");
            assert!(open(&named(1), b"cases\nR-1", &row[..at]).is_none(), "cut at {at}");
        }
    }
}
