//! Goal: secrecy orders and notices: no notice under a gag, no release without notice, and what
//! is due when a gag ends.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use super::path2::{data as step_data, enterprise};
use crate::model::time::Timestamp;
use crate::practice::Rule;
use crate::practice::due::{Deadline, of_case};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn post(log: &mut Log, event: &str, actor: &str, data: &Value) -> Result<(), Rule> {
    log.post(event, Some(REQUEST), actor, data).map(drop).map_err(|refusal| refusal.rule)
}

fn time(log: &Log, days: i64) -> Value {
    json!(Timestamp::from_ms(log.now_ms + days * DAY_MS).expect("a time"))
}

/// An order from the day before on, for so many days from now; none: without end.
fn order(log: &Log, days: Option<i64>) -> Value {
    json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal", "issuer": "D. Example",
        "docket": "26-1", "document_sha256": digest("ndo"), "grounds": ["flight_from_prosecution"],
        "judge_approved": true, "individual_necessity": true, "accounts": null, "from": time(log, -1),
        "to": days.map_or(Value::Null, |days| time(log, days))})
}

fn gagged(to: &str, days: Option<i64>) -> Log {
    let mut log = Log::at2(to);
    let data = order(&log, days);
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
    log
}

fn suppressed() -> Value {
    json!({"accounts": null, "secrecy": "NDO-1"})
}

fn of_order(log: &Log, members: &Value) -> Value {
    let mut data = json!({"secrecy": "NDO-1", "document_sha256": digest("document")});
    for (name, value) in members.as_object().expect("an object") {
        data[name] = value.clone();
    }
    _ = log;
    data
}

fn withheld(log: &Log, ground: &str) -> Value {
    json!({"accounts": null, "ground": ground, "evidence_sha256": digest("evidence"),
        "other_contact_tried": ground == "counterproductive", "review_by": time(log, 30)})
}

fn told(log: &Log) -> Value {
    let mut data = step_data("notice.sent").1;
    data["sent_at"] = time(log, 0);
    data
}

/// Signs the release and posts it.
fn release(log: &mut Log) -> Result<(), Rule> {
    log.step("senior releases");
    log.post_data("bundle.released").map(drop).map_err(|refusal| refusal.rule)
}

fn due(log: &Log, deadline: Deadline) -> Vec<Timestamp> {
    let policy = &log.world.policy().expect("founded").value;
    let open = of_case(policy, log.case()).into_iter();
    open.filter(|due| due.deadline == deadline).map(|due| due.at).collect()
}

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let mut log = gagged("bundle.sealed", Some(90));
    let post = |log: &mut Log, event: &str, actor: &str, data: Value| {
        log.must(event, Some(REQUEST), actor, &data);
    };
    post(&mut log, "notice.suppressed", "p-priv", suppressed());
    let to = time(&log, 180);
    let extended = json!({"secrecy": "NDO-1", "document_sha256": digest("longer"), "ordered_at": time(&log, 0), "to": to});
    post(&mut log, "secrecy.extended", "p-rev", extended);
    let sought = json!({"secrecy": "NDO-1", "letter_sha256": digest("letter")});
    post(&mut log, "secrecy.permission_sought", "p-cou", sought);
    let answer =
        json!({"secrecy": "NDO-1", "answer_sha256": digest("no"), "granted": false, "accounts": null});
    post(&mut log, "secrecy.permission_answered", "p-cou", answer);
    let motion = motion(&log);
    post(&mut log, "secrecy.challenged", "p-cou", motion);
    let upheld = decision(&log, "upheld");
    post(&mut log, "secrecy.challenge_decided", "p-cou", upheld);
    let less = json!({"secrecy": "NDO-1", "document_sha256": digest("less"), "accounts": null, "to": time(&log, 100)});
    post(&mut log, "secrecy.narrowed", "p-rev", less);
    let look = json!({"secrecy": "NDO-1", "to_be_challenged": false, "note_sha256": digest("note")});
    post(&mut log, "secrecy.reviewed", "p-cou", look);
    let end = json!({"secrecy": "NDO-1", "document_sha256": digest("end"), "ended_at": time(&log, 0)});
    post(&mut log, "secrecy.vacated", "p-rev", end);
    let held_back = withheld(&log, "danger");
    post(&mut log, "notice.withheld", "p-priv", held_back);
    let gone = json!({"ground": "danger", "evidence_sha256": digest("safe")});
    post(&mut log, "notice.ground_lifted", "p-priv", gone);
    waive(&mut log).expect("two people");
    vec![log]
}

fn motion(log: &Log) -> Value {
    json!({"secrecy": "NDO-1", "court": "D. Example", "docket": "26-2", "filed_at": time(log, 0),
        "motion_sha256": digest("motion")})
}

fn decision(log: &Log, result: &str) -> Value {
    json!({"secrecy": "NDO-1", "result": result, "decided_at": time(log, 0), "ruling_sha256": digest("ruling"),
        "accounts": null, "to": null})
}

fn waive(log: &mut Log) -> Result<(), Rule> {
    let data =
        json!({"accounts": null, "ground": "danger", "reason": "a witness", "review_by": time(log, 60)});
    let posted = log.approved_act("notice.waive", "notice.waived", Some(REQUEST), "p-priv", &data);
    posted.map(drop).map_err(|refusal| refusal.rule)
}

#[test]
fn s_53_i_23_a_release_waits_for_notice_and_the_customers_days() {
    let mut log = Log::at2("bundle.sealed");
    assert_eq!(release(&mut log), Err(Rule::I23));
    let mut log = Log::at2("notice.sent");
    log.now_ms += 6 * DAY_MS;
    assert_eq!(release(&mut log), Err(Rule::I23), "six days");
    let mut log = Log::at2("notice.sent");
    log.now_ms += 7 * DAY_MS;
    assert_eq!(release(&mut log), Ok(()));
}

#[test]
fn s_54_i_27_under_an_order_nobody_is_told_and_data_may_leave() {
    let mut log = gagged("bundle.sealed", Some(90));
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Err(Rule::I27));
    assert_eq!(post(&mut log, "notice.suppressed", "p-rev", &suppressed()), Err(Rule::I08));
    let mut another = suppressed();
    another["secrecy"] = json!("NDO-2");
    assert_eq!(post(&mut log, "notice.suppressed", "p-priv", &another), Err(Rule::S54));
    let mut unsaid = log.clone();
    assert_eq!(release(&mut unsaid), Err(Rule::I23), "the suppression is recorded first");
    assert_eq!(post(&mut log, "notice.suppressed", "p-priv", &suppressed()), Ok(()));
    assert_eq!(release(&mut log), Ok(()));
    let mut stranger = order(&log, None);
    stranger["secrecy"] = json!("NDO-9");
    stranger["code"] = json!("ndo.nobody");
    assert_eq!(post(&mut log, "secrecy.recorded", "p-rev", &stranger), Err(Rule::S54));
}

#[test]
fn case_15_an_order_that_ended_a_moment_ago_forbids_nothing() {
    for (late, expected) in [(-1, Ok(())), (0, Err(Rule::I23))] {
        let mut log = gagged("bundle.sealed", Some(2));
        assert_eq!(post(&mut log, "notice.suppressed", "p-priv", &suppressed()), Ok(()));
        let end = log.case().telling.orders[0].to.expect("an end");
        log.now_ms = end.as_ms() - 60 * MINUTE_MS;
        log.step("senior releases");
        log.now_ms = end.as_ms() + late;
        let released = log.post_data("bundle.released").map(drop).map_err(|refusal| refusal.rule);
        assert_eq!(released, expected, "{late} ms after the end");
    }
}

#[test]
fn i_27_a_notice_under_a_gag_is_none_however_late_it_is_recorded() {
    let mut log = gagged("review.completed", Some(2));
    let meanwhile = told(&log);
    log.now_ms += 5 * DAY_MS;
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &meanwhile), Err(Rule::I27), "it went under the gag");
    let mut early = meanwhile.clone();
    early["sent_at"] = json!("2026-10-01T00:00:00.000Z");
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &early), Err(Rule::S53), "before there was a demand");
    let after = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &after), Ok(()));
}

#[test]
fn i_27_i_28_a_notice_in_a_gap_was_lawful_whenever_it_is_recorded() {
    let mut log = gagged("review.completed", Some(2));
    let sent = |log: &Log, days: i64| {
        let mut data = told(log);
        data["sent_at"] = time(log, days);
        data
    };
    let (in_the_gap, under_it_again) = (sent(&log, 3), sent(&log, 5));
    log.now_ms += 4 * DAY_MS;
    let late = json!({"secrecy": "NDO-1", "document_sha256": digest("longer"), "ordered_at": time(&log, 0),
        "to": time(&log, 6)});
    assert_eq!(post(&mut log, "secrecy.extended", "p-rev", &late), Ok(()));
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &in_the_gap), Err(Rule::I27), "now it is forbidden");
    log.now_ms += 20 * DAY_MS;
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &under_it_again), Err(Rule::I27));
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &in_the_gap), Ok(()));
}

#[test]
fn case_14_i_28_an_extension_after_the_end_leaves_a_gap() {
    let extension = |log: &Log, ordered: i64| {
        json!({"secrecy": "NDO-1", "document_sha256": digest("longer"), "ordered_at": time(log, ordered),
            "to": time(log, 200)})
    };
    let mut log = gagged("review.completed", Some(2));
    let in_time = extension(&log, 0);
    assert_eq!(post(&mut log, "secrecy.extended", "p-rev", &in_time), Ok(()));
    assert!(log.case().telling.orders[0].gaps.is_empty());
    let mut log = gagged("review.completed", Some(2));
    log.now_ms += 5 * DAY_MS;
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Ok(()), "in the gap it is no breach");
    let late = extension(&log, 0);
    assert_eq!(post(&mut log, "secrecy.extended", "p-rev", &late), Ok(()));
    assert_eq!(log.case().telling.orders[0].gaps.len(), 1);
    let shorter = json!({"secrecy": "NDO-1", "document_sha256": digest("x"), "ordered_at": time(&log, 0),
        "to": time(&log, 1)});
    assert_eq!(post(&mut log, "secrecy.extended", "p-rev", &shorter), Err(Rule::I28));
}

#[test]
fn case_17_s_77_i_29_an_order_without_end_is_looked_at_every_ninety_days() {
    let mut log = gagged("review.completed", None);
    let first = due(&log, Deadline::SecrecyReview);
    assert_eq!(first.len(), 1);
    assert!(due(&log, Deadline::SecrecyEnd).is_empty());
    log.now_ms += 50 * DAY_MS;
    let look = json!({"secrecy": "NDO-1", "to_be_challenged": true, "note_sha256": digest("note")});
    assert_eq!(post(&mut log, "secrecy.reviewed", "p-cou", &look), Ok(()));
    assert!(due(&log, Deadline::SecrecyReview) > first);
}

#[test]
fn s_68_s_72_s_75_what_an_order_lacks_and_what_becomes_of_it() {
    let mut log = gagged("review.completed", Some(90));
    let again = order(&log, Some(90));
    assert_eq!(post(&mut log, "secrecy.recorded", "p-rev", &again), Err(Rule::I03));
    let mut backwards = order(&log, Some(-2));
    backwards["secrecy"] = json!("NDO-2");
    assert_eq!(post(&mut log, "secrecy.recorded", "p-rev", &backwards), Err(Rule::S68));
    let upheld = decision(&log, "upheld");
    assert_eq!(post(&mut log, "secrecy.challenge_decided", "p-cou", &upheld), Err(Rule::I03));
    let filed = motion(&log);
    assert_eq!(post(&mut log, "secrecy.challenged", "p-rev", &filed), Err(Rule::S72));
    assert_eq!(post(&mut log, "secrecy.challenged", "p-cou", &filed), Ok(()));
    assert_eq!(post(&mut log, "secrecy.challenge_decided", "p-cou", &upheld), Ok(()));
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Err(Rule::I27), "upheld is still a gag");
    let more =
        json!({"secrecy": "NDO-1", "document_sha256": digest("x"), "accounts": null, "to": time(&log, 99)});
    assert_eq!(post(&mut log, "secrecy.narrowed", "p-rev", &more), Err(Rule::S72));
    let granted =
        json!({"secrecy": "NDO-1", "answer_sha256": digest("yes"), "granted": true, "accounts": null});
    assert_eq!(post(&mut log, "secrecy.permission_answered", "p-cou", &granted), Err(Rule::S75), "not asked");
    let sought = json!({"secrecy": "NDO-1", "letter_sha256": digest("letter")});
    assert_eq!(post(&mut log, "secrecy.permission_sought", "p-cou", &sought), Ok(()));
    let mut denied = granted.clone();
    denied["granted"] = json!(false);
    assert_eq!(post(&mut log, "secrecy.permission_answered", "p-cou", &denied), Ok(()));
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Err(Rule::I27), "a no is no permission");
    assert_eq!(post(&mut log, "secrecy.permission_answered", "p-cou", &granted), Err(Rule::S75), "answered");
    assert_eq!(post(&mut log, "secrecy.permission_sought", "p-cou", &sought), Ok(()));
    assert_eq!(post(&mut log, "secrecy.permission_answered", "p-cou", &granted), Ok(()));
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Ok(()));
}

#[test]
fn s_68_an_order_without_a_ground_or_a_judge_is_looked_at_for_a_challenge() {
    let recorded = |days: i64, member: &str, value: Value| {
        let mut log = Log::at2("review.completed");
        let mut data = order(&log, Some(days));
        data[member] = value;
        let at = log.now_ms;
        log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
        (log, at)
    };
    let looks =
        |log: &Log| -> Vec<i64> { due(log, Deadline::SecrecyReview).iter().map(|due| due.as_ms()).collect() };
    let (complete, _) = recorded(300, "individual_necessity", json!(true));
    assert_eq!(looks(&complete), [0; 0], "it lacks nothing");
    for (member, value) in [("grounds", json!([])), ("judge_approved", json!(false))] {
        let (mut log, at) = recorded(300, member, value.clone());
        assert_eq!(looks(&log), [at + 90 * DAY_MS], "{member}");
        log.now_ms = at + 80 * DAY_MS;
        let look = json!({"secrecy": "NDO-1", "to_be_challenged": true, "note_sha256": digest("note")});
        log.must("secrecy.reviewed", Some(REQUEST), "p-cou", &look);
        let looked = log.now_ms - MINUTE_MS;
        assert_eq!(looks(&log), [looked + 90 * DAY_MS], "{member}: and again");
        // What ends before the next look needs none, nor does what has ended.
        let (mut short, _) = recorded(90, member, value);
        assert_eq!(looks(&short), [0; 0], "{member}");
        short.now_ms += 200 * DAY_MS;
        assert_eq!(looks(&short), [0; 0], "{member}");
    }
    let mut log = Log::at2("review.completed");
    let mut data = order(&log, Some(30));
    data["grounds"] = json!(["flight_from_prosecution", "flight_from_prosecution"]);
    assert_eq!(post(&mut log, "secrecy.recorded", "p-rev", &data), Err(Rule::S68));
}

#[test]
fn case_25_s_76_a_letter_whose_secrecy_is_withdrawn_goes_to_the_customer() {
    let mut log = super::special::letter();
    let mut gag = order(&log, None);
    (gag["code"], gag["judge_approved"]) = (json!("ndo.2709c"), json!(false));
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &gag);
    log.step("interval.stated");
    let profile = json!({"order": super::path2::order(), "accounts": [enterprise("a@example.org", 60)]});
    log.must("accounts.profiled", Some(REQUEST), "p-rev", &profile);
    log.walk2("accounts.profiled", "rights.screened");
    let counted = super::special::counted(&log);
    log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
    super::screening::stops(&mut log, Rule::I22);
    let filed = motion(&log);
    assert_eq!(post(&mut log, "secrecy.challenged", "p-cou", &filed), Ok(()));
    let withdrawn = decision(&log, "withdrawn");
    assert_eq!(post(&mut log, "secrecy.challenge_decided", "p-cou", &withdrawn), Ok(()));
    super::screening::ask(&mut log);
    super::screening::answer(&mut log, "redirect.accepted").expect("the customer gives it itself");
    assert_eq!(log.case().state_name(), "redirected");
    super::screening::stops(&mut log, Rule::I18);
    assert!(log.case().disclosures.is_empty());
}

#[test]
fn case_25_s_76_a_challenged_gag_that_is_withdrawn_ends() {
    let mut log = gagged("review.completed", None);
    let filed = motion(&log);
    assert_eq!(post(&mut log, "secrecy.challenged", "p-cou", &filed), Ok(()));
    let withdrawn = decision(&log, "withdrawn");
    assert_eq!(post(&mut log, "secrecy.challenge_decided", "p-cou", &withdrawn), Ok(()));
    let end = of_order(&log, &json!({"ended_at": time(&log, 0)}));
    assert_eq!(post(&mut log, "secrecy.vacated", "p-rev", &end), Err(Rule::I03), "it is over");
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Ok(()));
    log.step("request.withdrawn");
    assert!(log.case().disclosures.is_empty());
}

#[test]
fn s_55_s_56_case_23_a_consumer_may_be_left_untold_on_a_ground() {
    for ground in ["danger", "counterproductive"] {
        let mut log = Log::at2("bundle.sealed");
        let data = withheld(&log, ground);
        assert_eq!(post(&mut log, "notice.withheld", "p-priv", &data), Ok(()));
        assert_eq!(due(&log, Deadline::NoticeReview).len(), 1);
        let mut lifted = log.clone();
        let gone = json!({"ground": ground, "evidence_sha256": digest("gone")});
        assert_eq!(post(&mut lifted, "notice.ground_lifted", "p-priv", &gone), Ok(()));
        assert_eq!(post(&mut lifted, "notice.ground_lifted", "p-priv", &gone), Err(Rule::I03));
        assert_eq!(release(&mut lifted), Err(Rule::I23), "notice is due");
        assert_eq!(release(&mut log), Ok(()));
    }
    let mut log = Log::at2("bundle.sealed");
    let mut untried = withheld(&log, "counterproductive");
    untried["other_contact_tried"] = json!(false);
    assert_eq!(post(&mut log, "notice.withheld", "p-priv", &untried), Err(Rule::S56));
    let mut never = withheld(&log, "danger");
    never["review_by"] = time(&log, 91);
    assert_eq!(post(&mut log, "notice.withheld", "p-priv", &never), Err(Rule::I26));
}

/// An organisation's account, its customer asked first.
fn organisation(to: &str) -> Log {
    let mut log = Log::at2("interval.stated");
    let (actor, mut data) = log.data("accounts.profiled");
    data["accounts"] = json!([enterprise("a@example.org", 60)]);
    log.must("accounts.profiled", Some(REQUEST), actor, &data);
    super::screening::ask(&mut log);
    super::screening::answer(&mut log, "redirect.refused").expect("they do not go there");
    log.walk2("accounts.profiled", to);
    log
}

#[test]
fn s_59_s_60_s_61_i_24_an_organisation_is_left_untold_by_law_alone() {
    let mut log = organisation("bundle.sealed");
    let danger = withheld(&log, "danger");
    assert_eq!(post(&mut log, "notice.withheld", "p-priv", &danger), Err(Rule::I24));
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Err(Rule::S59));
    assert_eq!(release(&mut log.clone()), Err(Rule::I23));
    let mut contact = told(&log);
    contact["recipient"] = json!("customer_contact");
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &contact), Ok(()));
    let mut log = organisation("bundle.sealed");
    let mut ended = order(&log, Some(0));
    ended["to"] = json!(Timestamp::from_ms(log.now_ms + 1).expect("a time"));
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &ended);
    assert_eq!(waive(&mut log), Err(Rule::S60));
}

#[test]
fn s_57_s_58_i_25_when_secrecy_ends_notice_is_due() {
    let mut log = gagged("bundle.sealed", Some(2));
    assert_eq!(post(&mut log, "notice.suppressed", "p-priv", &suppressed()), Ok(()));
    assert_eq!(release(&mut log), Ok(()));
    let end = log.case().telling.orders[0].to.expect("an end");
    assert_eq!(due(&log, Deadline::Notice), vec![end.saturating_add_ms(7 * DAY_MS)]);
    assert_eq!(waive(&mut log.clone()), Err(Rule::I03), "secrecy has not ended");
    log.now_ms = end.as_ms() + DAY_MS;
    let mut waived = log.clone();
    assert_eq!(waive(&mut waived), Ok(()));
    let review_by = waived.case().telling.untold[0].review_by;
    assert_eq!(due(&waived, Deadline::Notice), [review_by.saturating_add_ms(7 * DAY_MS)], "I-26");
    assert_eq!(due(&waived, Deadline::NoticeReview).len(), 1, "I-26");
    let notice = told(&log);
    assert_eq!(post(&mut log, "notice.sent", "p-priv", &notice), Ok(()));
    assert!(due(&log, Deadline::Notice).is_empty());
}

#[test]
fn s_58_one_person_waives_nothing() {
    let mut log = gagged("bundle.sealed", Some(2));
    let data = json!({"accounts": null, "ground": "danger", "reason": "x", "review_by": time(&log, 9)});
    assert_eq!(post(&mut log, "notice.waived", "p-priv", &data), Err(Rule::I51));
}
