//! Every commit and every anchor write fails, in each way it can, once and twice.

use super::harness::*;
use crate::ledger::*;
use crate::store::Fault;

/// Runs into `fault` on the third submission, checks that the ledger stopped, restarts, and
/// returns how many entries there are.
fn after_commit_fault(fault: Fault, power_cut: bool) -> (TestLog, u64) {
    let mut log = TestLog::memory();
    log.submit(received(1)).expect("recorded");
    log.memory_store().plan([Some(fault)]);
    assert!(matches!(log.submit(received(2)), Err(SubmitError::Poisoned)));
    assert!(matches!(log.submit(received(3)), Err(SubmitError::Poisoned)), "everything is refused");
    assert!(matches!(log.reader().checkpoint(), Err(ReadError::Poisoned)), "reads too");
    log.stop();
    let store = log.memory_store();
    drop(if power_cut { store.power_cut() } else { store.reopen() });
    log.start().expect("started");
    let size = log.reader().size().expect("a size").get();
    log.check(size);
    (log, size)
}

#[test]
fn a_failed_commit_is_settled_by_the_next_start() {
    for (fault, power_cut, expected) in [
        (Fault::Lost, false, 5),
        (Fault::Lost, true, 5),
        (Fault::Persisted, false, 6),
        (Fault::Persisted, true, 6),
        (Fault::Visible, false, 6),
        (Fault::Visible, true, 5),
    ] {
        let (mut log, size) = after_commit_fault(fault, power_cut);
        assert_eq!(size, expected, "{fault:?}, power cut: {power_cut}");
        let again = log.submit(received(2)).expect("asked again, it is there once");
        assert_eq!(again.repeated, expected == 6);
        log.check(6);
        log.restart().expect("started again");
        log.check(6);
    }
}

#[test]
fn a_failed_anchor_write_is_settled_by_the_next_start() {
    for fault in [AnchorFault::Lost, AnchorFault::Persisted, AnchorFault::Torn] {
        let mut log = TestLog::memory();
        log.submit(received(1)).expect("recorded");
        log.anchor.plan([Some(fault)]);
        assert!(matches!(log.submit(received(2)), Err(SubmitError::Poisoned)), "{fault:?}");
        log.restart().expect("the database is ahead by one batch at most");
        log.check(6);
        assert!(log.submit(received(2)).expect("there").repeated);
        log.submit(received(3)).expect("recorded");
        log.check(7);
        log.restart().expect("started again");
        log.check(7);
    }
}

#[test]
fn faults_come_twice() {
    for first in [Fault::Lost, Fault::Persisted, Fault::Visible] {
        for second in [AnchorFault::Lost, AnchorFault::Persisted, AnchorFault::Torn] {
            let mut log = TestLog::memory();
            log.submit(received(1)).expect("recorded");
            log.memory_store().plan([Some(first)]);
            assert!(log.submit(received(2)).is_err());
            log.stop();
            drop(log.memory_store().reopen());
            // Start-up itself advances the anchor if the batch is there: that write fails now.
            log.anchor.plan([Some(second)]);
            let started = log.start();
            let is_ahead = first != Fault::Lost;
            assert_eq!(started.is_err(), is_ahead, "{first:?} then {second:?}");
            log.anchor.plan([]);
            if is_ahead {
                log.start().expect("the third time goes well");
            }
            log.submit(received(2)).expect("there once");
            log.check(6);
        }
    }
}

#[test]
fn unreadable_stores_start_nothing_and_change_nothing() {
    let mut log = TestLog::memory();
    log.submit(received(1)).expect("recorded");
    log.stop();
    for reads in 0.. {
        log.memory_store().fail_reads_after(reads);
        let started = log.start();
        log.memory_store().heal_reads();
        log.check(5);
        if started.is_ok() {
            assert!(reads > 8, "start-up reads what it relies on");
            break;
        }
    }
    log.submit(received(2)).expect("recorded");
    log.check(6);
}

#[test]
fn an_unreadable_row_while_recording_is_doubt() {
    let mut log = TestLog::memory();
    log.memory_store().fail_reads_after(0);
    assert!(matches!(log.submit(received(1)), Err(SubmitError::Poisoned)));
    log.memory_store().heal_reads();
    assert!(matches!(log.submit(received(1)), Err(SubmitError::Poisoned)));
    log.restart().expect("started");
    log.submit(received(1)).expect("recorded");
    log.check(5);
}

#[test]
fn a_lost_caller_cancels_nothing() {
    let mut log = TestLog::memory();
    drop(log.ledger().enqueue(received(1)).expect("queued"));
    assert!(log.submit(received(1)).expect("there").repeated);
    log.check(5);
}

#[test]
fn doubt_wakes_whoever_waits_for_it() {
    let mut log = TestLog::memory();
    log.memory_store().plan([Some(Fault::Lost)]);
    let ledger = log.ledger().clone();
    assert!(log.submit(received(1)).is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let doubt = runtime.block_on(ledger.doubted());
    assert!(matches!(*doubt, Doubt::Store(_)), "{doubt:?}");
    drop(ledger);
}
