//! Goal: each deadline that passed is posted once it is over, and never where it must not be.
//! Method: rounds against a poster that answers as told; the whole loop over a ledger in memory
//! whose deadlines are made here.

use std::sync::Arc;

use super::*;
use crate::ledger::agenda::Deadlines;
use crate::ledger::tests::harness::*;
use crate::model::id::RequestId;
use crate::practice::policy::Policy;
use crate::practice::{Case, Deadline, World};
use crate::store::Fault;
use crate::tlog::{LeafIndex, TreeSize};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

fn due(set_by: u64, request: Option<&str>) -> Due {
    let request = request.map(|id| RequestId::new(id).expect("an id"));
    Due::new(at(7), Deadline::Notice, request, LeafIndex::new(set_by))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(future)
}

/// A round over the entries 1, 2 and 3, answered in this order; how it ended, and what was posted.
fn answered(answers: Vec<Result<(), SubmitError>>) -> (Round, Vec<String>) {
    let (mut answers, mut posted) = (answers.into_iter(), Vec::new());
    let over = [due(1, Some("R-1")), due(2, None), due(3, Some("R-1"))];
    let round = block_on(round(&over, |draft| {
        posted.push(draft.data.get().to_owned());
        std::future::ready(answers.next().unwrap_or(Ok(())))
    }));
    (round, posted)
}

#[test]
fn a_round_goes_on_over_what_is_refused_and_rests_when_the_ledger_is_busy() {
    let refused = || {
        let refusal = crate::practice::Claim::Request(RequestId::new("R-1").expect("an id")).refusal();
        Err(SubmitError::Refused(Box::new(refusal)))
    };
    let check = |answers, ended: Round, posted: usize| {
        let (round, data) = answered(answers);
        assert_eq!((round, data.len()), (ended, posted));
    };
    check(vec![], Round::Done, 3);
    check(vec![refused()], Round::Rest, 3);
    check(vec![Ok(()), Err(SubmitError::Busy { retry_after_s: 1 })], Round::Rest, 2);
    check(vec![Err(SubmitError::Poisoned)], Round::Over, 1);
    check(vec![refused(), Err(SubmitError::Closed)], Round::Over, 2);
    // An id that somebody took in advance keeps no deadline from the log: it is posted under another.
    let taken = SubmitError::IdReused { id: EventId::new("due-1").expect("an id"), index: LeafIndex::new(1) };
    check(vec![Err(taken)], Round::Done, 4);
    let (_, data) = answered(vec![]);
    assert_eq!(data[0], r#"{"deadline":"notice","set_by":1,"due_at":"1970-01-01T00:00:00.007Z"}"#);
}

#[test]
fn the_same_deadline_is_the_same_event() {
    let first = passing(&due(1, Some("R-1")));
    let again = passing(&due(1, Some("R-1")));
    assert_eq!((&first.id, first.data.get()), (&again.id, again.data.get()));
    assert_eq!((first.poster, first.actor.as_str()), (Poster::Daemon, DAEMON));
    let others = [due(2, Some("R-1")), due(1, Some("R-2")), due(1, None)];
    for other in others.map(|due| passing(&due)) {
        assert_ne!(other.id, first.id);
    }
    let longest = RequestId::new(&"r".repeat(64)).expect("an id");
    for deadline in Deadline::ALL {
        // No id is too long.
        passing(&Due::new(at(7), deadline, Some(longest.clone()), LeafIndex::new(u64::MAX)));
    }
}

#[test]
fn it_rests_until_the_next_deadline_and_a_minute_at_most() {
    let check = |next: Option<i64>, expected_ms: u64| {
        assert_eq!(rest(at(1_000), next.map(at)), Duration::from_millis(expected_ms));
    };
    check(Some(1_500), 500);
    check(Some(1_000), 0);
    check(Some(500), 0);
    check(Some(100_000_000), 60_000);
    check(None, 60_000);
}

/// Over since long ago, for every case and for the log: what the rules on their own do not have.
const INVENTED: Deadlines = Deadlines { of_case, of_world };

fn of_case(_: &Policy, case: &Case) -> Vec<Due> {
    vec![Due::new(at(7), Deadline::Notice, Some(case.request.clone()), case.last)]
}

fn of_world(_: &World) -> Vec<Due> {
    vec![due(0, None)]
}

#[test]
fn it_looks_at_every_case_posts_nothing_under_rule_set_1_and_stops_with_the_ledger() {
    for (rules, open) in [(1, 0), (2, 3)] {
        let mut log = TestLog::unfounded(Disk::Memory(crate::store::MemoryStore::new()));
        let mut texts = texts();
        if rules == 1 {
            texts.policy = texts.policy.replacen("rules = 2\n", "", 1);
        }
        log.found_with(&texts).expect("founded");
        log.config.deadlines = INVENTED;
        let start = crate::ledger::StartUp { texts: texts.clone(), ..log.start_up() };
        log.start_with(start).expect("started");
        log.submit(received(1)).expect("recorded");
        assert_eq!(log.reader().due(None, None, 9).expect("readable").open.len(), open.min(2));
        log.submit(received(2)).expect("recorded");
        assert_eq!(log.reader().due(None, None, 9).expect("readable").open.len(), open);

        // The rules know of no such deadline: what is posted is refused, and it rests.
        let clock = Arc::clone(&log.machine.environment().clock);
        let now = || clock().map(|reading| reading.wall);
        let rest = block_on(look(log.ledger(), now()));
        assert_eq!(rest, Some(REST_MAX));
        assert_eq!(log.reader().size().expect("readable"), TreeSize::new(6));

        let (_stop, stopping) = watch::channel(false);
        log.memory_store().plan([Some(Fault::Lost)]);
        let ledger = log.ledger().clone();
        let kept = keep_time(ledger.clone(), now, stopping.clone());
        block_on(async {
            let fails = async { ledger.submit(received(3)).await.expect_err("the disk fails") };
            tokio::join!(kept, fails);
        });
        // And it does not begin while the ledger is stopped.
        block_on(keep_time(ledger, now, stopping));
    }
}

#[test]
fn it_stops_when_the_daemon_does() {
    let log = TestLog::memory();
    let clock = Arc::clone(&log.machine.environment().clock);
    let now = || clock().map(|reading| reading.wall);
    let (stop, stopping) = watch::channel(false);
    block_on(async {
        let stops = async { stop.send_replace(true) };
        tokio::join!(keep_time(log.ledger().clone(), now, stopping), stops);
    });
}
