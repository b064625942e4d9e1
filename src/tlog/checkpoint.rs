//! Checkpoints (C2SP tlog-checkpoint 1.0): the signed heads of a log.
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <base64 of the root>
//! ```
//!
//! **In scope**: the text of ours, which has no extension lines and at least one leaf, and
//! of others', which may have them; signing and opening ours.
//! **Out of scope**: consistency with an earlier checkpoint ([`super::proof`]), which key
//! is in force at a size ([`super::keyring`]), cosignatures.

use sha2::{Digest as _, Sha256};

use super::{
    hash::{Hash, HashError},
    note::{self, NoteError, SignedNote, VerifiedNote},
    origin::{Origin, OriginError},
    signer::LogSigner,
    size::TreeSize,
    vkey::Vkey,
};

/// Length of the key under which a checkpoint is stored: u64 BE size, 8 bytes of SHA-256.
pub const CHECKPOINT_KEY_BYTES: usize = 16;

/// What a checkpoint of ours says: never about the empty tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Origin,
    size: TreeSize,
    root: Hash,
}

/// A checkpoint of a log that may not be ours. What it says is not trusted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCheckpoint {
    /// The log's name.
    pub origin: Origin,
    /// Number of leaves; may be 0.
    pub size: TreeSize,
    /// The root, which for size 0 is that of the empty tree.
    pub root: Hash,
    /// Extension lines without their line feeds; none is empty.
    pub extensions: Vec<String>,
}

/// A checkpoint of ours with a verified signature by a key named like its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: VerifiedNote,
}

/// Why a note is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// About a tree without leaves: such a one is neither signed nor accepted as ours.
    #[error("a checkpoint of size 0")]
    Empty,
    /// The empty tree with another root than the empty one.
    #[error("a checkpoint of size 0 with a root that is not the empty tree's")]
    EmptyRoot,
    /// An extension line, which ours do not have.
    #[error("an extension line, which this log's checkpoints do not have")]
    Extension,
    /// None of the verified signatures is by a key named like the origin.
    #[error("signed, but by no key named like the origin {origin}")]
    KeyNameIsNotOrigin {
        /// The origin in the text.
        origin: Origin,
    },
    /// Not at least three lines, or an empty line among them.
    #[error("a checkpoint has the lines origin, size and root")]
    Lines,
    /// The note around it does not parse or open.
    #[error("the note does not open")]
    Note(#[source] NoteError),
    /// The first line is not an origin.
    #[error("the first line is not an origin")]
    Origin(#[source] OriginError),
    /// The third line is not a hash.
    #[error("the root is malformed")]
    Root(#[source] HashError),
    /// The second line is not a size.
    #[error("the size is not a decimal number without leading zeros")]
    Size,
}

impl ForeignCheckpoint {
    /// Parses the text of a checkpoint note.
    ///
    /// # Errors
    /// [`CheckpointError`], by the line that is malformed.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if [origin, size, root].contains(&"") || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        let origin = Origin::new(origin).map_err(CheckpointError::Origin)?;
        let size: TreeSize = size.parse().map_err(|_| CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(CheckpointError::Root)?;
        if size == TreeSize::ZERO && root != Hash::empty_root() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root, extensions })
    }
}

impl Checkpoint {
    /// The head of the log `origin` at `size`.
    ///
    /// # Errors
    /// [`CheckpointError::Empty`] for size 0.
    pub fn new(origin: Origin, size: TreeSize, root: Hash) -> Result<Self, CheckpointError> {
        if size == TreeSize::ZERO { Err(CheckpointError::Empty) } else { Ok(Self { origin, size, root }) }
    }

    /// Parses the text of a checkpoint of ours.
    ///
    /// # Errors
    /// [`CheckpointError`], by the line that is malformed.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let ForeignCheckpoint { origin, size, root, extensions } = ForeignCheckpoint::parse(text)?;
        if extensions.is_empty() { Self::new(origin, size, root) } else { Err(CheckpointError::Extension) }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// The log's name.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of leaves, at least 1.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of the tree of these leaves.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }
}

impl SignedCheckpoint {
    /// Parses a note and checks its signatures and its text.
    ///
    /// `keys` are those the caller trusts for this log. Whether one of them was in force at
    /// this size is the keyring's to say.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(bytes: &[u8], keys: &[Vkey]) -> Result<Self, CheckpointError> {
        Self::from_note(note::open(bytes, keys).map_err(CheckpointError::Note)?)
    }

    /// Reads the checkpoint in a note whose signatures were checked.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn from_note(note: VerifiedNote) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        if !note.signers().iter().any(|key| key.name() == checkpoint.origin.as_str()) {
            return Err(CheckpointError::KeyNameIsNotOrigin { origin: checkpoint.origin });
        }
        Ok(Self { checkpoint, note })
    }

    /// Signs a checkpoint and verifies it again with the public keys: a fault while signing
    /// must not leave this function.
    ///
    /// Two signers where the last entry changes the log key: the old and the new.
    ///
    /// # Errors
    /// [`CheckpointError::KeyNameIsNotOrigin`] for a signer of another log;
    /// [`CheckpointError::Note`].
    pub fn sign(checkpoint: &Checkpoint, signers: &[&LogSigner]) -> Result<Self, CheckpointError> {
        if signers.iter().any(|signer| *signer.origin() != checkpoint.origin) {
            return Err(CheckpointError::KeyNameIsNotOrigin { origin: checkpoint.origin.clone() });
        }
        let note = note::sign(&checkpoint.text(), signers).map_err(CheckpointError::Note)?;
        let keys: Vec<Vkey> = signers.iter().map(|signer| signer.vkey().clone()).collect();
        Self::from_note(note.verify(&keys).map_err(CheckpointError::Note)?)
    }

    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Number of leaves, at least 1.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        self.checkpoint.size
    }

    /// The root of the tree of these leaves.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// The log's name.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }

    /// The keys whose signatures verified, each once.
    #[must_use]
    pub fn signers(&self) -> &[Vkey] {
        self.note.signers()
    }

    /// The signed note.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        self.note.note()
    }

    /// The bytes of the signed note.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note().to_bytes()
    }

    /// The key it is stored and ordered by: u64 BE size ‖ the first 8 bytes of SHA-256 of
    /// the whole note, so that two signed heads of one size are both kept.
    #[must_use]
    pub fn storage_key(&self) -> [u8; CHECKPOINT_KEY_BYTES] {
        let digest = Sha256::digest(self.to_bytes());
        let parts = self.size().get().to_be_bytes().into_iter().chain(digest);
        let mut key = [0; CHECKPOINT_KEY_BYTES];
        key.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        key
    }
}

#[cfg(test)]
mod tests;
