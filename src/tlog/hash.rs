//! The two hashes of RFC 6962 §2.1, and the one spelling each text format has for them.
//!
//! **In scope**: leaf hash, node hash, the root of the empty tree; hex (JSON) and
//! base64 (checkpoints, receipts).
//! **Out of scope**: digests of anything that is not in the tree.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Length of a hash in bytes.
pub const HASH_BYTES: usize = 32;

/// Length of a hash in base64, padding included.
const HASH_BASE64_CHARS: usize = 44;

/// Keeps a leaf from ever having the hash of a node, and the other way round.
const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// The hash of a leaf or of a node of the tree (RFC 6962 §2.1): 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
pub struct Hash(#[cfg_attr(test, schemars(with = "String"))] [u8; HASH_BYTES]);

/// Why a text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not 44 characters of canonical, padded standard base64.
    #[error("a hash is 32 bytes in padded, canonical base64")]
    Base64,
    /// Not 64 lower-case hex digits.
    #[error("a hash is 64 lower-case hex digits")]
    Hex,
}

/// SHA-256(0x00 ‖ `entry`).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize().into())
}

/// SHA-256(0x01 ‖ `left` ‖ `right`).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

impl Hash {
    /// 32 zero bytes: what the first entry names as the one before it.
    pub const ZERO: Self = Self([0; HASH_BYTES]);

    /// The root of the tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn empty_root() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The hash whose 32 bytes are already known.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Parses 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`HashError::Hex`] for any other length or alphabet, upper case among them.
    pub fn from_hex(text: &str) -> Result<Self, HashError> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(HashError::Hex);
        }
        let mut bytes = [0; HASH_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| HashError::Hex)?;
        Ok(Self(bytes))
    }

    /// Parses 44 characters of padded standard base64.
    ///
    /// # Errors
    /// [`HashError::Base64`] for another length, missing padding, or spare bits that are
    /// not zero: otherwise one proof would have many spellings.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        if text.len() != HASH_BASE64_CHARS {
            return Err(HashError::Base64);
        }
        // One byte more than a hash, because the decoder wants room for its own estimate.
        let mut bytes = [0; HASH_BYTES + 1];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(HASH_BYTES) => bytes.first_chunk().copied().map(Self).ok_or(HashError::Base64),
            _ => Err(HashError::Base64),
        }
    }

    /// 44 characters of padded standard base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_keep_leaves_and_nodes_apart() {
        // The published root of the empty tree, and the RFC's formulas spelled out again.
        assert_eq!(Hash::empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
        assert_eq!(a.0, <[u8; 32]>::from(Sha256::digest(b"\x00a")));
        let joined = [&[1_u8][..], &a.0, &b.0].concat();
        assert_eq!(node_hash(&a, &b).0, <[u8; 32]>::from(Sha256::digest(&joined)));
        assert_ne!(node_hash(&a, &b), leaf_hash(&joined[1..]));
    }

    #[test]
    fn one_spelling_in_hex_and_one_in_base64() {
        let hash = leaf_hash(b"x");
        let (hex, base64) = (hash.to_string(), hash.to_base64());
        assert_eq!(Hash::from_hex(&hex), Ok(hash));
        assert_eq!(Hash::from_base64(&base64), Ok(hash));
        for bad in [hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}0"), String::new()] {
            assert_eq!(Hash::from_hex(&bad), Err(HashError::Hex), "{bad}");
        }
        let unpadded = base64.trim_end_matches('=').to_owned();
        let spare_bit = Hash::ZERO.to_base64().replace("A=", "B=");
        let short = STANDARD.encode([0; 31]);
        let long = STANDARD.encode([0; 33]);
        for bad in [unpadded, spare_bit, short, long, format!("{base64}\n"), String::new()] {
            assert_eq!(Hash::from_base64(&bad), Err(HashError::Base64), "{bad}");
        }
    }
}
