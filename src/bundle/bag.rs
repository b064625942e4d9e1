//! The tag files of a BagIt 1.0 bag (RFC 8493): declaration, information, manifests.
//!
//! **In scope**: printing them and parsing them back, strictly: one encoding each.
//! **Out of scope**: the files they list. BagIt detects accidents; against an attacker
//! the tag manifest is signed and logged.

use std::collections::BTreeMap;

use super::layout::{BagPath, PathFault};
use crate::model::digest::{Digest, DigestError};
use crate::model::id::{DisclosureId, ProductionId, RequestId};
use crate::model::time::Timestamp;

/// `bagit.txt`, whole (RFC 8493 §2.1.1).
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Names of the files a bag of ours begins with.
pub mod names {
    /// The declaration.
    pub const DECLARATION: &str = "bagit.txt";
    /// The information.
    pub const INFO: &str = "bag-info.txt";
    /// Digests of the payload.
    pub const MANIFEST: &str = "manifest-sha256.txt";
    /// Digests of everything else.
    pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
    /// The provider's signature over the tag manifest; in no manifest.
    pub const SIGNATURE: &str = "tagmanifest-sha256.txt.sig";
    /// A statement about the bag; in no manifest; later versions write one.
    pub const ATTESTATION: &str = "attestation.dsse.json";
}

/// Most files one bag may hold: the manifests are kept in memory on both sides.
pub const FILES_MAX: u64 = 1_000_000;
/// Longest organisation name in bytes: one line of `bag-info.txt`.
pub const ORGANIZATION_BYTES_MAX: usize = 200;

/// Why a tag file was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BagError {
    /// Not `digest, two spaces, path, line feed`.
    #[error("line {line} of the manifest is not a digest, two spaces and a path")]
    Line {
        /// The line's number, from 1.
        line: usize,
    },
    /// The digest is not 64 lower-case hex digits.
    #[error("line {line} of the manifest has no valid digest")]
    Digest {
        /// The line's number, from 1.
        line: usize,
        /// Why.
        #[source]
        source: DigestError,
    },
    /// The path is refused.
    #[error("line {line} of the manifest has a path that is refused")]
    Path {
        /// The line's number, from 1.
        line: usize,
        /// Why.
        #[source]
        source: PathFault,
    },
    /// Not ascending by path, or a path twice.
    #[error("line {line} of the manifest does not follow the one before it")]
    Order {
        /// The line's number, from 1.
        line: usize,
    },
    /// Not UTF-8.
    #[error("the manifest is not UTF-8 text")]
    NotText,
    /// Empty, too long, or with control characters.
    #[error("the organisation's name is empty, longer than {ORGANIZATION_BYTES_MAX} bytes or not one line")]
    Organization,
}

/// A manifest: the digest of each file, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(BTreeMap<BagPath, Digest>);

impl Manifest {
    /// Parses `<64 hex>  <path>\n` lines, ascending by path: what `sha256sum -c` reads.
    ///
    /// # Errors
    /// [`BagError`] names the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, BagError> {
        let text = std::str::from_utf8(bytes).map_err(|_| BagError::NotText)?;
        let mut manifest = BTreeMap::new();
        for (at, text) in text.split_inclusive('\n').enumerate() {
            let line = at + 1;
            let (digest, path) = text
                .strip_suffix('\n')
                .and_then(|text| text.split_once("  "))
                .ok_or(BagError::Line { line })?;
            let digest = Digest::from_hex(digest).map_err(|source| BagError::Digest { line, source })?;
            let path = BagPath::parse(path).map_err(|source| BagError::Path { line, source })?;
            if manifest.last_key_value().is_some_and(|(last, _)| *last >= path) {
                return Err(BagError::Order { line });
            }
            manifest.insert(path, digest);
        }
        Ok(Self(manifest))
    }

    /// Prints the lines; [`Manifest::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.0.iter().map(|(path, digest)| format!("{digest}  {path}\n"));
        lines.collect::<String>().into_bytes()
    }

    /// The digest of a file, if it is listed.
    #[must_use]
    pub fn digest_of(&self, path: &BagPath) -> Option<Digest> {
        self.0.get(path).copied()
    }

    /// The files listed, ascending by path.
    pub fn iter(&self) -> impl Iterator<Item = (&BagPath, Digest)> {
        self.0.iter().map(|(path, digest)| (path, *digest))
    }

    /// Number of files listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(BagPath, Digest)> for Manifest {
    fn from_iter<I: IntoIterator<Item = (BagPath, Digest)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

/// Total payload bytes and number of payload files (RFC 8493 §2.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oxum {
    /// Bytes of all payload files together.
    pub bytes: u64,
    /// Number of payload files.
    pub files: u64,
}

/// What `bag-info.txt` says: opaque ids and the provider's name only.
#[derive(Clone, Debug)]
pub struct BagInfo {
    /// The provider, as it signs letters.
    pub organization: String,
    /// This delivery.
    pub production: ProductionId,
    /// The collection it comes from.
    pub disclosure: DisclosureId,
    /// The demand it answers.
    pub request: RequestId,
    /// Which delivery on the demand it is, from 1: corrections and supplements are later ones.
    pub ordinal: usize,
    /// When it was packed; only the date is printed.
    pub packed_at: Timestamp,
}

impl BagInfo {
    /// Prints the file.
    ///
    /// # Errors
    /// [`BagError::Organization`] if the name would break out of its line.
    pub fn to_bytes(&self, oxum: Oxum) -> Result<Vec<u8>, BagError> {
        let name = self.organization.as_str();
        if name.trim().is_empty() || name.len() > ORGANIZATION_BYTES_MAX || name.chars().any(char::is_control)
        {
            return Err(BagError::Organization);
        }
        let packed_at = self.packed_at.to_string();
        let date = packed_at.split('T').next().unwrap_or(&packed_at);
        let text = format!(
            "Source-Organization: {name}\n\
             External-Identifier: {}\n\
             Internal-Sender-Identifier: {}\n\
             Bagging-Date: {date}\n\
             Payload-Oxum: {}.{}\n\
             Bag-Group-Identifier: {}\n\
             Bag-Count: {} of ?\n",
            self.production, self.disclosure, oxum.bytes, oxum.files, self.request, self.ordinal,
        );
        Ok(text.into_bytes())
    }
}

/// Reads `Payload-Oxum` back out of a `bag-info.txt`; exactly one must stand there.
#[must_use]
pub fn parse_oxum(info: &[u8]) -> Option<Oxum> {
    let text = std::str::from_utf8(info).ok()?;
    let mut values = text.lines().filter_map(|line| line.strip_prefix("Payload-Oxum: "));
    let (bytes, files) = values.next()?.split_once('.')?;
    let oxum = Oxum { bytes: bytes.parse().ok()?, files: files.parse().ok()? };
    (values.next().is_none() && format!("{}.{}", oxum.bytes, oxum.files) == format!("{bytes}.{files}"))
        .then_some(oxum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn info(organization: &str) -> Result<Vec<u8>, BagError> {
        let info = BagInfo {
            organization: organization.to_owned(),
            production: ProductionId::new("PRD-2026-7QK4M2XA").expect("an id"),
            disclosure: DisclosureId::new("DIS-1").expect("an id"),
            request: RequestId::new("REQ-1").expect("an id"),
            ordinal: 2,
            packed_at: Timestamp::parse("2026-11-23T19:04:15.123Z").expect("a time"),
        };
        info.to_bytes(Oxum { bytes: 12, files: 3 })
    }

    #[test]
    fn information_is_one_line_each() {
        let text = info("Example Provider, Inc.").expect("one line");
        assert_eq!(parse_oxum(&text), Some(Oxum { bytes: 12, files: 3 }));
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(text.contains("\nBagging-Date: 2026-11-23\n") && text.ends_with("\nBag-Count: 2 of ?\n"));
        for bad in ["", " ", "a\nPayload-Oxum: 0.0", "a\r", &"x".repeat(201)] {
            assert_eq!(info(bad), Err(BagError::Organization), "{bad:?}");
        }
        for bad in ["Payload-Oxum: 1.1\nPayload-Oxum: 2.2\n", "Payload-Oxum: 01.1\n", "Payload-Oxum: 1\n", ""]
        {
            assert_eq!(parse_oxum(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn manifests_are_strict() {
        let digest = Digest::of(b"");
        let good = format!("{digest}  bagit.txt\n{digest}  data/a\n");
        assert_eq!(Manifest::parse(good.as_bytes()).map(|m| m.to_bytes()), Ok(good.clone().into_bytes()));
        assert_eq!(Manifest::parse(b"").map(|m| m.len()), Ok(0));
        let check = |text: String, why: fn(&BagError) -> bool| {
            let error = Manifest::parse(text.as_bytes()).expect_err("refused");
            assert!(why(&error), "{text}: {error}");
        };
        check(format!("{digest}  a"), |e| *e == BagError::Line { line: 1 });
        check(format!("{digest} a\n"), |e| *e == BagError::Line { line: 1 });
        check(format!("{digest}   a\n"), |e| matches!(e, BagError::Path { line: 1, .. }));
        check(format!("{digest}  a\r\n"), |e| matches!(e, BagError::Path { line: 1, .. }));
        check(format!("{good}{digest}  ../x\n"), |e| matches!(e, BagError::Path { line: 3, .. }));
        check(format!("{good}{digest}  data/a\n"), |e| *e == BagError::Order { line: 3 });
        check(format!("{good}{digest}  a\n"), |e| *e == BagError::Order { line: 3 });
        check("ff  a\n".to_owned(), |e| matches!(e, BagError::Digest { line: 1, .. }));
        check(format!("{}  a\n", digest.to_string().to_uppercase()), |e| {
            matches!(e, BagError::Digest { .. })
        });
        assert_eq!(Manifest::parse(&[0xff]), Err(BagError::NotText));
    }

    proptest! {
        #[test]
        fn manifests_print_what_they_parse(files in prop::collection::btree_map("data/[a-z0-9_-]{4,30}", any::<[u8; 32]>(), 0..20)) {
            let manifest: Manifest = files
                .into_iter()
                .map(|(path, bytes)| (BagPath::parse(&path).expect("no device name"), Digest::from_bytes(bytes)))
                .collect();
            prop_assert_eq!(Manifest::parse(&manifest.to_bytes()), Ok(manifest));
        }
    }
}
