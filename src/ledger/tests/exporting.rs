//! Goal: what is exported is what an auditor accepts, to the last byte.
//! Method: export logs of several sizes, and hand them to the audit, with trust and without.

use std::num::NonZeroUsize;
use std::path::Path;

use super::harness::*;
use crate::audit::{self, Outcome, Trust, Unsealed};
use crate::ledger::*;
use crate::ops::age;
use crate::ops::export_dir::ExportDir;
use crate::store::Family;
use crate::tlog::TreeSize;

pub(super) fn export_to(log: &TestLog, set: ExportSet, dir: &Path) -> Result<Exported, ExportError> {
    export(&*log.shared(), &vkey(), &log.home.path().join("kek"), set, dir)
}

pub(super) fn audited(dir: &Path, log: &TestLog) -> audit::Replayed {
    let listed = ExportDir::list(dir).expect("listed");
    let request = audit::Request {
        source: audit::Source { names: listed.names().clone(), open: &|name| listed.open(name) },
        trust: Trust::new(vec![vkey()]),
        given: Vec::new(),
        threads: NonZeroUsize::MIN,
        progress: &|_, _| {},
    };
    let integrity = audit::verify(&request);
    let identities = log.identities();
    audit::replay(&request, integrity, &|sealed| {
        age::decrypt_bytes(sealed, &identities, 1 << 20).map_or(Unsealed::NotARecipient, Unsealed::Opened)
    })
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let listed = ExportDir::list(dir).expect("listed");
    listed.names().iter().map(|name| (name.clone(), std::fs::read(dir.join(name)).expect("read"))).collect()
}

fn an_auditor_accepts_it(mut log: TestLog) {
    for (round, count) in [(0, 0), (1, 1), (2, 255), (3, 400)] {
        log.submit_together((0..count).map(|n| received(round * 1_000 + n)).collect());
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let dir = scratch.path().join("export");
        let exported = export_to(&log, ExportSet::Auditor, &dir).expect("exported");
        assert_eq!(exported.size, log.reader().size().expect("a size"));
        let replayed = audited(&dir, &log);
        assert_eq!(replayed.report.outcome(), Outcome::Clean, "{:?}", replayed.report.findings());
        assert!(replayed.verified.is_some());

        let again = scratch.path().join("again");
        export_to(&log, ExportSet::Auditor, &again).expect("exported");
        assert_eq!(files(&dir), files(&again), "byte for byte the same");

        let public = scratch.path().join("public");
        export_to(&log, ExportSet::Public, &public).expect("exported");
        let names: Vec<_> = files(&public).into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| {
            ["checkpoint", "keyring", "log.vkey"].contains(&name.as_str())
                || (name.starts_with("tile/") && !name.starts_with("tile/entries"))
        }));
    }
}

#[test]
fn an_auditor_accepts_it_from_memory() {
    an_auditor_accepts_it(TestLog::memory());
}

#[test]
fn an_auditor_accepts_it_from_rocksdb() {
    an_auditor_accepts_it(TestLog::rocks());
}

#[test]
fn a_set_is_there_whole_or_not_at_all() {
    let log = TestLog::memory();
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dir = scratch.path().join("export");
    let partial = scratch.path().join("export.partial");
    for reads in 0.. {
        log.memory_store().fail_reads_after(reads);
        let exported = export_to(&log, ExportSet::Auditor, &dir);
        log.memory_store().heal_reads();
        if exported.is_ok() {
            assert!(reads > 10, "an export reads more than that");
            break;
        }
        assert!(!dir.exists() && !partial.exists());
    }
    std::fs::remove_dir_all(&dir).expect("removed");
    std::fs::create_dir(&partial).expect("made");
    let blocked = export_to(&log, ExportSet::Auditor, &dir);
    assert!(matches!(blocked, Err(ExportError::Exists { path }) if path == partial), "left by a crash");
    std::fs::remove_dir(&partial).expect("removed");
    export_to(&log, ExportSet::Auditor, &dir).expect("exported");
    assert!(matches!(export_to(&log, ExportSet::Auditor, &dir), Err(ExportError::Exists { .. })));
}

#[test]
fn a_batch_that_comes_meanwhile_is_not_in_the_set() {
    let mut log = TestLog::memory();
    let store = log.shared();
    let before = store.snapshot();
    log.submit(received(1)).expect("recorded");
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dir = scratch.path().join("export");
    let kek = log.home.path().join("kek");
    let exported = export_view(&*before, &vkey(), &kek, ExportSet::Auditor, &dir).expect("exported");
    assert_eq!(exported.size, TreeSize::new(4));
    assert_eq!(audited(&dir, &log).report.outcome(), Outcome::Clean);
    assert_eq!(before.scan(Family::Entries, &[]).count(), 4);
}
