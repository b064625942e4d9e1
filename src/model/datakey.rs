//! Data keys at rest: wrapped under an epoch's key-encryption key (KEK).
//!
//! ```text
//! wrapped = 0x01 ‖ epoch(u32 BE) ‖ nonce(12) ‖ ChaCha20-Poly1305(KEK, nonce, aad, DK)   65 bytes
//! aad     = "probity/data-key/v1\n" ‖ origin ‖ "\n" ‖ key id(16) ‖ epoch(u32 BE)
//! kek/<epoch>.age opens to "probity/kek/v1\n<origin>\n<epoch>\n<base64 KEK>\n"
//! kek_id  = SHA-256("probity/kek-id/v1\n" ‖ KEK)
//! ```
//!
//! **In scope**: these bytes and the lines of `keys.jsonl`. **Out of scope**: age, files,
//! which epoch is in force.
//!
//! Destroying every wrapped copy of a data key, and the KEKs it was wrapped under, makes
//! its payloads unreadable while every hash and proof stands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::digest::Digest;
use super::json::{self, JsonError};
use super::payload::{DataKey, KEY_BYTES, KeyId};
use crate::tlog::{LeafIndex, Origin};

/// Length of a wrapped data key in bytes.
pub const WRAPPED_BYTES: usize = 1 + 4 + NONCE_BYTES + KEY_BYTES + 16;
/// Length of a wrap's nonce in bytes; random, so at most 2^31 wraps under one KEK.
pub const NONCE_BYTES: usize = 12;
/// Longest line of `keys.jsonl` in bytes.
pub const KEY_LINE_BYTES_MAX: usize = 256;

const VERSION: u8 = 1;
const KEK_FORM: &str = "probity/kek/v1";
const KEK_ID_CONTEXT: &[u8] = b"probity/kek-id/v1\n";

/// The key-encryption key of one epoch.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Kek([u8; KEY_BYTES]);

/// Where a wrapping belongs; another place does not unwrap it.
#[derive(Clone, Copy, Debug)]
pub struct WrapContext<'a> {
    /// The origin that the epoch's KEK file names.
    pub origin: &'a Origin,
    /// The data key's id.
    pub key_id: KeyId,
    /// The epoch, from 1.
    pub epoch: u32,
}

/// A data key under a KEK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedKey([u8; WRAPPED_BYTES]);

/// Why a key at rest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not 65 bytes of version 1.
    #[error("wrapped key: not version 1")]
    Version,
    /// The epoch inside is not the one beside it.
    #[error("wrapped key: its epoch is {found}, expected {expected}")]
    Epoch {
        /// What stands beside it.
        expected: u32,
        /// What the bytes say.
        found: u32,
    },
    /// Altered, or wrapped for another key id, origin or under another KEK.
    #[error("wrapped key: the authentication tag does not match")]
    Tag,
    /// Not the form of a KEK file.
    #[error("kek file: not in its canonical form")]
    KekForm,
    /// A line of `keys.jsonl` is not one.
    #[error("keys.jsonl: {0}")]
    Line(#[from] JsonError),
    /// A line of `keys.jsonl` in another spelling than the printed one.
    #[error("keys.jsonl: a line is not in its canonical form")]
    LineForm,
}

impl Kek {
    /// The KEK of these bytes, which must come from a generator fit for keys.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// SHA-256 over a context and the key: what the log names it by, because age does not
    /// say who wrote a file.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::from_bytes(Sha256::new().chain_update(KEK_ID_CONTEXT).chain_update(self.0).finalize().into())
    }

    /// The plaintext of `kek/<epoch>.age`.
    #[must_use]
    pub fn to_file(&self, origin: &Origin, epoch: u32) -> Zeroizing<Vec<u8>> {
        let key = Zeroizing::new(STANDARD.encode(self.0));
        Zeroizing::new(format!("{KEK_FORM}\n{}\n{epoch}\n{}\n", origin.as_str(), *key).into_bytes())
    }

    /// Parses the plaintext of a KEK file: the key, the origin and the epoch it names.
    ///
    /// # Errors
    /// [`KeyFault::KekForm`] for any other spelling.
    pub fn parse_file(plaintext: &[u8]) -> Result<(Self, Origin, u32), KeyFault> {
        let form = || KeyFault::KekForm;
        let text = std::str::from_utf8(plaintext).map_err(|_| form())?;
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or_else(form);
        let (kind, origin, epoch, key) = (line()?, line()?, line()?, line()?);
        let origin = Origin::new(origin).map_err(|_| form())?;
        let epoch: u32 = epoch.parse().map_err(|_| form())?;
        let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| form())?);
        let kek = Self(bytes.as_slice().try_into().map_err(|_| form())?);
        // Printing it again is the whole canonical form: line ends, zeros, base64 and all.
        let is_canonical = kind == KEK_FORM && epoch > 0 && *kek.to_file(&origin, epoch) == plaintext;
        if is_canonical { Ok((kek, origin, epoch)) } else { Err(form()) }
    }

    fn aead(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.0);
        LessSafeKey::new(key.expect("a KEK has ChaCha20's 32 bytes"))
    }
}

impl WrapContext<'_> {
    fn aad(&self) -> Vec<u8> {
        let origin = self.origin.as_str().as_bytes();
        [b"probity/data-key/v1\n", origin, b"\n", self.key_id.as_bytes(), &self.epoch.to_be_bytes()].concat()
    }
}

impl WrappedKey {
    /// Wraps a data key. `nonce` is fresh and random for every wrapping under one KEK.
    #[must_use]
    pub fn wrap(kek: &Kek, key: &DataKey, context: &WrapContext<'_>, nonce: [u8; NONCE_BYTES]) -> Self {
        let mut bytes = [0; WRAPPED_BYTES];
        let mut secret = Zeroizing::new(*key.as_bytes());
        let tag = kek
            .aead()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.aad()),
                secret.as_mut_slice(),
            )
            .expect("32 bytes are within ChaCha20's bound");
        let parts = [&[VERSION], &context.epoch.to_be_bytes()[..], &nonce, secret.as_slice(), tag.as_ref()];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Takes 65 stored bytes of version 1.
    ///
    /// # Errors
    /// [`KeyFault::Version`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyFault> {
        let bytes: [u8; WRAPPED_BYTES] = bytes.try_into().map_err(|_| KeyFault::Version)?;
        if bytes.first() == Some(&VERSION) { Ok(Self(bytes)) } else { Err(KeyFault::Version) }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; WRAPPED_BYTES] {
        &self.0
    }

    /// The epoch it says it is wrapped under.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        let [_, a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Unwraps the data key.
    ///
    /// # Errors
    /// [`KeyFault::Epoch`], [`KeyFault::Tag`].
    pub fn unwrap(&self, kek: &Kek, context: &WrapContext<'_>) -> Result<DataKey, KeyFault> {
        if self.epoch() != context.epoch {
            return Err(KeyFault::Epoch { expected: context.epoch, found: self.epoch() });
        }
        let (_, rest) = self.0.split_at(1 + 4);
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(KeyFault::Version)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let key = kek
            .aead()
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context.aad()), &mut buffer)
            .map_err(|_| KeyFault::Tag)?;
        let key: &[u8; KEY_BYTES] = (&*key).try_into().map_err(|_| KeyFault::Tag)?;
        Ok(DataKey::from_bytes(*key))
    }
}

/// A line of `keys.jsonl`: a key, or that it was erased and by which entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLine {
    /// A key that can be unwrapped.
    Wrapped {
        /// Its id.
        key_id: KeyId,
        /// The wrapping; it names its epoch.
        wrapped: WrappedKey,
    },
    /// A key that was destroyed.
    Erased {
        /// Its id.
        key_id: KeyId,
        /// Index of the entry `erasure.executed` that says so.
        erased_by: LeafIndex,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedLine {
    v: u8,
    key_id: KeyId,
    epoch: u32,
    wrapped: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErasedLine {
    v: u8,
    key_id: KeyId,
    erased_by: u64,
}

impl KeyLine {
    /// The id of the key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        match self {
            Self::Wrapped { key_id, .. } | Self::Erased { key_id, .. } => *key_id,
        }
    }

    /// Prints the line without its line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let printed = match self {
            Self::Wrapped { key_id, wrapped } => serde_json::to_string(&WrappedLine {
                v: 1,
                key_id: *key_id,
                epoch: wrapped.epoch(),
                wrapped: STANDARD.encode(wrapped.as_bytes()),
            }),
            Self::Erased { key_id, erased_by } => {
                serde_json::to_string(&ErasedLine { v: 1, key_id: *key_id, erased_by: erased_by.get() })
            }
        };
        printed.expect("numbers and strings always print")
    }

    /// Parses a line without its line feed; printing it again gives the same bytes.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn parse(line: &[u8]) -> Result<Self, KeyFault> {
        let is_erased = line.windows(12).any(|part| part == b"\"erased_by\":");
        let parsed = if is_erased {
            let ErasedLine { key_id, erased_by, .. } = json::parse(line)?;
            Self::Erased { key_id, erased_by: LeafIndex::new(erased_by) }
        } else {
            let WrappedLine { key_id, epoch, wrapped, .. } = json::parse(line)?;
            let bytes = STANDARD.decode(wrapped).map_err(|_| KeyFault::LineForm)?;
            let wrapped = WrappedKey::from_bytes(&bytes)?;
            if wrapped.epoch() != epoch {
                return Err(KeyFault::Epoch { expected: epoch, found: wrapped.epoch() });
            }
            // Epochs count from 1; no KEK file could open this one.
            if epoch == 0 {
                return Err(KeyFault::LineForm);
            }
            Self::Wrapped { key_id, wrapped }
        };
        if parsed.to_json().as_bytes() == line { Ok(parsed) } else { Err(KeyFault::LineForm) }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a key unwraps in its place and nowhere else. Method: the shared vectors, good
    //! and refused, byte-exact; every byte flipped; round trips.

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        let path = format!("{}/tests/vectors/wrapped-key.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
    }

    fn text<'a>(case: &'a Value, member: &str) -> &'a str {
        case[member].as_str().unwrap_or_else(|| panic!("{member} is text"))
    }

    fn bytes<const N: usize>(case: &Value, member: &str) -> [u8; N] {
        hex::decode(text(case, member)).expect("hex").try_into().expect("of that length")
    }

    fn epoch(case: &Value) -> u32 {
        case["epoch"].as_u64().and_then(|n| u32::try_from(n).ok()).expect("an epoch")
    }

    #[test]
    fn wraps_and_unwraps_the_vector() {
        let vectors = vectors();
        let origin = Origin::new(text(&vectors, "origin")).expect("an origin");
        let kek = Kek::from_bytes(bytes(&vectors, "kek_hex"));
        let key_id = KeyId::from_bytes(bytes(&vectors, "key_id_hex"));
        let context = WrapContext { origin: &origin, key_id, epoch: epoch(&vectors) };
        let key = DataKey::from_bytes(bytes(&vectors, "dk_hex"));
        let wrapped = WrappedKey::wrap(&kek, &key, &context, bytes(&vectors, "nonce_hex"));
        assert_eq!(STANDARD.encode(wrapped.as_bytes()), text(&vectors, "wrapped_base64"));
        let line = KeyLine::Wrapped { key_id, wrapped };
        assert_eq!(line.to_json(), text(&vectors, "keys_jsonl_line").trim_end());
        assert_eq!(KeyLine::parse(line.to_json().as_bytes()), Ok(line));
        assert_eq!(kek.id().to_string(), text(&vectors, "kek_id_hex"));
        assert_eq!(&**kek.to_file(&origin, epoch(&vectors)), text(&vectors, "kek_plaintext").as_bytes());
        assert!(wrapped.unwrap(&kek, &context).is_ok_and(|k| k.as_bytes() == key.as_bytes()));
        for at in 0..WRAPPED_BYTES {
            let mut altered = *wrapped.as_bytes();
            altered[at] ^= 1;
            let refused = WrappedKey::from_bytes(&altered).and_then(|w| w.unwrap(&kek, &context).map(drop));
            assert!(refused.is_err(), "byte {at}");
        }
    }

    #[test]
    fn bad_vectors_are_refused() {
        let vectors = vectors();
        for case in vectors["refused"].as_array().expect("a list") {
            let origin = Origin::new(text(case, "origin")).expect("an origin");
            let key_id = KeyId::from_bytes(bytes(case, "key_id_hex"));
            let kek = Kek::from_bytes(bytes(case, "kek_hex"));
            let wrapped = STANDARD.decode(text(case, "wrapped_base64")).expect("base64");
            let context = WrapContext { origin: &origin, key_id, epoch: epoch(case) };
            let result = WrappedKey::from_bytes(&wrapped).and_then(|w| w.unwrap(&kek, &context).map(drop));
            assert!(result.is_err(), "{}", case["name"]);
        }
        for case in vectors["kek_plaintext_refused"].as_array().expect("a list") {
            let plaintext = STANDARD.decode(text(case, "base64")).expect("base64");
            assert!(Kek::parse_file(&plaintext).is_err(), "{}", case["name"]);
        }
    }

    #[test]
    fn lines_have_one_spelling() {
        let vectors = vectors();
        let line = text(&vectors, "keys_jsonl_line").trim_end();
        let erased = r#"{"v":1,"key_id":"000102030405060708090a0b0c0d0e0f","erased_by":7}"#;
        assert!(KeyLine::parse(line.as_bytes()).is_ok() && KeyLine::parse(erased.as_bytes()).is_ok());
        let unopenable = {
            let mut wrapped = [0; WRAPPED_BYTES];
            wrapped[0] = VERSION;
            let wrapped = WrappedKey::from_bytes(&wrapped).expect("version 1");
            KeyLine::Wrapped { key_id: KeyId::from_bytes([1; 16]), wrapped }.to_json()
        };
        let refused = [
            format!("{line}\n"),
            line.replace("\"v\":1", "\"v\":2"),
            line.replace("\"v\":1", "\"v\": 1"),
            line.replace("\"epoch\":1", "\"epoch\":2"),
            erased.replace("0a0b", "0A0B"),
            erased.replace(":7", ":7,\"epoch\":1"),
            erased.replace(":7", ":-7"),
            unopenable,
        ];
        for bad in refused {
            assert!(bad != line && bad != erased && KeyLine::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn lines_and_files_round_trip(key: [u8; 32], id: [u8; 16], nonce: [u8; 12], epoch in 1_u32.., index in 0_u64..1 << 53) {
            let origin = Origin::new("log.example/x").expect("an origin");
            let key_id = KeyId::from_bytes(id);
            let kek = Kek::from_bytes(key);
            let context = WrapContext { origin: &origin, key_id, epoch };
            let wrapped = WrappedKey::wrap(&kek, &DataKey::from_bytes(key), &context, nonce);
            for line in [KeyLine::Wrapped { key_id, wrapped }, KeyLine::Erased { key_id, erased_by: LeafIndex::new(index) }] {
                prop_assert_eq!(KeyLine::parse(line.to_json().as_bytes()), Ok(line));
            }
            let (parsed, named, at) = Kek::parse_file(&kek.to_file(&origin, epoch)).expect("canonical");
            prop_assert!(parsed.0 == kek.0 && named == origin && at == epoch);
        }
    }
}
