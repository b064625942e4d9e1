//! Joins checked runs, in order, into one tree, and holds it against every signed head.
//!
//! Entries and leaf tiles are two witnesses of the same hashes. While they agree there is
//! one tree; from the first difference on there are two, and the signed root says which of
//! them is right. So a finding names the culprit, not its neighbours.

use std::collections::BTreeSet;

use super::finding::{Code, Finding, Location};
use super::heads::{Head, HeadSource};
use super::report::Report;
use super::run::{self, Checked, Edge, Shared, check_link, entries_name};
use crate::model::payload::KEY_ID_BYTES;
use crate::tlog::hash::HASH_BYTES;
use crate::tlog::tile::{Run, TILE_WIDTH, Tile};
use crate::tlog::{CompactRange, Hash, TreeSize, node_hash};

/// Heads that did not match kept until the end, when it is known what they mean.
const MISMATCHES_MAX: usize = 100;

/// The tree as one witness has it.
#[derive(Clone, Default)]
struct View {
    range: CompactRange,
    /// For each tile level from 1 on: the hashes of the tile that is not full yet, and how
    /// many were full before it.
    columns: Vec<(Vec<Hash>, u64)>,
}

/// A tile as it should be.
type Wanted = (Tile, Vec<Hash>);

impl View {
    /// Appends one run and returns the tiles above the leaves that it completes.
    fn append(&mut self, run: &CompactRange) -> Vec<Wanted> {
        self.range.append(run).expect("every run but the last has 256 leaves and begins at a multiple of it");
        let mut completed = Vec::new();
        if run.size().get() == u64::from(TILE_WIDTH) {
            self.push(1, run.root(), &mut completed);
        }
        completed
    }

    fn push(&mut self, level: u8, hash: Hash, completed: &mut Vec<Wanted>) {
        let place = usize::from(level) - 1;
        if self.columns.len() <= place {
            self.columns.push((Vec::with_capacity(usize::from(TILE_WIDTH)), 0));
        }
        let Some((hashes, full)) = self.columns.get_mut(place) else { return };
        hashes.push(hash);
        if hashes.len() < usize::from(TILE_WIDTH) {
            return;
        }
        let hashes = std::mem::take(hashes);
        let number = *full;
        *full += 1;
        let mut root = CompactRange::new();
        // Nodes join like leaves.
        for hash in &hashes {
            root.push(*hash);
        }
        let root = root.root();
        completed.extend(tile(level, number, TILE_WIDTH).map(|tile| (tile, hashes)));
        self.push(level + 1, root, completed);
    }

    /// The partial tiles above the leaves.
    fn partial(self) -> impl Iterator<Item = Wanted> {
        (1..).zip(self.columns).filter_map(|(level, (hashes, full))| {
            let width = u16::try_from(hashes.len()).ok().filter(|width| *width > 0)?;
            Some((tile(level, full, width)?, hashes))
        })
    }
}

fn tile(level: u8, number: u64, width: u16) -> Option<Tile> {
    Run::new(number, width).and_then(|run| Tile::new(level, run)).ok()
}

/// A head whose root the entries do not lead to.
struct Mismatch {
    source: HeadSource,
    size: TreeSize,
    signed: Hash,
    computed: Hash,
}

/// The state of an audit between two runs.
pub(super) struct Fold<'a> {
    shared: &'a Shared<'a>,
    pub(super) report: Report,
    entries: View,
    tiles: Option<View>,
    before: Option<Edge>,
    listed: Option<(TreeSize, [u8; 8])>,
    /// Largest head that matched.
    matched: TreeSize,
    mismatches: Vec<Mismatch>,
    pub(super) heads: u64,
    pub(super) key_ids: BTreeSet<[u8; KEY_ID_BYTES]>,
    pub(super) payloads_unseen: bool,
}

impl<'a> Fold<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, report: Report) -> Self {
        Self {
            shared,
            report,
            entries: View::default(),
            tiles: None,
            before: None,
            listed: None,
            matched: TreeSize::ZERO,
            mismatches: Vec::new(),
            heads: 0,
            key_ids: BTreeSet::new(),
            payloads_unseen: false,
        }
    }

    /// Takes the next run.
    pub(super) fn join(&mut self, run: Run, checked: Checked) {
        self.report.append(checked.report);
        if let (Some(before), Some(first)) = (&self.before, &checked.first) {
            check_link(before, first, run.start(), &entries_name(run), &mut self.report);
        }
        self.before = checked.last;
        self.key_ids.extend(checked.key_ids);
        self.payloads_unseen |= checked.payloads_unseen;
        for head in checked.heads {
            self.check_head(head);
        }
        if checked.tiles.is_some() && self.tiles.is_none() {
            self.tiles = Some(self.entries.clone());
        }
        let by_entries = self.entries.append(&checked.entries);
        let by_tiles =
            self.tiles.as_mut().map(|view| view.append(checked.tiles.as_ref().unwrap_or(&checked.entries)));
        self.check_tiles(by_entries, by_tiles.unwrap_or_default());
    }

    fn check_head(&mut self, head: Head) {
        self.heads = self.heads.saturating_add(1);
        if matches!(head.source, HeadSource::Listed(_)) {
            let order = (head.size, head.order);
            if let Some(before) = self.listed.filter(|before| *before >= order) {
                let expected = format!("a head after that of size {}", before.0);
                let found = format!("one of size {}", head.size);
                let location = head.source.location();
                self.report.add(Finding::new(Code::CheckpointOrder, location, expected, found));
                return;
            }
            self.listed = Some(order);
        }
        let Some((by_entries, by_tiles)) = head.inner else {
            let location = head.source.location();
            let found = format!("one of size {}", head.size);
            self.report.add(Finding::new(Code::CheckpointOrder, location, "a head in order of size", found));
            return;
        };
        let computed = with_peaks(&self.entries.range, by_entries);
        let tiles = self.tiles.as_ref().unwrap_or(&self.entries);
        if computed == head.root || with_peaks(&tiles.range, by_tiles.unwrap_or(by_entries)) == head.root {
            self.matched = self.matched.max(head.size);
        } else if self.mismatches.len() < MISMATCHES_MAX || head.source == HeadSource::Own {
            let Head { source, size, root: signed, .. } = head;
            self.mismatches.push(Mismatch { source, size, signed, computed });
        }
    }

    /// Holds tiles above the leaves against what the level below leads to.
    fn check_tiles(&mut self, by_entries: Vec<Wanted>, by_tiles: Vec<Wanted>) {
        let mut others = by_tiles.into_iter();
        for (tile, hashes) in by_entries {
            let other = others.next().map(|(_, hashes)| hashes);
            let name = tile.path();
            let wanted = bytes_of(&hashes);
            let found = match self.shared.source.read(&name, u64::try_from(wanted.len()).unwrap_or(u64::MAX))
            {
                Ok(found) => found,
                Err(error) => {
                    self.report.add(run::unavailable(&name, error));
                    continue;
                }
            };
            if found.len() != wanted.len() {
                let expected = format!("{} bytes", wanted.len());
                self.report.add(Finding::new(Code::FileLength, Location::file(name), expected, found.len()));
            } else if found != wanted && other.is_none_or(|other| bytes_of(&other) != found) {
                let place = wanted.iter().zip(&found).take_while(|(a, b)| a == b).count();
                let hash = |bytes: &[u8]| {
                    let at = place / HASH_BYTES * HASH_BYTES;
                    hex::encode(bytes.get(at..at + HASH_BYTES).unwrap_or_default())
                };
                let found = format!("{} as hash {}", hash(&found), place / HASH_BYTES);
                self.report.add(Finding::new(Code::Tile, Location::file(name), hash(&wanted), found));
            }
        }
    }

    /// Ends the audit: which of two witnesses was right, and what heads that did not match mean.
    pub(super) fn finish(mut self, head: &Hash) -> (Report, Totals) {
        let by_entries = self.entries.clone().partial().collect();
        let by_tiles = self.tiles.clone().map(|view| view.partial().collect());
        self.check_tiles(by_entries, by_tiles.unwrap_or_default());

        let entries_match = self.entries.range.root() == *head;
        let tiles_match = self.tiles.as_ref().is_some_and(|view| view.range.root() == *head);
        self.report.amend(Code::EntryOrTile, |finding| {
            if entries_match {
                finding.code = Code::TileAltered;
                std::mem::swap(&mut finding.expected, &mut finding.found);
            } else if tiles_match {
                finding.code = Code::EntryAltered;
                finding.location.file = finding.location.file.take().map(|name| in_entries(&name));
            }
        });
        let is_head_right = entries_match || tiles_match;
        let matched = self.matched;
        for Mismatch { source, size, signed, computed } in std::mem::take(&mut self.mismatches) {
            let code = match source {
                HeadSource::Given(_) => Code::NotAPrefix,
                _ if is_head_right => Code::Fork,
                _ => Code::Root,
            };
            let found = format!("{computed} (the first {matched} entries lead to a signed root)");
            let expected = format!("{signed} at size {size}");
            self.report.add(Finding::new(code, source.location(), expected, found));
        }
        let totals =
            Totals { heads: self.heads, key_ids: self.key_ids, payloads_unseen: self.payloads_unseen };
        (self.report, totals)
    }
}

/// What the later checks need to know of all runs.
pub(super) struct Totals {
    pub(super) heads: u64,
    pub(super) key_ids: BTreeSet<[u8; KEY_ID_BYTES]>,
    pub(super) payloads_unseen: bool,
}

/// The root of `left` followed by a run's leaves, given the root of those: the peaks on the
/// left are larger than any inside a run, so they join last.
fn with_peaks(left: &CompactRange, inner: Hash) -> Hash {
    left.peaks().iter().rev().fold(inner, |right, left| node_hash(left, &right))
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

/// The entries' file beside a leaf tile.
fn in_entries(leaf_tile: &str) -> String {
    leaf_tile.replacen("tile/0/", "tile/entries/", 1)
}
