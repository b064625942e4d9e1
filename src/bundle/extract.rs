//! Unpacking a bundle into a directory that nobody takes for a finished one.
//!
//! **In scope**: decrypting, writing regular files under `DIR.partial`, digesting all of
//! them on the way, removing everything if anything fails. **Out of scope**: whether the
//! bag is what its manifests and the log say ([`super::open`]).

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::archive::{ArchiveError, Reader};
use super::bag::{FILES_MAX, names as bag_names};
use super::documents::{DOCUMENT_BYTES_MAX, names};
use super::layout::{BagPath, Collision, PathSet};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::ops::age::{self, AgeError, Identities, Sealed};
use crate::ops::files::{self, FileError, PRIVATE_DIR_MODE, PRIVATE_MODE};

/// Members beside the payload: far more than a version of this format has tag files.
const TAG_FILES_MAX: u64 = 1_000;

/// Documents that the checks read.
const KEPT: [&str; 9] = [
    bag_names::DECLARATION,
    bag_names::INFO,
    bag_names::MANIFEST,
    bag_names::TAG_MANIFEST,
    bag_names::SIGNATURE,
    names::ORDER,
    names::DECISION_RECEIPT,
    names::DECISION_OPENING,
    names::LOG_KEY,
];

/// Why nothing was unpacked. Whatever was written until then is gone again.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The directory is there: nothing is ever overwritten.
    #[error("{} exists already; name a directory that does not", path.display())]
    Exists {
        /// The directory, or its `.partial`.
        path: PathBuf,
    },
    /// The age file does not open.
    #[error("the bundle does not open")]
    Age(#[from] AgeError),
    /// The tar within is refused.
    #[error("the archive in the bundle is refused")]
    Archive(#[from] ArchiveError),
    /// Two members cannot stand beside each other.
    #[error("two members of the archive collide")]
    Collision(#[from] Collision),
    /// An archive without members.
    #[error("the archive is empty")]
    Empty,
    /// A document longer than [`DOCUMENT_BYTES_MAX`].
    #[error("{path} is longer than {DOCUMENT_BYTES_MAX} bytes")]
    DocumentTooLong {
        /// The document.
        path: BagPath,
    },
    /// A file cannot be written here.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bundle cannot be read, or the directory not be synced or renamed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A bag unpacked under its partial name. Dropped, it is removed.
pub(super) struct Extracted {
    pub(super) production: ProductionId,
    pub(super) sealed: Sealed,
    pub(super) digests: BTreeMap<BagPath, Digest>,
    pub(super) payload_bytes: u64,
    documents: BTreeMap<String, Vec<u8>>,
    partial: Partial,
}

impl Extracted {
    /// A document's bytes; empty if there is none, which every check refuses.
    pub(super) fn document(&self, name: &str) -> &[u8] {
        self.documents.get(name).map_or(&[], Vec::as_slice)
    }

    /// Gives the bag its final name. If we crash before, only the partial one stands there.
    pub(super) fn publish(self) -> Result<(), ExtractError> {
        self.partial.publish()
    }
}

/// Decrypts `bundle` and unpacks it beside `out`.
pub(super) fn extract(bundle: File, identities: &Identities, out: &Path) -> Result<Extracted, ExtractError> {
    let partial = Partial::create(out)?;
    let unpack = |plaintext: &mut dyn Read| Unpacking::new(&partial.path).run(plaintext);
    let (unpacked, sealed) = age::decrypt(bundle, identities, unpack)?;
    let Unpacking { digests, documents, payload_bytes, production, .. } = unpacked;
    let production = production.ok_or(ExtractError::Empty)?;
    Ok(Extracted { production, sealed, digests, payload_bytes, documents, partial })
}

/// The directory under its partial name.
struct Partial {
    path: PathBuf,
    out: PathBuf,
    is_published: bool,
}

impl Partial {
    fn create(out: &Path) -> Result<Self, ExtractError> {
        let path = files::partial_name(out);
        for taken in [out, path.as_path()] {
            if taken.symlink_metadata().is_ok() {
                return Err(ExtractError::Exists { path: taken.to_owned() });
            }
        }
        let made = DirBuilder::new().mode(PRIVATE_DIR_MODE).create(&path);
        made.map_err(|source| ExtractError::Write { path: path.clone(), source })?;
        Ok(Self { path, out: out.to_owned(), is_published: false })
    }

    fn publish(mut self) -> Result<(), ExtractError> {
        if self.out.symlink_metadata().is_ok() {
            return Err(ExtractError::Exists { path: self.out.clone() });
        }
        files::sync_dir(&self.path)?;
        files::rename(&self.path, &self.out)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_published {
            // Nothing can be done about a failure here; the name says that it is partial.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The state of unpacking one archive.
struct Unpacking<'a> {
    root: &'a Path,
    paths: PathSet,
    production: Option<ProductionId>,
    digests: BTreeMap<BagPath, Digest>,
    documents: BTreeMap<String, Vec<u8>>,
    payload_bytes: u64,
}

impl<'a> Unpacking<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            paths: PathSet::default(),
            production: None,
            digests: BTreeMap::new(),
            documents: BTreeMap::new(),
            payload_bytes: 0,
        }
    }

    fn run(mut self, plaintext: &mut dyn Read) -> Result<Self, ExtractError> {
        let mut archive = Reader::new(FILES_MAX + TAG_FILES_MAX, plaintext);
        while let Some(member) = archive.next_member().map_err(of_read)? {
            self.paths.insert(&member.path)?;
            if member.path.is_payload() {
                self.payload_bytes = self.payload_bytes.saturating_add(member.bytes);
            }
            self.unpack(&mut archive, &member.path, member.bytes)?;
        }
        self.production = archive.prefix().cloned();
        Ok(self)
    }

    fn unpack(
        &mut self,
        archive: &mut Reader<&mut dyn Read>,
        path: &BagPath,
        bytes: u64,
    ) -> Result<(), ExtractError> {
        let mut document = KEPT.contains(&path.as_str()).then(Vec::new);
        if document.is_some() && bytes > DOCUMENT_BYTES_MAX {
            return Err(ExtractError::DocumentTooLong { path: path.clone() });
        }
        let target = self.root.join(path.as_str());
        let fault = |source| ExtractError::Write { path: target.clone(), source };
        if let Some(parent) = target.parent() {
            DirBuilder::new().recursive(true).mode(PRIVATE_DIR_MODE).create(parent).map_err(fault)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(PRIVATE_MODE)
            .open(&target)
            .map_err(fault)?;
        let mut digest = Sha256::new();
        let copied = archive.copy_data::<ExtractError>(bytes, |part| {
            digest.update(part);
            if let Some(document) = &mut document {
                document.extend_from_slice(part);
            }
            file.write_all(part).map_err(fault)
        });
        copied.map_err(|error| match error {
            ExtractError::Archive(error) => of_read(error),
            other => other,
        })?;
        file.sync_all().map_err(fault)?;
        self.digests.insert(path.clone(), Digest::from_bytes(digest.finalize().into()));
        if let Some(document) = document {
            self.documents.insert(path.as_str().to_owned(), document);
        }
        Ok(())
    }
}

/// A failed read of the archive is age's: a chunk that does not authenticate, or the disk.
/// An archive that ends too early although age's stream is whole comes out as that, too.
fn of_read(error: ArchiveError) -> ExtractError {
    match error {
        ArchiveError::Io(error) => ExtractError::Age(AgeError::from_read(error)),
        other => ExtractError::Archive(other),
    }
}
