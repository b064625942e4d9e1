//! Private keys in what is about to be disclosed: S-02, I-12.
//!
//! Two questions, asked of a stream of bytes in constant memory. [`Scanner`]: does this
//! customer's item look like it holds *somebody's* private key? Then the item is withheld
//! and counted, and the rest goes on. [`OwnKeys`]: does one of *this daemon's own* keys
//! occur in what is written? Then nothing may leave.
//!
//! **In scope**: PEM and OpenSSH private keys, age identities, JWK and PGP private
//! keys, Putty keys, PKCS#8 and PKCS#12 as DER; the same inside base64 and base64url at
//! any alignment and line length (MIME parts, PEM bodies, data URLs), inside JSON escapes
//! for line ends, in quoted mail, in UTF-16. A chunk border hides nothing.
//! **Out of scope**, so not seen: keys that are compressed (ZIP, DOCX), encrypted, in
//! hexadecimal or percent-encoded, in pictures, split over several items, or bare bytes
//! without a format around them; for [`OwnKeys`], which knows its bytes, hexadecimal too
//! is in scope.

mod automaton;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use automaton::{Automaton, State};

/// How far apart, in significant bytes, the two halves of a JWK may stand: an RSA key of 16,384 bits fits.
const JWK_SPAN_BYTES: u64 = 16_384;
/// Shortest piece of base64 looked for: below, ordinary text would match by chance.
const BASE64_PIECE_MIN: usize = 6;

/// The kind of private key that an item seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `AGE-SECRET-KEY-1…` and plugin identities.
    Age,
    /// `-----BEGIN … PRIVATE KEY`, OpenSSH and PGP among them.
    Pem,
    /// A JSON Web Key with its private member.
    Jwk,
    /// The binary form of an OpenSSH private key.
    OpenSsh,
    /// A PKCS#8 or PKCS#12 structure in DER.
    Der,
    /// `PuTTY-User-Key-File-`.
    Putty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Enough by itself.
    Key(KeyKind),
    /// A JWK says its type …
    JwkType,
    /// … and near it stands the private member.
    JwkPrivate,
    /// A PKCS#12 file says its version …
    PfxVersion,
    /// … and two or three bytes of length later what it contains.
    PfxContent,
}

/// White space stands here in none of these, because none is left in the stream searched.
const TEXT_SIGNS: &[(&str, Sign)] = &[
    ("AGE-SECRET-KEY-", Sign::Key(KeyKind::Age)),
    ("age-secret-key-", Sign::Key(KeyKind::Age)),
    ("AGE-PLUGIN-", Sign::Key(KeyKind::Age)),
    ("-----BEGINPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINENCRYPTEDPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINRSAPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINECPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINDSAPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINANYPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINOPENSSHPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGINPGPPRIVATEKEYBLOCK", Sign::Key(KeyKind::Pem)),
    ("----BEGINSSH2ENCRYPTEDPRIVATEKEY", Sign::Key(KeyKind::Pem)),
    ("PRIVATEKEY-----", Sign::Key(KeyKind::Pem)),
    ("PuTTY-User-Key-File-", Sign::Key(KeyKind::Putty)),
    ("\"kty\":", Sign::JwkType),
    ("\"d\":\"", Sign::JwkPrivate),
    ("\"k\":\"", Sign::JwkPrivate),
];

/// The same header as it stands inside base64, where its white space counts.
const SPACED_SIGNS: &[(&str, Sign)] = &[
    ("-----BEGIN PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN ENCRYPTED PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN RSA PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN EC PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN DSA PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN OPENSSH PRIVATE KEY", Sign::Key(KeyKind::Pem)),
    ("-----BEGIN PGP PRIVATE KEY BLOCK", Sign::Key(KeyKind::Pem)),
    (" PRIVATE KEY-----", Sign::Key(KeyKind::Pem)),
    ("AGE-SECRET-KEY-", Sign::Key(KeyKind::Age)),
    ("PuTTY-User-Key-File-", Sign::Key(KeyKind::Putty)),
    ("\"kty\":", Sign::JwkType),
    ("\"kty\" :", Sign::JwkType),
    ("\"d\":\"", Sign::JwkPrivate),
    ("\"d\": \"", Sign::JwkPrivate),
    ("\"k\":\"", Sign::JwkPrivate),
    ("\"k\": \"", Sign::JwkPrivate),
];

/// Binary structures: magic numbers, and the fixed beginnings of DER (version, algorithm).
const BINARY_SIGNS: &[(&[u8], Sign)] = &[
    (b"openssh-key-v1\0", Sign::Key(KeyKind::OpenSsh)),
    // PKCS#8 version 0 or 1, then rsaEncryption, id-ecPublicKey, X25519, Ed25519.
    (b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x6e\x04", Sign::Key(KeyKind::Der)),
    (b"\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04", Sign::Key(KeyKind::Der)),
    // PKCS#12: version 3, a sequence in each length form, then PKCS#7 data or signedData.
    (b"\x02\x01\x03\x30\x80", Sign::PfxVersion),
    (b"\x02\x01\x03\x30\x81", Sign::PfxVersion),
    (b"\x02\x01\x03\x30\x82", Sign::PfxVersion),
    (b"\x02\x01\x03\x30\x83", Sign::PfxVersion),
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", Sign::PfxContent),
];

/// Most bytes from the end of a PFX's version to the end of its content type: 10 and three of
/// length, in base64 a third more and one.
const PFX_SPAN_BYTES: u64 = 19;

struct Patterns {
    plain: Automaton,
    plain_signs: Vec<Sign>,
    raw: Automaton,
    raw_signs: Vec<Sign>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let mut plain: Vec<(Vec<u8>, Sign)> =
        TEXT_SIGNS.iter().map(|&(text, sign)| (text.as_bytes().to_vec(), sign)).collect();
    let spaced = SPACED_SIGNS.iter().map(|&(text, sign)| (text.as_bytes(), sign));
    for (bytes, sign) in spaced.chain(BINARY_SIGNS.iter().copied()) {
        plain.extend(in_base64(bytes).into_iter().map(|piece| (piece.as_bytes().to_vec(), sign)));
    }
    let (plain_strings, plain_signs): (Vec<_>, Vec<_>) = plain.into_iter().unzip();
    let (raw_strings, raw_signs): (Vec<_>, Vec<_>) = BINARY_SIGNS.iter().copied().unzip();
    let compile = |strings: &[&[u8]]| Automaton::new(strings).expect("the tables above are small");
    let plain_strings: Vec<&[u8]> = plain_strings.iter().map(Vec::as_slice).collect();
    Patterns { plain: compile(&plain_strings), plain_signs, raw: compile(&raw_strings), raw_signs }
});

/// The base64 characters that `bytes` alone determine, at each of the three alignments and in
/// both alphabets; whatever stands before and after them.
fn in_base64(bytes: &[u8]) -> Vec<Zeroizing<String>> {
    let mut pieces: Vec<Zeroizing<String>> = Vec::new();
    for lead in 0..3_usize {
        let mut padded = Zeroizing::new(vec![0_u8; lead]);
        padded.reserve_exact(bytes.len());
        padded.extend_from_slice(bytes);
        let first = (lead * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(engine.encode(&*padded));
            let piece = Zeroizing::new(text.get(first..end).unwrap_or_default().to_owned());
            if piece.len() >= BASE64_PIECE_MIN && !pieces.contains(&piece) {
                pieces.push(piece);
            }
        }
    }
    pieces
}

/// Looks for private keys in one item, fed in chunks of any size.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    /// The bytes that [`is_significant`] leaves: text and base64.
    plain: Stream,
    /// The bytes as they are.
    raw: Stream,
    found: Option<KeyKind>,
}

/// One view of the item. What takes two signs remembers where the first one stood.
#[derive(Clone, Debug, Default)]
struct Stream {
    state: State,
    at: u64,
    jwk_type_at: Option<u64>,
    jwk_private_at: Option<u64>,
    pfx_version_at: Option<u64>,
}

impl Scanner {
    /// A scanner at the beginning of an item.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on. Once something was found the rest is not looked at.
    pub fn push(&mut self, chunk: &[u8]) {
        let patterns = &*PATTERNS;
        for &byte in chunk {
            if self.found.is_some() {
                return;
            }
            self.found = self.raw.step(&patterns.raw, &patterns.raw_signs, byte);
            if is_significant(byte) {
                self.found =
                    self.found.or_else(|| self.plain.step(&patterns.plain, &patterns.plain_signs, byte));
            }
        }
    }

    /// The kind of key seen so far, if any.
    #[must_use]
    pub const fn found(&self) -> Option<KeyKind> {
        self.found
    }

    /// The kind of key in `item`, if any.
    #[must_use]
    pub fn scan(item: &[u8]) -> Option<KeyKind> {
        let mut scanner = Self::new();
        scanner.push(item);
        scanner.found
    }
}

impl Stream {
    fn step(&mut self, automaton: &Automaton, signs: &[Sign], byte: u8) -> Option<KeyKind> {
        self.at += 1;
        let sign = automaton.step(&mut self.state, byte).and_then(|n| signs.get(n))?;
        let within = |mark: Option<u64>, span: u64| mark.is_some_and(|at| self.at - at <= span);
        match sign {
            Sign::Key(kind) => return Some(*kind),
            Sign::PfxContent => return within(self.pfx_version_at, PFX_SPAN_BYTES).then_some(KeyKind::Der),
            Sign::PfxVersion => self.pfx_version_at = Some(self.at),
            Sign::JwkType => self.jwk_type_at = Some(self.at),
            Sign::JwkPrivate => self.jwk_private_at = Some(self.at),
        }
        let is_jwk = within(self.jwk_type_at, JWK_SPAN_BYTES) && within(self.jwk_private_at, JWK_SPAN_BYTES);
        is_jwk.then_some(KeyKind::Jwk)
    }
}

/// What encodings put between the characters of a key: white space, the escapes of JSON, the
/// soft line ends of quoted-printable, the marks of quoted mail, the zero halves of UTF-16.
const fn is_significant(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\\' | b'=' | b'>' | 0)
}

/// A private key of this daemon occurs in what was about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of this daemon's own private keys occurs in the output; nothing was released (S-02)")]
pub struct OwnKeyFound;

/// Why a set of own keys cannot be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OwnKeysError {
    /// Shorter than [`OWN_KEY_BYTES_MIN`]: it would be found in innocent bytes.
    #[error("a key of {0} bytes is too short to be looked for, at least {OWN_KEY_BYTES_MIN}")]
    TooShort(usize),
    /// More keys than the automaton has states for.
    #[error("too many keys to look for at once")]
    TooMany,
}

/// Shortest secret that [`OwnKeys`] looks for, in bytes.
pub const OWN_KEY_BYTES_MIN: usize = 16;

/// The daemon's own private keys, compiled into every form in which they could be written:
/// bare bytes, hexadecimal, base64 at any alignment (which covers PEM, OpenSSH and JWK around
/// the same bytes), and text as it stands. Wiped when dropped; no `Debug`.
pub struct OwnKeys {
    plain: Automaton,
    raw: Automaton,
}

impl OwnKeys {
    /// Compiles `secrets`: the 32 bytes of each Ed25519 or X25519 key, of each key-encryption
    /// key, and the ASCII text of each age identity (`AGE-SECRET-KEY-1…`).
    ///
    /// # Errors
    /// [`OwnKeysError`] for a secret that is too short, or too many of them.
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Result<Self, OwnKeysError> {
        let mut plain: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut raw: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for secret in secrets.iter().map(AsRef::as_ref) {
            if secret.len() < OWN_KEY_BYTES_MIN {
                return Err(OwnKeysError::TooShort(secret.len()));
            }
            raw.push(Zeroizing::new(secret.to_vec()));
            if secret.iter().all(u8::is_ascii_graphic) {
                plain.push(Zeroizing::new(secret.to_vec()));
                plain.push(Zeroizing::new(secret.to_ascii_lowercase()));
            }
            plain.push(Zeroizing::new(hex::encode(secret).into_bytes()));
            plain.push(Zeroizing::new(hex::encode_upper(secret).into_bytes()));
            plain.extend(in_base64(secret).into_iter().map(|text| Zeroizing::new(text.as_bytes().to_vec())));
        }
        let compile = |strings: &[Zeroizing<Vec<u8>>]| {
            let strings: Vec<&[u8]> = strings.iter().map(|s| s.as_slice()).collect();
            Automaton::new(&strings).map_err(|_| OwnKeysError::TooMany)
        };
        Ok(Self { plain: compile(&plain)?, raw: compile(&raw)? })
    }

    /// A scanner over one output, e.g. the whole archive.
    #[must_use]
    pub fn scanner(&self) -> OwnKeyScanner<'_> {
        OwnKeyScanner { keys: self, plain: State::default(), raw: State::default() }
    }

    /// Checks bytes that are all there.
    ///
    /// # Errors
    /// [`OwnKeyFound`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), OwnKeyFound> {
        self.scanner().push(bytes)
    }
}

/// Looks for the daemon's own keys in one stream.
pub struct OwnKeyScanner<'a> {
    keys: &'a OwnKeys,
    plain: State,
    raw: State,
}

impl OwnKeyScanner<'_> {
    /// Reads on; chunks may end anywhere.
    ///
    /// # Errors
    /// [`OwnKeyFound`] as soon as the last byte of a key has come.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), OwnKeyFound> {
        for &byte in chunk {
            let mut found = self.keys.raw.step(&mut self.raw, byte).is_some();
            if is_significant(byte) {
                found |= self.keys.plain.step(&mut self.plain, byte).is_some();
            }
            if found {
                return Err(OwnKeyFound);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
