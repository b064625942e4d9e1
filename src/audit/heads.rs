//! Signed heads: those of `checkpoints`, and those somebody was given before.
//!
//! **In scope**: opening a head with the keys in force at its size; handing each to the run
//! of entries that its size lies in. **Out of scope**: the roots ([`super::fold`]).

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use super::finding::{Code, Finding, Location};
use super::records::{Notes, NotesError, PlacedNote};
use super::signers::Signers;
use crate::tlog::note::SignedNote;
use crate::tlog::{Checkpoint, Hash, TreeSize};

/// Where a head comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeadSource {
    /// The file `checkpoint`, the set's own head.
    Own,
    /// A note of `checkpoints`, by its place.
    Listed(u64),
    /// Given by whoever asks, under this name: `--since`, `--against`.
    Given(String),
}

impl HeadSource {
    pub(super) fn location(&self) -> Location {
        match self {
            Self::Own => Location::file("checkpoint"),
            Self::Listed(place) => Location::file(format!("checkpoints[{place}]")),
            Self::Given(name) => Location::file(name.clone()),
        }
    }
}

/// A head that was not opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadNote {
    pub(super) source: HeadSource,
    pub(super) bytes: Vec<u8>,
}

/// A head whose signatures are those that must stand there.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) source: HeadSource,
    pub(super) size: TreeSize,
    pub(super) root: Hash,
    /// Place among heads of one size.
    pub(super) order: [u8; 8],
    /// The root of its run's leaves up to its size: by the entries, and by the leaf tile
    /// where that differs. None if its size is not in the run it was given to.
    pub(super) inner: Option<(Hash, Option<Hash>)>,
}

impl HeadNote {
    /// Opens the note with the keys in force at its size.
    pub(super) fn open(self, signers: &Signers, size: TreeSize) -> Result<Head, Box<Finding>> {
        let location = self.source.location();
        let checkpoint = signers.open(&self.bytes, &location)?;
        if checkpoint.size() > size {
            let code = if matches!(self.source, HeadSource::Given(_)) {
                Code::NotAPrefix
            } else {
                Code::CheckpointOrder
            };
            let expected = format!("a head of at most {size} entries");
            return Err(Box::new(Finding::new(code, location, expected, checkpoint.size())));
        }
        let order = note_order(&self.bytes);
        Ok(Head {
            source: self.source,
            size: checkpoint.size(),
            root: *checkpoint.root(),
            order,
            inner: None,
        })
    }
}

/// The first 8 bytes of a note's SHA-256: the order of heads of one size.
pub(super) fn note_order(note: &[u8]) -> [u8; 8] {
    Sha256::digest(note).first_chunk().copied().unwrap_or_default()
}

/// The size that a note claims; nothing of it was verified.
pub(super) fn claimed_size(note: &[u8]) -> Option<u64> {
    let note = SignedNote::parse(note).ok()?;
    Checkpoint::parse(note.text()).ok().map(|checkpoint| checkpoint.size().get())
}

/// Hands out the notes of `checkpoints` to the runs of entries, in order and in constant memory.
pub(super) struct Handout {
    notes: Notes,
    /// The next two notes with the sizes they claim.
    ahead: VecDeque<(PlacedNote, Option<u64>)>,
    /// Why no more came, once known.
    broken: Option<NotesError>,
    /// The last note handed out.
    last: Option<Vec<u8>>,
    size: u64,
}

impl Handout {
    pub(super) fn new(notes: Notes, size: TreeSize) -> Self {
        Self { notes, ahead: VecDeque::with_capacity(2), broken: None, last: None, size: size.get() }
    }

    /// Keeps two notes in view.
    fn look_ahead(&mut self) {
        while self.ahead.len() < 2 {
            match self.notes.next() {
                Some(Ok(note)) => {
                    let claimed = claimed_size(&note.bytes);
                    self.ahead.push_back((note, claimed));
                }
                Some(Err(error)) => self.broken = Some(error),
                None => return,
            }
        }
    }

    /// The notes of sizes up to `end`.
    ///
    /// A note whose claim cannot be right (unreadable, beyond the log, or greater than the
    /// next one's) is handed out at once: its run will refuse it, and those behind it still
    /// reach theirs.
    pub(super) fn up_to(&mut self, end: u64) -> Vec<HeadNote> {
        let mut heads = Vec::new();
        loop {
            self.look_ahead();
            let Some((_, claimed)) = self.ahead.front() else { return heads };
            let next_claim = self.ahead.get(1).and_then(|(_, claimed)| *claimed);
            let is_plausible =
                |claim: &u64| *claim <= self.size && next_claim.is_none_or(|next| *claim <= next);
            if claimed.filter(is_plausible).is_some_and(|claim| claim > end) {
                return heads;
            }
            let Some((note, _)) = self.ahead.pop_front() else { return heads };
            self.last = Some(note.bytes.clone());
            heads.push(HeadNote { source: HeadSource::Listed(note.place), bytes: note.bytes });
        }
    }

    /// The last note there was, and why the file could not be read to its end.
    pub(super) fn finish(self) -> (Option<Vec<u8>>, Option<NotesError>) {
        (self.last, self.broken)
    }
}
