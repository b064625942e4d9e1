//! age v1 files (age-encryption.org/v1): sealed to recipients, opened with identities.
//!
//! **In scope**: recipients and identities of the type X25519; a writer that seals a
//! stream and a reader that opens one, both of which compute the digests the log
//! commits to; the facts of a header that need no key.
//! **Out of scope**: what is sealed, who may receive it, where it is kept.
//!
//! This is the only module that names the age crate. A file is split as
//! docs/FORMATS.md does it: `header ‖ nonce ‖ payload`. The header ends with the line
//! feed of its MAC line; `payload_sha256` covers everything after it and so survives a
//! new header around the same file key.

use std::fmt;
use std::io::{self, BufReader, Read, Write};

use ring::agreement;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use crate::model::digest::Digest;

mod header;
mod tally;
pub use header::{Header, HeaderFault, STANZAS_MAX, StanzaSummary};
pub use tally::Sealed;
use tally::{Tallied, Tally};

/// Most recipients of one file. An X25519 stanza takes about 100 bytes, so that the
/// header stays far below [`HEADER_BYTES_MAX`].
pub const RECIPIENTS_MAX: usize = 64;
/// Longest header that is read, in bytes: it is buffered before its MAC is checked.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Longest key file that is read, in bytes: [`IDENTITIES_MAX`] keys with ample comments.
pub const KEY_FILE_BYTES_MAX: usize = 64 * 1024;
/// Most identities of one key file.
pub const IDENTITIES_MAX: usize = 64;

/// An X25519 recipient's text: `age1`, 52 characters of key, 6 of checksum.
const RECIPIENT_CHARS: usize = 62;
/// The bech32 alphabet (BIP 173); a character's position is its value.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Why a key, a set of keys or a file was refused. Never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// The text is no X25519 recipient in its one spelling.
    #[error("not an X25519 age recipient (age1 and 58 lower-case bech32 characters)")]
    Recipient,
    /// The point has small order: a file sealed to it could be opened by anybody.
    #[error("the recipient is a point of small order, to which nothing can be kept secret")]
    WeakRecipient,
    /// A file is sealed to somebody.
    #[error("no recipients")]
    NoRecipients,
    /// More than [`RECIPIENTS_MAX`].
    #[error("{0} recipients, at most {RECIPIENTS_MAX}")]
    TooManyRecipients(usize),
    /// One recipient twice.
    #[error("a recipient is named twice")]
    RepeatedRecipient,
    /// A line of a key file is neither a comment nor an X25519 identity.
    #[error("line {line} of the key file is neither a comment nor an AGE-SECRET-KEY-1 identity")]
    Identity {
        /// The line's number, from 1.
        line: usize,
    },
    /// A key file without an identity.
    #[error("the key file holds no identity")]
    NoIdentities,
    /// A key file longer than [`KEY_FILE_BYTES_MAX`] or with more than [`IDENTITIES_MAX`] keys.
    #[error(
        "the key file is longer than {KEY_FILE_BYTES_MAX} bytes or holds more than {IDENTITIES_MAX} keys"
    )]
    KeyFileTooLong,
    /// The header is malformed, too long, or of a type that is refused.
    #[error("the age header is refused")]
    Header(#[from] HeaderFault),
    /// None of the identities fits a stanza.
    #[error("the file is not sealed to any of these identities")]
    NoMatchingIdentity,
    /// An identity fits, but the header is not what was sealed.
    #[error("the age header does not authenticate")]
    HeaderTampered,
    /// The payload was cut, extended or changed.
    #[error("the age payload does not authenticate: it was cut off, extended or changed")]
    PayloadTampered,
    /// The plaintext is longer than the caller allows.
    #[error("the plaintext is longer than {bytes_max} bytes")]
    TooLong {
        /// The caller's bound in bytes.
        bytes_max: usize,
    },
    /// Reading or writing failed.
    #[error("reading or writing an age file failed")]
    Io(#[source] io::Error),
}

impl AgeError {
    /// What an error while reading plaintext means: age's reader reports a failed chunk
    /// as invalid data and a missing one as an early end; anything else is the disk's.
    #[must_use]
    pub fn from_read(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::PayloadTampered,
            _ => Self::Io(error),
        }
    }
}

/// Somebody a file can be sealed to: an X25519 public key in its one spelling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    text: Box<str>,
    key: age::x25519::Recipient,
}

impl Recipient {
    /// Parses `age1…`.
    ///
    /// # Errors
    /// [`AgeError::Recipient`] for any other type or spelling, upper case and white space
    /// among them: its digest is compared, so one key has one text.
    /// [`AgeError::WeakRecipient`] for a point of small order.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        if text.len() != RECIPIENT_CHARS {
            return Err(AgeError::Recipient);
        }
        let key: age::x25519::Recipient = text.parse().map_err(|_| AgeError::Recipient)?;
        if key.to_string() != text {
            return Err(AgeError::Recipient);
        }
        refuse_small_order(&point(text)?)?;
        Ok(Self { text: text.into(), key })
    }

    /// The text, `age1…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, ASCII, no newline: how log and orders name a recipient.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.sha256())
    }
}

/// The 32 bytes behind a recipient whose checksum is already checked.
fn point(text: &str) -> Result<[u8; 32], AgeError> {
    let data = text.as_bytes().strip_prefix(b"age1").ok_or(AgeError::Recipient)?;
    let mut bits = 0_u32;
    let mut bits_count = 0;
    let mut bytes = Vec::with_capacity(32);
    // 52 characters of 5 bits hold 32 bytes and 4 bits of padding; the rest is checksum.
    for character in data.iter().take(52) {
        let value = BECH32.iter().position(|c| c == character).ok_or(AgeError::Recipient)?;
        bits = (bits << 5) | u32::try_from(value).map_err(|_| AgeError::Recipient)?;
        bits_count += 5;
        if bits_count >= 8 {
            bits_count -= 8;
            bytes.push(u8::try_from((bits >> bits_count) & 0xff).map_err(|_| AgeError::Recipient)?);
            bits &= (1 << bits_count) - 1;
        }
    }
    bytes.try_into().map_err(|_| AgeError::Recipient)
}

/// Attack: a directory entry with a point of small order makes every shared secret zero.
/// The age crate panics when it meets one while sealing, so it must not get that far.
fn refuse_small_order(point: &[u8; 32]) -> Result<(), AgeError> {
    let probe = agreement::EphemeralPrivateKey::generate(&agreement::X25519, &SystemRandom::new())
        .map_err(|_| AgeError::WeakRecipient)?;
    let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, point);
    // RFC 7748 §6.1: ring refuses the all-zero result.
    agreement::agree_ephemeral(probe, &peer, |_| ()).map_err(|_| AgeError::WeakRecipient)
}

/// A non-empty set of recipients, ascending by the digest of their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// Puts the recipients in order.
    ///
    /// # Errors
    /// [`AgeError`] for none, more than [`RECIPIENTS_MAX`], or one named twice.
    pub fn new(mut recipients: Vec<Recipient>) -> Result<Self, AgeError> {
        match recipients.len() {
            0 => return Err(AgeError::NoRecipients),
            n if n > RECIPIENTS_MAX => return Err(AgeError::TooManyRecipients(n)),
            _ => {}
        }
        recipients.sort_by_key(Recipient::sha256);
        let repeats = recipients.iter().zip(recipients.iter().skip(1)).any(|(a, b)| a == b);
        if repeats { Err(AgeError::RepeatedRecipient) } else { Ok(Self(recipients)) }
    }

    /// Parses one text each.
    ///
    /// # Errors
    /// As [`Recipient::parse`] and [`Recipients::new`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, AgeError> {
        Self::new(texts.into_iter().map(Recipient::parse).collect::<Result<_, _>>()?)
    }

    /// The recipients, ascending by digest.
    #[must_use]
    pub fn as_slice(&self) -> &[Recipient] {
        &self.0
    }

    /// Digests of the recipients' texts, ascending, without duplicates.
    #[must_use]
    pub fn sha256(&self) -> Vec<Digest> {
        self.0.iter().map(Recipient::sha256).collect()
    }
}

/// A secret X25519 key. Wiped when dropped; no `Debug`.
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// A fresh key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// Parses `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    /// [`AgeError::Identity`] for anything else.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        text.parse().map(Self).map_err(|_| AgeError::Identity { line: 1 })
    }

    /// The public half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        let key = self.0.to_public();
        Recipient { text: key.to_string().into(), key }
    }

    /// A key file as `age-keygen` writes it, but without the date of creation.
    #[must_use]
    pub fn to_key_file(&self) -> Zeroizing<String> {
        use age::secrecy::ExposeSecret as _;
        let secret = self.0.to_string();
        Zeroizing::new(format!("# public key: {}\n{}\n", self.recipient(), secret.expose_secret()))
    }
}

/// The identities of one key file: at least one.
pub struct Identities(Vec<Identity>);

impl Identities {
    /// Parses a key file: one identity a line, `#` comments and empty lines between them.
    ///
    /// # Errors
    /// [`AgeError`] names the line, never its text.
    pub fn parse_key_file(bytes: &[u8]) -> Result<Self, AgeError> {
        if bytes.len() > KEY_FILE_BYTES_MAX {
            return Err(AgeError::KeyFileTooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| AgeError::Identity { line: 1 })?;
        let mut identities = Vec::new();
        for (at, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fault = |_| AgeError::Identity { line: at + 1 };
            identities.push(Identity::parse(line).map_err(fault)?);
        }
        match identities.len() {
            0 => Err(AgeError::NoIdentities),
            n if n > IDENTITIES_MAX => Err(AgeError::KeyFileTooLong),
            _ => Ok(Self(identities)),
        }
    }

    /// The public halves, in the order of the file.
    pub fn recipients(&self) -> impl Iterator<Item = Recipient> {
        self.0.iter().map(Identity::recipient)
    }

    fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| &identity.0 as &dyn age::Identity)
    }
}

impl From<Identity> for Identities {
    fn from(identity: Identity) -> Self {
        Self(vec![identity])
    }
}

/// Seals what is written to it. Without [`SealedWriter::finish`] the file has no last
/// chunk, and no reader accepts it.
pub struct SealedWriter<W: Write>(age::stream::StreamWriter<Tallied<W>>);

/// Begins a file sealed to `recipients`, under a fresh file key.
///
/// # Errors
/// [`AgeError::Io`] if the header cannot be written.
pub fn encrypt_to<W: Write>(recipients: &Recipients, out: W) -> Result<SealedWriter<W>, AgeError> {
    let keys = recipients.0.iter().map(|recipient| &recipient.key as &dyn age::Recipient);
    // Only a missing recipient or unequal labels fail here: the set is non-empty, and
    // X25519 has no labels.
    let encryptor = age::Encryptor::with_recipients(keys).map_err(|_| AgeError::NoRecipients)?;
    let out = Tallied { inner: out, tally: Tally::new() };
    encryptor.wrap_output(out).map(SealedWriter).map_err(AgeError::Io)
}

impl<W: Write> SealedWriter<W> {
    /// Writes the last chunk and gives the output back with the file's digests. The
    /// caller syncs the output: nothing is durable here.
    ///
    /// # Errors
    /// [`AgeError::Io`] if the last chunk cannot be written; the file is then worthless.
    pub fn finish(self) -> Result<(W, Sealed), AgeError> {
        let mut out = self.0.finish().map_err(AgeError::Io)?;
        out.flush().map_err(AgeError::Io)?;
        Ok((out.inner, out.tally.finish()))
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The header, read ahead within its bound, then the rest of the file.
struct Replayed<R> {
    header: io::Cursor<Vec<u8>>,
    rest: Tallied<BufReader<R>>,
}

impl<R: Read> Read for Replayed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.header.read(buf)? {
            0 => self.rest.read(buf),
            read => Ok(read),
        }
    }
}

/// Opens a file with whichever of the identities fits and lets `consume` read the
/// plaintext. Each byte it sees is of a chunk that authenticated, but whether the last
/// one came is known only when this returns: until then the plaintext is provisional.
///
/// # Errors
/// [`AgeError`] tells a file sealed to somebody else from one that was changed or cut;
/// `consume`'s own errors pass through. Plaintext it left unread is read and authenticated.
pub fn decrypt<R: Read, T, E: From<AgeError>>(
    input: R,
    identities: &Identities,
    consume: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<(T, Sealed), E> {
    let mut input = BufReader::new(input);
    let header = Header::read(&mut input).map_err(AgeError::from)?;
    header.refuse_foreign_stanzas().map_err(AgeError::from)?;
    let mut tally = Tally::new();
    tally.update(header.as_bytes());
    let mut input =
        Replayed { header: io::Cursor::new(header.into_bytes()), rest: Tallied { inner: input, tally } };

    let opened = age::Decryptor::new(&mut input).and_then(|file| file.decrypt(identities.keys()));
    let mut plaintext = opened.map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => AgeError::NoMatchingIdentity,
        age::DecryptError::Io(error) => AgeError::from_read(error),
        _ => AgeError::HeaderTampered,
    })?;
    let consumed = consume(&mut plaintext)?;
    io::copy(&mut plaintext, &mut io::sink()).map_err(AgeError::from_read)?;
    Ok((consumed, input.rest.tally.finish()))
}

/// Digests a file without opening it: the rest of `input` follows `header`.
///
/// # Errors
/// Whatever reading it reports.
pub fn measure(header: &Header, input: impl Read) -> io::Result<Sealed> {
    let mut tally = Tally::new();
    tally.update(header.as_bytes());
    let mut input = Tallied { inner: input, tally };
    io::copy(&mut input, &mut io::sink())?;
    Ok(input.tally.finish())
}

/// Seals a small buffer, e.g. a key-encryption key.
///
/// # Errors
/// As [`encrypt_to`].
pub fn encrypt_bytes(recipients: &Recipients, plaintext: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut writer = encrypt_to(recipients, Vec::new())?;
    writer.write_all(plaintext).map_err(AgeError::Io)?;
    Ok(writer.finish()?.0)
}

/// Opens a small file into memory that is wiped when dropped.
///
/// # Errors
/// As [`decrypt`]; [`AgeError::TooLong`] for a plaintext longer than `bytes_max`.
pub fn decrypt_bytes(
    file: &[u8],
    identities: &Identities,
    bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let (plaintext, _) = decrypt(file, identities, |reader| {
        // Allocated once: a growing buffer would leave copies of the secret behind.
        let mut plaintext = Zeroizing::new(vec![0; bytes_max.saturating_add(1)]);
        let mut filled = 0;
        while let Some(space) = plaintext.get_mut(filled..).filter(|space| !space.is_empty()) {
            match reader.read(space).map_err(AgeError::from_read)? {
                0 => break,
                read => filled += read,
            }
        }
        if filled > bytes_max {
            return Err(AgeError::TooLong { bytes_max });
        }
        plaintext.truncate(filled);
        Ok(plaintext)
    })?;
    Ok(plaintext)
}

#[cfg(test)]
mod tests;
