//! Packing: from a plan in which every size and digest is known to one tar stream.
//!
//! **In scope**: the bag's order, its manifests and signature, and the check that the
//! second read yields what the first one planned. **Out of scope**: reading sources
//! ([`crate::collect`]); sealing the stream ([`crate::ops::age`]).
//!
//! Order of the members: declaration, information, manifest, tag manifest, signature,
//! `index.html`, `certificate/`, `probity/`, then `data/` ascending. The data comes last,
//! so that whoever unpacks knows every digest before the first byte it is to match.

use std::error::Error;
use std::io::{self, Write};

use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};

use super::archive::{ArchiveError, Writer};
use super::bag::{self, BagError, BagInfo, FILES_MAX, Manifest, Oxum, names as bag_names};
use super::certificate::Certificate;
use super::documents::{self, Custody, Order, Withheld, names};
use super::index::Index;
use super::layout::{BagPath, Collision, PAYLOAD_DIR, PathFault, PathSet};
use super::sshsig::{self, Namespace};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;

/// What a source of content reports when it cannot be read a second time.
pub type ContentError = Box<dyn Error + Send + Sync>;

/// Writes a member's bytes: the second read.
pub type Content<'a> = Box<dyn FnOnce(&mut dyn Write) -> Result<(), ContentError> + 'a>;

/// Writes the lines of a document that is computed twice instead of being kept.
pub type Lines<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// Why a bag was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A planned path is refused. It is named by position: a path may be personal.
    #[error("planned file {file} has a path that is refused")]
    Path {
        /// Position in the plan, from 0.
        file: usize,
        /// Why.
        #[source]
        source: PathFault,
    },
    /// Two planned files cannot stand beside each other.
    #[error("two planned files collide")]
    Collision(#[from] Collision),
    /// More than [`FILES_MAX`].
    #[error("more than {FILES_MAX} files; split the production")]
    TooManyFiles,
    /// A tag file cannot be made.
    #[error("a tag file of the bag cannot be made")]
    Bag(#[from] BagError),
    /// The documents speak of different productions.
    #[error("the documents are not all of production {0}")]
    Production(ProductionId),
    /// The second read failed.
    #[error("{path} cannot be read a second time")]
    Content {
        /// The member.
        path: BagPath,
        /// Why.
        #[source]
        source: ContentError,
    },
    /// The second read differs from the first: the source changed in between.
    #[error("{path} changed between its two reads; collect again")]
    Changed {
        /// The member.
        path: BagPath,
    },
    /// The stream cannot be written.
    #[error("the bag cannot be written")]
    Archive(#[from] ArchiveError),
    /// A document cannot be computed.
    #[error("a document of the bag cannot be computed")]
    Document(#[source] io::Error),
}

/// A file whose size and digest are known and whose bytes will be written later.
pub struct Member<'a> {
    path: BagPath,
    bytes: u64,
    sha256: Digest,
    content: Content<'a>,
}

impl<'a> Member<'a> {
    /// A file of the payload; `path` is relative below `data/`.
    ///
    /// # Errors
    /// [`PathFault`].
    pub fn payload(path: &str, bytes: u64, sha256: Digest, content: Content<'a>) -> Result<Self, PathFault> {
        let path = BagPath::parse(&format!("{PAYLOAD_DIR}{path}"))?;
        Ok(Self { path, bytes, sha256, content })
    }

    /// A document that is kept in memory.
    fn document(path: &'static str, text: impl Into<Vec<u8>>) -> Self {
        let text: Vec<u8> = text.into();
        let path = BagPath::parse(path).expect("names of documents are good paths");
        let bytes = u64::try_from(text.len()).expect("usize has at most 64 bits");
        let sha256 = Digest::of(&text);
        Self { path, bytes, sha256, content: Box::new(move |out| Ok(out.write_all(&text)?)) }
    }

    /// A document that is computed twice instead of being kept: it may have millions of lines.
    fn computed(
        path: &'static str,
        write: impl Fn(&mut dyn Write) -> io::Result<()> + 'a,
    ) -> Result<Self, PackError> {
        let path = BagPath::parse(path).expect("names of documents are good paths");
        let mut measure = Measured::new(io::sink());
        write(&mut measure).map_err(PackError::Document)?;
        let (bytes, sha256) = measure.finish();
        Ok(Self { path, bytes, sha256, content: Box::new(move |out| Ok(write(out)?)) })
    }
}

/// What goes into a bag.
pub struct Contents<'a> {
    /// `bag-info.txt`, which also names the production.
    pub info: BagInfo,
    /// `probity/order.json`.
    pub order: Order,
    /// `probity/withheld.json`.
    pub withheld: Withheld,
    /// `probity/custody.json`.
    pub custody: Custody,
    /// Writes the lines of `probity/provenance.ndjson`; called twice.
    pub provenance: Lines<'a>,
    /// The receipt of the approval that completed the decision.
    pub decision_receipt: Vec<u8>,
    /// Its opening.
    pub decision_opening: Vec<u8>,
    /// The log's vkey, one line.
    pub log_vkey: String,
    /// The payload, in any order.
    pub payload: Vec<Member<'a>>,
}

/// A bag in which nothing is open any more but its bytes.
pub struct Packed<'a> {
    production: ProductionId,
    members: Vec<Member<'a>>,
    tagmanifest_sha256: Digest,
    manifest_sha256: Digest,
    oxum: Oxum,
}

/// Plans the bag and signs its tag manifest.
///
/// # Errors
/// [`PackError`]; nothing was read from a source and nothing written.
pub fn pack<'a>(contents: Contents<'a>, disclosure_key: &SigningKey) -> Result<Packed<'a>, PackError> {
    let Contents { info, order, withheld, custody, provenance, .. } = contents;
    let production = info.production.clone();
    let of_one = [&order.production, &withheld.production, &custody.production];
    if of_one.into_iter().any(|id| *id != production) {
        return Err(PackError::Production(production));
    }
    let mut payload = contents.payload;
    payload.sort_by(|a, b| a.path.cmp(&b.path));
    let files = u64::try_from(payload.len()).map_err(|_| PackError::TooManyFiles)?;
    if files > FILES_MAX {
        return Err(PackError::TooManyFiles);
    }
    let oxum = Oxum { bytes: payload.iter().map(|member| member.bytes).sum(), files };

    let manifest = manifest_of(&payload).to_bytes();
    let manifest_sha256 = Digest::of(&manifest);
    let certificate = Certificate {
        organization: &info.organization,
        production: &production,
        request: &info.request,
        order_sha256: order.order.sha256,
        origin: &order.origin,
        log_vkey: contents.log_vkey.trim_end(),
        disclosure_key: &disclosure_key.verifying_key(),
        manifest_sha256,
        oxum,
        packed_at: info.packed_at,
    }
    .to_text();
    let listed: Vec<_> = payload.iter().map(|member| (member.path.clone(), member.bytes)).collect();
    let index = Index { organization: &info.organization, order: &order, files: &listed, oxum }.to_html();

    let head = vec![
        Member::document(bag_names::DECLARATION, bag::DECLARATION),
        Member::document(bag_names::INFO, info.to_bytes(oxum)?),
        Member::document(bag_names::MANIFEST, manifest),
    ];
    let tail = vec![
        Member::document(names::INDEX, index),
        Member::document(names::CERTIFICATE, certificate),
        Member::document(names::CUSTODY, documents::print(&custody)),
        Member::document(names::DECISION_OPENING, contents.decision_opening),
        Member::document(names::DECISION_RECEIPT, contents.decision_receipt),
        Member::document(names::LOG_KEY, contents.log_vkey),
        Member::document(names::ORDER, documents::print(&order)),
        Member::computed(names::PROVENANCE, provenance)?,
        Member::document(names::WITHHELD, documents::print(&withheld)),
    ];
    let tagmanifest = manifest_of(head.iter().chain(&tail)).to_bytes();
    let tagmanifest_sha256 = Digest::of(&tagmanifest);
    let signature = sshsig::sign(disclosure_key, Namespace::Disclosure, &tagmanifest);
    let signed = vec![
        Member::document(bag_names::TAG_MANIFEST, tagmanifest),
        Member::document(bag_names::SIGNATURE, signature),
    ];
    let members: Vec<_> = head.into_iter().chain(signed).chain(tail).chain(payload).collect();
    let mut paths = PathSet::default();
    members.iter().try_for_each(|member| paths.insert(&member.path))?;
    Ok(Packed { production, members, tagmanifest_sha256, manifest_sha256, oxum })
}

fn manifest_of<'m, 'a: 'm>(members: impl IntoIterator<Item = &'m Member<'a>>) -> Manifest {
    members.into_iter().map(|member| (member.path.clone(), member.sha256)).collect()
}

impl Packed<'_> {
    /// SHA-256 of the tag manifest: what the log and the signature commit to.
    #[must_use]
    pub const fn tagmanifest_sha256(&self) -> Digest {
        self.tagmanifest_sha256
    }

    /// SHA-256 of the payload's manifest.
    #[must_use]
    pub const fn manifest_sha256(&self) -> Digest {
        self.manifest_sha256
    }

    /// Size of the payload, for progress.
    #[must_use]
    pub const fn oxum(&self) -> Oxum {
        self.oxum
    }

    /// Reads every source a second time and writes the tar, comparing each digest.
    /// `progress` hears of the payload bytes written so far, after each file.
    ///
    /// # Errors
    /// [`PackError::Changed`] and the rest; what was written until then must be thrown away.
    pub fn write<W: Write>(self, out: W, mut progress: impl FnMut(u64)) -> Result<W, PackError> {
        let mut writer = Writer::new(self.production, out);
        let mut payload_bytes = 0;
        for Member { path, bytes, sha256, content } in self.members {
            writer.append::<PackError>(&path, bytes, |out| {
                let mut measured = Measured::new(out);
                measured.bytes_max = bytes;
                let result = content(&mut measured);
                // A source that grew hits the bound and may report it as a failed write.
                if measured.is_over() {
                    return Err(PackError::Changed { path: path.clone() });
                }
                result.map_err(|source| PackError::Content { path: path.clone(), source })?;
                if measured.finish() == (bytes, sha256) {
                    Ok(())
                } else {
                    Err(PackError::Changed { path: path.clone() })
                }
            })?;
            if path.is_payload() {
                payload_bytes += bytes;
                progress(payload_bytes);
            }
        }
        Ok(writer.finish()?)
    }
}

/// A writer that counts and digests, and stops at a bound: a member that is longer than
/// its header says would run over into the next one's.
struct Measured<W> {
    inner: W,
    digest: Sha256,
    bytes: u64,
    bytes_max: u64,
    is_over: bool,
}

impl<W: Write> Measured<W> {
    fn new(inner: W) -> Self {
        Self { inner, digest: Sha256::new(), bytes: 0, bytes_max: u64::MAX, is_over: false }
    }

    const fn is_over(&self) -> bool {
        self.is_over
    }

    fn finish(self) -> (u64, Digest) {
        (self.bytes, Digest::from_bytes(self.digest.finalize().into()))
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(buf.len()).map_err(io::Error::other)?;
        if length > self.bytes_max - self.bytes {
            self.is_over = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.inner.write_all(buf)?;
        self.digest.update(buf);
        self.bytes += length;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
