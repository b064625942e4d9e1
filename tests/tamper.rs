//! Goal: whatever is changed in a log, its verifier objects and names the place.
//! Method: a small log is walked through the daemon and exported. One bit of every byte of
//! every file is flipped, every file is cut at every length, extended, deleted and swapped with
//! every other; then the same is done to rows of the database, the database is rolled back and
//! the log is continued under another key. Public keys alone must find it; what they cannot see
//! (sealed keys at rest) the auditor's identity must.

mod bytes;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use probity::audit::{self, Outcome, Report, Request, Source, Trust, Unsealed};
use probity::ops::age::{self, AgeError, Identities};
use probity::tlog::Vkey;

use crate::harness::events::{self, ADA};
use crate::harness::{Daemon, Home};

/// The files of an export, by their names in it.
type Files = BTreeMap<String, Vec<u8>>;

/// A small log with several batches, and who can check it.
struct Specimen {
    home: Home,
    files: Files,
    trust: Trust,
    identities: Identities,
}

impl Specimen {
    fn make() -> Self {
        let home = Home::prepare();
        fs::write(home.beside("policy.toml"), small_policy()).expect("written");
        let policy = home.beside("policy.toml").display().to_string();
        home.init(&["--policy", &policy]).expect(0);
        let daemon = Daemon::start(&home);
        for event in events::intake("REQ-1", ADA) {
            events::must(&mut daemon.connect(), &event);
        }
        daemon.stop();
        Self::of(home)
    }

    /// The log of this home, which nobody serves.
    fn of(home: Home) -> Self {
        let files = load(&home.export("export"));
        let vkey: Vkey = fs::read_to_string(home.vkey()).expect("a key").trim_end().parse().expect("a key");
        let identity = fs::read(home.beside("auditor.age")).expect("an identity");
        let identities = Identities::parse_key_file(&identity).expect("an identity");
        Self { home, files, trust: Trust::new(vec![vkey]), identities }
    }

    /// With public keys; if they object to nothing, with the auditor's identity too.
    fn audit(&self, files: &Files) -> Report {
        let open = |name: &str| -> std::io::Result<Box<dyn Read>> {
            let bytes = files.get(name).ok_or(std::io::ErrorKind::NotFound)?;
            Ok(Box::new(Cursor::new(bytes.clone())))
        };
        let request = Request {
            source: Source { names: files.keys().cloned().collect(), open: &open },
            trust: self.trust.clone(),
            given: Vec::new(),
            threads: NonZeroUsize::MIN,
            progress: &|_, _| {},
        };
        let integrity = audit::verify(&request);
        if integrity.report.outcome() == Outcome::Findings {
            return integrity.report;
        }
        let unseal = |file: &[u8]| match age::decrypt_bytes(file, &self.identities, 1024) {
            Ok(plaintext) => Unsealed::Opened(plaintext),
            Err(AgeError::NoMatchingIdentity) => Unsealed::NotARecipient,
            Err(error) => Unsealed::Damaged(error.to_string()),
        };
        audit::replay(&request, integrity, &unseal).report
    }

    /// The audit objects, and names one of the files or the entry.
    fn check(&self, files: &Files, names: &[&str], index: Option<u64>, what: &str) {
        let report = self.audit(files);
        // An age file that the identity no longer opens cannot be told from one for others.
        let is_kek = names.iter().all(|name| name.starts_with("kek/"));
        let objects =
            report.outcome() == Outcome::Findings || (is_kek && report.outcome() == Outcome::Doubts);
        assert!(objects, "{what}: {:?}", report.outcome());
        let is_named = report.findings().iter().any(|finding| {
            let place = &finding.location;
            // A record is named as `checkpoints[3]`, a line as `keys.jsonl:2`.
            let file = place.file.as_deref().map(|file| file.split(['[', ':']).next().unwrap_or(file));
            file.is_some_and(|file| names.contains(&file))
                || (index.is_some() && place.index.map(probity::tlog::LeafIndex::get) == index)
        });
        assert!(is_named, "{what} is not named: {:?}", report.findings());
    }
}

/// The legal tables without what the walk does not need: every byte of them is altered.
fn small_policy() -> String {
    let mut policy: toml::Table = crate::harness::home::policy().parse().expect("the policy is TOML");
    policy.remove("bands");
    for (name, value) in &mut policy {
        let Some(tables) = value.as_array_mut().filter(|tables| tables.iter().all(toml::Value::is_table))
        else {
            continue;
        };
        tables.retain(|table| {
            let text = |member: &str| table.get(member).and_then(toml::Value::as_str).unwrap_or_default();
            match name.as_str() {
                "instrument" => ["us.subpoena", "us.warrant_2703"].contains(&text("code")),
                "country" => text("code") == "US",
                "entity" | "hosting" => text("country") == "US",
                "secrecy" | "comity" => false,
                _ => true,
            }
        });
        for table in tables.iter_mut().filter_map(toml::Value::as_table_mut) {
            table.remove("note");
            // A field each, the same one, so that classes which are subsets of others remain it.
            if let Some(fields) = table.get_mut("fields") {
                *fields = vec!["name"].into();
            }
        }
    }
    toml::to_string(&policy).expect("prints")
}

fn load(dir: &Path) -> Files {
    let paths = crate::harness::files(dir);
    let name = |path: &Path| path.strip_prefix(dir).expect("below").display().to_string();
    paths.iter().map(|path| (name(path), fs::read(path).expect("read"))).collect()
}

/// The record of a container in which a byte stands, where records are entries or payloads.
fn record_at(name: &str, bytes: &[u8], at: usize) -> Option<u64> {
    let prefix = match name {
        name if name.starts_with("tile/entries/") => 2,
        name if name.starts_with("payload/") => 4,
        _ => return None,
    };
    let (mut start, mut record) = (0, 0);
    loop {
        let length = bytes[start..start + prefix].iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
        start += prefix + length;
        if at < start {
            return Some(record);
        }
        record += 1;
    }
}

/// Runs every case on all cores; the first failure is the test's.
fn on_all_cores<T: Send>(cases: Vec<T>, check: impl Fn(T) + Sync) {
    let count = cases.len();
    let queue = Mutex::new(cases.into_iter());
    let work = || {
        loop {
            let Some(case) = queue.lock().expect("no check holds it").next() else { return };
            check(case);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(work);
        }
    });
    eprintln!("tamper: {count} cases");
}

#[test]
fn every_byte_of_every_file_counts() {
    let specimen = Specimen::make();
    assert_eq!(specimen.audit(&specimen.files).outcome(), Outcome::Clean);
    let offsets = |(name, bytes): (&String, &Vec<u8>)| {
        (0..bytes.len()).map(|at| (name.clone(), at)).collect::<Vec<_>>()
    };
    let cases = specimen.files.iter().flat_map(offsets).collect();
    on_all_cores(cases, |(name, at): (String, usize)| {
        let mut files = specimen.files.clone();
        let bytes = files.get_mut(&name).expect("there");
        bytes[at] ^= 1 << (at % 8);
        let index = record_at(&name, &specimen.files[&name], at);
        specimen.check(&files, &[&name], index, &format!("byte {at} of {name}"));
    });
}

#[test]
fn every_cut_extension_deletion_and_swap_is_found() {
    let specimen = Specimen::make();
    let cuts = |(name, bytes): (&String, &Vec<u8>)| {
        (0..bytes.len()).map(|length| (name.clone(), length)).collect::<Vec<_>>()
    };
    let cases = specimen.files.iter().flat_map(cuts).collect();
    on_all_cores(cases, |(name, length): (String, usize)| {
        let mut files = specimen.files.clone();
        let bytes = files.get_mut(&name).expect("there");
        let index = record_at(&name, &specimen.files[&name], length);
        bytes.truncate(length);
        specimen.check(&files, &[&name], index, &format!("{name} cut to {length}"));
    });
    for (name, bytes) in &specimen.files {
        for more in [&b"\0"[..], b"\n", b"x\n", bytes] {
            let mut files = specimen.files.clone();
            files.get_mut(name).expect("there").extend_from_slice(more);
            specimen.check(&files, &[name], None, &format!("{name} extended"));
        }
        let mut files = specimen.files.clone();
        files.remove(name);
        specimen.check(&files, &[name], None, &format!("{name} deleted"));
        for (other, others) in specimen.files.range::<String, _>(name.clone()..).skip(1) {
            if bytes == others {
                continue;
            }
            let mut files = specimen.files.clone();
            files.insert(name.clone(), others.clone());
            files.insert(other.clone(), bytes.clone());
            specimen.check(&files, &[name, other], None, &format!("{name} and {other} swapped"));
        }
    }
    let mut files = specimen.files.clone();
    files.insert("tile/0/001".to_owned(), vec![0; 32]);
    specimen.check(&files, &["tile/0/001"], None, "a file too many");
}

/// The records of a container, each with its length before it.
fn records(name: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let record = record_at(name, bytes, at).and_then(|record| usize::try_from(record).ok());
        let record = record.expect("a container");
        if record == records.len() {
            records.push(Vec::new());
        }
        records[record].push(*byte);
    }
    records
}

#[test]
fn records_cannot_change_places() {
    let specimen = Specimen::make();
    let containers = |name: &&String| name.starts_with("tile/entries/") || name.starts_with("payload/");
    for name in specimen.files.keys().filter(containers) {
        let good = records(name, &specimen.files[name]);
        assert_eq!(good.concat(), specimen.files[name]);
        for first in 0..good.len() {
            for second in first + 1..good.len() {
                let mut swapped = good.clone();
                swapped.swap(first, second);
                let mut files = specimen.files.clone();
                files.insert(name.clone(), swapped.concat());
                let index = u64::try_from(first).ok();
                specimen.check(&files, &[], index, &format!("{name}: {first} and {second} swapped"));
            }
            let mut without = good.clone();
            without.remove(first);
            let mut files = specimen.files.clone();
            files.insert(name.clone(), without.concat());
            specimen.check(&files, &[name], u64::try_from(first).ok(), &format!("{name} without {first}"));
        }
    }
}

#[test]
fn the_same_log_signed_with_another_key_is_not_trusted() {
    let specimen = Specimen::make();
    let other = Specimen::make();
    let report = specimen.audit(&other.files);
    assert_eq!(report.outcome(), Outcome::Findings);
    let is_trust = |finding: &audit::Finding| finding.code == audit::Code::NotTrusted;
    assert!(report.findings().iter().any(is_trust), "{:?}", report.findings());
    // Its own head and key in the place of ours convince nobody either.
    for names in
        [&["checkpoint"][..], &["checkpoint", "checkpoints"], &["log.vkey"], &["keyring", "log.vkey"]]
    {
        let mut files = specimen.files.clone();
        for name in names {
            files.insert((*name).to_owned(), other.files[*name].clone());
        }
        specimen.check(&files, names, None, &format!("{names:?} of another log"));
    }
}
