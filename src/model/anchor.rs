//! The anchor's slots: which signed head was acknowledged, outside the database.
//!
//! ```text
//! offset  bytes  two slots of 4,096
//! 0       18     "probity-anchor-v1\n"
//! 18      32     SHA-256("probity/machine/v1\n" ‖ contents of /etc/machine-id); zeros if there is none
//! 50      8      u64 BE sequence, from 1, never reset; batch k stands in slot k mod 2
//! 58      4      u32 BE length of the note
//! 62      …      the signed checkpoint, then zeros
//! 4064    32     SHA-256 of the 4,064 bytes before
//! ```
//!
//! **In scope**: one slot's bytes, and which of two slots counts. **Out of scope**: the
//! file, the signature of the note, what follows from a head that is elsewhere.

use sha2::{Digest as _, Sha256};

use super::digest::{DIGEST_BYTES, Digest};

/// Bytes of one slot: a sector of every disk, so that one write tears at most one slot.
pub const SLOT_BYTES: usize = 4096;
/// Bytes of the whole file.
pub const ANCHOR_BYTES: usize = 2 * SLOT_BYTES;
/// Longest note that fits a slot.
pub const NOTE_BYTES_MAX: usize = HASHED_BYTES - MAGIC.len() - DIGEST_BYTES - 8 - 4;

const MAGIC: &[u8; 18] = b"probity-anchor-v1\n";
const HASHED_BYTES: usize = SLOT_BYTES - DIGEST_BYTES;

/// The content of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which machine wrote it.
    pub machine: Digest,
    /// The batch's number, from 1.
    pub sequence: u64,
    /// The signed checkpoint; its signature is the reader's to check.
    pub note: Vec<u8>,
}

/// Why bytes are not a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotFault {
    /// Not 4,096 bytes that begin with the magic.
    #[error("anchor: not a slot")]
    Magic,
    /// The digest at its end does not match: torn or altered.
    #[error("anchor: the slot is torn or altered")]
    Digest,
    /// A length beyond the slot, bytes after the note, or a sequence of 0.
    #[error("anchor: the slot's length, sequence or filling is impossible")]
    Form,
    /// The note does not fit.
    #[error("anchor: a checkpoint of {found} bytes does not fit {NOTE_BYTES_MAX}")]
    NoteTooLong {
        /// Its length in bytes.
        found: usize,
    },
}

/// Why no slot counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorFault {
    /// Neither slot is valid.
    #[error("the anchor holds no valid slot")]
    None,
    /// Both have the same sequence, or one stands where it cannot.
    #[error("the anchor's slots contradict each other")]
    Contradiction,
}

impl Slot {
    /// Prints the slot.
    ///
    /// # Errors
    /// [`SlotFault::NoteTooLong`]; [`SlotFault::Form`] for a sequence of 0.
    pub fn encode(&self) -> Result<[u8; SLOT_BYTES], SlotFault> {
        let found = self.note.len();
        let length = u32::try_from(found).map_err(|_| SlotFault::NoteTooLong { found })?;
        if found > NOTE_BYTES_MAX {
            return Err(SlotFault::NoteTooLong { found });
        }
        if self.sequence == 0 {
            return Err(SlotFault::Form);
        }
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.machine.as_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.note);
        bytes.resize(HASHED_BYTES, 0);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes.try_into().expect("4,064 and 32 bytes are a slot"))
    }

    /// Reads a slot.
    ///
    /// # Errors
    /// [`SlotFault`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SlotFault> {
        if bytes.len() != SLOT_BYTES || !bytes.starts_with(MAGIC) {
            return Err(SlotFault::Magic);
        }
        let (hashed, digest) = bytes.split_at(HASHED_BYTES);
        if Sha256::digest(hashed).as_slice() != digest {
            return Err(SlotFault::Digest);
        }
        let form = || SlotFault::Form;
        let rest = hashed.strip_prefix(MAGIC).ok_or_else(form)?;
        let (machine, rest) = rest.split_first_chunk::<DIGEST_BYTES>().ok_or_else(form)?;
        let (sequence, rest) = rest.split_first_chunk::<8>().ok_or_else(form)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(form)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| form())?;
        let (note, zeros) = rest.split_at_checked(length).ok_or_else(form)?;
        let sequence = u64::from_be_bytes(*sequence);
        if sequence == 0 || zeros.iter().any(|b| *b != 0) {
            return Err(form());
        }
        Ok(Self { machine: Digest::from_bytes(*machine), sequence, note: note.to_vec() })
    }
}

/// The slot that counts: the valid one with the higher sequence, in the place its sequence
/// gives it. One torn slot is normal: the write of a batch that was never acknowledged. A
/// whole slot in the wrong place is no torn write: falling back to the other one could
/// choose an older head, so it is refused, as are two of one sequence.
///
/// # Errors
/// [`AnchorFault`].
pub fn newest(file: &[u8]) -> Result<Slot, AnchorFault> {
    if file.len() != ANCHOR_BYTES {
        return Err(AnchorFault::None);
    }
    let (first, second) = file.split_at(SLOT_BYTES);
    let valid = |bytes: &[u8], place: u64| match Slot::decode(bytes) {
        Ok(slot) if slot.sequence % 2 != place => Err(AnchorFault::Contradiction),
        Ok(slot) => Ok(Some(slot)),
        Err(_) => Ok(None),
    };
    match (valid(first, 0)?, valid(second, 1)?) {
        (None, None) => Err(AnchorFault::None),
        (Some(slot), None) | (None, Some(slot)) => Ok(slot),
        (Some(a), Some(b)) => Ok(if a.sequence > b.sequence { a } else { b }),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a slot is whole or it does not count. Method: every byte altered; a table of
    //! pairs of slots; the shared vectors; the offsets drawn above, by hand.

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn slot(sequence: u64) -> Slot {
        Slot { machine: Digest::of(b"machine"), sequence, note: b"log.example/x\n1\nroot\n".to_vec() }
    }

    #[test]
    fn offsets_are_those_of_the_page() {
        let bytes = slot(7).encode().expect("fits");
        assert_eq!(&bytes[..18], b"probity-anchor-v1\n");
        assert_eq!(&bytes[18..50], Digest::of(b"machine").as_bytes());
        assert_eq!(bytes[50..58], 7_u64.to_be_bytes());
        assert_eq!(bytes[58..62], 21_u32.to_be_bytes());
        assert_eq!(&bytes[62..83], b"log.example/x\n1\nroot\n");
        assert!(bytes[83..4064].iter().all(|b| *b == 0));
        assert_eq!(bytes[4064..], Sha256::digest(&bytes[..4064])[..]);
    }

    #[test]
    fn every_altered_byte_is_found() {
        let good = slot(2).encode().expect("fits");
        for at in 0..SLOT_BYTES {
            let mut bytes = good;
            bytes[at] ^= 1;
            assert!(Slot::decode(&bytes).is_err(), "byte {at}");
        }
        assert!(matches!(
            Slot { note: vec![0; NOTE_BYTES_MAX + 1], ..slot(1) }.encode(),
            Err(SlotFault::NoteTooLong { .. })
        ));
        assert!(Slot { note: vec![1; NOTE_BYTES_MAX], ..slot(1) }.encode().is_ok());
        assert_eq!(slot(0).encode(), Err(SlotFault::Form));
    }

    #[test]
    fn the_higher_valid_one_counts() {
        let torn = [0xAA; SLOT_BYTES];
        let bytes = |sequence| slot(sequence).encode().expect("fits");
        let check = |even: [u8; SLOT_BYTES], odd: [u8; SLOT_BYTES], expected: Result<u64, AnchorFault>| {
            assert_eq!(newest(&[even, odd].concat()).map(|slot| slot.sequence), expected);
        };
        check(bytes(2), bytes(1), Ok(2));
        check(bytes(2), bytes(3), Ok(3));
        check(torn, bytes(1), Ok(1));
        check(bytes(8), torn, Ok(8));
        check(torn, torn, Err(AnchorFault::None));
        check(bytes(1), bytes(1), Err(AnchorFault::Contradiction));
        check(bytes(2), bytes(2), Err(AnchorFault::Contradiction));
        assert_eq!(newest(&bytes(2)), Err(AnchorFault::None));
    }

    /// A slot of anchor.json: its head, one filling byte, its digest; null is all zeros.
    fn vector_slot(slot: &Value) -> Vec<u8> {
        let Some(head) = slot["slot"].as_str() else { return vec![0; SLOT_BYTES] };
        let mut bytes = hex::decode(head).expect("hex");
        bytes.resize(HASHED_BYTES, slot["fill"].as_u64().and_then(|n| n.try_into().ok()).expect("a byte"));
        bytes.extend(hex::decode(slot["digest"].as_str().expect("hex")).expect("hex"));
        bytes
    }

    fn vector_file(case: &Value) -> Vec<u8> {
        let slots = case["slots"].as_array().expect("two slots");
        let mut file: Vec<u8> = slots.iter().flat_map(vector_slot).collect();
        assert_eq!(file.len(), ANCHOR_BYTES);
        let tail = case["tail"].as_i64().unwrap_or(0);
        file.resize(file.len().strict_add_signed(isize::try_from(tail).expect("small")), 0);
        file
    }

    #[test]
    fn vectors_choose_the_same_slot() {
        let path = format!("{}/tests/vectors/anchor.json", env!("CARGO_MANIFEST_DIR"));
        let vectors: Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
        let good = vectors["good"].as_array().expect("a list");
        let refused = vectors["refused"].as_array().expect("a list");
        assert!(good.len() >= 13 && refused.len() >= 8);
        for case in good {
            let file = vector_file(case);
            let slot = newest(&file).unwrap_or_else(|fault| panic!("{}: {fault}", case["name"]));
            assert_eq!(Some(slot.sequence), case["sequence"].as_u64(), "{}", case["name"]);
            assert_eq!(Some(slot.machine.to_string().as_str()), case["machine_hex"].as_str());
            assert_eq!(Some(hex::encode(&slot.note).as_str()), case["note_hex"].as_str());
            let printed = slot.encode().expect("it was read");
            assert!(file.chunks(SLOT_BYTES).any(|bytes| bytes == printed), "{}", case["name"]);
        }
        for case in refused {
            let expected = match case["refusal"].as_str() {
                Some("contradiction") => AnchorFault::Contradiction,
                _ => AnchorFault::None,
            };
            assert_eq!(newest(&vector_file(case)), Err(expected), "{}", case["name"]);
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(sequence in 1_u64.., note in proptest::collection::vec(any::<u8>(), 0..NOTE_BYTES_MAX)) {
            let slot = Slot { note, ..slot(sequence) };
            // A note that ends in zeros is cut by nothing: the length says where it ends.
            prop_assert_eq!(Slot::decode(&slot.encode().expect("fits")), Ok(slot));
        }
    }
}
