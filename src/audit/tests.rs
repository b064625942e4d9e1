//! Goal: nothing in an export can be changed without a finding that names it, and nothing
//! is found in one that is sound.
//! Method: build small logs from the formats, damage them in every way we can think of,
//! and look at the codes and places that come out.

use super::specimen::{Files, Specimen, audit};
use super::*;

const BATCHES: &[usize] = &[1, 3];

fn small() -> Specimen {
    Specimen::grow(5, 7, |_| {})
}

/// 300 entries in uneven batches: one full run, one partial, and heads on both sides.
fn large() -> (Specimen, Vec<usize>) {
    (Specimen::grow(300, 7, |_| {}), vec![1, 4, 100, 255, 256, 257, 299])
}

fn check(log: &Specimen, files: &Files) -> Report {
    audit(files, vec![log.vkey()], Vec::new(), 1).report
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings().iter().map(|finding| finding.code).collect()
}

/// Whether a finding names this file, or an entry of it.
fn names(report: &Report, file: &str) -> bool {
    report.findings().iter().any(|finding| {
        let named = finding.location.file.as_deref().unwrap_or("");
        named == file
            || named.strip_prefix(file).is_some_and(|rest| rest.starts_with(['[', ':']))
            || (finding.location.index.is_some() && named.rsplit('/').next() == file.rsplit('/').next())
    })
}

fn expect_named(log: &Specimen, files: &Files, file: &str, what: &str) {
    let report = check(log, files);
    assert_eq!(report.outcome(), Outcome::Findings, "{file}, {what}: {report:?}");
    assert!(names(&report, file), "{file}, {what}: {:#?}", report.findings());
}

/// What public keys cannot see: wrapped keys beyond version and epoch, and age files beyond
/// their first line. With an identity they are opened.
fn is_sealed_to_identity(name: &str, files: &Files, at: usize) -> bool {
    let bytes = &files[name];
    match name {
        "keys.jsonl" => {
            let line = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
            (74..75 + 88).contains(&(at - line))
        }
        name => name.starts_with("kek/") && at >= 22,
    }
}

#[test]
fn sound_exports_are_clean_on_one_thread_and_on_two() {
    let (log, batches) = large();
    for files in [log.export(&batches), log.public(), small().export(BATCHES), small().public()] {
        for threads in [1, 2] {
            let result = audit(&files, vec![log.vkey()], Vec::new(), threads);
            assert_eq!(result.report, Report::default());
        }
    }
    let summary = audit(&log.export(&batches), vec![log.vkey()], Vec::new(), 2).summary.expect("a head");
    assert_eq!((summary.set, summary.size.get(), summary.heads), (SetKind::Auditor, 300, 9));
    let summary = audit(&log.public(), vec![log.vkey()], Vec::new(), 2).summary.expect("a head");
    assert_eq!((summary.set, summary.heads), (SetKind::Public, 1));
}

#[test]
fn runs_on_several_threads_join_in_order() {
    // More than RUNS_PER_THREAD runs, so that two threads share them.
    let log = Specimen::grow(256 * 70 + 3, 7, |_| {});
    let mut files = log.export(&[256 * 64, 256 * 64 + 1, 256 * 69]);
    let one = audit(&files, vec![log.vkey()], Vec::new(), 1);
    let two = audit(&files, vec![log.vkey()], Vec::new(), 2);
    assert_eq!((one.report, two.report.clone()), (Report::default(), Report::default()));
    let entries = files.get_mut("tile/entries/065").expect("a file");
    entries[300] ^= 1;
    let report = audit(&files, vec![log.vkey()], Vec::new(), 2).report;
    let index = report.findings()[0].location.index.map(crate::tlog::LeafIndex::get);
    assert_eq!(index, Some(65 * 256 + 1), "{report:?}");
}

#[test]
fn every_byte_of_every_file_of_a_small_export_counts() {
    let log = small();
    let files = log.export(BATCHES);
    for (name, bytes) in &files {
        for at in 0..bytes.len() {
            if is_sealed_to_identity(name, &files, at) {
                continue;
            }
            for mask in [0x01, 0x20, 0x80] {
                let mut damaged = files.clone();
                damaged.get_mut(name).expect("the file")[at] ^= mask;
                expect_named(&log, &damaged, name, &format!("byte {at} ^ {mask:#x}"));
            }
        }
    }
}

#[test]
fn sampled_bytes_of_a_large_export_count() {
    let (log, batches) = large();
    let files = log.export(&batches);
    for (name, bytes) in &files {
        for at in (0..bytes.len()).step_by(149) {
            if !is_sealed_to_identity(name, &files, at) {
                let mut damaged = files.clone();
                damaged.get_mut(name).expect("the file")[at] ^= 1;
                expect_named(&log, &damaged, name, &format!("byte {at}"));
            }
        }
    }
}

#[test]
fn an_altered_entry_is_named_and_not_its_neighbours() {
    let (log, batches) = large();
    let mut files = log.export(&batches);
    let at = log.entries[..41].iter().map(|entry| entry.len() + 2).sum::<usize>() + 2 + 190;
    files.get_mut("tile/entries/000").expect("a file")[at] ^= 1;
    let report = check(&log, &files);
    let places: Vec<_> = report
        .findings()
        .iter()
        .map(|finding| (finding.code, finding.location.index.map(crate::tlog::LeafIndex::get)))
        .collect();
    assert!(places.contains(&(Code::EntryAltered, Some(41))), "{places:?}");
    assert!(places.iter().all(|(_, index)| *index == Some(41)), "{places:?}");
}

#[test]
fn every_cut_addition_deletion_and_stranger_is_named() {
    let log = small();
    let files = log.export(BATCHES);
    for (name, bytes) in &files {
        let is_opaque = |at: usize| name.starts_with("kek/") && at >= 22;
        for length in (0..bytes.len()).filter(|length| !is_opaque(*length)) {
            let mut damaged = files.clone();
            damaged.get_mut(name).expect("the file").truncate(length);
            expect_named(&log, &damaged, name, &format!("cut to {length}"));
        }
        for tail in [&b"\n"[..], b"\0", b"0", &bytes.clone()] {
            if !is_opaque(bytes.len()) {
                let mut damaged = files.clone();
                damaged.get_mut(name).expect("the file").extend_from_slice(tail);
                expect_named(&log, &damaged, name, "longer");
            }
        }
        let mut damaged = files.clone();
        damaged.remove(name);
        expect_named(&log, &damaged, name, "deleted");
    }
    for stranger in
        ["notes.txt", "tile/0/000", "tile/1/000.p/1", "tile/entries/001", "payload/000.p/4", "kek/2.age"]
    {
        let mut damaged = files.clone();
        damaged.insert(stranger.to_owned(), b"age-encryption.org/v1\n".to_vec());
        expect_named(&log, &damaged, stranger, "a stranger");
    }
}

#[test]
fn files_that_changed_places_are_named() {
    let (log, batches) = large();
    let files = log.export(&batches);
    let names: Vec<_> = files.keys().cloned().collect();
    for (place, one) in names.iter().enumerate() {
        for other in &names[place + 1..] {
            let mut damaged = files.clone();
            damaged.insert(one.clone(), files[other].clone());
            damaged.insert(other.clone(), files[one].clone());
            let report = check(&log, &damaged);
            assert_eq!(report.outcome(), Outcome::Findings, "{one} and {other}");
        }
    }
}

/// A log whose last entries are others: the same up to `keep`.
fn rewritten(log: &Specimen, keep: usize, seed: u8) -> Specimen {
    let mut other = Specimen::grow(u64::try_from(log.entries.len()).expect("small"), seed, |_| {});
    let rest = Specimen::grow(u64::try_from(log.entries.len()).expect("small"), 200, |_| {});
    other.entries[..keep].clone_from_slice(&log.entries[..keep]);
    other.payloads[..keep].clone_from_slice(&log.payloads[..keep]);
    for index in keep..log.entries.len() {
        other.payloads[index].clone_from(&rest.payloads[index]);
        let prev = crate::tlog::leaf_hash(&other.entries[index - 1]);
        let entry = crate::model::entry::Entry::parse(&rest.entries[index]).expect("an entry");
        other.entries[index] = crate::model::entry::Entry { prev, ..entry }.to_bytes();
    }
    other
}

#[test]
fn a_rewritten_tail_needs_the_key_and_betrays_itself_to_old_heads() {
    let log = small();
    // With another key: nothing of it is believed.
    let forged = rewritten(&log, 2, 8);
    let report = check(&log, &forged.export(BATCHES));
    assert_eq!(codes(&report), [Code::NotTrusted]);
    // Another key's heads under the right keyring.
    let mut files = forged.export(BATCHES);
    files.extend(log.public().into_iter().filter(|(name, _)| name == "keyring" || name == "log.vkey"));
    assert_eq!(codes(&check(&log, &files)), [Code::Signature]);

    // With the log's own key, it is sound by itself; an old head shows the fork.
    let fork = rewritten(&log, 2, 7);
    let files = fork.export(&[1]);
    assert_eq!(check(&log, &files), Report::default());
    let given = |log: &Specimen, size| vec![GivenHead { name: "old".to_owned(), bytes: log.head(size) }];
    for (head, wanted) in [(2, vec![]), (3, vec![Code::NotAPrefix]), (5, vec![Code::NotAPrefix])] {
        let report = audit(&files, vec![log.vkey()], given(&log, head), 1).report;
        assert_eq!(codes(&report), wanted, "old head of size {head}");
    }
    // A head beyond the log: it was rolled back.
    let longer = Specimen::grow(9, 7, |_| {});
    let report = audit(&log.export(BATCHES), vec![log.vkey()], given(&longer, 9), 1).report;
    assert_eq!(codes(&report), [Code::NotAPrefix]);
    // Two histories in one list of heads.
    let mut files = fork.export(&[1]);
    let [one, last] = [fork.head(1), fork.head(5)];
    let notes = [one, log.head(3), last];
    files.insert(
        "checkpoints".to_owned(),
        notes.iter().flat_map(|note| [format!("{}\n", note.len()).as_bytes(), note].concat()).collect(),
    );
    let report = check(&log, &files);
    assert_eq!(codes(&report), [Code::Fork]);
    assert_eq!(report.findings()[0].location.file.as_deref(), Some("checkpoints[1]"));
}

#[test]
fn what_a_log_signed_wrongly_is_found() {
    use crate::model::time::Timestamp;
    use crate::tlog::{Hash, LeafIndex};
    type Bend = fn(&mut crate::model::entry::Entry);
    let cases: [(Bend, Code); 3] = [
        (|entry| entry.time = Timestamp::from_ms(0).expect("1970"), Code::TimeOrder),
        (|entry| entry.prev = Hash::from_bytes([1; 32]), Code::Chain),
        (|entry| entry.index = LeafIndex::new(9), Code::EntryIndex),
    ];
    for (bend, code) in cases {
        for spoiled in [3, 256] {
            let log = Specimen::grow(258, 7, |entry| {
                if entry.index.get() == spoiled {
                    bend(entry);
                }
            });
            let report = check(&log, &log.export(&[100]));
            assert_eq!(codes(&report), [code], "entry {spoiled}");
            assert_eq!(report.findings()[0].location.index, Some(LeafIndex::new(spoiled)));
        }
    }
}

#[test]
fn trust_and_withheld_payloads_are_doubts() {
    let log = small();
    let files = log.export(BATCHES);
    let report = audit(&files, Vec::new(), Vec::new(), 1).report;
    assert_eq!((codes(&report), report.outcome()), (vec![Code::SignerUnknown], Outcome::Doubts));
    let stranger = vec![Specimen::grow(1, 9, |_| {}).vkey()];
    assert_eq!(codes(&audit(&files, stranger, Vec::new(), 1).report), [Code::NotTrusted]);

    let mut withheld = log.clone();
    withheld.payloads[2].clear();
    let report = check(&log, &withheld.export(BATCHES));
    assert_eq!((codes(&report), report.outcome()), (vec![Code::PayloadWithheld], Outcome::Doubts));
    // Findings win.
    withheld.payloads[3][20] ^= 1;
    assert_eq!(check(&log, &withheld.export(BATCHES)).outcome(), Outcome::Findings);
}

#[test]
fn heads_out_of_order_or_beyond_are_named() {
    let log = small();
    let list = |sizes: &[usize]| {
        let mut files = log.export(BATCHES);
        let notes = sizes.iter().map(|size| log.head(*size));
        let listed = notes.flat_map(|note| [format!("{}\n", note.len()).into_bytes(), note].concat());
        files.insert("checkpoints".to_owned(), listed.collect());
        codes(&check(&log, &files))
    };
    assert_eq!(list(&[1, 3, 5]), []);
    assert_eq!(list(&[3, 1, 5]), [Code::CheckpointOrder]);
    assert_eq!(list(&[1, 1, 5]), [Code::CheckpointOrder]);
    assert_eq!(list(&[1, 3]), [Code::CheckpointOrder], "the last is not the file checkpoint");
}

/// What the verifier of tests/independent, written from docs/FORMATS.md alone, says of an export.
fn independent_outcome(log: &Specimen, files: &Files) -> Outcome {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/venv/bin/python");
    assert!(python.is_file(), "{} is not there: run 'make setup'", python.display());
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (export, trusted) = (dir.path().join("export"), dir.path().join("trusted.vkey"));
    for (name, bytes) in files {
        let path = export.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
    std::fs::write(&trusted, format!("{}\n", log.vkey())).expect("written");
    let mut command = std::process::Command::new(python);
    command.arg(root.join("tests/independent/verify.py")).arg(&export).arg("--log-key").arg(&trusted);
    let ended = command.output().expect("it runs");
    match ended.status.code() {
        Some(0) => Outcome::Clean,
        Some(1) => Outcome::Findings,
        Some(2) => Outcome::Doubts,
        _ => panic!("{}", String::from_utf8_lossy(&ended.stderr)),
    }
}

#[test]
fn another_verifier_says_the_same_of_sound_damaged_and_withheld_exports() {
    let (large, batches) = large();
    for files in [large.export(&batches), large.public(), small().public()] {
        assert_eq!(independent_outcome(&large, &files), check(&large, &files).outcome());
    }
    let log = small();
    let files = log.export(BATCHES);
    assert_eq!(independent_outcome(&log, &files), Outcome::Clean);
    for (name, bytes) in &files {
        let at = bytes.len() / 2;
        if is_sealed_to_identity(name, &files, at) {
            continue;
        }
        let mut damaged = files.clone();
        damaged.get_mut(name).expect("the file")[at] ^= 0x01;
        assert_eq!(independent_outcome(&log, &damaged), check(&log, &damaged).outcome(), "{name}, byte {at}");
    }
    let mut withheld = log.clone();
    withheld.payloads[2].clear();
    let files = withheld.export(BATCHES);
    assert_eq!(
        (independent_outcome(&log, &files), check(&log, &files).outcome()),
        (Outcome::Doubts, Outcome::Doubts)
    );
}
