//! `init`, interrupted everywhere, and begun again.

use super::harness::*;
use crate::ledger::*;
use crate::store::{Fault, MemoryStore};

fn unfounded() -> TestLog {
    TestLog::unfounded(Disk::Memory(MemoryStore::new()))
}

#[test]
fn a_home_is_founded_once() {
    let mut log = unfounded();
    log.found().expect("founded");
    assert!(matches!(log.found(), Err(FoundingError::Exists)));
    log.start().expect("started");
    log.check(4);
}

#[test]
fn interrupted_founding_is_begun_again() {
    for fault in [Fault::Lost, Fault::Persisted, Fault::Visible] {
        for power_cut in [false, true] {
            let mut log = unfounded();
            log.memory_store().plan([Some(fault)]);
            assert!(log.found().is_err());
            let store = log.memory_store();
            drop(if power_cut { store.power_cut() } else { store.reopen() });
            assert!(matches!(log.start(), Err(RecoveryError::AnchorMissing)), "{fault:?}");
            log.found().expect("begun again");
            log.start().expect("started");
            log.check(4);
        }
    }
}

#[test]
fn a_founding_without_its_anchor_is_begun_again() {
    for fault in [AnchorFault::Lost, AnchorFault::Torn] {
        let mut log = unfounded();
        log.anchor.plan([Some(fault)]);
        assert!(matches!(log.found(), Err(FoundingError::Anchor(_))));
        log.found().expect("begun again");
        log.start().expect("started");
        log.check(4);
    }
    // The anchor appeared although its writing failed: the log exists.
    let mut log = unfounded();
    log.anchor.plan([Some(AnchorFault::Persisted)]);
    assert!(log.found().is_err());
    assert!(matches!(log.found(), Err(FoundingError::Exists)));
    log.start().expect("started");
    log.check(4);
}

#[test]
fn left_kek_files_do_not_stop_a_founding() {
    let mut log = unfounded();
    let kek = log.home.path().join("kek");
    std::fs::create_dir(&kek).expect("made");
    for name in ["1.age", "1.age.partial", "1.age.partial.partial"] {
        std::fs::write(kek.join(name), b"left by a crash").expect("written");
    }
    log.found().expect("founded");
    log.start().expect("started");
    log.submit(received(1)).expect("recorded");
    log.check(5);
}

#[test]
fn more_than_a_founding_is_never_thrown_away() {
    let mut log = TestLog::memory();
    log.submit(received(1)).expect("recorded");
    log.stop();
    log.anchor.set(None);
    assert!(matches!(log.found(), Err(FoundingError::NotNew { entries: 5 })));
    assert!(matches!(log.start(), Err(RecoveryError::AnchorMissing)));
    log.check(5);
}

#[test]
fn a_text_that_cannot_be_adopted_founds_nothing() {
    let mut log = unfounded();
    let broken = Texts { policy: "schema = 9".to_owned(), ..texts() };
    assert!(matches!(log.found_with(&broken), Err(FoundingError::Text(_))));
    assert!(!log.home.path().join("kek").exists(), "nothing was written");
    log.check(0);
}
