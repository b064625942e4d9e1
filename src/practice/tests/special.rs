//! Goal: emergencies, preservation, consent, national security.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, item, scope};
use super::path2::{consumer, order};
use super::screening::{ACCOUNT, review, to_review_with};
use crate::model::approval::{Act, Kind};
use crate::model::time::Timestamp;
use crate::practice::case::Stage;
use crate::practice::due::{Deadline, of_case};
use crate::practice::figures::{Figures, Period, Row};
use crate::practice::policy::ReportCategory;
use crate::practice::{Refusal, Rule};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// When an agency asks in an emergency: it is asked about at once, or again.
pub(super) const ASKED: &str = "2026-11-18T00:00:00.000Z";

/// A preservation that has begun.
pub(super) fn kept() -> Log {
    let mut kept = preservation();
    let start = json!({"order": order(), "accounts": [{"service": "mail", "account": "a@example.org"}],
        "until": time(&kept, 89 * DAY_MS), "snapshot_sha256": digest("snapshot")});
    kept.must("preserve.started", Some(REQUEST), "p-rev", &start);
    kept
}

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let must = |log: &mut Log, event: &str, data: &Value| {
        log.must(event, Some(REQUEST), "p-rev", data);
    };
    let mut followed = released();
    followed.walk2("the customer could act", "bundle.released");
    let (mut refused, mut lapsed) = (followed.clone(), followed.clone());
    followed.another("REQ-2");
    must(&mut followed, "followup.received", &json!({"by_request": "REQ-2"}));
    must(&mut refused, "followup.refused", &json!({"letter_sha256": digest("no")}));
    lapsed.now_ms += 11 * DAY_MS;
    must(&mut lapsed, "followup.lapsed", &json!({"note_sha256": digest("note")}));
    let mut kept = kept();
    let longer = json!({"document_sha256": digest("renewal"), "until": time(&kept, 100 * DAY_MS)});
    must(&mut kept, "preserve.renewed", &longer);
    let mut converted = kept.clone();
    converted.another("REQ-2");
    must(&mut converted, "preserve.converted", &json!({"by_request": "REQ-2"}));
    kept.now_ms += 101 * DAY_MS;
    let deleted = json!({"deleted_at": time(&kept, 0)});
    must(&mut kept, "preserve.lapsed", &deleted);
    let mut litigant = civil();
    let consent = consent(&litigant, &scope(&[item("a@example.org", "content_stored")]));
    must(&mut litigant, "consent.recorded", &consent);
    must(&mut litigant, "consent.revoked", &revoked("consent"));
    let mut agreed = civil();
    screened(&mut agreed);
    let content = consent_to_content(&agreed);
    must(&mut agreed, "consent.recorded", &content);
    agreed.walk2("rights.screened", "bundle.sealed");
    let mut letter = letter();
    let counted = counted(&letter);
    must(&mut letter, "security.recorded", &counted);
    vec![followed, refused, lapsed, kept, converted, litigant, letter, agreed]
}

pub(super) fn consent_to_content(log: &Log) -> Value {
    consent(log, &scope(&[item("a@example.org", "content_stored")]))
}

fn consent(log: &Log, scope: &str) -> Value {
    json!({"scope": scope, "document_sha256": digest("consent"), "owner_proof_sha256": digest("proof"),
        "by_every_owner": true, "is_voluntary": true, "given_at": time(log, -DAY_MS), "expires_at": null})
}

fn revoked(document: &str) -> Value {
    json!({"document_sha256": digest(document), "revocation_sha256": digest("no"),
        "received_at": "2026-11-18T00:00:00.000Z"})
}

pub(super) fn counted(log: &Log) -> Value {
    json!({"order": order(), "selectors": 1, "accounts": [{"service": "mail", "account": "a@example.org"}],
        "effective_from": time(log, 0), "effective_to": null, "is_certified": true,
        "tells_of_review": true, "capability_since": null})
}

fn time(log: &Log, ms: i64) -> Value {
    json!(Timestamp::from_ms(log.now_ms + ms).expect("a time"))
}

/// A request of that kind, classified.
pub(super) fn classified(kind: &str, instrument: &str, issuer: &str, nature: &str) -> Log {
    let mut log = Log::founded2();
    for name in ["request.received", "request.authenticated", "request.classified"] {
        let (actor, mut data) = log.data(name);
        match name {
            "request.received" => data["kind"] = json!(kind),
            "request.classified" => {
                data["instrument"] = json!(instrument);
                data["issuer"] = json!(issuer);
                data["nature"] = json!(nature);
                if kind == "emergency" {
                    data["issued_at"] = json!(ASKED);
                }
            }
            _ => {}
        }
        log.must(name, Some(REQUEST), actor, &data);
    }
    log
}

fn screened(log: &mut Log) {
    for name in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(name);
    }
}

pub(super) fn emergency() -> Log {
    classified("emergency", "us.emergency_2702", "governmental_entity", "emergency")
}

/// A litigant's demand, classified.
pub(super) fn a_litigants() -> Log {
    civil()
}

fn civil() -> Log {
    classified("civil", "us.civil_subpoena", "court_clerk", "civil")
}

pub(super) fn preservation() -> Log {
    classified("preservation", "us.preservation_2703f", "governmental_entity", "criminal")
}

fn refusal(log: &mut Log, name: &str, data: &Value) -> Refusal {
    log.post(name, Some(REQUEST), "p-rev", data).expect_err(name)
}

/// An emergency with its third approver, up to that step of the path.
pub(super) fn an_emergency_up_to(step: &str) -> Log {
    let mut log = emergency();
    screened(&mut log);
    log.must("emergency.assessed", Some(REQUEST), "p-rev", &assessment());
    let data = call(&log);
    log.must("callback.made", Some(REQUEST), "p-rev", &data);
    log.walk2("rights.screened", "senior approves");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, "p-chief", 0, "senior_reviewer");
    log.try_post(&third).expect("a third person");
    if step != "senior approves" {
        log.walk2("senior approves", step);
    }
    log
}

/// An assessment that needs these classes.
pub(super) fn assessment_of(classes: &[&str]) -> Value {
    let need = |class: &&str| json!({"class": class, "statement": "who it is"});
    let mut data = assessment();
    data["needs"] = classes.iter().map(need).collect();
    data
}

pub(super) fn assessment() -> Value {
    json!({"order": order(), "reviewer": "p-rev", "ground": "death", "category": "kidnapping",
        "in_writing": true, "letterhead": {"reference_sha256": digest("letterhead"), "matches": true},
        "signer_title": "Chief of Police", "summary": "a child was taken", "how_data_assists": "finds the car",
        "needs": [{"class": "bsi", "statement": "who it is"},
            {"class": "content_stored", "statement": "where they meet"}]})
}

pub(super) fn call(log: &Log) -> Value {
    json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
        "number_dated": time(log, -DAY_MS), "called_at": time(log, 0), "answer": "confirmed",
        "note_sha256": digest("note")})
}

#[test]
fn s_41_to_s_47_an_emergency_has_all_that_one_must_have() {
    let mut log = emergency();
    let cases: [(Rule, &str, Value); 7] = [
        (Rule::S39, "reviewer", json!("p-sen")),
        (Rule::S41, "in_writing", json!(false)),
        (Rule::S42, "letterhead", json!({"reference_sha256": digest("l"), "matches": false})),
        (Rule::S43, "signer_title", json!("")),
        (Rule::S44, "summary", json!("")),
        (Rule::S45, "how_data_assists", json!(" ")),
        (Rule::S47, "needs", json!([])),
    ];
    for (rule, member, value) in cases {
        let mut data = assessment();
        data[member] = value;
        assert_eq!(refusal(&mut log, "emergency.assessed", &data).rule, rule, "{member}");
    }
    log.must("emergency.assessed", Some(REQUEST), "p-rev", &assessment());
}

#[test]
fn s_46_and_i_30_an_emergency_is_assessed_and_called_back_before_its_review() {
    let mut log = emergency();
    screened(&mut log);
    assert_eq!(log.post_data("review.completed").expect_err("not assessed").rule, Rule::S46);
    log.must("emergency.assessed", Some(REQUEST), "p-rev", &assessment());
    let bad = [
        ("answer", json!("denied")),
        ("number_source", json!("letter")),
        ("number_dated", time(&log, -366 * DAY_MS)),
        ("called_at", time(&log, -2 * DAY_MS)),
    ];
    for (member, value) in bad {
        let mut log = log.clone();
        let mut data = call(&log);
        data[member] = value;
        let made = log.post("callback.made", Some(REQUEST), "p-rev", &data).map_err(|refusal| refusal.rule);
        // A call older than its number is refused at once; a denial is a quarantine.
        assert_eq!(made.err(), (member == "called_at").then_some(Rule::I30), "{member}");
        let expected = if member == "answer" { Rule::I03 } else { Rule::I30 };
        assert_eq!(log.post_data("review.completed").expect_err(member).rule, expected, "{member}");
    }
    let data = call(&log);
    log.must("callback.made", Some(REQUEST), "p-rev", &data);
    log.step("review.completed");
}

#[test]
fn i_31_content_in_an_emergency_takes_a_third_person() {
    let mut log = emergency();
    screened(&mut log);
    log.must("emergency.assessed", Some(REQUEST), "p-rev", &assessment());
    let data = call(&log);
    log.must("callback.made", Some(REQUEST), "p-rev", &data);
    log.walk2("rights.screened", "custody.checked");
    assert_eq!(log.post_data("disclosure.opened").expect_err("only two").rule, Rule::I31);
}

#[test]
fn s_101_and_i_37_a_litigant_gets_content_only_within_the_owners_consent() {
    let mut log = civil();
    screened(&mut log);
    let whole = scope(&[item("a@example.org", "bsi"), item("a@example.org", "content_stored")]);
    let consent = consent(&log, &whole);
    log.post_data("review.completed").expect_err("no consent");
    for (member, value) in [
        ("by_every_owner", json!(false)),
        ("is_voluntary", json!(false)),
        ("given_at", time(&log, DAY_MS)),
        ("expires_at", time(&log, -1)),
    ] {
        let mut data = consent.clone();
        data[member] = value;
        assert_eq!(refusal(&mut log, "consent.recorded", &data).rule, Rule::S101, "{member}");
    }
    let mut narrow = consent.clone();
    narrow["scope"] = json!(scope(&[item("b@example.org", "content_stored")]));
    log.must("consent.recorded", Some(REQUEST), "p-rev", &narrow);
    assert_eq!(log.post_data("review.completed").expect_err("another account").rule, Rule::S101);
    let mut half = item("a@example.org", "content_stored");
    half["to"] = json!("2026-03-15T00:00:00.000Z");
    narrow["scope"] = json!(scope(&[half]));
    log.must("consent.recorded", Some(REQUEST), "p-rev", &narrow);
    assert_eq!(log.post_data("review.completed").expect_err("half of the time").rule, Rule::I37);
    log.must("consent.recorded", Some(REQUEST), "p-rev", &consent);
    log.step("review.completed");
}

#[test]
fn s_101_what_the_owner_did_not_agree_to_is_refused_and_the_rest_goes_on() {
    const OTHER: &str = "b@example.org";
    let items = [item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored"), item(OTHER, "content_stored")];
    let mut log = to_review_with(|step, data| match step {
        "request.received" => data["kind"] = json!("civil"),
        "request.classified" => {
            data["instrument"] = json!("us.civil_subpoena");
            data["issuer"] = json!("court_clerk");
            data["nature"] = json!("civil");
            data["scope"] = json!(scope(&items));
            let mut other = data["identifiers"][0].clone();
            (other["value"], other["account"]) = (json!(OTHER), json!(OTHER));
            data["identifiers"].as_array_mut().expect("a list").push(other);
        }
        "interval.stated" => {
            let mut second = data["items"][0].clone();
            second["item"] = json!(2);
            data["items"].as_array_mut().expect("a list").push(second);
        }
        "accounts.profiled" => data["accounts"] = json!([consumer(ACCOUNT), consumer(OTHER)]),
        _ => {}
    });
    let agreed = consent_to_content(&log);
    log.must("consent.recorded", Some(REQUEST), "p-rev", &agreed);
    let reviewed = |items: &[Value], rows: &[(u32, &str)]| {
        let row = |(at, rule): &(u32, &str)| json!({"item": at, "rule": rule, "reason": "see the consent"});
        let done = review(&mut log.clone(), |data| {
            data["scope"] = json!(scope(items));
            data["refused"] = rows.iter().map(row).collect();
        });
        done.map(drop).map_err(|refusal| refusal.rule)
    };
    assert_eq!(reviewed(&items, &[]), Err(Rule::S101));
    assert_eq!(reviewed(&items[..2], &[(2, "S-22")]), Err(Rule::S101));
    assert_eq!(reviewed(&items[..2], &[(2, "S-101")]), Ok(()));
    assert_eq!(reviewed(&items[..1], &[(1, "S-101"), (2, "S-101")]), Err(Rule::S13), "the owner agreed");
}

#[test]
fn case_48_a_revoked_consent_stops_the_seal() {
    let mut log = civil();
    screened(&mut log);
    let whole = scope(&[item("a@example.org", "content_stored")]);
    let consent = consent(&log, &whole);
    log.must("consent.recorded", Some(REQUEST), "p-rev", &consent);
    log.walk2("rights.screened", "bundle.provenance");
    assert_eq!(refusal(&mut log, "consent.revoked", &revoked("another")).rule, Rule::I37);
    log.must("consent.revoked", Some(REQUEST), "p-rev", &revoked("consent"));
    assert_eq!(log.post_data("bundle.sealed").expect_err("revoked").rule, Rule::I37);
}

#[test]
fn i_40_preservation_discloses_nothing_and_lapses() {
    let mut log = preservation();
    screened(&mut log);
    assert_eq!(log.post_data("review.completed").expect_err("never reviewed").rule, Rule::S14);
    let start = json!({"order": order(), "accounts": [{"service": "mail", "account": "a@example.org"}],
        "until": time(&log, 89 * DAY_MS), "snapshot_sha256": digest("snapshot")});
    for (member, value) in [
        ("until", time(&log, 91 * DAY_MS)),
        ("until", time(&log, -1)),
        ("accounts", json!([{"service": "mail", "account": "b@example.org"}])),
    ] {
        let mut data = start.clone();
        data[member] = value;
        assert_eq!(refusal(&mut log, "preserve.started", &data).rule, Rule::I40, "{member}");
    }
    log.must("preserve.started", Some(REQUEST), "p-rev", &start);
    let policy = &log.world.in_force().expect("founded").policy.value;
    assert!(of_case(policy, log.case()).iter().any(|due| due.deadline == Deadline::Preservation));
    let renew = |until: Value| json!({"document_sha256": digest("renewal"), "until": until});
    let late = renew(time(&log, 180 * DAY_MS));
    assert_eq!(refusal(&mut log, "preserve.renewed", &late).rule, Rule::I40);
    let good = renew(time(&log, 100 * DAY_MS));
    log.must("preserve.renewed", Some(REQUEST), "p-rev", &good);
    let itself = json!({"by_request": REQUEST});
    assert_eq!(refusal(&mut log, "preserve.converted", &itself).rule, Rule::I40);
    let deleted = json!({"deleted_at": time(&log, 0)});
    assert_eq!(refusal(&mut log, "preserve.lapsed", &deleted).rule, Rule::I40);
    let mut other = log.clone();
    other.another("REQ-2");
    other.must("preserve.converted", Some(REQUEST), "p-rev", &json!({"by_request": "REQ-2"}));
    assert_eq!(other.case().stage, Stage::Closed);
    log.now_ms += 101 * DAY_MS;
    log.must("preserve.lapsed", Some(REQUEST), "p-rev", &deleted);
    assert_eq!(log.case().stage, Stage::Closed);
}

#[test]
fn case_56_s_111_an_order_counts_where_it_was_received_or_is_active() {
    let at = |text: &str| Timestamp::parse(text).expect("a time");
    let counts = |from: &str, to: Option<&str>| {
        let mut log = letter();
        let mut data = counted(&log);
        data["effective_from"] = json!(from);
        data["effective_to"] = json!(to);
        log.must("security.recorded", Some(REQUEST), "p-rev", &data);
        let force = log.world.in_force().expect("founded");
        let row = Row::of(&force.policy.value, &force.directory.value, log.case());
        let periods = ["2026-01-01", "2026-07-01", "2027-01-01", "2027-07-01", "2028-01-01"]
            .map(|day| at(&format!("{day}T00:00:00.000Z")));
        let orders = |two: &[Timestamp]| {
            let figures =
                Figures::count(std::slice::from_ref(&row), Period { from: two[0], to: two[1] }, periods[4]);
            figures.security(Some(ReportCategory::Nsl)).orders
        };
        periods.windows(2).map(orders).collect::<Vec<_>>()
    };
    // It was received on 18 November 2026.
    let (june, july) = ("2026-06-01T00:00:00.000Z", Some("2027-07-02T00:00:00.000Z"));
    assert_eq!(counts(june, july), [1, 1, 1, 1]);
    assert_eq!(counts(june, None), [1, 1, 1, 1]);
    assert_eq!(counts("2027-01-01T00:00:00.000Z", Some("2027-07-01T00:00:00.000Z")), [0, 1, 1, 0]);
    assert_eq!(counts(june, Some("2026-06-02T00:00:00.000Z")), [1, 1, 0, 0], "over when it was received");
}

#[test]
fn case_56_an_order_for_a_new_capability_is_counted_after_540_days() {
    let row = |mut log: Log, since: Option<&str>| {
        let mut data = counted(&log);
        data["capability_since"] = json!(since);
        log.must("security.recorded", Some(REQUEST), "p-rev", &data);
        let force = log.world.in_force().expect("founded");
        Row::of(&force.policy.value, &force.directory.value, log.case())
    };
    let at = |day: &str| Timestamp::parse(&format!("{day}T00:00:00.000Z")).expect("a time");
    let period = Period { from: at("2026-07-01"), to: at("2027-01-01") };
    let told = |row: &Row, published_at: Timestamp| {
        let figures = Figures::count(std::slice::from_ref(row), period, published_at);
        let orders = [ReportCategory::Nsl, ReportCategory::FisaContent, ReportCategory::FisaNoncontent]
            .map(|category| figures.security(Some(category)).orders);
        (orders.iter().sum::<u64>(), figures.delayed())
    };
    // 540 days after 1 November 2026 is 24 April 2028.
    let fisa = || classified("national_security", "us.fisa_1842", "fisc", "national_security");
    let new = row(fisa(), Some("2026-11-01T00:00:00.000Z"));
    assert_eq!((told(&new, at("2027-07-01")), told(&new, at("2028-04-23"))), ((0, 1), (0, 1)));
    assert_eq!(told(&new, at("2028-04-24")), (1, 0));
    let old = row(fisa(), None);
    assert_eq!(told(&old, at("2027-07-01")), (1, 0));
    // Nobody recorded whether it is new: it waits from its receipt on.
    let unrecorded = fisa();
    let force = unrecorded.world.in_force().expect("founded");
    let unrecorded = Row::of(&force.policy.value, &force.directory.value, unrecorded.case());
    let end = unrecorded.received_at.saturating_add_ms(540 * DAY_MS);
    assert_eq!(told(&unrecorded, end.saturating_add_ms(-1)), (0, 1));
    assert_eq!(told(&unrecorded, end), (1, 0));
    let letter = row(letter(), Some("2026-11-01T00:00:00.000Z"));
    assert_eq!(told(&letter, at("2027-07-01")), (1, 0), "only FISA orders wait");
}

/// An emergency whose third approver signed too, up to its release. Its danger keeps the owner from
/// being told: an emergency does not live until the customer has had its days.
pub(super) fn released() -> Log {
    let mut log = an_emergency_up_to("bundle.sealed");
    let data = json!({"accounts": null, "ground": "danger", "evidence_sha256": digest("danger"),
        "other_contact_tried": false, "review_by": time(&log, 30 * DAY_MS)});
    log.must("notice.withheld", Some(REQUEST), "p-priv", &data);
    log
}

#[test]
fn i_31_a_third_person_opens_an_emergencys_content() {
    assert_eq!(released().case().state_name(), "sealed");
    let mut log = Log::at2("review.completed");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, "p-chief", 0, "senior_reviewer");
    assert_eq!(log.try_post(&third).expect_err("no emergency").rule, Rule::I31);
}

/// A national security letter, classified.
pub(super) fn letter() -> Log {
    classified("national_security", "us.nsl_2709", "fbi_director_or_designee", "national_security")
}

#[test]
fn s_14_s_111_and_s_112_what_reports_count_is_recorded_before_the_review() {
    let mut log = letter();
    screened(&mut log);
    assert_eq!(log.post_data("review.completed").expect_err("not counted").rule, Rule::S111);
    let counted = counted(&log);
    for (rule, member, value) in [
        (Rule::S111, "selectors", json!(0)),
        (Rule::S112, "accounts", json!([])),
        (Rule::S111, "effective_to", time(&log, 0)),
        (Rule::S111, "capability_since", time(&log, 1)),
        (Rule::S14, "is_certified", json!(false)),
        (Rule::S14, "tells_of_review", json!(false)),
    ] {
        let mut data = counted.clone();
        data[member] = value;
        assert_eq!(refusal(&mut log, "security.recorded", &data).rule, rule, "{member}");
    }
    log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
    assert_ne!(log.post_data("review.completed").expect_err("content").rule, Rule::S111);
}

#[test]
fn i_32_process_follows_an_emergency() {
    let mut log = released();
    log.walk2("the customer could act", "bundle.released");
    let itself = json!({"by_request": REQUEST});
    assert_eq!(refusal(&mut log, "followup.received", &itself).rule, Rule::I32);
    let note = json!({"note_sha256": digest("note")});
    assert_eq!(refusal(&mut log, "followup.lapsed", &note).rule, Rule::I32);
    let is_due = |log: &Log| {
        let policy = &log.world.in_force().expect("founded").policy.value;
        of_case(policy, log.case()).iter().any(|due| due.deadline == Deadline::Followup)
    };
    assert!(is_due(&log));
    let mut other = log.clone();
    other.another("REQ-2");
    other.must("followup.received", Some(REQUEST), "p-rev", &json!({"by_request": "REQ-2"}));
    assert!(!is_due(&other));
    let mut refused = log.clone();
    refused.must("followup.refused", Some(REQUEST), "p-rev", &json!({"letter_sha256": digest("no")}));
    assert!(!is_due(&refused));
    log.now_ms += 11 * DAY_MS;
    log.must("followup.lapsed", Some(REQUEST), "p-rev", &note);
    assert!(!is_due(&log));
}
