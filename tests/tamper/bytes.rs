//! Goal: no byte of a log held in the database can be altered without an objection that says where.
//! Method: every byte of every row that the log consists of (entries, payloads, heads, wrapped
//! keys, keyrings, and the hash tile of a log that has a full one) is altered in a view of the
//! database, which is then read the way `verify` reads a home: exported and audited. The
//! objection must name the entry, the head, the line of the key, the tile or the keyring.

use std::error::Error as _;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use probity::audit::{Code, Finding, Report};
use probity::ledger::{ExportError, ExportSet, export_view};
use probity::store::{Batch, Family, MemoryStore, RocksStore, Row, Rows, Store as _, StoreError, View};
use probity::tlog::LeafIndex;
use probity::tlog::hash::HASH_BYTES;
use serde_json::Value;
use tempfile::TempDir;

use super::{Outcome, Specimen, load, on_all_cores};
use crate::harness::{Daemon, Home, events};

/// A database as it stands, but for one value.
struct Altered<'a> {
    view: &'a dyn View,
    family: Family,
    key: &'a [u8],
    value: Vec<u8>,
}

impl Altered<'_> {
    fn is_it(&self, family: Family, key: &[u8]) -> bool {
        family == self.family && key == self.key
    }

    fn alter(&self, family: Family, (key, value): Row) -> Row {
        let value = if self.is_it(family, &key) { self.value.clone().into() } else { value };
        (key, value)
    }
}

impl View for Altered<'_> {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_it(family, key) { Ok(Some(self.value.clone())) } else { self.view.get(family, key) }
    }

    fn scan(&self, family: Family, from: &[u8]) -> Rows<'_> {
        Box::new(self.view.scan(family, from).map(move |row| row.map(|row| self.alter(family, row))))
    }

    fn last(&self, family: Family) -> Result<Option<Row>, StoreError> {
        Ok(self.view.last(family)?.map(|row| self.alter(family, row)))
    }
}

/// A row that is altered, and what an objection to it names.
struct Target {
    family: Family,
    key: Box<[u8]>,
    value: Box<[u8]>,
    named: Named,
}

enum Named {
    /// The entry. The database keeps no second witness of a young leaf, so if the altered one
    /// still reads as an entry the audit finds that the next one does not continue it, and that
    /// heads from this one on, and none before it, have another root.
    Entry {
        index: u64,
        first_head: String,
        is_last: bool,
    },
    Payload(u64),
    Head(String),
    /// By the line of `keys.jsonl`, or by its name there.
    Key {
        line: String,
        id: String,
    },
    Keyring,
    /// A hash of the first leaf tile, by the entry it is of.
    Tile,
}

impl Named {
    fn is_in(&self, report: &Report, at: usize) -> bool {
        let has = |code: Option<Code>, file: &str, index: Option<u64>| {
            report.findings().iter().any(|finding| {
                let place = &finding.location;
                code.is_none_or(|code| code == finding.code)
                    && place.file.as_deref().is_some_and(|found| found.starts_with(file))
                    && index.is_none_or(|index| place.index.map(LeafIndex::get) == Some(index))
            })
        };
        match self {
            Self::Entry { index, first_head, is_last } => {
                let heads = report.findings().iter().filter_map(|finding| finding.location.file.as_deref());
                let mut heads = heads.filter(|file| file.starts_with("checkpoint"));
                has(None, "", Some(*index))
                    || heads.next() == Some(first_head)
                        && (*is_last || has(Some(Code::Chain), "tile/entries/", Some(index + 1)))
            }
            Self::Payload(index) => has(None, "payload/", Some(*index)),
            Self::Head(file) => has(None, file, None),
            Self::Tile => has(Some(Code::TileAltered), "tile/0/000", u64::try_from(at / HASH_BYTES).ok()),
            Self::Keyring => has(None, "keyring", None),
            Self::Key { line, id } => {
                let names = |finding: &Finding| finding.expected.contains(id) || finding.found.contains(id);
                has(None, line, None) || report.findings().iter().any(names)
            }
        }
    }

    /// Whether a refusal to export says where.
    fn is_in_refusal(&self, said: &str) -> bool {
        match self {
            Self::Entry { index, .. } | Self::Payload(index) => said.contains(&format!("entry {index}")),
            // The newest head alone is looked at when a log is exported.
            Self::Head(_) => said.contains("no checkpoint that this log's key signed"),
            Self::Keyring => said.contains("keyring"),
            Self::Key { .. } | Self::Tile => false,
        }
    }
}

/// The rows of a family under a prefix, with what names each.
fn targets(
    view: &dyn View,
    family: Family,
    prefix: &[u8],
    named: impl Fn(usize, &[u8]) -> Named,
) -> Vec<Target> {
    let rows = view.scan(family, prefix).map(|row| row.expect("reads"));
    let rows = rows.take_while(|(key, _)| key.starts_with(prefix)).enumerate();
    let targets: Vec<_> =
        rows.map(|(nth, (key, value))| Target { named: named(nth, &key), family, key, value }).collect();
    assert!(!targets.is_empty(), "{} has rows", family.name());
    targets
}

/// The number that a key begins with.
fn number(key: &[u8]) -> u64 {
    u64::from_be_bytes(*key.first_chunk().expect("a number"))
}

/// Every row that the log consists of, by family.
fn log(view: &dyn View) -> [Vec<Target>; 5] {
    let sizes: Vec<_> =
        view.scan(Family::Checkpoints, &[]).map(|row| number(&row.expect("reads").0)).collect();
    let entry = |index: u64| {
        let nth = sizes.iter().position(|size| *size > index).expect("a head covers it");
        let is_last = sizes.last() == Some(&(index + 1));
        Named::Entry { index, first_head: format!("checkpoints[{nth}]"), is_last }
    };
    [
        targets(view, Family::Entries, &[], |_, key| entry(number(key))),
        targets(view, Family::Payloads, &[], |_, key| Named::Payload(number(key))),
        targets(view, Family::Checkpoints, &[], |nth, _| Named::Head(format!("checkpoints[{nth}]"))),
        targets(view, Family::Keys, &[], |nth, key| Named::Key {
            line: format!("keys.jsonl:{}", nth + 1),
            id: hex::encode(key),
        }),
        targets(view, Family::Meta, b"keyring/", |_, _| Named::Keyring),
    ]
}

/// Every row that the database of a home has, in memory: it is read some ten thousand times.
fn rows_of(home: &Home) -> MemoryStore {
    let store = RocksStore::open(&home.root.join("db")).expect("opens");
    let (rows, mut batch) = (MemoryStore::new(), Batch::default());
    for family in Family::ALL {
        for row in store.scan(family, &[]) {
            let (key, value) = row.expect("reads");
            batch.put(family, key, value);
        }
    }
    rows.commit(batch).expect("memory takes it");
    rows
}

/// A place for exports. Each is synced, so memory where there is such a place.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).expect("a scratch directory")
}

/// Exports and audits a log with a target that is altered at one byte; the objection names it.
fn check(specimen: &Specimen, view: &dyn View, target: &Target, at: usize, set: ExportSet, dir: &Path) {
    let (family, key, mut value) = (target.family, &target.key, target.value.to_vec());
    value[at] ^= 1 << (at % 8);
    let what = format!("byte {at} of {} {key:02x?}", family.name());
    let altered = Altered { view, family, key, value };
    let vkey = &specimen.trust.keys()[0];
    if let Err(error) = export_view(&altered, vkey, &specimen.home.root.join("kek"), set, dir) {
        let said = chain(&error);
        assert!(target.named.is_in_refusal(&said), "{what} is not named: {said}");
        return;
    }
    let report = specimen.audit(&load(dir));
    fs::remove_dir_all(dir).expect("removed");
    assert_eq!(report.outcome(), Outcome::Findings, "{what}");
    assert!(target.named.is_in(&report, at), "{what} is not named: {:#?}", report.findings());
}

fn chain(error: &ExportError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, ": {cause}").expect("memory");
        source = cause.source();
    }
    text
}

/// Every `step`th byte of every target, on all cores; returns how many were tried.
fn alter_bytes(
    specimen: &Specimen,
    view: &dyn View,
    targets: &[Target],
    set: ExportSet,
    step: usize,
) -> usize {
    let scratch = scratch();
    let offsets = |target: usize| (0..targets[target].value.len()).step_by(step).map(move |at| (target, at));
    let cases: Vec<_> = (0..targets.len()).flat_map(offsets).collect();
    let count = cases.len();
    on_all_cores(cases, |(nth, at): (usize, usize)| {
        let dir = scratch.path().join(format!("{nth}-{at}"));
        check(specimen, view, &targets[nth], at, set, &dir);
    });
    count
}

/// Three batches: the founding, one of a single event, one of two.
fn smallest() -> Specimen {
    let home = Home::prepare();
    fs::write(home.beside("policy.toml"), super::small_policy()).expect("written");
    home.init(&[]).expect(0);
    let daemon = Daemon::start(&home);
    events::must(&mut daemon.connect(), &events::received("REQ-1"));
    post_lines(&daemon, &[events::authenticated("REQ-1"), events::received("REQ-2")]);
    daemon.stop();
    Specimen::of(home)
}

/// Posts events as one stream, all of which are recorded.
fn post_lines(daemon: &Daemon, events: &[Value]) {
    let lines: Vec<_> = events.iter().map(|event| event.to_string() + "\n").collect();
    let answer =
        daemon.connect().call("POST", "/v1/events", "application/x-ndjson", lines.concat().as_bytes());
    let answers = answer.expect("an answer").text();
    let recorded = answers.lines().filter(|line| line.contains("\"status\":201")).count();
    assert_eq!(recorded, events.len(), "{answers}");
}

#[test]
fn every_byte_of_every_row_counts() {
    let specimen = smallest();
    let view = rows_of(&specimen.home);
    assert_eq!(specimen.audit(&specimen.files).outcome(), Outcome::Clean, "before");
    for targets in log(&view) {
        let bytes: usize = targets.iter().map(|target| target.value.len()).sum();
        let tried = alter_bytes(&specimen, &view, &targets, ExportSet::Auditor, 1);
        eprintln!("tamper: {} rows of {}", targets.len(), targets[0].family.name());
        assert!(tried == bytes && tried > 0, "{tried} of {bytes}");
    }
}

/// A log whose first hash tile is full: the tile is a row of its own then.
fn specimen_with_a_tile() -> Specimen {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    post_lines(&daemon, &(0..256).map(|n| events::received(&format!("REQ-{n}"))).collect::<Vec<_>>());
    daemon.stop();
    Specimen::of(home)
}

#[test]
fn every_byte_of_a_hash_tile_counts() {
    let specimen = specimen_with_a_tile();
    let view = rows_of(&specimen.home);
    assert_eq!(specimen.audit(&specimen.files).outcome(), Outcome::Clean, "before");
    // With hashes alone there is one witness of them; every byte changes the root that was signed.
    let hashes = targets(&view, Family::Tiles, &[], |_, _| Named::Head("checkpoint".to_owned()));
    assert_eq!(alter_bytes(&specimen, &view, &hashes, ExportSet::Public, 1), 256 * HASH_BYTES);
    // Beside its entry every altered hash is named. 31 of 32 bytes apart is at least one of each.
    let tile = targets(&view, Family::Tiles, &[], |_, _| Named::Tile);
    assert!(alter_bytes(&specimen, &view, &tile, ExportSet::Auditor, HASH_BYTES - 1) > 256);
}
