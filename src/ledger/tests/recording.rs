//! What a submission is answered, and what it leaves behind.

use super::harness::*;
use crate::ledger::*;
use crate::model::id::RequestId;
use crate::practice::case::Stage;
use crate::tlog::{LeafIndex, TreeSize};

fn init_submit_receipt_reopen(mut log: TestLog) {
    log.check(4);
    for n in 0..3 {
        let ack = log.submit(received(n)).expect("recorded");
        assert_eq!((ack.index.get(), ack.repeated), (4 + n, false));
        log.check(5 + n);
    }
    log.restart().expect("started again");
    log.check(7);
    log.submit(withdrawn(1)).expect("recorded");
    log.check(8);
    let request = RequestId::new("R-1").expect("an id");
    assert_eq!(log.reader().case(&request).expect("there").stage, Stage::Withdrawn);
    assert!(matches!(log.submit(withdrawn(7)), Err(SubmitError::Refused(_))), "unknown request");
    log.check(8);
    log.stop();
}

#[test]
fn init_submit_receipt_reopen_in_memory() {
    init_submit_receipt_reopen(TestLog::memory());
}

#[test]
fn init_submit_receipt_reopen_in_rocksdb() {
    init_submit_receipt_reopen(TestLog::rocks());
}

fn many_in_few_batches(mut log: TestLog) {
    // Tiles fill within a batch, and batches end within tiles.
    for round in 0..6 {
        let acks = log.submit_together((round * 100..(round + 1) * 100).map(received).collect());
        assert!(acks.iter().all(Result::is_ok));
        log.check(4 + (round + 1) * 100);
    }
    log.restart().expect("started again");
    log.check(604);
    for index in [0, 3, 255, 256, 300, 603] {
        let index = LeafIndex::new(index);
        let receipt = log.reader().receipt(index).expect("a receipt");
        let receipt = crate::model::opening::verify_receipt(receipt.as_bytes(), &[vkey()]).expect("verifies");
        assert_eq!(receipt.checkpoint().size(), TreeSize::new(604));
        let opening = log.reader().opening(index).expect("an opening");
        let opening = crate::model::opening::Opening::parse(opening.as_bytes()).expect("parses");
        crate::model::opening::check(&receipt, &opening).expect("opens");
    }
}

#[test]
fn many_in_few_batches_in_memory() {
    many_in_few_batches(TestLog::memory());
}

#[test]
fn many_in_few_batches_in_rocksdb() {
    many_in_few_batches(TestLog::rocks());
}

#[test]
fn the_same_again_gets_the_same_answer() {
    let mut log = TestLog::memory();
    let first = log.submit(received(1)).expect("recorded");
    log.submit(received(2)).expect("recorded");
    for _ in 0..2 {
        let again = log.submit(received(1)).expect("known");
        assert_eq!(again, Ack { repeated: true, ..first.clone() });
        log.check(6);
        log.restart().expect("started again");
    }
    let mut other = received(1);
    other.id = received(2).id;
    assert!(matches!(
        log.submit(other),
        Err(SubmitError::IdReused { index, .. }) if index == LeafIndex::new(5)
    ));
    let mut taken = received(1);
    taken.id = crate::model::id::EventId::new("E-fresh").expect("an id");
    assert!(matches!(log.submit(taken), Err(SubmitError::Refused(refusal)) if refusal.pointer == "/request"));
    log.check(6);
}

#[test]
fn twins_in_one_batch_make_one_entry() {
    let mut log = TestLog::memory();
    let acks = log.submit_together((0..40).map(|n| received(n % 2)).collect());
    let acks: Vec<_> = acks.into_iter().map(|ack| ack.expect("recorded or known")).collect();
    log.check(6);
    assert_eq!(acks.iter().filter(|ack| !ack.repeated).count(), 2);
    for ack in &acks {
        let twin = acks.iter().find(|twin| twin.index == ack.index && !twin.repeated).expect("the first");
        assert_eq!((&ack.receipt, &ack.opening), (&twin.receipt, &twin.opening));
    }
}

#[test]
fn two_racing_for_one_request_make_one_entry() {
    let mut log = TestLog::memory();
    let mut rival = received(1);
    rival.id = crate::model::id::EventId::new("rival").expect("an id");
    let results = log.submit_together(vec![received(1), rival]);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().any(|result| matches!(result, Err(SubmitError::Refused(_)))));
    log.check(5);
}

#[test]
fn peers_cannot_post_what_only_the_daemon_knows() {
    let mut log = TestLog::memory();
    let data = r#"{"peer_uid":1,"verb":"x","count":1,"first_at":"2026-11-01T00:00:00.000Z","last_at":"2026-11-01T00:00:00.000Z"}"#;
    let denied = draft("D-1", crate::practice::EventType::AccessDenied, None, data);
    assert!(matches!(log.submit(denied.clone()), Err(SubmitError::Forbidden { .. })));
    assert!(matches!(
        log.submit(Draft { poster: Poster::Founding, ..denied.clone() }),
        Err(SubmitError::Forbidden { .. })
    ));
    let own = Draft { poster: Poster::Daemon, actor: crate::practice::DAEMON.to_owned(), ..denied };
    log.submit(own).expect("the daemon's own");
    assert!(matches!(
        log.submit(Draft { poster: Poster::Daemon, ..received(1) }),
        Err(SubmitError::Forbidden { .. })
    ));
    log.check(5);
}

#[test]
fn a_full_queue_pushes_back() {
    let mut log = TestLog::memory();
    log.stop();
    log.config.queue_bytes_max = 600;
    log.start().expect("started");
    assert!(matches!(log.submit(received(1)), Err(SubmitError::Busy { retry_after_s: 1 })));
    log.config.event_bytes_max = 100;
    log.restart().expect("started");
    assert!(matches!(log.submit(received(1)), Err(SubmitError::TooLong { bytes_max: 100, .. })));
    log.check(4);
}

#[test]
fn below_the_low_water_mark_nothing_new_is_recorded_and_reads_go_on() {
    let mut log = TestLog::memory();
    log.stop();
    log.config.low_water_bytes = 512 << 20;
    log.start().expect("started");
    let disk = |log: &TestLog, free| *log.machine.free.lock().expect("unpoisoned") = free;
    let first = log.submit(received(1)).expect("recorded");
    for (free, mib) in [(Some((512 << 20) - 1), 511), (Some(0), 0), (None, 0)] {
        disk(&log, free);
        let low = log.submit(received(2)).expect_err("too little room");
        assert!(
            matches!(low, SubmitError::DiskLow { free_mib, low_water_mib: 512 } if free_mib == mib),
            "{low}"
        );
        assert_eq!(
            log.submit(received(1)).expect("known").receipt,
            first.receipt,
            "what is recorded is answered"
        );
        log.reader().open(first.index).expect("reads go on");
    }
    let data = r#"{"disclosure":"D-1","production":null,"reason":"ordered"}"#;
    let destroyed = draft("X-1", crate::practice::EventType::BundleDestroyed, Some("R-1"), data);
    let destroyed = Draft { poster: Poster::Daemon, actor: crate::practice::DAEMON.to_owned(), ..destroyed };
    let refused = log.submit(destroyed).expect_err("there is no such bundle");
    assert!(matches!(refused, SubmitError::Refused(_)), "what makes room is judged by the rules: {refused}");
    log.check(5);
    disk(&log, Some(512 << 20));
    log.submit(received(2)).expect("it clears by itself");
    log.check(6);
    log.stop();
    log.config.low_water_bytes = 0;
    log.start().expect("started");
    disk(&log, Some(0));
    log.submit(received(3)).expect("the mark is off");
}

#[test]
fn clocks_that_jump_stop_stamping_and_nothing_else() {
    use std::sync::atomic::Ordering;
    let mut log = TestLog::memory();
    log.machine.advance(60_000);
    let first = log.submit(received(1)).expect("recorded");
    log.machine.wall_ms.fetch_sub(5_000, Ordering::SeqCst);
    log.submit(received(2)).expect("a little back bears the previous time");
    log.machine.wall_ms.fetch_sub(1, Ordering::SeqCst);
    assert!(matches!(log.submit(received(3)), Err(SubmitError::Clock(ClockRefusal::Back { .. }))));
    assert_eq!(log.submit(received(1)).expect("known").receipt, first.receipt, "reads go on");
    log.machine.wall_ms.fetch_add(5_001 + 60_001, Ordering::SeqCst);
    assert!(matches!(log.submit(received(3)), Err(SubmitError::Clock(ClockRefusal::Ahead { .. }))));
    log.restart().expect("started again");
    assert!(matches!(log.submit(received(3)), Err(SubmitError::Clock(ClockRefusal::Ahead { .. }))));
    *log.machine.boot_id.lock().expect("unpoisoned") = "boot-2".to_owned();
    log.submit(received(3)).expect("another boot explains a minute");
    log.check(7);
}

#[test]
fn pages_and_the_feed_go_through_everything_once() {
    let mut log = TestLog::memory();
    for n in 0..10 {
        log.submit(received(n)).expect("recorded");
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = log.reader().requests(after.as_ref(), 3).expect("a page");
        let Some(last) = page.last() else { break };
        after = Some(last.request.clone());
        seen.extend(page.into_iter().map(|case| case.request.to_string()));
    }
    assert_eq!(seen, (0..10).map(|n| format!("R-{n}")).collect::<Vec<_>>());
    let feed = log.reader().feed(LeafIndex::new(3), 5).expect("a page");
    assert_eq!(feed.iter().map(|opened| opened.entry.index.get()).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
    assert_eq!(feed[1].event.id.as_str(), "E-0");
    assert!(log.reader().feed(LeafIndex::new(14), 5).expect("a page").is_empty());
    assert!(matches!(log.reader().open(LeafIndex::new(14)), Err(ReadError::NoEntry { .. })));
}

#[test]
fn waiting_readers_see_the_log_grow() {
    let mut log = TestLog::memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let reader = log.reader().clone();
    let ledger = log.ledger().clone();
    let (size, ack) = runtime
        .block_on(async { tokio::join!(reader.grown_beyond(TreeSize::new(4)), ledger.submit(received(1))) });
    assert_eq!(size.expect("grown"), TreeSize::new(5));
    log.acknowledged.insert(4, ack.expect("recorded"));
    log.check(5);
}
