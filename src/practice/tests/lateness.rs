//! Goal: what is late and answered all the same is on record as late (I-57).
//! Method: a log whose clock stands still: the late answer is refused under the number of its duty;
//! the clock confirms, and the same answer is recorded. An auditor finds the one without.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use crate::model::event::Event;
use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::practice::due::{Deadline, Due, of_case, of_world};
use crate::practice::{DAEMON, Replay, Rule, RuleSet};
use crate::tlog::{LeafIndex, leaf_hash};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl Log {
    /// What the daemon's clock does before anything else is recorded: it says of each duty that is
    /// late that it is.
    pub(super) fn tick(&mut self, event: &Event) {
        if self.rules < RuleSet::Two || event.actor == DAEMON && event.type_ == "deadline.passed" {
            return;
        }
        let now = self.stamp().time;
        let Some(policy) = self.world.policy().map(|policy| policy.value.clone()) else { return };
        let case = event.request.as_ref().and_then(|request| self.cases.get(request));
        let of_case = case.map(|case| (of_case(&policy, case), case.passed.clone()));
        let of_world = Some((of_world(&self.world), self.world.records().passed.clone()));
        for (open, mut passed) in of_case.into_iter().chain(of_world) {
            let is_late = |due: &&Due| due.deadline.is_a_duty() && due.at < now;
            for due in open.iter().filter(is_late) {
                if passed.insert(due.name()) {
                    let data = json!({"deadline": due.deadline, "set_by": due.set_by, "due_at": due.at});
                    let request = due.request.as_ref().map(RequestId::as_str);
                    let event = self.event("deadline.passed", request, DAEMON, &data);
                    self.record(&event).unwrap_or_else(|refusal| panic!("{refusal}"));
                }
            }
        }
    }
}

/// What the daemon's clock confirms now.
fn confirm(log: &mut Log) {
    let now = log.stamp().time;
    let policy = log.world.policy().expect("founded").value.clone();
    let of_cases = log.cases.values().flat_map(|case| of_case(&policy, case));
    let late: Vec<_> = of_cases.chain(of_world(&log.world)).filter(|due| due.at < now).collect();
    assert!(!late.is_empty(), "something is late");
    for due in late {
        let data = json!({"deadline": due.deadline, "set_by": due.set_by, "due_at": due.at});
        log.must("deadline.passed", due.request.as_ref().map(RequestId::as_str), DAEMON, &data);
    }
}

/// Refused as long as nobody said that it is late, and recorded then.
fn waits_for_the_clock(mut log: Log, event: &str, request: Option<&str>, data: &Value, rule: Rule) {
    log.has_clock = false;
    let actor = if request.is_some() { "p-rev" } else { "p-sen" };
    let refusal = log.post(event, request, actor, data).expect_err("nobody said that it is late");
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (rule, "/type"), "{refusal}");
    // The forger's log has it all the same.
    let mut replay = Replay::new();
    for (index, (time, leaf, event)) in (0..).zip(&log.entries) {
        assert_eq!(replay.feed(LeafIndex::new(index), *time, *leaf, Some(event)), []);
    }
    let (stamp, forged) = (log.stamp(), log.event(event, request, actor, data));
    let found = replay.feed(stamp.index, stamp.time, leaf_hash(b"forged"), Some(&forged));
    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [rule]);
    confirm(&mut log);
    log.must(event, request, actor, data);
}

#[test]
fn i_57_a_late_answer_comes_after_the_record_that_it_is_late() {
    let letter = json!({"document_sha256": digest("letter"), "received_at": "2026-11-18T00:00:00.000Z"});
    let mut log = Log::at2("review.completed");
    log.now_ms += 15 * DAY_MS;
    waits_for_the_clock(log, "request.withdrawn", Some(REQUEST), &letter, Rule::I57);
}

#[test]
fn i_57_each_late_duty_is_refused_under_its_own_number() {
    let mut log = super::special::kept();
    log.now_ms += 101 * DAY_MS;
    let deleted = json!({"deleted_at": log.stamp().time});
    waits_for_the_clock(log, "preserve.lapsed", Some(REQUEST), &deleted, Rule::I40);
    let review = json!({"covers_human_rights": true, "report_sha256": digest("review")});
    let mut log = Log::founded2();
    log.now_ms += 184 * DAY_MS;
    waits_for_the_clock(log, "process.reviewed", None, &review, Rule::I58);
}

#[test]
fn i_57_what_is_late_holds_nothing_else_up() {
    let mut log = Log { has_clock: false, ..Log::at2("review.completed") };
    log.now_ms += 15 * DAY_MS;
    let flag = json!({"flag": "child_exploitation", "evidence_sha256": digest("evidence")});
    log.must("flag.raised", Some(REQUEST), "p-rev", &flag);
    log.another("REQ-2");
    // In time to the millisecond is not late.
    let mut log = Log { has_clock: false, ..super::special::kept() };
    let until = log.case().special.preservation.as_ref().expect("kept").until;
    log.now_ms = until.as_ms();
    log.must("preserve.lapsed", Some(REQUEST), "p-rev", &json!({"deleted_at": until}));
}

#[test]
fn i_57_of_two_accounts_that_one_entry_owes_a_notice_neither_is_told_late_without_a_record() {
    let mut log = Log { has_clock: false, ..super::narrowings::two_consumers_released() };
    log.now_ms += 60 * DAY_MS;
    let policy = log.world.policy().expect("founded").value.clone();
    let owed: Vec<Due> =
        of_case(&policy, log.case()).into_iter().filter(|due| due.deadline == Deadline::Notice).collect();
    assert_eq!(owed.len(), 2);
    assert_eq!((owed[0].at, owed[0].set_by), (owed[1].at, owed[1].set_by), "by one entry");
    let told = |account: &str, at: i64| {
        json!({"accounts": [{"service": "mail", "account": account}], "recipient": "owner",
            "contact_sha256": digest("contact"), "notice_sha256": digest("notice"),
            "sent_at": Timestamp::from_ms(at).expect("a time")})
    };
    let accounts: Vec<_> = owed.iter().filter_map(|due| due.account.as_ref()).collect();
    for account in &accounts {
        let data = told(&account.account, log.now_ms);
        let refusal = log.post("notice.sent", Some(REQUEST), "p-priv", &data).expect_err("late");
        assert_eq!(refusal.rule, Rule::I25);
    }
    let data = json!({"deadline": "notice", "set_by": owed[0].set_by, "due_at": owed[0].at});
    log.must("deadline.passed", Some(REQUEST), DAEMON, &data);
    for account in accounts {
        let data = told(&account.account, log.now_ms);
        log.must("notice.sent", Some(REQUEST), "p-priv", &data);
    }
    assert!(of_case(&policy, log.case()).iter().all(|due| due.deadline != Deadline::Notice));
}
