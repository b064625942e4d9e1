//! The log as static files (docs/FORMATS.md, Export directory; C2SP tlog-tiles).
//!
//! **In scope**: the auditor set and the public set, from one moment of the store, byte for
//! byte the same whenever they are made at the same size. **Out of scope**: when to publish,
//! to whom to give them.
//!
//! A set is written beside its place and renamed when everything in it is synced: a reader
//! never sees half of one. If we crash before the rename, a `.partial` directory is left.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::doubt::Doubt;
use super::{rows, tree};
use crate::audit::keyfiles;
use crate::model::framing;
use crate::ops::files::{self, FileError};
use crate::store::{Family, Store, StoreError, View};
use crate::tlog::checkpoint::CheckpointError;
use crate::tlog::keyring::KeyringError;
use crate::tlog::{KeyringChain, RightEdge, Run, SignedCheckpoint, Tile, TreeSize, Vkey};

/// Directories of a set: listed by anyone.
const DIR_MODE: u32 = 0o755;

/// Which files a set has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportSet {
    /// Everything an auditor needs, sealed payloads and wrapped keys included.
    Auditor,
    /// Hash tiles: they reveal the number of entries and nothing else.
    Public,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The size of the log in the set.
    pub size: TreeSize,
    /// Files written.
    pub files: u64,
}

/// Why no set was made. The directory asked for was not made either.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target is there.
    #[error("{} is there already; hint: name a directory that does not exist", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The store holds no signed head, or its newest one is not this log's.
    #[error("the store has no checkpoint that this log's key signed")]
    Checkpoint(#[source] Option<Box<CheckpointError>>),
    /// The store's keyring does not open.
    #[error("the store's keyring does not open")]
    Keyring(#[from] KeyringError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The store cannot be read, or a row of it is not right.
    #[error(transparent)]
    Doubt(#[from] Doubt),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Doubt(error.into())
    }
}

impl From<tree::TreeFault> for ExportError {
    fn from(fault: tree::TreeFault) -> Self {
        Self::Doubt(fault.into())
    }
}

/// Writes a set of the newest signed size into `dir`, which must not exist. `kek_dir` is
/// copied into an auditor set.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    store: &dyn Store,
    vkey: &Vkey,
    kek_dir: &Path,
    set: ExportSet,
    dir: &Path,
) -> Result<Exported, ExportError> {
    export_view(&*store.snapshot(), vkey, kek_dir, set, dir)
}

/// [`export`] of a view that does not move, e.g. [`crate::store::SecondaryView`].
///
/// # Errors
/// [`ExportError`].
pub fn export_view(
    view: &dyn View,
    vkey: &Vkey,
    kek_dir: &Path,
    set: ExportSet,
    dir: &Path,
) -> Result<Exported, ExportError> {
    let partial = files::partial_name(dir);
    for path in [dir, &partial] {
        if path.exists() {
            return Err(ExportError::Exists { path: path.to_owned() });
        }
    }
    let exported = write_set(view, vkey, kek_dir, set, &partial).and_then(|exported| {
        files::rename(&partial, dir)?;
        Ok(exported)
    });
    if exported.is_err() {
        // Nobody reads a partial set; what cannot be removed is named by the next attempt.
        drop(fs::remove_dir_all(&partial));
    }
    exported
}

fn write_set(
    view: &dyn View,
    vkey: &Vkey,
    kek_dir: &Path,
    set: ExportSet,
    partial: &Path,
) -> Result<Exported, ExportError> {
    let (_, note) = view.last(Family::Checkpoints)?.ok_or(ExportError::Checkpoint(None))?;
    let checkpoint = SignedCheckpoint::open(&note, std::slice::from_ref(vkey));
    let checkpoint = checkpoint.map_err(|error| ExportError::Checkpoint(Some(Box::new(error))))?;
    let size = checkpoint.size();
    let edge = tree::load(size, view)?;
    let mut out = Directory { root: partial.to_owned(), made: BTreeSet::new(), files: 0 };
    out.make(partial)?;
    out.write("checkpoint", &[&note])?;
    out.write("log.vkey", &[format!("{vkey}\n").as_bytes()])?;
    let keyrings = keyrings(view)?;
    out.write("keyring", &[&notes(&keyrings)])?;
    hash_tiles(&mut out, view, &edge)?;
    if set == ExportSet::Auditor {
        runs(&mut out, view, size)?;
        checkpoints(&mut out, view, size)?;
        key_files(&mut out, view, kek_dir)?;
        disclosure_keys(&mut out, &keyrings, size)?;
    }
    out.sync()?;
    Ok(Exported { size, files: out.files })
}

/// Every signed keyring, by serial.
pub(crate) fn keyrings(view: &dyn View) -> Result<Vec<Vec<u8>>, StoreError> {
    rows::with_prefix(view, Family::Meta, rows::KEYRING).map(|row| Ok(row?.1.into_vec())).collect()
}

fn hash_tiles(out: &mut Directory, view: &dyn View, edge: &RightEdge) -> Result<(), ExportError> {
    for tile in Tile::all(edge.size()).filter(|tile| tile.run().is_full()) {
        out.write(&tile.path(), &[&tree::read_tile(view, tile)?.to_bytes()])?;
    }
    for (tile, nodes) in edge.partial_tiles() {
        out.write(&tile.path(), &[&nodes.to_bytes()])?;
    }
    Ok(())
}

/// Entries and payloads, 256 to a file.
fn runs(out: &mut Directory, view: &dyn View, size: TreeSize) -> Result<(), ExportError> {
    for run in Run::all(size.get()) {
        let (mut entries, mut payloads) = (Vec::new(), Vec::new());
        for index in run.members() {
            let key = rows::index_key(index);
            let row = |family: Family| {
                let row = view.get(family, &key)?;
                row.ok_or(ExportError::Doubt(Doubt::Row { what: family.name() }))
            };
            let too_long = |_| ExportError::Doubt(Doubt::Row { what: "an entry's or payload's length" });
            framing::push_entry(&mut entries, &row(Family::Entries)?).map_err(too_long)?;
            framing::push_payload(&mut payloads, &row(Family::Payloads)?).map_err(too_long)?;
        }
        out.write(&format!("tile/entries/{run}"), &[&entries])?;
        out.write(&format!("payload/{run}"), &[&payloads])?;
    }
    Ok(())
}

/// Every signed note up to the size of the set, in the order of their keys.
fn checkpoints(out: &mut Directory, view: &dyn View, size: TreeSize) -> Result<(), ExportError> {
    let mut kept = Vec::new();
    for row in view.scan(Family::Checkpoints, &[]) {
        let (key, note) = row?;
        if rows::checkpoint_size(&key).is_some_and(|found| found <= size.get()) {
            kept.push(note);
        }
    }
    out.write("checkpoints", &[&notes(&kept)])
}

fn notes(notes: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for note in notes {
        framing::push_note(&mut bytes, note.as_ref());
    }
    bytes
}

fn key_files(out: &mut Directory, view: &dyn View, kek_dir: &Path) -> Result<(), ExportError> {
    let mut lines = Vec::new();
    for row in view.scan(Family::Keys, &[]) {
        lines.extend_from_slice(&row?.1);
        lines.push(b'\n');
    }
    out.write("keys.jsonl", &[&lines])?;
    let listed = |source| ExportError::Write { path: kek_dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(kek_dir).map_err(listed)? {
        let name = entry.map_err(listed)?.file_name();
        names.extend(name.to_str().filter(|name| is_kek_file(name)).map(str::to_owned));
    }
    names.sort();
    for name in names {
        let sealed = files::read(&kek_dir.join(&name), super::kek_file::FILE_BYTES_MAX)?;
        out.write(&format!("kek/{name}"), &[&sealed])?;
    }
    Ok(())
}

/// `<epoch>.age`, and not what an interrupted writing left beside it.
fn is_kek_file(name: &str) -> bool {
    name.strip_suffix(".age").is_some_and(|epoch| epoch.parse::<u32>().is_ok())
}

/// The disclosure keys: the one in force at the end, and all of them as ssh-keygen reads them.
fn disclosure_keys(out: &mut Directory, keyrings: &[Vec<u8>], size: TreeSize) -> Result<(), ExportError> {
    let chain = KeyringChain::open(keyrings.iter().map(Vec::as_slice))?;
    let ring = chain.last();
    let newest = size.last_index().and_then(|last| ring.disclosure_key_at(last));
    let newest = newest.map_or_else(String::new, |key| keyfiles::disclosure_pem(key.as_bytes()));
    let lines = ring.disclosure_keys().iter().map(|tenure| keyfiles::allowed_signer(tenure.key().as_bytes()));
    out.write("disclosure.pub", &[newest.as_bytes()])?;
    out.write("allowed_signers", &[lines.collect::<String>().as_bytes()])
}

/// The set while it is written.
struct Directory {
    root: PathBuf,
    made: BTreeSet<PathBuf>,
    files: u64,
}

impl Directory {
    fn make(&mut self, dir: &Path) -> Result<(), ExportError> {
        files::make_dir(dir, DIR_MODE)?;
        for above in dir.ancestors().take_while(|above| above.starts_with(&self.root)) {
            self.made.insert(above.to_owned());
        }
        Ok(())
    }

    fn write(&mut self, name: &str, parts: &[&[u8]]) -> Result<(), ExportError> {
        let path = self.root.join(name);
        if let Some(dir) = path.parent().filter(|dir| !self.made.contains(*dir)).map(Path::to_owned) {
            self.make(&dir)?;
        }
        let written = (|| {
            let mut file = BufWriter::new(File::create_new(&path)?);
            parts.iter().try_for_each(|part| file.write_all(part))?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()
        })();
        self.files += 1;
        written.map_err(|source| ExportError::Write { path, source })
    }

    fn sync(&self) -> Result<(), ExportError> {
        Ok(self.made.iter().try_for_each(|dir| files::sync_dir(dir))?)
    }
}
