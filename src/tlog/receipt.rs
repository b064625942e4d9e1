//! Receipts: inclusion proofs as files (C2SP tlog-proof, `.tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64 of the entry's bytes>
//! index <decimal>
//! <base64 hash>*          leaf's sibling first … root's child last
//! <empty line>
//! <checkpoint note>
//! ```
//!
//! **In scope**: parsing, printing, and the one check that makes a [`VerifiedReceipt`].
//! **Out of scope**: what the entry says. It is bytes here, but the entry names its own
//! index, and a log whose entry 9 stands at place 2 is broken although its proofs hold.
//! So the check takes a reader of entries from the caller; Probity's is
//! `model::opening`'s, and whoever verifies a receipt for Probity goes through it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    hash::{Hash, leaf_hash},
    note::{NOTE_BYTES_MAX, NoteError, SignedNote},
    proof::{PATH_HASHES_MAX, ProofError, verify_inclusion},
    size::LeafIndex,
    vkey::Vkey,
};

/// First line of a receipt.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest entry in bytes: entry tiles count each in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Largest receipt in bytes: the longest entry in base64, the longest path, the largest note.
pub const RECEIPT_BYTES_MAX: usize = 128 * 1024 + NOTE_BYTES_MAX;

/// A receipt that was parsed. Nothing it claims was checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    entry: Vec<u8>,
    index: LeafIndex,
    path: Vec<Hash>,
    note: SignedNote,
}

/// Proof that an entry stands at its index in a log whose checkpoint a trusted key signed.
///
/// It can only be had from [`Receipt::verify`] or [`VerifiedReceipt::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    receipt: Receipt,
    leaf: Hash,
    checkpoint: SignedCheckpoint,
}

/// Why bytes are not a receipt, or a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The checkpoint does not open.
    #[error("the checkpoint does not open")]
    Checkpoint(#[source] CheckpointError),
    /// The entry is not one.
    #[error("the entry at index {index} cannot be read")]
    Entry {
        /// Where it stands.
        index: LeafIndex,
    },
    /// The entry names another place than the one it stands at.
    #[error("the entry at index {index} says that it is entry {found}")]
    EntryIndex {
        /// Where it stands.
        index: LeafIndex,
        /// What it says.
        found: LeafIndex,
    },
    /// The entry is longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry has at most {ENTRY_BYTES_MAX} bytes, not {found}")]
    EntryTooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The second line is not `extra` and base64.
    #[error("the second line is not \"extra\" and the entry in base64")]
    Extra,
    /// A line of the path is not a hash.
    #[error("hash {line} of the path is malformed")]
    Hash {
        /// Which one, from 1.
        line: usize,
    },
    /// The first line names another format.
    #[error("the first line is not {HEADER}")]
    Header,
    /// The third line is not `index` and a number.
    #[error("the third line is not \"index\" and a decimal number")]
    Index,
    /// The checkpoint's note is malformed.
    #[error("the checkpoint's note is malformed")]
    Note(#[source] NoteError),
    /// Not UTF-8, or no empty line before the checkpoint.
    #[error("not the text of a receipt")]
    NotText,
    /// The path does not lead to the checkpoint's root.
    #[error("the inclusion proof does not hold")]
    Proof(#[source] ProofError),
    /// More hashes than the deepest tree needs.
    #[error("a path has at most {PATH_HASHES_MAX} hashes")]
    PathTooLong,
    /// Longer than [`RECEIPT_BYTES_MAX`].
    #[error("a receipt has at most {RECEIPT_BYTES_MAX} bytes, not {found}")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
}

impl Receipt {
    /// Parses a receipt.
    ///
    /// # Errors
    /// [`ReceiptError`], by the line that is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLong { found: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ReceiptError::NotText)?;
        let (proof, note) = text.split_once("\n\n").ok_or(ReceiptError::NotText)?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ReceiptError::Header);
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(ReceiptError::Extra)?;
        let entry = STANDARD.decode(extra).map_err(|_| ReceiptError::Extra)?;
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(ReceiptError::EntryTooLong { found: entry.len() });
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(ReceiptError::Index)?;
        let index = index.parse().map_err(|_| ReceiptError::Index)?;
        let mut path = Vec::new();
        for (at, line) in lines.enumerate() {
            if at == PATH_HASHES_MAX {
                return Err(ReceiptError::PathTooLong);
            }
            path.push(Hash::from_base64(line).map_err(|_| ReceiptError::Hash { line: at + 1 })?);
        }
        let note = SignedNote::parse(note.as_bytes()).map_err(ReceiptError::Note)?;
        Ok(Self { entry, index, path, note })
    }

    /// The receipt's text, equal to what it was parsed from.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = format!("{HEADER}\nextra {}\nindex {}\n", STANDARD.encode(&self.entry), self.index);
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note.print());
        text
    }

    /// The checkpoint's note, unchecked: to find out which key a keyring has for it.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The index it claims.
    #[must_use]
    pub const fn index(&self) -> LeafIndex {
        self.index
    }

    /// Checks the checkpoint's signatures, then the path, then that the entry names its place.
    ///
    /// `keys` are those the caller trusts for this log. `index_of` reads the index out of
    /// the entry's bytes, and returns none if they are not an entry.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(
        self,
        keys: &[Vkey],
        index_of: impl FnOnce(&[u8]) -> Option<LeafIndex>,
    ) -> Result<VerifiedReceipt, ReceiptError> {
        let note = self.note.clone().verify(keys).map_err(CheckpointError::Note);
        let checkpoint = note.and_then(SignedCheckpoint::from_note).map_err(ReceiptError::Checkpoint)?;
        VerifiedReceipt::check(self, checkpoint, index_of)
    }
}

impl VerifiedReceipt {
    /// Makes the receipt of the entry at `index` under a checkpoint that was just signed or
    /// opened, and checks it as its holder will, but for the signature: that was checked
    /// once for all receipts of the batch.
    ///
    /// # Errors
    /// [`ReceiptError::Proof`], [`ReceiptError::Entry`], [`ReceiptError::EntryIndex`],
    /// [`ReceiptError::EntryTooLong`].
    pub fn new(
        entry: Vec<u8>,
        index: LeafIndex,
        path: Vec<Hash>,
        checkpoint: &SignedCheckpoint,
        index_of: impl FnOnce(&[u8]) -> Option<LeafIndex>,
    ) -> Result<Self, ReceiptError> {
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(ReceiptError::EntryTooLong { found: entry.len() });
        }
        let receipt = Receipt { entry, index, path, note: checkpoint.note().clone() };
        Self::check(receipt, checkpoint.clone(), index_of)
    }

    fn check(
        receipt: Receipt,
        checkpoint: SignedCheckpoint,
        index_of: impl FnOnce(&[u8]) -> Option<LeafIndex>,
    ) -> Result<Self, ReceiptError> {
        let Receipt { entry, index, path, .. } = &receipt;
        let leaf = leaf_hash(entry);
        verify_inclusion(*index, checkpoint.size(), &leaf, path, checkpoint.root())
            .map_err(ReceiptError::Proof)?;
        let found = index_of(entry).ok_or(ReceiptError::Entry { index: *index })?;
        if found != *index {
            return Err(ReceiptError::EntryIndex { index: *index, found });
        }
        Ok(Self { receipt, leaf, checkpoint })
    }

    /// The entry's bytes.
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.receipt.entry
    }

    /// Where the entry stands, which is also what it says.
    #[must_use]
    pub const fn index(&self) -> LeafIndex {
        self.receipt.index
    }

    /// The entry's leaf hash.
    #[must_use]
    pub const fn leaf(&self) -> &Hash {
        &self.leaf
    }

    /// The checkpoint it stands under.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The receipt itself.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The receipt's text.
    #[must_use]
    pub fn print(&self) -> String {
        self.receipt.print()
    }
}

#[cfg(test)]
mod tests;
