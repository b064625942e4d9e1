//! The sealed payload: an event that one party can be shown without the rest.
//!
//! ```text
//! ctx    = "probity/payload/v1\n" ‖ origin ‖ "\n" ‖ index as decimal ‖ "\n"
//! EK     = HKDF-SHA-256(ikm = DK, salt = salt, info = ctx ‖ key id, L = 32)       the entry key
//! commit = HMAC-SHA-256(EK, "probity/payload-commit/v1")
//! AK     = HMAC-SHA-256(EK, "probity/payload-aead/v1")
//! sealed = 0x01 ‖ key id(16) ‖ salt(32) ‖ commit(32)
//!          ‖ ChaCha20-Poly1305(AK, nonce = 0, aad = ctx ‖ those 81 bytes, plaintext)
//! plaintext = u32 BE n ‖ event(n) ‖ zeros up to the smallest 512·2^k that holds both
//! ```
//!
//! **In scope**: sealing and opening, with each fault its own finding in a fixed order.
//! **Out of scope**: where data keys live ([`super::datakey`]); what an event says.
//!
//! ChaCha20-Poly1305 commits to no key: one ciphertext can be made to open under two.
//! The commitment closes that, so one payload hash has one meaning. The nonce is zero
//! because a salt, and with it AK, is used once.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::digest::Digest;
use super::json::{self, JsonError};
use crate::tlog::{LeafIndex, Origin};

/// Length of a data key, an entry key, a salt and a commitment in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of a key id in bytes.
pub const KEY_ID_BYTES: usize = 16;
/// Bytes before the ciphertext: version, key id, salt, commitment.
pub const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + KEY_BYTES + KEY_BYTES;
/// Poly1305's tag.
const TAG_BYTES: usize = 16;
/// Smallest padded plaintext; sizes double from here, so that a length tells little.
const PADDED_BYTES_MIN: usize = 512;
/// Largest padded plaintext: 512 · 2^15.
const PADDED_BYTES_MAX: usize = PADDED_BYTES_MIN << 15;
/// The length before the event.
const LENGTH_BYTES: usize = 4;
/// Longest event in bytes: 16 MiB less its length.
pub const EVENT_BYTES_MAX: usize = PADDED_BYTES_MAX - LENGTH_BYTES;
/// Longest sealed payload in bytes.
pub const SEALED_BYTES_MAX: usize = HEADER_BYTES + PADDED_BYTES_MAX + TAG_BYTES;

const VERSION: u8 = 1;
const COMMIT_CONTEXT: &[u8] = b"probity/payload-commit/v1";
const AEAD_CONTEXT: &[u8] = b"probity/payload-aead/v1";

/// A data key: one per request, and one system key per key epoch.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

/// The key of one entry. Who has it can read that entry and no other.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EntryKey([u8; KEY_BYTES]);

/// Names a data key; random, no commitment to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

/// A sealed payload: what the leaf's `payload` hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPayload(Vec<u8>);

/// Why a payload does not show its event, in the order in which it is looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadFault {
    /// The entry names another payload.
    #[error("payload: its SHA-256 is {found}, the entry names {expected}")]
    Hash {
        /// What the entry says.
        expected: Digest,
        /// What the bytes hash to.
        found: Digest,
    },
    /// Another version, or shorter than its header.
    #[error("payload: not version 1")]
    Version,
    /// No key of that id, or an erased one.
    #[error("payload: its data key {0} is unknown or erased")]
    KeyId(KeyId),
    /// The key at hand is not the one it was sealed under.
    #[error("payload: the key commitment does not match")]
    Commit,
    /// The ciphertext was altered, or belongs to another entry.
    #[error("payload: the authentication tag does not match")]
    Tag,
    /// Lengths that do not add up, or padding that is not zero or not minimal.
    #[error("payload: the padding is not minimal zeros")]
    Padding,
    /// What it holds is not an object of the JSON profile.
    #[error("payload: the event is no object of the JSON profile")]
    Event(#[source] Option<JsonError>),
}

/// The event is empty or longer than [`EVENT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has 1 to {EVENT_BYTES_MAX} bytes, this one {found}")]
pub struct EventLengthError {
    /// Its length in bytes.
    pub found: usize,
}

impl DataKey {
    /// The key of these bytes, which must come from a generator fit for keys.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for wrapping.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn entry_key(&self, context: &[u8], key_id: KeyId, salt: &[u8; KEY_BYTES]) -> EntryKey {
        struct Length;
        impl KeyType for Length {
            fn len(&self) -> usize {
                KEY_BYTES
            }
        }
        let mut key = EntryKey([0; KEY_BYTES]);
        let secret = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        secret
            .expand(&[context, key_id.as_bytes()], Length)
            .and_then(|okm| okm.fill(&mut key.0))
            .expect("32 bytes are within HKDF's 255 blocks");
        key
    }
}

impl EntryKey {
    /// The key of these bytes, from an opening.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for an opening.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn mac(&self, context: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), context)
    }

    fn aead(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.mac(AEAD_CONTEXT).as_ref());
        LessSafeKey::new(key.expect("an HMAC-SHA-256 tag has ChaCha20's 32 bytes"))
    }
}

impl KeyId {
    /// The id of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_ID_BYTES] {
        &self.0
    }

    /// Parses 32 lower-case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; KEY_ID_BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        (hex::encode(bytes) == text).then_some(Self(bytes))
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a key id is 32 lower-case hex digits"))
    }
}

impl SealedPayload {
    /// Takes bytes as they are stored; [`SealedPayload::open`] judges them.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, given up.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// SHA-256 of the bytes: what the entry names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The data key it says it is sealed under.
    ///
    /// # Errors
    /// [`PayloadFault::Version`].
    pub fn key_id(&self) -> Result<KeyId, PayloadFault> {
        self.header().map(|header| header.key_id)
    }

    fn header(&self) -> Result<Header<'_>, PayloadFault> {
        let (bytes, ciphertext) = self.0.split_at_checked(HEADER_BYTES).ok_or(PayloadFault::Version)?;
        let fault = || PayloadFault::Version;
        let (version, rest) = bytes.split_first().ok_or_else(fault)?;
        let (key_id, rest) = rest.split_first_chunk().ok_or_else(fault)?;
        let (salt, commit) = rest.split_first_chunk().ok_or_else(fault)?;
        if *version != VERSION {
            return Err(PayloadFault::Version);
        }
        Ok(Header { bytes, key_id: KeyId(*key_id), salt, commit, ciphertext })
    }

    /// Opens with the data key.
    ///
    /// # Errors
    /// [`PayloadFault`], from the commitment on; the caller has compared the hash and found
    /// the key by [`SealedPayload::key_id`].
    pub fn open(&self, key: &DataKey, origin: &Origin, index: LeafIndex) -> Result<Vec<u8>, PayloadFault> {
        let header = self.header()?;
        let entry_key = key.entry_key(&context(origin, index), header.key_id, header.salt);
        self.open_with_entry_key(&entry_key, origin, index)
    }

    /// The key that opens this payload alone; for an opening.
    ///
    /// # Errors
    /// [`PayloadFault::Version`], [`PayloadFault::Commit`].
    pub fn entry_key(
        &self,
        key: &DataKey,
        origin: &Origin,
        index: LeafIndex,
    ) -> Result<EntryKey, PayloadFault> {
        let header = self.header()?;
        let entry_key = key.entry_key(&context(origin, index), header.key_id, header.salt);
        header.check_commitment(&entry_key)?;
        Ok(entry_key)
    }

    /// Opens with the entry's own key, as an opening carries it.
    ///
    /// # Errors
    /// [`PayloadFault`], from the commitment on.
    pub fn open_with_entry_key(
        &self,
        key: &EntryKey,
        origin: &Origin,
        index: LeafIndex,
    ) -> Result<Vec<u8>, PayloadFault> {
        let header = self.header()?;
        header.check_commitment(key)?;
        let aad = [&context(origin, index), header.bytes].concat();
        let mut buffer = Zeroizing::new(header.ciphertext.to_vec());
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let plaintext =
            key.aead().open_in_place(nonce, Aad::from(aad), &mut buffer).map_err(|_| PayloadFault::Tag)?;
        let event = unpad(plaintext)?;
        if !event.starts_with(b"{") {
            return Err(PayloadFault::Event(None));
        }
        json::check(event).map_err(|error| PayloadFault::Event(Some(error)))?;
        Ok(event.to_vec())
    }
}

struct Header<'a> {
    bytes: &'a [u8],
    key_id: KeyId,
    salt: &'a [u8; KEY_BYTES],
    commit: &'a [u8],
    ciphertext: &'a [u8],
}

impl Header<'_> {
    /// Constant time, and before decryption: a key that was not committed to decrypts nothing.
    fn check_commitment(&self, key: &EntryKey) -> Result<(), PayloadFault> {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
        hmac::verify(&mac, COMMIT_CONTEXT, self.commit).map_err(|_| PayloadFault::Commit)
    }
}

/// Binds a payload to one place in one log.
fn context(origin: &Origin, index: LeafIndex) -> Vec<u8> {
    format!("probity/payload/v1\n{}\n{}\n", origin.as_str(), index.get()).into_bytes()
}

/// Seals `event` for the entry at `index`, and returns the key that opens it alone.
///
/// `salt` is fresh and random for every sealing, also for a retry at the same index: two
/// plaintexts under one salt would share a keystream.
///
/// # Errors
/// [`EventLengthError`].
pub fn seal(
    key: &DataKey,
    key_id: KeyId,
    origin: &Origin,
    index: LeafIndex,
    salt: &[u8; KEY_BYTES],
    event: &[u8],
) -> Result<(SealedPayload, EntryKey), EventLengthError> {
    let length_error = || EventLengthError { found: event.len() };
    if event.is_empty() || event.len() > EVENT_BYTES_MAX {
        return Err(length_error());
    }
    let length = u32::try_from(event.len()).map_err(|_| length_error())?;
    let padded = padded_length(event.len());
    let context = context(origin, index);
    let entry_key = key.entry_key(&context, key_id, salt);

    let mut sealed = Vec::with_capacity(HEADER_BYTES + padded + TAG_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(key_id.as_bytes());
    sealed.extend_from_slice(salt);
    sealed.extend_from_slice(entry_key.mac(COMMIT_CONTEXT).as_ref());
    let aad = [&context, sealed.as_slice()].concat();
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(event);
    sealed.resize(HEADER_BYTES + padded, 0);
    let (_, plaintext) = sealed.split_at_mut(HEADER_BYTES);
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let tag = entry_key
        .aead()
        .seal_in_place_separate_tag(nonce, Aad::from(aad), plaintext)
        .expect("16 MiB are within ChaCha20's bound");
    sealed.extend_from_slice(tag.as_ref());
    Ok((SealedPayload(sealed), entry_key))
}

/// The smallest 512·2^k that holds the length and `event_bytes` bytes.
fn padded_length(event_bytes: usize) -> usize {
    (LENGTH_BYTES + event_bytes).next_power_of_two().max(PADDED_BYTES_MIN)
}

fn unpad(plaintext: &[u8]) -> Result<&[u8], PayloadFault> {
    let (length, rest) = plaintext.split_first_chunk::<LENGTH_BYTES>().ok_or(PayloadFault::Padding)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PayloadFault::Padding)?;
    let (event, zeros) = rest.split_at_checked(length).ok_or(PayloadFault::Padding)?;
    let is_minimal = (1..=EVENT_BYTES_MAX).contains(&length) && plaintext.len() == padded_length(length);
    if is_minimal && zeros.iter().all(|b| *b == 0) { Ok(event) } else { Err(PayloadFault::Padding) }
}

#[cfg(test)]
mod tests;
