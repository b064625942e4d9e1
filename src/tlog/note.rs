//! Signed notes (C2SP signed-note 1.0).
//!
//! ```text
//! text, UTF-8, one or more lines, ending in a line feed
//! <empty line>
//! — <key name> <base64(key id(4, BE) ‖ signature)>
//! … up to 32 signature lines
//! ```
//!
//! **In scope**: parsing, printing, signing and opening notes.
//! **Out of scope**: what the text means (checkpoint, keyring).
//!
//! The signed bytes are the text with its final line feed, without the empty line.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    signer::LogSigner,
    vkey::{KEY_ID_BYTES, KeyId, Vkey, check_name},
};

/// Largest note in bytes: a keyring of a thousand keys fits, and nothing makes a verifier read more.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Most signature lines: a log, its witnesses and a changed key fit, and each may cost a verification.
pub const NOTE_SIGNATURES_MAX: usize = 32;

/// What every signature line begins with: U+2014 and one space.
const SIGNATURE_PREFIX: &str = "— ";

/// A note that was parsed. Its signatures were not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    signature: Vec<u8>,
}

/// A note on which at least one known key's signature verifies, and none fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNote {
    note: SignedNote,
    signers: Vec<Vkey>,
}

/// Why bytes are not a note, or a note does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Two different keys given to the verifier share name and key id.
    #[error("two different keys named {name} have the key id {id}")]
    AmbiguousKey {
        /// The shared name.
        name: String,
        /// The shared key id.
        id: KeyId,
    },
    /// A control character other than the line feed.
    #[error("control character at byte {at}")]
    ControlCharacter {
        /// Where, in bytes from the beginning.
        at: usize,
    },
    /// The text to be signed does not end in a line feed.
    #[error("the text does not end in a line feed")]
    NoFinalLineFeed,
    /// No empty line between text and signatures, or no line feed at the end.
    #[error("no empty line before the signatures, or no line feed after them")]
    NoSignatureBlock,
    /// No signature by a known key.
    #[error("no signature by a known key")]
    NoKnownSigner,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A key that is known, but whose signature does not verify.
    #[error("the signature by {name} ({id}) does not verify")]
    SignatureFails {
        /// Name of the key.
        name: String,
        /// Its key id.
        id: KeyId,
    },
    /// A signature line in another form.
    #[error("signature line {line} is malformed")]
    SignatureLine {
        /// Which one, from 1.
        line: usize,
    },
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("a note has at most {NOTE_BYTES_MAX} bytes, not {found}")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// More signatures than [`NOTE_SIGNATURES_MAX`].
    #[error("a note has at most {NOTE_SIGNATURES_MAX} signatures, not {found}")]
    TooManySignatures {
        /// How many there are.
        found: usize,
    },
}

/// Parses a note and checks its signatures: [`SignedNote::parse`], then [`SignedNote::verify`].
///
/// # Errors
/// [`NoteError`].
pub fn open(bytes: &[u8], keys: &[Vkey]) -> Result<VerifiedNote, NoteError> {
    SignedNote::parse(bytes)?.verify(keys)
}

/// Signs `text`, which ends in a line feed, with every signer in order.
///
/// # Errors
/// [`NoteError`] if the note could not be parsed again.
pub fn sign(text: &str, signers: &[&LogSigner]) -> Result<SignedNote, NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::NoFinalLineFeed);
    }
    let signatures: Vec<_> = signers.iter().map(|signer| signer.sign(text)).collect();
    let note = SignedNote { text: text.to_owned(), signatures };
    SignedNote::parse(&note.to_bytes())
}

impl NoteSignature {
    pub(super) fn new(vkey: &Vkey, signature: &[u8]) -> Self {
        Self { name: vkey.name().to_owned(), id: vkey.id(), signature: signature.to_owned() }
    }

    /// Name of the key, as the line claims.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Key id, as the line claims.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Parses a line without its line feed.
    fn parse(line: &str) -> Option<Self> {
        let (name, payload) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        check_name(name).ok()?;
        let payload = STANDARD.decode(payload).ok()?;
        let (id, signature) = payload.split_first_chunk::<KEY_ID_BYTES>()?;
        // An unknown key's signature may have any length, but not none.
        (!signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: KeyId::from_bytes(*id),
            signature: signature.to_owned(),
        })
    }

    fn is_by(&self, key: &Vkey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

impl SignedNote {
    /// Parses a note. Who signed it is not known until [`Self::verify`].
    ///
    /// # Errors
    /// [`NoteError`], by what is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { found: bytes.len() });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        if let Some(at) = note.bytes().position(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::ControlCharacter { at });
        }
        // The last empty line: the text may have empty lines of its own.
        let blank = note.rfind("\n\n").ok_or(NoteError::NoSignatureBlock)?;
        let (text, block) = note.split_at_checked(blank + 1).ok_or(NoteError::NoSignatureBlock)?;
        let lines = block.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(NoteError::NoSignatureBlock)?;
        let found = lines.split('\n').count();
        if found > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures { found });
        }
        let signatures = lines
            .split('\n')
            .enumerate()
            .map(|(at, line)| NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: at + 1 }));
        Ok(Self { text: text.to_owned(), signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The signed text, with its final line feed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, unchecked: hints for messages, never for trust.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note's text form, equal to what it was parsed from.
    #[must_use]
    pub fn print(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for NoteSignature { name, id, signature } in &self.signatures {
            let payload = STANDARD.encode([id.as_bytes(), signature.as_slice()].concat());
            for part in [SIGNATURE_PREFIX, name, " ", &payload, "\n"] {
                note.push_str(part);
            }
        }
        note
    }

    /// The note's bytes, equal to those it was parsed from.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.print().into_bytes()
    }

    /// Checks the signatures against the keys the caller trusts.
    ///
    /// A signature by an unknown key is ignored. One by a known key must verify, each time
    /// it occurs, and counts once.
    ///
    /// # Errors
    /// [`NoteError::SignatureFails`], [`NoteError::NoKnownSigner`], [`NoteError::AmbiguousKey`].
    pub fn verify(self, keys: &[Vkey]) -> Result<VerifiedNote, NoteError> {
        let mut signers: Vec<Vkey> = Vec::new();
        for line in &self.signatures {
            let mut known = keys.iter().filter(|key| line.is_by(key));
            let Some(key) = known.next() else { continue };
            if known.any(|other| other != key) {
                return Err(NoteError::AmbiguousKey { name: line.name.clone(), id: line.id });
            }
            if !key.public_key().verifies(self.text.as_bytes(), &line.signature) {
                return Err(NoteError::SignatureFails { name: line.name.clone(), id: line.id });
            }
            if !signers.contains(key) {
                signers.push(key.clone());
            }
        }
        if signers.is_empty() {
            return Err(NoteError::NoKnownSigner);
        }
        Ok(VerifiedNote { note: self, signers })
    }
}

impl VerifiedNote {
    /// The signed text, with its final line feed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// The keys whose signatures verify, in order of their first line, each once; never none.
    #[must_use]
    pub fn signers(&self) -> &[Vkey] {
        &self.signers
    }

    /// The note itself.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }
}

#[cfg(test)]
mod tests;
