//! Goal: what the log records about no single request: incidents, the provider's own reports,
//! published figures, and the times that are due.
//! Method: a founded log, each event once as it should be, and each rule broken by one member.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use super::path2::policy2;
use crate::model::time::Timestamp;
use crate::practice::due::{Deadline, Due, of_case, of_world};
use crate::practice::{DAEMON, Replay, Rule, RuleSet};
use crate::tlog::LeafIndex;

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A policy that fixes the words of a notice about an attack.
fn founded() -> Log {
    let fixed = format!("schema = 1\nattack_notice_sha256 = \"{}\"", digest("words"));
    Log::founded_under(RuleSet::Two, &policy2().replacen("schema = 1", &fixed, 1))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

fn refused(log: &mut Log, event: &str, data: &Value, change: impl FnOnce(&mut Value)) -> Rule {
    let mut data = data.clone();
    change(&mut data);
    log.post(event, None, "p-sen", &data).expect_err(event).rule
}

pub(super) fn incident(kind: &str) -> Value {
    json!({"incident": "INC-1", "kind": kind, "agency": "ag-1", "requests": ["REQ-1"],
        "since": (kind == "agency_key_compromised").then_some("2026-11-17T00:00:00.000Z"),
        "productions": ["PRD-1"], "report_sha256": digest("report")})
}

fn threat() -> Value {
    json!({"report": "REP-1", "basis": "threat", "source": "public_posting", "victim": null,
        "recipient": "ag-1", "classes": ["bsi"], "report_sha256": digest("report")})
}

pub(super) fn ncmec(log: &Log) -> Value {
    let now = log.now_ms;
    json!({"report": "REP-2", "cybertip": "12345", "recipient": "NCMEC", "known_at": at(now - DAY_MS),
        "reported_at": at(now), "preserved_until": at(now + 366 * DAY_MS)})
}

fn attack(log: &Log) -> Value {
    json!({"evidence": "targeted", "known_at": at(log.now_ms - DAY_MS), "notified_at": at(log.now_ms),
        "template_sha256": digest("words")})
}

fn figure() -> Value {
    json!({"figure": "active_accounts", "period_from": "2026-07-01T00:00:00.000Z",
        "period_to": "2027-01-01T00:00:00.000Z", "value": 1_000_000, "source_sha256": digest("source")})
}

fn report(series: &str, published_at: Timestamp) -> Value {
    let width = if series == "national_security" { json!(500) } else { Value::Null };
    json!({"report": format!("REP-{series}"), "series": series, "period_from": "2026-07-01T00:00:00.000Z",
        "period_to": "2027-01-01T00:00:00.000Z", "size": 4, "root": "0".repeat(64),
        "report_sha256": digest("report"), "band_width": width, "published_at": published_at})
}

/// A size that leaves nothing out.
fn everything_so_far(log: &Log) -> Value {
    json!(log.entries.len())
}

/// A log with every event of this file.
pub(super) fn everything() -> Log {
    let mut log = founded();
    log.another("REQ-1");
    let mut mailbox = incident("impersonation");
    mailbox["productions"] = json!([]);
    log.must("incident.opened", None, "p-sen", &mailbox);
    log.must("incident.closed", None, "p-sen", &json!({"incident": "INC-1", "report_sha256": digest("end")}));
    log.must("voluntary.disclosed", None, "p-sen", &threat());
    let declined = json!({"agency": "ag-1", "document_sha256": digest("letter")});
    log.must("voluntary.declined", None, "p-sen", &declined);
    let kept = ncmec(&log);
    log.must("ncmec.reported", None, "p-sen", &kept);
    let told = attack(&log);
    log.must("attack.notified", None, "p-sen", &told);
    let review = json!({"covers_human_rights": true, "report_sha256": digest("review")});
    log.must("process.reviewed", None, "p-sen", &review);
    log.approved_act("discretion", "figure.declared", None, "p-sen", &figure()).expect("two people");
    log.now_ms += 400 * DAY_MS;
    confirm(&mut log);
    let mut published = report("law_enforcement", at(log.now_ms));
    published["size"] = everything_so_far(&log);
    log.must("report.published", None, "p-sen", &published);
    let corrected = json!({"report": "REP-law_enforcement", "size": published["size"], "root": "1".repeat(64),
        "report_sha256": digest("corrected"), "reason": "a sum was wrong"});
    log.must("report.corrected", None, "p-sen", &corrected);
    let gone = json!({"report": "REP-2", "deleted_at": at(log.now_ms)});
    log.must("ncmec.expired", None, "p-sen", &gone);
    log
}

/// What is due now, confirmed by the daemon's clock; the last one confirmed.
fn confirm(log: &mut Log) -> Option<Due> {
    let now = at(log.now_ms);
    let late: Vec<_> = of_world(&log.world).into_iter().filter(|due| due.at <= now).collect();
    for due in &late {
        log.must("deadline.passed", None, DAEMON, &passed(due));
    }
    late.last().cloned()
}

fn passed(due: &Due) -> Value {
    json!({"deadline": due.deadline, "set_by": due.set_by, "due_at": due.at})
}

fn replay(log: &Log) -> Replay {
    let mut replay = Replay::new();
    for (index, (time, leaf, event)) in log.entries.iter().enumerate() {
        let index = LeafIndex::new(u64::try_from(index).expect("small"));
        assert_eq!(replay.feed(index, *time, *leaf, Some(event)), vec![]);
    }
    assert_eq!(replay.world(), &log.world);
    replay
}

#[test]
fn everything_replays() {
    assert_eq!(replay(&everything()).overdue(), vec![]);
}

/// What an auditor finds left out of the incidents, by entry.
fn unlisted(log: &Log) -> Vec<(u64, Rule)> {
    replay(log).unlisted().iter().map(|found| (found.index.get(), found.rule)).collect()
}

#[test]
fn i_34_an_auditor_finds_the_bundle_that_a_lost_key_opens_and_no_incident_lists() {
    let sealed_at = |log: &Log| log.case().disclosures[0].sealed.as_ref().expect("sealed").at.as_ms();
    let at = |ms: i64| json!(crate::model::time::Timestamp::from_ms(ms).expect("a time"));
    let incident = |log: &mut Log, name: &str, since: Value, productions: Value| {
        let mut data = incident("agency_key_compromised");
        (data["incident"], data["since"], data["productions"]) = (json!(name), since, productions);
        log.must("incident.opened", None, "p-sen", &data).index.get()
    };
    // Sealed before the key was lost, and after somebody said so.
    let mut log = Log::at2("bundle.sealed");
    let later = at(sealed_at(&log) + 1);
    incident(&mut log, "INC-1", later, json!([]));
    assert_eq!(unlisted(&log), []);
    let mut log = Log::at2("bundle.provenance");
    let before = at(log.now_ms - 1);
    incident(&mut log, "INC-1", before, json!([]));
    assert_eq!(log.post_data("bundle.sealed").expect_err("to a lost key").rule, Rule::I33);
    assert_eq!(unlisted(&log), [], "nothing was sealed to it");

    // Sealed before, and released after.
    let mut log = Log::at2("bundle.sealed");
    let later = at(sealed_at(&log) + 1);
    log.walk2("bundle.sealed", "bundle.released");
    let first = incident(&mut log, "INC-1", later, json!([]));
    assert_eq!(unlisted(&log), [(first, Rule::I34)]);

    let mut log = Log::at2("bundle.sealed");
    let since = at(sealed_at(&log));
    let first = incident(&mut log, "INC-1", since.clone(), json!([]));
    assert_eq!(unlisted(&log), [(first, Rule::I34)]);
    let mut twice = log.clone();
    incident(&mut twice, "INC-2", since.clone(), json!([]));
    assert_eq!(unlisted(&twice), [(first, Rule::I34)], "once");
    incident(&mut log, "INC-2", since, json!(["PRD-1"]));
    assert_eq!(unlisted(&log), [], "a second incident has the rest");
}

#[test]
fn i_34_incidents_name_what_they_touch() {
    let mut log = Log::at2("bundle.sealed");
    let lost = incident("agency_key_compromised");
    let without = |member: &'static str| move |data: &mut Value| data[member] = Value::Null;
    assert_eq!(refused(&mut log, "incident.opened", &lost, without("agency")), Rule::I34);
    assert_eq!(refused(&mut log, "incident.opened", &lost, |data| data["agency"] = json!("ag-9")), Rule::I34);
    // An agency that left the directory for the key it lost is one that an incident may name.
    let mut gone = log.clone();
    let other = super::log::directory("age1agency").replace("ag-1", "ag-2");
    gone.activate("directory", &other);
    gone.must("incident.opened", None, "p-sen", &lost);
    assert_eq!(
        refused(&mut gone, "incident.opened", &lost, |data| data["agency"] = json!("ag-9")),
        Rule::I34
    );
    // Since when it was lost says that kind alone, and not of a time to come.
    assert_eq!(refused(&mut log, "incident.opened", &lost, without("since")), Rule::I34);
    let tomorrow = json!("2031-01-01T00:00:00.000Z");
    assert_eq!(refused(&mut log, "incident.opened", &lost, |data| data["since"] = tomorrow), Rule::I34);
    let now = json!(log.stamp().time);
    let mut at_once = lost.clone();
    at_once["since"] = now;
    log.clone().must("incident.opened", None, "p-sen", &at_once);
    let other = incident("other");
    let since = lost["since"].clone();
    assert_eq!(refused(&mut log, "incident.opened", &other, |data| data["since"] = since), Rule::I34);
    for kind in ["disclosed_to_impostor", "over_production", "quashed_after_delivery", "privileged_disclosed"]
    {
        let none = |data: &mut Value| data["productions"] = json!([]);
        assert_eq!(refused(&mut log, "incident.opened", &incident(kind), none), Rule::I34, "{kind}");
    }
    let twice = |data: &mut Value| data["requests"] = json!(["REQ-1", "REQ-1"]);
    assert_eq!(refused(&mut log, "incident.opened", &lost, twice), Rule::F06);
    log.must("incident.opened", None, "p-sen", &lost);
    assert_eq!(refused(&mut log, "incident.opened", &lost, |_| {}), Rule::I04);
    let end = json!({"incident": "INC-1", "report_sha256": digest("end")});
    log.must("incident.closed", None, "p-sen", &end);
    assert_eq!(refused(&mut log, "incident.closed", &end, |_| {}), Rule::I03);
    assert_eq!(refused(&mut log, "incident.opened", &lost, |_| {}), Rule::I04);
}

#[test]
fn s_35_s_37_s_38_grounds_and_classes_of_voluntary_reports() {
    let mut log = founded();
    let name = "voluntary.disclosed";
    for classes in [json!([]), json!(["content_stored"]), json!(["key_material"]), json!(["bsi", "bsi"])] {
        assert_eq!(refused(&mut log, name, &threat(), |data| data["classes"] = classes), Rule::S37);
    }
    assert_eq!(refused(&mut log, name, &threat(), |data| data["basis"] = json!("courtesy")), Rule::F01);
    assert_eq!(refused(&mut log, name, &threat(), |data| data["basis"] = json!("victim")), Rule::S38);
    let victim = json!({"kind": "employee", "crime": "assault"});
    assert_eq!(refused(&mut log, name, &threat(), |data| data["victim"] = victim), Rule::S38);
    assert_eq!(refused(&mut log, name, &threat(), |data| data["recipient"] = json!("ag-9")), Rule::S35);
    log.must(name, None, "p-sen", &threat());
    assert_eq!(refused(&mut log, name, &threat(), |_| {}), Rule::I04);
    assert!(log.cases.is_empty(), "I-39: it is no request");
}

#[test]
fn s_36_i_38_reports_to_ncmec() {
    let mut log = founded();
    let good = ncmec(&log);
    let name = "ncmec.reported";
    assert_eq!(refused(&mut log, name, &good, |data| data["recipient"] = json!("ag-1")), Rule::S36);
    assert_eq!(refused(&mut log, name, &good, |data| data["cybertip"] = json!("")), Rule::S36);
    let early = at(log.now_ms - 2 * DAY_MS);
    assert_eq!(refused(&mut log, name, &good, |data| data["reported_at"] = json!(early)), Rule::S36);
    let short = at(log.now_ms + 364 * DAY_MS);
    assert_eq!(refused(&mut log, name, &good, |data| data["preserved_until"] = json!(short)), Rule::I38);
    log.must(name, None, "p-sen", &good);
    let gone = json!({"report": "REP-2", "deleted_at": at(log.now_ms)});
    assert_eq!(refused(&mut log, "ncmec.expired", &gone, |_| {}), Rule::I38);
    let end = of_world(&log.world).into_iter().find(|due| due.deadline == Deadline::NcmecEnd).expect("due");
    log.now_ms = end.at.as_ms();
    log.must("ncmec.expired", None, "p-sen", &json!({"report": "REP-2", "deleted_at": end.at}));
    assert!(of_world(&log.world).iter().all(|due| due.deadline != Deadline::NcmecEnd));
}

#[test]
fn s_73_s_74_attacks_are_told_in_the_fixed_words() {
    let mut log = founded();
    let good = attack(&log);
    let name = "attack.notified";
    assert_eq!(
        refused(&mut log, name, &good, |data| data["template_sha256"] = json!(digest("x"))),
        Rule::S74
    );
    let late = at(log.now_ms + DAY_MS);
    assert_eq!(refused(&mut log, name, &good, |data| data["notified_at"] = json!(late)), Rule::S73);
    log.must(name, None, "p-sen", &good);
    let mut silent = Log::founded2();
    assert_eq!(refused(&mut silent, name, &good, |_| {}), Rule::S74);
}

#[test]
fn s_92_what_was_declined_is_recorded() {
    let mut log = founded();
    let asked = json!({"agency": "ag-9", "document_sha256": digest("letter")});
    assert_eq!(refused(&mut log, "voluntary.declined", &asked, |_| {}), Rule::S92);
    log.must("voluntary.declined", None, "p-sen", &json!({"agency": null, "document_sha256": digest("x")}));
}

#[test]
fn s_11_a_figure_is_declared_by_two_people_for_one_half_year() {
    let mut log = founded();
    assert_eq!(refused(&mut log, "figure.declared", &figure(), |_| {}), Rule::I51);
    let mut odd = figure();
    odd["period_to"] = json!("2026-12-31T00:00:00.000Z");
    let posted = log.approved_act("discretion", "figure.declared", None, "p-sen", &odd);
    assert_eq!(posted.expect_err("no half-year").rule, Rule::S11);
    log.approved_act("discretion", "figure.declared", None, "p-sen", &figure()).expect("two people");
    let again = log.approved_act("discretion", "figure.declared", None, "p-sen", &figure());
    assert_eq!(again.expect_err("declared").rule, Rule::I03);
}

#[test]
fn i_48_s_10_reports_leave_no_gap_and_no_overlap() {
    let mut log = founded();
    log.now_ms += 100 * DAY_MS;
    let good = report("law_enforcement", at(log.now_ms));
    let name = "report.published";
    for (from, to) in [
        ("2026-07-02T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
        ("2026-07-01T00:00:00.000Z", "2027-07-01T00:00:00.000Z"),
        ("2026-07-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z"),
    ] {
        let period = |data: &mut Value| {
            data["period_from"] = json!(from);
            data["period_to"] = json!(to);
        };
        assert_eq!(refused(&mut log, name, &good, period), Rule::I48, "{from} to {to}");
    }
    for size in [0, 9999] {
        assert_eq!(refused(&mut log, name, &good, |data| data["size"] = json!(size)), Rule::I46);
    }
    log.must(name, None, "p-sen", &good);
    let other = |data: &mut Value| data["report"] = json!("REP-9");
    assert_eq!(refused(&mut log, name, &good, other), Rule::I48, "the same half-year again");
    let due = of_world(&log.world);
    let next = due.iter().find(|due| due.deadline == Deadline::ReportLawEnforcement).expect("due");
    assert_eq!(next.at.to_string(), "2027-12-31T00:00:00.000Z");
    let nothing = json!({"report": "REP-7", "size": 4, "root": "0".repeat(64), "report_sha256": digest("r"),
        "reason": "x"});
    assert_eq!(refused(&mut log, "report.corrected", &nothing, |_| {}), Rule::I03);
}

#[test]
fn i_47_bands_and_the_laws_delay() {
    let mut log = founded();
    log.now_ms += 400 * DAY_MS;
    let now = at(log.now_ms);
    let name = "report.published";
    confirm(&mut log);
    let mut security = report("national_security", now);
    security["size"] = everything_so_far(&log);
    for width in [json!(499), Value::Null] {
        assert_eq!(refused(&mut log, name, &security, |data| data["band_width"] = width), Rule::I47);
    }
    let early = json!("2027-06-29T00:00:00.000Z");
    assert_eq!(refused(&mut log, name, &security, |data| data["published_at"] = early), Rule::I47);
    let banded = |data: &mut Value| data["band_width"] = json!(500);
    assert_eq!(refused(&mut log, name, &report("law_enforcement", now), banded), Rule::I47);
    log.must(name, None, "p-sen", &security);
    log.now_ms += 400 * DAY_MS;
    let mut wider = report("national_security", at(log.now_ms));
    wider["report"] = json!("REP-2027");
    wider["period_from"] = json!("2027-01-01T00:00:00.000Z");
    wider["period_to"] = json!("2027-07-01T00:00:00.000Z");
    wider["band_width"] = json!(1000);
    wider["size"] = everything_so_far(&log);
    assert_eq!(refused(&mut log, name, &wider, |_| {}), Rule::I47, "one width in one series");
    log.must(name, None, "p-sen", &{
        wider["band_width"] = json!(500);
        wider
    });
}

#[test]
fn s_51_i_58_the_screening_is_reviewed() {
    let mut log = Log { has_clock: false, ..founded() };
    let review = json!({"covers_human_rights": true, "report_sha256": digest("review")});
    let partial = |data: &mut Value| data["covers_human_rights"] = json!(false);
    assert_eq!(refused(&mut log, "process.reviewed", &review, partial), Rule::S51);
    let due = |log: &Log| {
        of_world(&log.world).into_iter().find(|due| due.deadline == Deadline::ProcessReview).expect("due").at
    };
    let first = due(&log);
    log.now_ms += DAY_MS;
    log.must("process.reviewed", None, "p-sen", &review);
    assert!(due(&log) > first);
    log.now_ms += 184 * DAY_MS;
    log.must("voluntary.declined", None, "p-sen", &json!({"agency": null, "document_sha256": digest("x")}));
    let late = replay(&log).overdue();
    assert_eq!(late.iter().map(|finding| finding.rule).collect::<Vec<_>>(), vec![Rule::I58]);
    confirm(&mut log);
    assert_eq!(replay(&log).overdue(), vec![], "recorded as late");
    let late = replay(&log).late();
    assert_eq!(late.iter().map(|finding| finding.rule).collect::<Vec<_>>(), vec![Rule::I58]);
    log.must("process.reviewed", None, "p-sen", &review);
    assert_eq!(replay(&log).late(), vec![], "late, and done");
}

#[test]
fn i_57_a_deadline_is_confirmed_once_not_early_and_relaxes_nothing() {
    let mut log = Log::at2("review.completed");
    let policy = |log: &Log| log.world.policy().expect("founded").value.clone();
    let open = of_case(&policy(&log), log.case());
    let execution = open.iter().find(|due| due.deadline == Deadline::Execution).expect("14 days").clone();
    let post = |log: &mut Log, data: &Value| log.post("deadline.passed", Some(REQUEST), DAEMON, data);
    assert_eq!(post(&mut log, &passed(&execution)).expect_err("early").rule, Rule::I57);
    log.now_ms = execution.at.as_ms() + DAY_MS;
    let mut other = execution.clone();
    other.set_by = LeafIndex::new(1);
    assert_eq!(post(&mut log, &passed(&other)).expect_err("nothing of the kind").rule, Rule::I57);
    other = execution.clone();
    other.at = at(execution.at.as_ms() - 1);
    assert_eq!(post(&mut log, &passed(&other)).expect_err("another time").rule, Rule::I57);
    post(&mut log, &passed(&execution)).expect("due");
    assert_eq!(post(&mut log, &passed(&execution)).expect_err("again").rule, Rule::I57);
    assert_eq!(log.case().state_name(), "reviewed");
    assert!(log.post_data("disclosure.opened").is_err(), "nobody has approved it, late or not");
    assert!(log.post("deadline.passed", None, DAEMON, &passed(&execution)).is_err(), "it is a request's");
}

#[test]
fn s_87_the_parameters_of_encryption_are_in_the_first_entry() {
    let log = founded();
    let created: Value = serde_json::from_str(log.entries[0].2.data.get()).expect("JSON");
    let crypto = created["crypto"].as_object().expect("the parameters");
    assert!(
        !crypto.is_empty()
            && crypto.values().all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    );
    let mut without = created.clone();
    without.as_object_mut().expect("an object").remove("crypto");
    let kind: crate::practice::EventType = "log.created".parse().expect("a type");
    let raw = |value: &Value| serde_json::value::to_raw_value(value).expect("prints");
    assert!(kind.read(&raw(&created)).is_ok());
    assert_eq!(kind.read(&raw(&without)).expect_err("it must say").rule, Rule::F01);
}

fn algorithms(bundles: &str) -> Value {
    json!({"tree": "SHA-256, RFC 6962", "signatures": "Ed25519, RFC 8032",
        "payloads": "HKDF-SHA-256, HMAC-SHA-256 commitment, ChaCha20-Poly1305",
        "data_keys": "ChaCha20-Poly1305 under a key in age v1", "bundles": bundles})
}

/// A log whose daemon was started with another format of bundles.
pub(super) fn other_algorithms() -> Log {
    let mut log = Log::founded2();
    log.must("encryption.recorded", None, DAEMON, &algorithms("age v2"));
    log
}

#[test]
fn s_87_other_algorithms_are_recorded_once_by_the_daemon() {
    let mut log = founded();
    let created: Value = serde_json::from_str(log.entries[0].2.data.get()).expect("JSON");
    let named = created["crypto"].clone();
    let mut says = |actor: &str, data: &Value| {
        log.post("encryption.recorded", None, actor, data).map(drop).map_err(|refusal| refusal.rule)
    };
    assert_eq!(says(DAEMON, &named), Err(Rule::I03), "the first entry names them");
    assert_eq!(says("p-op", &algorithms("age v2")), Err(Rule::F01), "nobody else knows");
    assert_eq!(says(DAEMON, &algorithms("age v2")), Ok(()));
    assert_eq!(says(DAEMON, &algorithms("age v2")), Err(Rule::I03));
    assert_eq!(says(DAEMON, &named), Ok(()), "and the first again");
}

#[test]
fn i_46_a_report_leaves_no_entry_of_its_period_out() {
    let declined = json!({"agency": null, "document_sha256": digest("letter")});
    let end = Timestamp::parse("2027-01-01T00:00:00.000Z").expect("a time").as_ms();
    let sized = |log: &mut Log, name: &str, data: &Value, size: u64| {
        let mut data = data.clone();
        data["size"] = json!(size);
        log.post(name, None, "p-sen", &data).map(drop).map_err(|refusal| refusal.rule)
    };
    let mut log = founded();
    log.now_ms = end - 1;
    log.must("voluntary.declined", None, "p-sen", &declined);
    let name = "report.published";
    // Nothing follows the period yet: then everything is the least.
    let mut idle = log.clone();
    idle.now_ms = end + DAY_MS;
    let early = report("law_enforcement", at(idle.now_ms));
    assert_eq!(sized(&mut idle, name, &early, 4), Err(Rule::I46));
    assert_eq!(sized(&mut idle, name, &early, 5), Ok(()));
    // The first entry after it, of whatever kind, is the least that a report holds.
    log.now_ms = end;
    log.another("REQ-1");
    log.now_ms += DAY_MS;
    log.must("voluntary.declined", None, "p-sen", &declined);
    let whole = report("law_enforcement", at(log.now_ms));
    assert_eq!(sized(&mut log, name, &whole, 5), Err(Rule::I46));
    assert_eq!(sized(&mut log, name, &whole, 6), Ok(()));
    let corrected = json!({"report": "REP-law_enforcement", "size": 0, "root": "1".repeat(64),
        "report_sha256": digest("corrected"), "reason": "a sum was wrong"});
    assert_eq!(sized(&mut log, "report.corrected", &corrected, 5), Err(Rule::I46));
    assert_eq!(sized(&mut log, "report.corrected", &corrected, 6), Ok(()));
}

#[test]
fn i_46_a_report_is_of_32_bytes_and_another_of_the_same_period_is_a_correction() {
    let mut log = founded();
    log.now_ms += 100 * DAY_MS;
    let good = report("law_enforcement", at(log.now_ms));
    let name = "report.published";
    let short = |data: &mut Value| data["report_sha256"] = json!(format!("sha256:{}", "0".repeat(62)));
    assert_eq!(refused(&mut log, name, &good, short), Rule::F01);
    log.must(name, None, "p-sen", &good);
    let other = |data: &mut Value| {
        data["report"] = json!("REP-9");
        data["report_sha256"] = json!(digest("other figures"));
    };
    assert_eq!(refused(&mut log, name, &good, other), Rule::I48, "not as a second report");
    let same_name = |data: &mut Value| data["report_sha256"] = json!(digest("other figures"));
    assert_eq!(refused(&mut log, name, &good, same_name), Rule::I48, "nor under the same name");
    let corrected = json!({"report": "REP-law_enforcement", "size": log.entries.len(), "root": "1".repeat(64),
        "report_sha256": digest("other figures"), "reason": "a sum was wrong"});
    log.must("report.corrected", None, "p-sen", &corrected);
}
