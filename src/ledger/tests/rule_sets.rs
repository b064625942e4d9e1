//! Logs under rule set 1, under rule set 2, and under both, one after the other.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use serde_json::json;

use super::exporting::{audited, export_to};
use super::harness::*;
use crate::audit::Outcome;
use crate::ledger::*;
use crate::model::approval::{APPROVAL_TYPE, Approval, Nonce};
use crate::model::digest::Digest;
use crate::model::dsse;
use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::practice::vocabulary::{Activated, Crypto, PeerRole};
use crate::practice::{EventType, Rule, RuleSet, approvable_act};
use crate::store::{Family, MemoryStore, View as _};
use crate::tlog::{CompactRange, Hash, LeafIndex, leaf_hash};

/// Who decides about texts here.
const SENIORS: [&str; 2] = ["p-senior-1", "p-senior-2"];

fn key(person: &str) -> SigningKey {
    SigningKey::from_bytes(Digest::of(person.as_bytes()).as_bytes())
}

/// The policy of rule set 1, or the same written for rule set 2.
fn texts_for(rules: RuleSet) -> Texts {
    let person = |id: &str, roles: &str, key: String| {
        format!(
            "[[person]]\nid = \"{id}\"\nroles = [{roles}]\njurisdictions = [\"*\"]\n\
             valid_from = \"2026-01-01T00:00:00.000Z\"\n{key}"
        )
    };
    let senior = |id| {
        let public = STANDARD.encode(key(id).verifying_key().as_bytes());
        person(id, "\"senior_reviewer\"", format!("[[person.key]]\npublic = \"{public}\"\n"))
    };
    let intake = person("p-intake-1", "\"intake\"", String::new());
    let policy = match rules {
        RuleSet::One => texts().policy.replacen("rules = 2\n", "", 1),
        RuleSet::Two => texts().policy,
    };
    Texts { policy, roles: format!("schema = 1\n{intake}{}", SENIORS.map(senior).concat()), ..texts() }
}

fn founded_under(rules: RuleSet) -> TestLog {
    let mut log = TestLog::unfounded(Disk::Memory(MemoryStore::new()));
    log.found_with(&texts_for(rules)).expect("founded");
    start(&mut log, rules);
    log
}

fn start(log: &mut TestLog, rules: RuleSet) {
    log.start_with(StartUp { texts: texts_for(rules), ..log.start_up() }).expect("started");
}

/// An event about the log itself, by a senior reviewer, that names no rule set.
fn by_senior(id: &str, type_: EventType, data: &impl serde::Serialize) -> Draft {
    let data = serde_json::to_string(data).expect("prints");
    Draft {
        poster: Poster::Peer(BTreeSet::from([PeerRole::Operator, PeerRole::Reviewer])),
        actor: SENIORS[0].to_owned(),
        ..draft(id, type_, None, &data)
    }
}

/// A senior reviewer's signed approval of an open proposal.
fn approval(log: &TestLog, proposal: LeafIndex, person: &str) -> Draft {
    let world = log.reader().world().expect("readable");
    let act = approvable_act(&world, proposal).expect("an open proposal").act;
    let now = (log.machine.environment().clock)().expect("a clock").wall;
    let exp = Timestamp::from_ms(now.as_ms() + 3_600_000).expect("a time");
    let approval = Approval::new(act, "senior_reviewer".to_owned(), now, exp, Nonce::from_bytes([7; 16]));
    let payload = approval.clone().sign_ready().expect("a whole approval");
    let data = json!({
        "kind": approval.kind, "person": person, "keyid": dsse::keyid(&key(person).verifying_key()),
        "context": approval.context, "approval_sha256": Digest::of(&payload),
    });
    let envelope = dsse::sign(APPROVAL_TYPE, &payload, &[&key(person)]);
    Draft {
        actor: person.to_owned(),
        envelopes: vec![envelope.to_json().into_bytes()],
        ..by_senior(&format!("approval-{person}"), EventType::ApprovalGiven, &data)
    }
}

/// Two people put the policy for rule set 2 in force.
fn adopt_policy(log: &mut TestLog) {
    let text = texts_for(RuleSet::Two).policy;
    let sha256 = Digest::of(text.as_bytes());
    let act = json!({"kind": "policy", "text": text, "sha256": sha256, "reason": "the whole practice"});
    let proposal = log.submit(by_senior("propose", EventType::ActProposed, &act)).expect("proposed").index;
    for person in SENIORS {
        log.submit(approval(log, proposal, person)).expect("approved");
    }
    let adopted = Activated::proposed(&text, proposal);
    log.submit(by_senior("adopt", EventType::PolicyActivated, &adopted)).expect("in force");
}

/// The rule set that each entry names.
fn rules(log: &TestLog) -> Vec<u32> {
    let size = log.reader().size().expect("readable").get();
    let entries = (0..size).map(LeafIndex::new);
    entries.map(|index| log.reader().open(index).expect("readable").event.rules).collect()
}

fn in_force(log: &TestLog) -> Option<RuleSet> {
    log.reader().world().expect("readable").rules()
}

fn an_auditor_finds_it_clean(log: &TestLog) {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dir = scratch.path().join("export");
    export_to(log, ExportSet::Auditor, &dir).expect("exported");
    let replayed = audited(&dir, log);
    assert_eq!(replayed.report.outcome(), Outcome::Clean, "{:?}", replayed.report.findings());
}

#[test]
fn a_log_is_founded_under_the_rule_set_of_its_policy() {
    for (set, number) in [(RuleSet::One, 1), (RuleSet::Two, 2)] {
        let mut log = founded_under(set);
        log.submit(received(1)).expect("recorded");
        assert_eq!(in_force(&log), Some(set));
        assert_eq!(rules(&log), [number; 5]);
        let created = log.reader().open(LeafIndex::new(0)).expect("readable").event;
        let created: serde_json::Value = serde_json::from_str(created.data.get()).expect("JSON");
        assert_eq!(created["rules"], number);
        log.check(5);
        an_auditor_finds_it_clean(&log);
    }
}

#[test]
fn a_log_of_rule_set_1_rises_and_goes_on_under_rule_set_2() {
    let mut log = founded_under(RuleSet::One);
    log.submit(received(1)).expect("recorded");
    let rises = by_senior("rise", EventType::RulesActivated, &json!({"from": 1, "to": 2}));
    assert!(log.submit(rises.clone()).is_err(), "the policy in force is written for rule set 1");
    adopt_policy(&mut log);
    log.submit(received(2)).expect("still under rule set 1");
    assert_eq!(in_force(&log), Some(RuleSet::One));
    log.submit(rises.clone()).expect("rises");
    log.submit(received(3)).expect("recorded");
    let fallen = Draft { rules: Some(1), ..received(4) };
    assert!(matches!(log.submit(fallen), Err(SubmitError::Refused(_))), "it never falls");
    let unknown = Draft { rules: Some(3), ..received(4) };
    assert!(matches!(log.submit(unknown), Err(SubmitError::RulesUnknown { found: 3 })));
    assert!(log.submit(rises).expect("known").repeated);

    let expected = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2];
    assert_eq!(rules(&log), expected);
    log.check(12);
    an_auditor_finds_it_clean(&log);

    // A start from the rows as they are, then one that makes them again from the entries.
    for lost in [&[][..], &[Family::Cases, Family::Idempotency, Family::Meta]] {
        let before = log.reader().world().expect("readable");
        log.stop();
        drop(log.memory_store().reopen());
        for family in lost {
            let rows = log.memory_store().scan(*family, &[]).map(|row| row.expect("read").0);
            for key in rows.collect::<Vec<_>>().iter().filter(|key| !key.starts_with(b"keyring/")) {
                log.memory_store().tamper(*family, key, None);
            }
        }
        start(&mut log, RuleSet::Two);
        assert_eq!(log.reader().world().expect("readable"), before);
        assert_eq!(rules(&log), expected);
        assert!(log.submit(received(3)).expect("known").repeated);
        let request = RequestId::new("R-1").expect("an id");
        assert_eq!(log.reader().case(&request).expect("there").last, LeafIndex::new(4));
        log.check(12);
    }
    log.submit(received(5)).expect("goes on");
    assert_eq!(rules(&log).last(), Some(&2));
    an_auditor_finds_it_clean(&log);
}

#[test]
fn s_87_a_start_names_the_algorithms_that_the_log_does_not_name() {
    let records = |log: &TestLog, crypto: &Crypto| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(record_encryption(log.ledger(), crypto)).expect("recorded, or known");
        log.reader().size().expect("readable").get()
    };
    let (ours, other) = (Crypto::current(), Crypto { bundles: "age v2".to_owned(), ..Crypto::current() });
    let mut log = founded_under(RuleSet::One);
    assert_eq!(records(&log, &other), 4, "rule set 1 has no such entry");
    adopt_policy(&mut log);
    log.submit(by_senior("rise", EventType::RulesActivated, &json!({"from": 1, "to": 2}))).expect("rises");
    let size = log.reader().size().expect("readable").get();
    assert_eq!(records(&log, &ours), size, "the founding names them, under whichever rules");
    assert_eq!(records(&log, &other), size + 1);
    assert_eq!(records(&log, &other), size + 1, "once");
    let entry = log.reader().open(LeafIndex::new(size)).expect("readable").event;
    assert_eq!((entry.type_.as_str(), entry.actor.as_str()), ("encryption.recorded", "daemon"));
    log.stop();
    start(&mut log, RuleSet::Two);
    assert_eq!(records(&log, &other), size + 1, "nor after a start");
    assert_eq!(records(&log, &ours), size + 2, "and the first again");
    an_auditor_finds_it_clean(&log);
    assert_eq!(records(&founded_under(RuleSet::Two), &ours), 4);
}

/// A report of the half-year before the test's own, computed from the first `size` entries.
fn report(id: &str, name: &str, size: u64, root: Hash) -> Draft {
    let data = json!({
        "report": name, "series": "law_enforcement", "period_from": "2026-01-01T00:00:00.000Z",
        "period_to": "2026-07-01T00:00:00.000Z", "size": size, "root": root, "band_width": null,
        "report_sha256": Digest::of(b"report"), "published_at": "2026-10-01T00:00:00.000Z",
    });
    by_senior(id, EventType::ReportPublished, &data)
}

#[test]
fn i_46_a_report_names_a_head_that_this_log_had() {
    // Past the first full tile, so that nodes come from the edge, from the batch and from the store.
    const ENTRIES: u64 = 300;
    let mut log = founded_under(RuleSet::Two);
    for number in 0..ENTRIES - 4 {
        log.submit(received(number)).expect("recorded");
    }
    let mut tree = CompactRange::new();
    let mut roots = Vec::new();
    for index in 0..ENTRIES {
        let entry = log.reader().entry(LeafIndex::new(index)).expect("readable");
        tree.push(leaf_hash(&entry));
        roots.push(tree.root());
    }
    let root = |size: u64| roots[usize::try_from(size).expect("small") - 1];
    for (size, wrong) in [(1, root(2)), (255, root(256)), (256, root(255)), (299, Hash::ZERO)] {
        let refused = log.submit(report("wrong", "REP-0", size, wrong)).expect_err("no such head");
        let SubmitError::Refused(refusal) = refused else { panic!("{refused}") };
        assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::I46, "/data/root"));
    }
    log.check(ENTRIES);
    log.submit(report("right", "REP-1", 256, root(256))).expect("a head of this log");
    for size in [1, 2, 255, 299, 300] {
        let data = json!({"report": "REP-1", "size": size, "root": root(size),
            "report_sha256": Digest::of(b"corrected"), "reason": "a figure was wrong"});
        let corrected = by_senior(&format!("corrected-{size}"), EventType::ReportCorrected, &data);
        log.submit(corrected).expect("a head of this log");
    }
    an_auditor_finds_it_clean(&log);
}
