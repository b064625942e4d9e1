//! The header of an age file, as far as it can be read without a key.
//!
//! **In scope**: where it ends, within a bound; which types of stanza it holds.
//! **Out of scope**: its MAC and its wrapped keys, which the age crate checks.

use std::io::{self, BufRead, Read as _};

use super::HEADER_BYTES_MAX;

/// Most stanzas of one header: a recipient takes one, and those of others are greased.
pub const STANZAS_MAX: usize = 256;

const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
const STANZA_START: &[u8] = b"-> ";
const MAC_START: &[u8] = b"--- ";

/// Why the bytes do not begin with an age header.
#[derive(Debug, thiserror::Error)]
pub enum HeaderFault {
    /// Another first line: another program's file, or armoured.
    #[error("the file does not begin with the line age-encryption.org/v1")]
    Version,
    /// The bound came before the MAC line did.
    #[error("the header is longer than {HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// The file ends within its header.
    #[error("the file ends within its header")]
    Truncated,
    /// More than [`STANZAS_MAX`].
    #[error("the header has more than {STANZAS_MAX} stanzas")]
    TooManyStanzas,
    /// A stanza's first line is not printable ASCII without empty words.
    #[error("a stanza of the header is malformed")]
    Stanza,
    /// A type that Probity neither makes nor opens: a passphrase, an SSH key.
    #[error("the header has a stanza of the type {0}, which is refused")]
    Foreign(&'static str),
    /// Reading failed.
    #[error("the header cannot be read")]
    Io(#[source] io::Error),
}

/// One stanza's first line: its type and how many words follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaSummary {
    /// The type, e.g. `X25519`.
    pub tag: String,
    /// Number of arguments after the type.
    pub args: usize,
}

/// A header's bytes, up to and with the line feed of the MAC line.
pub struct Header {
    bytes: Vec<u8>,
    stanzas: Vec<StanzaSummary>,
}

impl Header {
    /// Reads to the end of the MAC line and not a byte further.
    ///
    /// # Errors
    /// [`HeaderFault`]; nothing longer than [`HEADER_BYTES_MAX`] is ever buffered.
    pub fn read(input: &mut impl BufRead) -> Result<Self, HeaderFault> {
        let bound = u64::try_from(HEADER_BYTES_MAX).map_err(|_| HeaderFault::TooLong)?;
        let mut input = input.take(bound);
        let mut header = Self { bytes: Vec::new(), stanzas: Vec::new() };
        loop {
            let line_start = header.bytes.len();
            input.read_until(b'\n', &mut header.bytes).map_err(HeaderFault::Io)?;
            let line = header.bytes.get(line_start..).unwrap_or_default();
            if line_start == 0 && line != VERSION_LINE {
                return Err(HeaderFault::Version);
            }
            if !line.ends_with(b"\n") {
                return Err(if input.limit() == 0 { HeaderFault::TooLong } else { HeaderFault::Truncated });
            }
            if line.starts_with(MAC_START) {
                return Ok(header);
            }
            if let Some(words) = line.strip_prefix(STANZA_START) {
                let summary = StanzaSummary::parse(words)?;
                if header.stanzas.len() == STANZAS_MAX {
                    return Err(HeaderFault::TooManyStanzas);
                }
                header.stanzas.push(summary);
            }
        }
    }

    /// The stanzas, in their order.
    #[must_use]
    pub fn stanzas(&self) -> &[StanzaSummary] {
        &self.stanzas
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Refuses what Probity neither makes nor opens: a passphrase can be tried, and an
    /// SSH key is an authentication key put to another use.
    ///
    /// # Errors
    /// [`HeaderFault::Foreign`] names the type.
    pub fn refuse_foreign_stanzas(&self) -> Result<(), HeaderFault> {
        let foreign = ["scrypt", "ssh-ed25519", "ssh-rsa"];
        let found = foreign.into_iter().find(|tag| self.stanzas.iter().any(|stanza| stanza.tag == *tag));
        found.map_or(Ok(()), |tag| Err(HeaderFault::Foreign(tag)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl StanzaSummary {
    /// `words` is the line after `-> `, with its line feed.
    fn parse(words: &[u8]) -> Result<Self, HeaderFault> {
        let text = std::str::from_utf8(words).map_err(|_| HeaderFault::Stanza)?.trim_end_matches('\n');
        let mut words = text.split(' ');
        if !words.clone().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(HeaderFault::Stanza);
        }
        let tag = words.next().ok_or(HeaderFault::Stanza)?.to_owned();
        Ok(Self { tag, args: words.count() })
    }
}
