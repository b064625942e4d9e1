//! Goal: no order of events gets around a rule that each of them keeps.
//! Method: what somebody hostile, or somebody tired, would try: say it before there is anything to
//! say it about, say it twice, change what it was about afterwards.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, item, scope};
use super::path2::{consumer, enterprise, order};
use super::screening::{ACCOUNT, organisation, review, stops};
use super::special::an_emergency_up_to;
use crate::model::approval::{Act, Decision, Kind};
use crate::model::time::Timestamp;
use crate::practice::due::{Deadline, of_case};
use crate::practice::{Policy, Rule};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn post(log: &mut Log, event: &str, actor: &str, data: &Value) -> Result<(), Rule> {
    log.post(event, Some(REQUEST), actor, data).map(drop).map_err(|refusal| refusal.rule)
}

fn time(log: &Log, days: i64) -> Value {
    json!(Timestamp::from_ms(log.now_ms + days * DAY_MS).expect("a time"))
}

fn told(recipient: &str) -> Value {
    json!({"accounts": null, "recipient": recipient, "contact_sha256": digest("contact"),
        "notice_sha256": digest("notice"), "sent_at": "2026-11-18T00:00:00.000Z"})
}

fn gag(log: &mut Log, code: &str, to: &Value) {
    let data = json!({"secrecy": format!("S-{code}"), "code": code, "level": "federal", "issuer": "a court",
        "docket": "26-1", "document_sha256": digest("gag"), "grounds": [], "judge_approved": true,
        "individual_necessity": true, "accounts": null, "from": time(log, -1), "to": to});
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
}

fn withheld(log: &Log) -> Value {
    json!({"accounts": null, "ground": "danger", "evidence_sha256": digest("danger"),
        "other_contact_tried": false, "review_by": time(log, 30)})
}

/// When somebody is owed a notice.
fn owed(log: &Log) -> Option<Timestamp> {
    let policy = Policy::parse(super::log::POLICY).expect("the draft");
    let due = of_case(&policy, log.case());
    due.into_iter().find(|due| due.deadline == Deadline::Notice).map(|due| due.at)
}

/// Sealed under an order not to tell that ends in thirty days, and released.
fn released_under_a_gag() -> Log {
    let mut log = Log::at2("bundle.sealed");
    let to = time(&log, 30);
    gag(&mut log, "ndo.2705b", &to);
    let data = json!({"accounts": null, "secrecy": "S-ndo.2705b"});
    log.must("notice.suppressed", Some(REQUEST), "p-priv", &data);
    log.walk2("the customer could act", "bundle.released");
    log
}

#[test]
fn i_27_nobody_is_told_of_a_demand_that_names_nobody_yet() {
    for step in ["request.received", "order.amended"] {
        let mut log = Log::at2(if step == "order.amended" { "rights.screened" } else { step });
        if step == "order.amended" {
            log.step(step);
        }
        let to = time(&log, 30);
        gag(&mut log, "ndo.2705b", &to);
        assert_eq!(post(&mut log, "notice.sent", "p-priv", &told("owner")), Err(Rule::I03), "{step}");
        let data = withheld(&log);
        assert_eq!(post(&mut log, "notice.withheld", "p-priv", &data), Err(Rule::I03), "{step}");
    }
}

#[test]
fn s_59_i_23_a_notice_counts_for_whom_it_went_to() {
    let mut log = Log::at2("rights.screened");
    log.must("notice.sent", Some(REQUEST), "p-priv", &told("owner"));
    // It turns out that the account is an organisation's: its contact was never told.
    let profile = json!({"order": order(), "accounts": [enterprise(ACCOUNT, 51)]});
    log.must("accounts.profiled", Some(REQUEST), "p-rev", &profile);
    super::screening::ask(&mut log);
    super::screening::answer(&mut log, "redirect.refused").expect("answered");
    log.walk2("rights.screened", "bundle.sealed");
    log.now_ms += 9 * DAY_MS;
    log.step("senior releases");
    assert_eq!(log.post_data("bundle.released").expect_err("nobody was told").rule, Rule::I23);
}

/// Everything up to the review once more, for an order that replaced the first.
fn review_again(log: &mut Log, order: &Value) {
    log.step("request.authenticated");
    for step in [
        "request.classified",
        "interval.stated",
        "accounts.profiled",
        "legality.reviewed",
        "rights.screened",
        "review.completed",
    ] {
        let (actor, mut data) = log.data(step);
        data["order"] = order.clone();
        log.must(step, Some(REQUEST), actor, &data);
    }
}

/// The order is replaced by another, which goes all the way to a sealed bundle.
fn walk_another_order(log: &mut Log) {
    let (actor, mut amended) = log.data("order.amended");
    amended["received_at"] = time(log, 0);
    log.must("order.amended", Some(REQUEST), actor, &amended);
    review_again(log, &amended["order"]);
    log.walk2("review.completed", "custody.checked");
    let (actor, mut opening) = log.data("disclosure.opened");
    opening["order"] = amended["order"].clone();
    log.must("disclosure.opened", Some(REQUEST), actor, &opening);
    log.walk2("disclosure.opened", "bundle.sealed");
}

fn told_now(log: &Log) -> Value {
    let mut data = told("owner");
    data["sent_at"] = time(log, 0);
    data
}

#[test]
fn i_23_whoever_was_told_of_one_order_was_not_told_of_the_next() {
    let mut log = Log::at2("rights.screened");
    let first = told_now(&log);
    log.must("notice.sent", Some(REQUEST), "p-priv", &first);
    walk_another_order(&mut log);
    // What was mailed about the first order is none about the second, however late it is recorded.
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &first), Err(Rule::S53));
    let mut untold = log.clone();
    untold.now_ms += 9 * DAY_MS;
    untold.step("senior releases");
    assert_eq!(untold.post_data("bundle.released").expect_err("of the first order").rule, Rule::I23);
    let again = told_now(&log);
    log.must("notice.sent", Some(REQUEST), "p-priv", &again);
    log.now_ms += 9 * DAY_MS;
    log.step("senior releases");
    log.step("bundle.released");
}

#[test]
fn i_25_who_was_told_of_one_order_is_owed_a_notice_of_what_left_under_the_next() {
    let mut log = Log::at2("rights.screened");
    let first = told_now(&log);
    log.must("notice.sent", Some(REQUEST), "p-priv", &first);
    let to = time(&log, 30);
    gag(&mut log, "ndo.2705b", &to);
    walk_another_order(&mut log);
    let data = json!({"accounts": null, "secrecy": "S-ndo.2705b"});
    log.must("notice.suppressed", Some(REQUEST), "p-priv", &data);
    log.step("senior releases");
    log.step("bundle.released");
    assert!(owed(&log).is_some(), "of the second order nobody was told");
    log.now_ms += 40 * DAY_MS;
    let second = told_now(&log);
    log.must("notice.sent", Some(REQUEST), "p-priv", &second);
    assert_eq!(owed(&log), None);
}

#[test]
fn i_25_what_left_is_told_one_day_whatever_the_demand_became() {
    let mut log = released_under_a_gag();
    let due = owed(&log);
    assert!(due.is_some());
    let superseding = json!({"supersedes": "PRD-1", "kind": "supplementary", "reason": "more"});
    log.must("production.superseding", Some(REQUEST), "p-rev", &superseding);
    log.step("order.amended");
    log.step("request.rejected");
    assert_eq!(owed(&log), due, "the second half of the demand ended, the first one left");
    log.now_ms += 40 * DAY_MS;
    let mut now = told("owner");
    now["sent_at"] = time(&log, 0);
    log.must("notice.sent", Some(REQUEST), "p-priv", &now);
    assert_eq!(owed(&log), None);
}

/// When notice is due, if nobody looks at the ground again: a week after somebody should have.
fn looked_at_again(log: &Log) -> Option<Timestamp> {
    log.case().telling.untold.last().map(|untold| untold.review_by.saturating_add_ms(7 * DAY_MS))
}

#[test]
fn s_58_one_person_withholds_nothing_after_secrecy() {
    let mut log = released_under_a_gag();
    log.now_ms += 31 * DAY_MS;
    let data = withheld(&log);
    log.must("notice.withheld", Some(REQUEST), "p-priv", &data);
    assert!(owed(&log).is_some());
    let mut waived = data;
    waived
        .as_object_mut()
        .expect("members")
        .retain(|member, _| ["accounts", "ground", "review_by"].contains(&&**member));
    waived["reason"] = json!("two people decided");
    log.approved_act("notice.waive", "notice.waived", Some(REQUEST), "p-priv", &waived).expect("two people");
    assert_eq!(owed(&log), looked_at_again(&log), "two people may, until it is looked at again");
}

#[test]
fn s_56_a_ground_that_goes_after_the_release_makes_the_notice_due() {
    let mut log = an_emergency_up_to("bundle.sealed");
    let mut data = withheld(&log);
    let mut late = log.clone();
    data["review_by"] = time(&log, 10);
    log.must("notice.withheld", Some(REQUEST), "p-priv", &data);
    log.step("senior releases");
    log.step("bundle.released");
    assert_eq!(owed(&log), looked_at_again(&log), "I-26");
    let before = owed(&log);
    let lifted = json!({"ground": "danger", "evidence_sha256": digest("safe")});
    log.must("notice.ground_lifted", Some(REQUEST), "p-priv", &lifted);
    assert!(owed(&log).is_some() && owed(&log) < before);
    // A ground that was to be looked at again, and was not, lets nothing leave.
    data["review_by"] = json!(Timestamp::from_ms(late.now_ms + 60 * MINUTE_MS).expect("a time"));
    late.must("notice.withheld", Some(REQUEST), "p-priv", &data);
    late.now_ms += 60 * MINUTE_MS;
    late.step("senior releases");
    assert_eq!(late.post_data("bundle.released").expect_err("not looked at").rule, Rule::I23);
}

#[test]
fn i_25_an_order_that_does_not_bind_keeps_nobody_from_being_told() {
    let mut log = released_under_a_gag();
    let due = owed(&log);
    gag(&mut log, "ndo.2705a", &Value::Null);
    assert_eq!(owed(&log), due);
    gag(&mut log, "ndo.3123d", &Value::Null);
    assert_eq!(owed(&log), None, "one without end binds");
    let data =
        json!({"secrecy": "S-ndo.3123d", "answer_sha256": digest("yes"), "granted": true, "accounts": null});
    let sought = json!({"secrecy": "S-ndo.3123d", "letter_sha256": digest("may we")});
    log.must("secrecy.permission_sought", Some(REQUEST), "p-cou", &sought);
    log.must("secrecy.permission_answered", Some(REQUEST), "p-cou", &data);
    assert!(owed(&log).is_some(), "and a permission to tell ends that");
}

#[test]
fn i_18_a_demand_quashed_after_delivery_yields_no_further_bundle() {
    let mut log = Log::at2("delivery.acknowledged");
    let superseding = json!({"supersedes": "PRD-1", "kind": "supplementary", "reason": "more"});
    log.must("production.superseding", Some(REQUEST), "p-rev", &superseding);
    let recall = json!({"production": "PRD-1", "ground": "quashed", "letter_sha256": digest("letter")});
    log.must("recall.requested", Some(REQUEST), "p-rev", &recall);
    log.step("review.completed");
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("it is quashed").rule, Rule::I18);
}

#[test]
fn i_31_the_third_person_is_checked_like_the_other_two() {
    // Somebody refuses.
    let mut log = an_emergency_up_to("senior approves");
    let act = Act { kind: Kind::Emergency, decision: Decision::Refuse, ..log.act(Kind::Disclose) };
    let event = log.approval(act, "p-col", 0, "reviewer");
    log.try_post(&event).expect("whoever may approve may refuse");
    assert_eq!(log.post_data("disclosure.opened").expect_err("refused").rule, Rule::I05);
    // Who approved does not collect.
    let mut log = an_emergency_up_to("senior approves");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let event = log.approval(act, "p-col", 0, "reviewer");
    log.try_post(&event).expect("a reviewer too");
    assert_eq!(log.post_data("disclosure.opened").expect_err("a party").rule, Rule::I07);
}

#[test]
fn i_30_a_call_back_is_about_one_document_and_ends_with_a_denial() {
    let call = |log: &Log, source: &str, answer: &str| {
        json!({"agency": "ag-1", "number_source": source, "number_sha256": digest("+1 202 555 0100"),
            "number_dated": time(log, -1), "called_at": time(log, 0), "answer": answer,
            "note_sha256": digest("note")})
    };
    let mut log = an_emergency_up_to("senior approves");
    let denied = call(&log, "directory", "denied");
    log.must("callback.made", Some(REQUEST), "p-rev", &denied);
    let mut other = Log::at2("custody.checked");
    other.cases.clone_from(&log.cases);
    let verified = json!({"agency": "ag-1", "method": "in_person", "evidence": [digest("seen")]});
    log.must("request.authenticated", Some(REQUEST), "p-sen", &verified);
    let (actor, mut data) = log.data("request.classified");
    data["instrument"] = json!("us.emergency_2702");
    data["issuer"] = json!("governmental_entity");
    data["nature"] = json!("emergency");
    data["issued_at"] = json!(super::special::ASKED);
    log.must("request.classified", Some(REQUEST), actor, &data);
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    stops(&mut log, Rule::I30);
    let register = call(&log, "official_register", "confirmed");
    log.must("callback.made", Some(REQUEST), "p-rev", &register);
    stops(&mut log, Rule::I30);
    let again = call(&log, "directory", "confirmed");
    let mut invented = again.clone();
    invented["number_sha256"] = json!(digest("+1 202 555 0199"));
    log.must("callback.made", Some(REQUEST), "p-rev", &invented);
    stops(&mut log, Rule::I30);
    log.must("callback.made", Some(REQUEST), "p-rev", &again);
    review(&mut log, |_| ()).expect("called back anew");
}

#[test]
fn s_08_what_was_set_aside_stays_aside_when_the_scope_changes() {
    let mut log = Log::at2("rights.screened");
    let noted = json!({"order": order(), "code": "material_mistake", "item": 1, "detail": "another's name"});
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &noted);
    let split = json!({"deficiency": noted.index, "items": [1], "reason": "the other is sound"});
    log.must("request.split", Some(REQUEST), "p-rev", &split);
    let (actor, mut data) = log.data("request.classified");
    data["scope"] = json!(scope(&[item(ACCOUNT, "content_stored"), item(ACCOUNT, "bsi")]));
    log.must("request.classified", Some(REQUEST), actor, &data);
    assert_eq!(
        log.case().arrival.set_aside.iter().copied().collect::<Vec<_>>(),
        [0],
        "wherever it stands now"
    );
}

#[test]
fn i_55_one_person_does_not_undo_what_two_stopped() {
    let mut log = super::screening::escalated("stop");
    let data = json!({"order": order(), "tier": "low", "subjects": [], "note_sha256": digest("again")});
    log.must("rights.screened", Some(REQUEST), "p-rev", &data);
    stops(&mut log, Rule::I55);
}

#[test]
fn s_90_a_provider_does_not_profile_a_customers_keys_back() {
    let mut log = organisation();
    let mut profile = enterprise(ACCOUNT, 51);
    profile["custody"] = json!("customer");
    let held = json!({"order": order(), "accounts": [profile]});
    log.must("accounts.profiled", Some(REQUEST), "p-rev", &held);
    let back = json!({"order": order(), "accounts": [enterprise(ACCOUNT, 51)]});
    assert_eq!(post(&mut log, "accounts.profiled", "p-rev", &back), Err(Rule::S90));
}

#[test]
fn i_08_what_the_review_system_posts_is_a_registered_persons_word() {
    let mut log = Log::at2("request.received");
    let (_, data) = log.data("request.authenticated");
    assert_eq!(post(&mut log, "request.authenticated", "nobody", &data), Err(Rule::I08));
    let mut log = Log::at2("accounts.profiled");
    let data = json!({"order": order(), "accounts": [consumer(ACCOUNT)]});
    assert_eq!(post(&mut log, "accounts.profiled", "p-nobody", &data), Err(Rule::S07));
}

#[test]
fn i_07_who_took_a_later_version_in_does_not_approve_it() {
    let mut log = Log::at2("request.classified");
    let (_, amended) = log.data("order.amended");
    log.must("order.amended", Some(REQUEST), "p-rev", &amended);
    review_again(&mut log, &amended["order"]);
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("a party").rule, Rule::I07);
}

#[test]
fn i_49_what_is_preserved_or_owed_is_not_erased() {
    let mut log = released_under_a_gag();
    let data = json!({"basis": "court_order", "document_sha256": digest("order"), "is_under_seal": false});
    let refusal = log.approved_act("erase", "erasure.ordered", Some(REQUEST), "p-sen", &data);
    assert_eq!(refusal.expect_err("a notice is owed").rule, Rule::I49);
}

#[test]
fn s_19_a_destroyed_bundle_stops_no_clock() {
    let mut log = Log::at2("bundle.sealed");
    let data = json!({"disclosure": "D-1", "production": "PRD-1", "reason": "ordered"});
    log.must("bundle.destroyed", Some(REQUEST), crate::practice::DAEMON, &data);
    log.now_ms += 12 * DAY_MS;
    log.step("review.completed");
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("too late").rule, Rule::S19);
}

#[test]
fn s_101_a_consent_that_was_taken_back_does_not_come_back() {
    let mut log = super::special::a_litigants();
    let consent = super::special::consent_to_content(&log);
    log.must("consent.recorded", Some(REQUEST), "p-rev", &consent);
    let revoked = json!({"document_sha256": digest("consent"), "revocation_sha256": digest("no"),
        "received_at": "2026-11-18T00:00:00.000Z"});
    log.must("consent.revoked", Some(REQUEST), "p-rev", &revoked);
    assert_eq!(post(&mut log, "consent.recorded", "p-rev", &consent), Err(Rule::I37));
}

#[test]
fn i_56_an_objection_that_is_taken_back_takes_the_review_with_it() {
    let mut log = Log::at2("rights.screened");
    super::screening::file(&mut log, "comity", false).expect("filed");
    log.walk2("rights.screened", "senior approves");
    super::screening::decide(&mut log, "motion_withdrawn").expect("decided");
    assert!(log.case().review.is_none());
}

#[test]
fn s_29_an_order_that_ended_forbids_nothing_any_more() {
    let mut log = organisation();
    let to = time(&log, 2);
    gag(&mut log, "ndo.2705b", &to);
    super::screening::exempt(&mut log, "order_forbids").expect("forbidden");
    let mut late = log.clone();
    late.now_ms += 3 * DAY_MS;
    stops(&mut late, Rule::S29);
    super::screening::ask(&mut late);
    super::screening::answer(&mut late, "redirect.refused").expect("asked after all");
    log.step("review.completed");
    log.now_ms += 3 * DAY_MS;
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("it has ended").rule, Rule::S29);
}

#[test]
fn s_58_i_23_nothing_leaves_on_one_persons_ground_after_secrecy() {
    let mut log = Log::at2("bundle.sealed");
    let to = time(&log, 1);
    gag(&mut log, "ndo.2705b", &to);
    log.now_ms += 2 * DAY_MS;
    let data = withheld(&log);
    log.must("notice.withheld", Some(REQUEST), "p-priv", &data);
    log.step("senior releases");
    assert_eq!(log.post_data("bundle.released").expect_err("two people waive").rule, Rule::I23);
}
