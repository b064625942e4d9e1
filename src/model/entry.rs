//! The entry: the leaf of the tree and the link of the chain, in one fixed form.
//!
//! ```text
//! {"v":1,"index":41,"time":"2026-11-23T19:04:15.123Z","prev":"<64 hex>","payload":"<64 hex>"}
//! ```
//!
//! **In scope**: these bytes and nothing else; `print(parse(b)) == b`. **Out of scope**:
//! whether `prev` is the leaf hash of the entry before, and whether time went back: the
//! parser sees one entry.
//!
//! The scanner reads the fixed form directly: an auditor scans millions of entries, and a
//! general JSON reader would accept spellings that were never hashed.

use super::digest::{DIGEST_BYTES, Digest};
use super::time::{TIME_BYTES, TimeError, Timestamp};
use crate::tlog::{Hash, LeafIndex, leaf_hash};

/// Longest entry in bytes, as the entry tiles' two-byte length allows.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Indices are below 2^53, as every integer of the JSON profile.
pub const INDEX_BOUND: u64 = super::json::INTEGER_BOUND;

const BEFORE_INDEX: &str = r#"{"v":1,"index":"#;
const BEFORE_TIME: &str = r#","time":""#;
const BEFORE_PREV: &str = r#"","prev":""#;
const BEFORE_PAYLOAD: &str = r#"","payload":""#;
const AT_END: &str = r#""}"#;

/// One entry of the log. It reveals when, and nothing about whom or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 0.
    pub index: LeafIndex,
    /// When the daemon recorded it; never before the entry before.
    pub time: Timestamp,
    /// Leaf hash of the entry before; 64 zeros at index 0.
    pub prev: Hash,
    /// SHA-256 of the sealed payload.
    pub payload: Digest,
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not the fixed form: another member, order, spelling or white space.
    #[error("entry: not in its canonical form")]
    Form,
    /// The time is no time.
    #[error("entry: time: {0}")]
    Time(#[source] TimeError),
    /// 2^53 or more.
    #[error("entry: index is not below 2^53")]
    Index,
    /// Index 0 with a predecessor, or zeros for a predecessor anywhere else.
    #[error("entry: prev is 64 zeros at index 0 and nowhere else")]
    Prev,
}

impl Entry {
    /// Prints the leaf's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { index, time, prev, payload } = self;
        let index = index.get();
        format!(
            "{BEFORE_INDEX}{index}{BEFORE_TIME}{time}{BEFORE_PREV}{prev}{BEFORE_PAYLOAD}{payload}{AT_END}"
        )
        .into_bytes()
    }

    /// Parses the leaf's bytes.
    ///
    /// # Errors
    /// [`EntryError`] for every other spelling of the same facts.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let rest = literal(bytes, BEFORE_INDEX)?;
        let (index, rest) = decimal(rest)?;
        let rest = literal(rest, BEFORE_TIME)?;
        let (time, rest) = rest.split_at_checked(TIME_BYTES).ok_or(EntryError::Form)?;
        let rest = literal(rest, BEFORE_PREV)?;
        let (prev, rest) = hash(rest)?;
        let rest = literal(rest, BEFORE_PAYLOAD)?;
        let (payload, rest) = hash(rest)?;
        if rest != AT_END.as_bytes() {
            return Err(EntryError::Form);
        }
        if index >= INDEX_BOUND {
            return Err(EntryError::Index);
        }
        if (index == 0) != (prev == [0; DIGEST_BYTES]) {
            return Err(EntryError::Prev);
        }
        let time = std::str::from_utf8(time).map_err(|_| EntryError::Form)?;
        Ok(Self {
            index: LeafIndex::new(index),
            time: Timestamp::parse(time).map_err(EntryError::Time)?,
            prev: Hash::from_bytes(prev),
            payload: Digest::from_bytes(payload),
        })
    }

    /// The RFC 6962 leaf hash of the printed entry.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// The index an entry's bytes claim, for [`crate::tlog::Receipt::verify`].
    #[must_use]
    pub fn index_of(bytes: &[u8]) -> Option<LeafIndex> {
        Self::parse(bytes).ok().map(|entry| entry.index)
    }

    /// The `prev` of the first entry.
    #[must_use]
    pub const fn no_predecessor() -> Hash {
        Hash::from_bytes([0; DIGEST_BYTES])
    }
}

fn literal<'a>(bytes: &'a [u8], expected: &str) -> Result<&'a [u8], EntryError> {
    bytes.strip_prefix(expected.as_bytes()).ok_or(EntryError::Form)
}

/// Digits without a leading zero; 16 are more than 2^53 has.
fn decimal(bytes: &[u8]) -> Result<(u64, &[u8]), EntryError> {
    let length = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(length).ok_or(EntryError::Form)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with(b"0")) {
        return Err(EntryError::Form);
    }
    if digits.len() > 16 {
        return Err(EntryError::Index);
    }
    Ok((digits.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0')), rest))
}

fn hash(bytes: &[u8]) -> Result<([u8; DIGEST_BYTES], &[u8]), EntryError> {
    let (digits, rest) = bytes.split_at_checked(2 * DIGEST_BYTES).ok_or(EntryError::Form)?;
    let mut hash = [0; DIGEST_BYTES];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = *pair else { return Err(EntryError::Form) };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Ok((hash, rest))
}

fn nibble(digit: u8) -> Result<u8, EntryError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(EntryError::Form),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: exactly one spelling per entry. Method: the shared vectors, and a round trip
    //! of random entries and of random damage to them.

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vectors(name: &str) -> Value {
        let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).expect("the vectors are there")).expect("JSON")
    }

    fn bytes(case: &Value) -> Vec<u8> {
        hex::decode(case["bytes_hex"].as_str().expect("hex")).expect("hex")
    }

    #[test]
    fn vectors_parse_and_hash() {
        let vectors = vectors("entry.json");
        let entries = vectors["entries"].as_array().expect("a list");
        assert!(entries.len() >= 6);
        for case in entries {
            let bytes = bytes(case);
            let entry = Entry::parse(&bytes).expect("a good vector");
            assert_eq!(entry.to_bytes(), bytes);
            assert_eq!(entry.index.get(), case["fields"]["index"].as_u64().expect("a number"));
            assert_eq!(entry.leaf_hash().to_string(), case["leaf_hash_hex"].as_str().expect("hex"));
        }
    }

    #[test]
    fn bad_vectors_are_refused() {
        let vectors = vectors("negative-entry.json");
        let cases = vectors["cases"].as_array().expect("a list");
        assert!(cases.len() >= 26);
        for case in cases {
            assert!(Entry::parse(&bytes(case)).is_err(), "{}", case["name"]);
        }
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let facts = (0..INDEX_BOUND, 0_i64..253_402_300_799_999, any::<[u8; 32]>(), any::<[u8; 32]>());
        facts.prop_map(|(index, ms, prev, payload)| Entry {
            index: LeafIndex::new(index),
            time: Timestamp::from_ms(ms).expect("in range"),
            prev: if index == 0 { Entry::no_predecessor() } else { Hash::from_bytes(prev) },
            payload: Digest::from_bytes(payload),
        })
    }

    proptest! {
        #[test]
        fn parses_what_it_prints(entry in any_entry()) {
            prop_assert_eq!(Entry::parse(&entry.to_bytes()), Ok(entry));
        }

        #[test]
        fn prints_what_it_parses(entry in any_entry(), at in 0_usize..220, byte: u8) {
            let mut bytes = entry.to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(parsed) = Entry::parse(&bytes) {
                prop_assert_eq!(parsed.to_bytes(), bytes);
            }
        }
    }
}
