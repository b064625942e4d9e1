//! The check of one run of up to 256 entries: all that needs no neighbour.
//!
//! Runs are checked side by side on all cores; [`super::fold`] joins them in order. A run
//! reads its entries, payloads and leaf tile, and the signed heads whose size lies in it,
//! so memory does not depend on the size of the log.

use std::collections::BTreeSet;

use super::finding::{Code, Finding, Location};
use super::heads::{Head, HeadNote};
use super::layout::SetKind;
use super::records::{self, RecordError};
use super::report::Report;
use super::signers::Signers;
use super::source::{Source, Unavailable};
use crate::model::digest::Digest;
use crate::model::entry::{ENTRY_BYTES_MAX, Entry};
use crate::model::payload::{HEADER_BYTES, KEY_ID_BYTES, SEALED_BYTES_MAX};
use crate::model::time::Timestamp;
use crate::tlog::hash::HASH_BYTES;
use crate::tlog::tile::{Run, Tile};
use crate::tlog::{CompactRange, Hash, TreeSize, leaf_hash};

/// What all runs share.
pub(super) struct Shared<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) set: SetKind,
    pub(super) size: TreeSize,
    pub(super) signers: &'a Signers,
}

/// One run to check, with the heads whose size lies in it.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) heads: Vec<HeadNote>,
}

/// What a neighbour needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) prev: Hash,
    pub(super) time: Timestamp,
    pub(super) leaf: Leaf,
}

/// One leaf by its two witnesses. Where one of them is missing, the other stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Hash of the entry's bytes.
    pub(super) entry: Hash,
    /// What the tile has.
    pub(super) tile: Hash,
}

/// A checked run.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) report: Report,
    /// The tree of this run's entries.
    pub(super) entries: CompactRange,
    /// The tree of its leaf tile, where that is another one.
    pub(super) tiles: Option<CompactRange>,
    pub(super) heads: Vec<Head>,
    pub(super) first: Option<Edge>,
    pub(super) last: Option<Edge>,
    pub(super) key_ids: BTreeSet<[u8; KEY_ID_BYTES]>,
    /// Payloads that could not be looked at: withheld, or behind a broken length.
    pub(super) payloads_unseen: bool,
}

/// Checks one run.
pub(super) fn check(shared: &Shared<'_>, job: Job) -> Checked {
    let mut report = Report::default();
    let tile = read_leaf_tile(shared, job.run, &mut report);
    let mut checked = Checked {
        report: Report::default(),
        entries: CompactRange::new(),
        tiles: None,
        heads: Vec::new(),
        first: None,
        last: None,
        key_ids: BTreeSet::new(),
        payloads_unseen: false,
    };
    let mut entries = Vec::new();
    if shared.set == SetKind::Auditor {
        entries = read_entries(shared, job.run, &mut report);
        check_payloads(shared, job.run, &entries, &mut checked, &mut report);
    }
    let leaves = pair(job.run, &entries, &tile, &mut report);
    check_chain(job.run, &entries, &leaves, &mut checked, &mut report);
    hash_run(shared, job, &leaves, &mut checked, &mut report);
    checked.report = report;
    checked
}

/// An entry as far as it could be read.
struct Seen {
    leaf: Hash,
    /// None if it is not in the one form.
    entry: Option<Entry>,
}

/// The hashes of the leaf tile; none where it is too short.
fn read_leaf_tile(shared: &Shared<'_>, run: Run, report: &mut Report) -> Vec<Hash> {
    let name = leaf_tile_name(run);
    let bytes_wanted = usize::from(run.width()) * HASH_BYTES;
    let bytes = match shared.source.read(&name, u64::try_from(bytes_wanted).unwrap_or(u64::MAX)) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.add(unavailable(&name, error));
            return Vec::new();
        }
    };
    if bytes.len() != bytes_wanted {
        let location = Location::file(name);
        report.add(Finding::new(Code::FileLength, location, format!("{bytes_wanted} bytes"), bytes.len()));
    }
    bytes.as_chunks::<HASH_BYTES>().0.iter().map(|hash| Hash::from_bytes(*hash)).collect()
}

/// Every entry of the run, in order; shorter where the lengths stop adding up.
fn read_entries(shared: &Shared<'_>, run: Run, report: &mut Report) -> Vec<Seen> {
    let name = entries_name(run);
    let mut seen = Vec::with_capacity(usize::from(run.width()));
    let mut stream = match shared.source.stream(&name) {
        Ok(stream) => stream,
        Err(error) => {
            report.add(unavailable(&name, error));
            return seen;
        }
    };
    let entry_bytes_max = u64::try_from(ENTRY_BYTES_MAX).unwrap_or(u64::MAX);
    let each = |record: u16, bytes: &[u8]| {
        let index = run.start() + u64::from(record);
        let location = || Location::file(name.clone()).at(index);
        let entry = match Entry::parse(bytes) {
            Ok(entry) => Some(entry),
            Err(_) if bytes.is_empty() => {
                report.add(Finding::new(Code::EntryMissing, location(), "an entry", "none"));
                None
            }
            Err(error) => {
                let found = format!("{error}: {}", String::from_utf8_lossy(bytes));
                report.add(Finding::new(Code::EntryForm, location(), "an entry in its one form", found));
                None
            }
        };
        if let Some(found) = entry.as_ref().map(|entry| entry.index.get()).filter(|found| *found != index) {
            report.add(Finding::new(Code::EntryIndex, location(), index, found));
        }
        seen.push(Seen { leaf: leaf_hash(bytes), entry });
    };
    let mut buffer = Vec::new();
    let end = records::for_each::<2>(&mut *stream, run.width(), entry_bytes_max, &mut buffer, each);
    report_end(&name, run, end, report);
    seen
}

/// Hashes every sealed payload and holds it against its entry.
fn check_payloads(
    shared: &Shared<'_>,
    run: Run,
    entries: &[Seen],
    checked: &mut Checked,
    report: &mut Report,
) {
    let name = payload_name(run);
    let mut stream = match shared.source.stream(&name) {
        Ok(stream) => stream,
        Err(error) => {
            report.add(unavailable(&name, error));
            checked.payloads_unseen = true;
            return;
        }
    };
    let sealed_bytes_max = u64::try_from(SEALED_BYTES_MAX).unwrap_or(u64::MAX);
    let each = |record: u16, sealed: &[u8]| {
        let location = || Location::file(name.clone()).at(run.start() + u64::from(record));
        if sealed.is_empty() {
            report.add(Finding::new(Code::PayloadWithheld, location(), "a payload", "none"));
            checked.payloads_unseen = true;
            return;
        }
        let entry = entries.get(usize::from(record)).and_then(|seen| seen.entry.as_ref());
        let found = Digest::of(sealed);
        if let Some(entry) = entry.filter(|entry| entry.payload != found) {
            report.add(Finding::new(Code::PayloadHash, location(), entry.payload, found));
            return;
        }
        if let Some(key_id) = key_id_of(sealed) {
            checked.key_ids.insert(key_id);
        } else {
            let found = format!("version {:?}, {} bytes", sealed.first(), sealed.len());
            report.add(Finding::new(Code::PayloadVersion, location(), "version 1 and 81 bytes", found));
        }
    };
    let end = records::for_each::<4>(&mut *stream, run.width(), sealed_bytes_max, &mut Vec::new(), each);
    checked.payloads_unseen |= end.is_err();
    report_end(&name, run, end, report);
}

/// The name of the data key that a payload says it is sealed under.
fn key_id_of(sealed: &[u8]) -> Option<[u8; KEY_ID_BYTES]> {
    let rest = sealed.strip_prefix(&[1]).filter(|_| sealed.len() >= HEADER_BYTES)?;
    rest.first_chunk().copied()
}

/// Entry and tile side by side. Which of two that differ is the culprit is known only once
/// the signed root is reached.
fn pair(run: Run, entries: &[Seen], tile: &[Hash], report: &mut Report) -> Vec<Leaf> {
    let mut leaves = Vec::with_capacity(usize::from(run.width()));
    for (place, index) in run.members().enumerate() {
        let entry = entries.get(place).map(|seen| seen.leaf);
        let tile = tile.get(place).copied();
        if let (Some(entry), Some(tile)) = (entry, tile)
            && entry != tile
        {
            let location = Location::file(leaf_tile_name(run)).at(index);
            report.add(Finding::new(Code::EntryOrTile, location, tile, entry));
        }
        // Neither is there: zeros stand in its place, so that those behind it keep theirs. The root
        // cannot match, and what is missing was reported.
        let either = entry.or(tile).unwrap_or(Hash::ZERO);
        leaves.push(Leaf { entry: entry.unwrap_or(either), tile: tile.unwrap_or(either) });
    }
    leaves
}

/// The chain inside the run, and its two ends for the neighbours.
fn check_chain(run: Run, entries: &[Seen], leaves: &[Leaf], checked: &mut Checked, report: &mut Report) {
    let mut before: Option<Edge> = None;
    for ((seen, leaf), index) in entries.iter().zip(leaves).zip(run.members()) {
        let edge = seen.entry.as_ref().map(|entry| Edge { prev: entry.prev, time: entry.time, leaf: *leaf });
        if let (Some(before), Some(edge)) = (&before, &edge) {
            check_link(before, edge, index, &entries_name(run), report);
        }
        if index == run.start() {
            checked.first = edge;
        }
        before = edge;
    }
    checked.last = before.filter(|_| entries.len() == leaves.len());
}

/// One entry and the one before it.
pub(super) fn check_link(before: &Edge, edge: &Edge, index: u64, name: &str, report: &mut Report) {
    let location = || Location::file(name).at(index);
    // If the tile has another hash for the entry before, that is reported there; the link
    // is at fault only if it agrees with neither.
    if edge.prev != before.leaf.entry && edge.prev != before.leaf.tile {
        report.add(Finding::new(Code::Chain, location(), before.leaf.entry, edge.prev));
    }
    if edge.time < before.time {
        let expected = format!("{} or later", before.time);
        report.add(Finding::new(Code::TimeOrder, location(), expected, edge.time));
    }
}

/// The trees of the run, and the roots inside it at the sizes of the heads.
fn hash_run(shared: &Shared<'_>, job: Job, leaves: &[Leaf], checked: &mut Checked, report: &mut Report) {
    let run = job.run;
    for head in job.heads {
        match head.open(shared.signers, shared.size) {
            Ok(head) => checked.heads.push(head),
            Err(finding) => report.add(*finding),
        }
    }
    let differs = leaves.iter().any(|leaf| leaf.entry != leaf.tile);
    let mut tiles = differs.then(CompactRange::new);
    for (leaf, index) in leaves.iter().zip(run.members()) {
        checked.entries.push(leaf.entry);
        if let Some(tiles) = &mut tiles {
            tiles.push(leaf.tile);
        }
        for head in checked.heads.iter_mut().filter(|head| head.size.get() == index + 1) {
            head.inner = Some((checked.entries.root(), tiles.as_ref().map(CompactRange::root)));
        }
    }
    checked.tiles = tiles;
}

/// The finding for lengths that do not add up, or a stream that broke off.
fn report_end(name: &str, run: Run, end: Result<(), RecordError>, report: &mut Report) {
    match end {
        Ok(()) => {}
        Err(RecordError::Break(at)) => {
            let location = Location::file(name);
            let location = if at.record < run.width() {
                location.at(run.start() + u64::from(at.record))
            } else {
                location
            };
            report.add(Finding::new(Code::Framing, location, at.expected, at.found));
        }
        Err(RecordError::Io(error)) => report.add(unavailable(name, Unavailable::Refused(error))),
    }
}

/// The finding for a file that could not be had.
pub(super) fn unavailable(name: &str, error: Unavailable) -> Finding {
    let location = Location::file(name);
    match error {
        Unavailable::Missing => Finding::new(Code::FileMissing, location, "a file", "none"),
        Unavailable::Refused(error) => Finding::new(Code::FileUnreadable, location, "a readable file", error),
        Unavailable::TooLong(bytes_max) => {
            Finding::new(Code::FileLength, location, format!("at most {bytes_max} bytes"), "more")
        }
    }
}

/// `tile/0/<N>[.p/<W>]`
pub(super) fn leaf_tile_name(run: Run) -> String {
    Tile::new(0, run).map_or_else(|_| String::new(), Tile::path)
}

/// `tile/entries/<N>[.p/<W>]`
pub(super) fn entries_name(run: Run) -> String {
    format!("tile/entries/{run}")
}

/// `payload/<N>[.p/<W>]`
pub(super) fn payload_name(run: Run) -> String {
    format!("payload/{run}")
}
