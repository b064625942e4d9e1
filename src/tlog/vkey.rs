//! Verifier keys of signed notes (C2SP signed-note), Ed25519 only.
//!
//! **In scope**: `<name>+<8 hex key id>+<base64(type ‖ public key)>`, read and written in
//! one spelling; which public keys are accepted at all.
//! **Out of scope**: signatures over notes ([`super::note`]), secret keys
//! ([`super::signer`]), cosignature keys (types 0x04 and 0x06), which nothing here needs.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::origin::{ORIGIN_BYTES_MAX, Origin};

/// Length of a key id in bytes.
pub const KEY_ID_BYTES: usize = 4;

/// Length of an Ed25519 public key in bytes.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// Longest key name in bytes: a log's is its origin, and others' are held to the same.
pub const KEY_NAME_BYTES_MAX: usize = ORIGIN_BYTES_MAX;

/// The type byte of an Ed25519 key that signs note texts.
const TYPE_ED25519: u8 = 0x01;

/// An Ed25519 public key that cannot be weak: its point is not of small order, and its 32
/// bytes are the only encoding of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key): a hint, not a commitment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

/// A key that verifies signatures on notes, with its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    id: KeyId,
    key: PublicKey,
}

/// Why a text is not a verifier key, or a public key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// The last part is not padded, canonical base64.
    #[error("the key is not padded, canonical base64")]
    Base64,
    /// The key id is not eight lower-case hex digits.
    #[error("the key id is not eight lower-case hex digits")]
    KeyId,
    /// The key id belongs to another name or key.
    #[error("the key id is {found}, but this name and key have {expected}")]
    KeyIdMismatch {
        /// What name and key hash to.
        expected: KeyId,
        /// What the text says.
        found: KeyId,
    },
    /// Not 32 bytes of key after the type.
    #[error("an Ed25519 key has {PUBLIC_KEY_BYTES} bytes, not {found}")]
    KeyLength {
        /// Bytes after the type.
        found: usize,
    },
    /// The name is empty, too long, or has a space, a control character or a plus sign.
    #[error("a key name has 1 to {KEY_NAME_BYTES_MAX} bytes without spaces, control characters or '+'")]
    Name,
    /// The 32 bytes are not the encoding of a point, or not the only one.
    #[error("the public key is not the canonical encoding of a curve point")]
    NotAPoint,
    /// Not three parts joined by plus signs.
    #[error("a verifier key is name, key id and key, joined by '+'")]
    Shape,
    /// A type other than Ed25519.
    #[error("key type {found:#04x} is not Ed25519 (0x01)")]
    Type {
        /// The type byte; 0 if there is none.
        found: u8,
    },
    /// A point of small order: it would verify signatures that nobody made.
    #[error("the public key is weak")]
    Weak,
}

impl PublicKey {
    /// Accepts a public key.
    ///
    /// # Errors
    /// [`VkeyError::NotAPoint`], [`VkeyError::Weak`].
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Result<Self, VkeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| VkeyError::NotAPoint)?;
        // The library takes y-coordinates that are not reduced: two spellings of one key
        // would pass as two keys.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(VkeyError::NotAPoint);
        }
        if key.is_weak() { Err(VkeyError::Weak) } else { Ok(Self(key)) }
    }

    /// Parses the padded base64 of the 32 bytes.
    ///
    /// # Errors
    /// [`VkeyError::Base64`], [`VkeyError::KeyLength`] and those of [`Self::from_bytes`].
    pub fn from_base64(text: &str) -> Result<Self, VkeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| VkeyError::Base64)?;
        let array = bytes.as_slice().try_into().map_err(|_| VkeyError::KeyLength { found: bytes.len() })?;
        Self::from_bytes(array)
    }

    /// The padded base64 of the 32 bytes.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.as_bytes())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        self.0.as_bytes()
    }

    /// Whether `signature` over `message` was made with this key, by the strict rule: one
    /// signature has one encoding.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_base64())
    }
}

impl KeyId {
    /// The key id of an Ed25519 key under `name`.
    fn of(name: &str, key: &PublicKey) -> Self {
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', TYPE_ED25519])
            .chain_update(key.as_bytes())
            .finalize();
        let mut id = [0; KEY_ID_BYTES];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(id)
    }

    /// The key id whose bytes are already known.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The four bytes, as they stand before a signature.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Checks a key name: it must be readable again from a signature line.
pub(super) fn check_name(name: &str) -> Result<(), VkeyError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    let length = 1..=KEY_NAME_BYTES_MAX;
    if length.contains(&name.len()) && !name.contains(forbidden) { Ok(()) } else { Err(VkeyError::Name) }
}

impl Vkey {
    /// A log's key: its name is the origin.
    #[must_use]
    pub fn new(origin: &Origin, key: PublicKey) -> Self {
        let name = origin.as_str().to_owned();
        Self { id: KeyId::of(&name, &key), name, key }
    }

    /// Another key under the name and the key id of `vkey`: four bytes collide sooner or later.
    #[cfg(test)]
    pub(super) fn with_id_of(vkey: &Self, key: PublicKey) -> Self {
        Self { key, ..vkey.clone() }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

impl FromStr for Vkey {
    type Err = VkeyError;

    /// Parses a verifier key, split at the first two plus signs, since base64 has them too.
    fn from_str(text: &str) -> Result<Self, VkeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VkeyError::Shape);
        };
        check_name(name)?;
        if id.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(VkeyError::KeyId);
        }
        let mut found = [0; KEY_ID_BYTES];
        hex::decode_to_slice(id, &mut found).map_err(|_| VkeyError::KeyId)?;
        let bytes = STANDARD.decode(key).map_err(|_| VkeyError::Base64)?;
        let key = match bytes.split_first() {
            Some((&TYPE_ED25519, key)) => key,
            other => return Err(VkeyError::Type { found: other.map_or(0, |(kind, _)| *kind) }),
        };
        let key =
            PublicKey::from_bytes(key.try_into().map_err(|_| VkeyError::KeyLength { found: key.len() })?)?;
        let (expected, found) = (KeyId::of(name, &key), KeyId(found));
        if expected != found {
            return Err(VkeyError::KeyIdMismatch { expected, found });
        }
        Ok(Self { name: name.to_owned(), id: expected, key })
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = [TYPE_ED25519; 1 + PUBLIC_KEY_BYTES];
        typed.iter_mut().skip(1).zip(self.key.as_bytes()).for_each(|(to, from)| *to = *from);
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(typed))
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vkey({self})")
    }
}

#[cfg(test)]
mod tests;
