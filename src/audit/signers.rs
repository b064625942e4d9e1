//! Who had to sign what, and whether the auditor trusts them.
//!
//! **In scope**: the keyring chain of the set, the keys the auditor brought. **Out of
//! scope**: the keyring's own rules ([`crate::tlog::keyring`]).

use super::finding::{Code, Finding, Location};
use super::records::{Notes, NotesError};
use super::report::Report;
use super::run::unavailable;
use super::source::{Source, Unavailable};
use crate::tlog::checkpoint::CheckpointError;
use crate::tlog::keyring::{KEYRING_CHAIN_MAX, Standing};
use crate::tlog::note::{NOTE_BYTES_MAX, NoteError};
use crate::tlog::{Checkpoint, KeyringChain, SignedCheckpoint, Vkey};

/// The keys whose signatures the auditor believes, from outside of what is audited.
///
/// Without any, a log can be consistent with itself and no more.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: Vec<Vkey>,
}

impl Trust {
    /// Trust in these log keys; none of them: nobody is trusted.
    #[must_use]
    pub const fn new(keys: Vec<Vkey>) -> Self {
        Self { keys }
    }

    /// The trusted keys.
    #[must_use]
    pub fn keys(&self) -> &[Vkey] {
        &self.keys
    }
}

/// The keys of the set, each with the entries it was in force for.
pub(super) struct Signers {
    chain: KeyringChain,
    keys: Vec<Vkey>,
}

impl Signers {
    /// Reads the keyring chain of the set and asks whether `trust` reaches it.
    pub(super) fn read(source: &Source<'_>, trust: &Trust, report: &mut Report) -> Option<Self> {
        const NAME: &str = "keyring";
        let stream = match source.stream(NAME) {
            Ok(stream) => stream,
            Err(error) => {
                report.add(unavailable(NAME, error));
                return None;
            }
        };
        let note_bytes_max = u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut notes = Vec::new();
        for note in Notes::new(stream, note_bytes_max).take(KEYRING_CHAIN_MAX + 1) {
            match note {
                Ok(note) => notes.push(note.bytes),
                Err(error) => {
                    report.add(broken_notes(NAME, error));
                    return None;
                }
            }
        }
        let chain = match KeyringChain::open(notes.iter().map(Vec::as_slice)) {
            Ok(chain) => chain,
            Err(error) => {
                let expected = "keyrings that continue one another, each signed by the key in force";
                report.add(Finding::new(Code::Keyring, Location::file(NAME), expected, causes(&error)));
                return None;
            }
        };
        let signers = Self { keys: chain.last().vkeys(), chain };
        signers.check_trust(trust, report);
        Some(signers)
    }

    fn check_trust(&self, trust: &Trust, report: &mut Report) {
        let names = |keys: &[Vkey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let location = Location::file("keyring");
        if trust.keys.is_empty() {
            let found = names(&self.keys);
            report.add(Finding::new(Code::SignerUnknown, location, "a trusted key", found));
        } else if self.chain.trust(&trust.keys).is_none() {
            let finding = Finding::new(Code::NotTrusted, location, names(&trust.keys), names(&self.keys));
            report.add(finding);
        }
    }

    pub(super) const fn chain(&self) -> &KeyringChain {
        &self.chain
    }

    /// Opens a head; those who had to sign at its size did.
    pub(super) fn open(&self, note: &[u8], location: &Location) -> Result<Checkpoint, Box<Finding>> {
        let head =
            SignedCheckpoint::open(note, &self.keys).map_err(|error| head_finding(&error, location))?;
        match self.chain.last().standing(&head) {
            // A retired key's head is held against the entries, which lead to a head of the
            // key in force: that is the consistency proof such a head needs.
            Ok(Standing::InForce | Standing::Retired) => Ok(head.checkpoint().clone()),
            Err(error) => {
                let expected = "the signature of the key in force at this size";
                Err(Box::new(Finding::new(Code::Signature, location.clone(), expected, causes(&error))))
            }
        }
    }
}

/// The finding for a head that does not open.
pub(super) fn head_finding(error: &CheckpointError, location: &Location) -> Box<Finding> {
    let (code, expected) = match error {
        CheckpointError::Note(NoteError::SignatureFails { .. } | NoteError::NoKnownSigner)
        | CheckpointError::KeyNameIsNotOrigin { .. } => (Code::Signature, "a signature of the log"),
        _ => (Code::Checkpoint, "a checkpoint of this log"),
    };
    Box::new(Finding::new(code, location.clone(), expected, causes(error)))
}

/// An error with its causes, for the member `found`.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The finding for a file of notes whose lengths do not add up.
pub(super) fn broken_notes(name: &str, error: NotesError) -> Finding {
    match error {
        NotesError::Form { place, expected } => {
            Finding::new(Code::Framing, Location::file(format!("{name}[{place}]")), expected, "other bytes")
        }
        NotesError::Io(error) => unavailable(name, Unavailable::Refused(error)),
    }
}
