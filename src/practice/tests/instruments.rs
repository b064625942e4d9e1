//! Goal: what the policy says of an instrument beside its classes holds: who may use it, who serves
//! it and by when, how long it lives, what it leaves out, how far ahead it reaches.
//! Method: the straight path of rule set 2 with one fact changed, and an overseas order of the
//! United Kingdom, which has most of these limits.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, directory, item, scope};
use super::path2::{order, policy2};
use super::screening::{ACCOUNT, assess, review, stops, to_review_with, walk_with};
use super::special::{classified, counted, preservation};
use crate::model::approval::Kind;
use crate::model::time::Timestamp;
use crate::practice::due::{Deadline, of_case};
use crate::practice::{Refusal, Rule, RuleSet};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn ms(text: &str) -> i64 {
    Timestamp::parse(text).expect("a time").as_ms()
}

/// A log whose agency is of that country.
fn agency_of(country: &str) -> Log {
    let mut log = Log::founded2();
    let abroad = directory("age1agency").replacen("country = \"US\"", &format!("country = \"{country}\""), 1);
    log.activate("directory", &abroad);
    log
}

/// An overseas production order, read and screened, with one fact changed.
fn overseas(change: impl Fn(&str, &mut Value)) -> Result<Log, Refusal> {
    let mut log = agency_of("GB");
    walk_with(&mut log, &|step, data| {
        match step {
            "request.classified" => {
                (data["country"], data["instrument"]) = (json!("GB"), json!("uk.copo"));
                data["issuer"] = json!("crown_court_judge");
            }
            "legality.reviewed" => {
                (data["country"], data["served_by"]) = (json!("GB"), json!("secretary_of_state"));
            }
            _ => {}
        }
        change(step, data);
    })?;
    assess(&mut log, "US", &Value::Null, "no_conflict")?;
    Ok(log)
}

fn set(step: &'static str, member: &'static str, value: Value) -> impl Fn(&str, &mut Value) {
    move |now, data| {
        if now == step {
            data[member] = value.clone();
        }
    }
}

#[test]
fn an_overseas_order_that_keeps_its_limits_is_reviewed() {
    let mut log = overseas(|_, _| ()).expect("screened");
    review(&mut log, |_| ()).expect("within its limits");
}

#[test]
fn s_18_an_order_is_served_by_whom_the_law_names() {
    for (server, expected) in [
        (Value::Null, Some(Rule::S18)),
        (json!("police_officer"), Some(Rule::S18)),
        (json!("lord_advocate"), None),
    ] {
        let mut log = overseas(set("legality.reviewed", "served_by", server.clone())).expect("screened");
        match expected {
            Some(rule) => stops(&mut log, rule),
            None => drop(review(&mut log, |_| ()).unwrap_or_else(|refusal| panic!("{server}: {refusal}"))),
        }
    }
}

#[test]
fn s_19_an_order_is_served_in_its_time() {
    // It came on 18 November at midnight: ninety days after 20 August, to the millisecond.
    let issued = |at: &str| overseas(set("request.classified", "issued_at", json!(at))).expect("screened");
    stops(&mut issued("2026-08-19T23:59:59.999Z"), Rule::S19);
    let mut log = issued("2026-08-20T00:00:00.000Z");
    review(&mut log, |_| ()).expect("on its last day");
    // Another version is served when it comes itself.
    let mut log = issued("2026-08-20T00:00:00.000Z");
    let (actor, mut amended) = log.data("order.amended");
    amended["received_at"] = json!("2026-11-18T00:00:00.001Z");
    let again: Vec<_> = log.entries.iter().map(|(_, _, event)| event.clone()).collect();
    log.must("order.amended", Some(REQUEST), actor, &amended);
    for event in again.iter().filter(|event| event.request.is_some() && event.type_ != "request.received") {
        let mut data: Value = serde_json::from_str(event.data.get()).expect("JSON");
        if !data["order"].is_null() {
            data["order"] = amended["order"].clone();
        }
        log.must(&event.type_, Some(REQUEST), &event.actor, &data);
    }
    let refusal = review(&mut log, |data| data["order"] = amended["order"].clone()).expect_err("too late");
    assert_eq!(refusal.rule, Rule::S19, "{refusal}");
}

#[test]
fn s_04_what_the_law_leaves_out_of_an_order_is_refused() {
    let privileged = |step: &str, data: &mut Value| {
        if step == "accounts.profiled" {
            data["accounts"][0]["excluded"] = json!(["legally_privileged"]);
        }
    };
    let mut log = overseas(privileged).expect("screened");
    stops(&mut log, Rule::S04);
    review(&mut log, |data| {
        data["scope"] = json!(scope(&[item(ACCOUNT, "bsi")]));
        data["refused"] = json!([{"item": 1, "rule": "S-04", "reason": "a lawyer's mail"}]);
    })
    .expect("who it is, is not privileged");
    let mut warrant = to_review_with(privileged);
    review(&mut warrant, |_| ()).expect("the warrant leaves nothing out");
    for kinds in [json!(["a_typing_error"]), json!(["legally_privileged", "legally_privileged"])] {
        let refusal = overseas(|step, data| {
            if step == "accounts.profiled" {
                data["accounts"][0]["excluded"] = kinds.clone();
            }
        });
        assert_eq!(refusal.map(drop).expect_err("no kind of the policy").rule, Rule::S04, "{kinds}");
    }
}

#[test]
fn s_19_nothing_is_done_under_an_order_that_has_lived_its_life() {
    // It was issued on 10 November.
    let lives = policy2().replacen("execute_within_days = 14", "execute_within_days = 14\nlife_days = 10", 1);
    let end = ms("2026-11-20T00:00:00.000Z");
    for (after, next) in [
        ("rights.screened", "review.completed"),
        ("review.completed", "reviewer approves"),
        ("custody.checked", "disclosure.opened"),
        ("bundle.provenance", "bundle.sealed"),
    ] {
        let mut log = Log::founded_under(RuleSet::Two, &lives);
        log.walk2("", after);
        let mut posts = |now: i64| {
            log.now_ms = now;
            let event = if next == "reviewer approves" {
                log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer")
            } else {
                let (actor, data) = log.data(next);
                log.event(next, Some(REQUEST), actor, &data)
            };
            log.clone().try_post(&event).map(drop).map_err(|refusal| refusal.rule)
        };
        assert_eq!(posts(end), Err(Rule::S19), "{next}");
        // The approvals are as old as that, and the customer's days are not over: of life, nothing.
        assert_ne!(posts(end - 1), Err(Rule::S19), "{next}");
    }
    // What it sealed in its life goes out after it.
    let mut sealed = Log::founded_under(RuleSet::Two, &lives);
    sealed.walk2("", "notice.sent");
    assert!(sealed.now_ms < end);
    sealed.now_ms = sealed.now_ms.max(end) + 8 * DAY_MS;
    sealed.step("senior releases");
    sealed.step("bundle.released");
    let log = {
        let mut log = Log::founded_under(RuleSet::Two, &lives);
        log.walk2("", "review.completed");
        log
    };
    let policy = &log.world.policy().expect("in force").value;
    let due = of_case(policy, log.case()).into_iter().find(|due| due.deadline == Deadline::Execution);
    assert_eq!(due.map(|due| due.at.as_ms()), Some(end), "whichever comes first");
}

#[test]
fn s_19_an_emergency_is_asked_about_again_after_a_day() {
    let mut log = super::special::an_emergency_up_to("bundle.sealed");
    log.step("senior releases");
    log.now_ms = ms(super::special::ASKED) + DAY_MS;
    assert_eq!(log.post_data("bundle.released").expect_err("a day old").rule, Rule::S19);
}

#[test]
fn s_77_an_order_longer_than_its_kind_binds_and_is_looked_at() {
    let due = |days: i64| {
        let mut log = Log::at2("bundle.sealed");
        let time = |days: i64| json!(Timestamp::from_ms(log.now_ms + days * DAY_MS).expect("a time"));
        let gag = json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal", "issuer": "a court",
            "docket": "26-1", "document_sha256": digest("gag"), "grounds": ["flight_from_prosecution"],
            "judge_approved": true,
            "individual_necessity": true, "accounts": null, "from": time(0), "to": time(days)});
        log.must("secrecy.recorded", Some(REQUEST), "p-rev", &gag);
        let told = log.post_data("notice.sent").expect_err("it binds, however long it is");
        assert_eq!(told.rule, Rule::I27);
        let policy = &log.world.policy().expect("in force").value;
        let open: Vec<_> = of_case(policy, log.case()).into_iter().map(|due| due.deadline).collect();
        (open.contains(&Deadline::SecrecyEnd), open.contains(&Deadline::SecrecyReview))
    };
    assert_eq!(due(365), (true, false));
    assert_eq!(due(366), (true, true));
}

#[test]
fn s_15_an_instrument_is_used_by_a_level_of_government_that_has_it() {
    let secret = |level: &'static str| {
        let mut log = Log::founded2();
        let of_level = directory("age1agency").replacen("\"federal\"", &format!("\"{level}\""), 1);
        log.activate("directory", &of_level);
        let change = |step: &str, data: &mut Value| match step {
            "request.received" => data["kind"] = json!("national_security"),
            "request.classified" => {
                (data["instrument"], data["issuer"]) = (json!("us.fisa_1824"), json!("fisc"));
                (data["nature"], data["level"]) = (json!("national_security"), json!(level));
            }
            _ => {}
        };
        walk_with(&mut log, &change).expect("screened");
        let counted = counted(&log);
        log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
        log
    };
    stops(&mut secret("local"), Rule::S15);
    review(&mut secret("federal"), |_| ()).expect("a federal agency has such orders");
}

#[test]
fn s_15_an_agency_uses_the_powers_that_the_directory_has_for_it() {
    let with = |powers: &str| {
        directory("age1agency").replacen(
            "level = \"federal\"",
            &format!("level = \"federal\"\ninstruments = [{powers}]"),
            1,
        )
    };
    let mut log = Log::founded2();
    log.activate("directory", &with("\"us.subpoena\""));
    log.walk2("", "rights.screened");
    stops(&mut log, Rule::S15);
    log.activate("directory", &with("\"us.subpoena\", \"us.warrant_2703\""));
    log.walk2("rights.screened", "custody.checked");
    log.activate("directory", &with("\"us.subpoena\""));
    assert_eq!(log.post_data("disclosure.opened").expect_err("taken away").rule, Rule::S15);
    // What compels nobody is no power.
    let mut kept = preservation();
    kept.activate("directory", &with(""));
    let until = json!(Timestamp::from_ms(kept.now_ms + DAY_MS).expect("a time"));
    let start = json!({"order": order(), "accounts": [{"service": "mail", "account": ACCOUNT}],
        "until": until, "snapshot_sha256": digest("snapshot")});
    kept.must("preserve.started", Some(REQUEST), "p-rev", &start);
}

#[test]
fn s_16_s_25_an_instrument_is_one_of_the_agencys_own_country() {
    // A federal office of the United States with an order of a British court.
    let british = |step: &str, data: &mut Value| match step {
        "request.classified" => {
            (data["instrument"], data["issuer"]) = (json!("uk.copo"), json!("crown_court_judge"));
        }
        "legality.reviewed" => data["served_by"] = json!("secretary_of_state"),
        _ => {}
    };
    stops(&mut to_review_with(british), Rule::S25);
    // It does not become British by being read as such.
    let mut log = Log::founded2();
    let passed_off = walk_with(&mut log, &|step, data| {
        british(step, data);
        if step == "request.classified" {
            data["country"] = json!("GB");
        }
    });
    assert_eq!(passed_off.expect_err("the agency is American").rule, Rule::S16);
    // Nor does it stay American when the directory has learnt better.
    let mut log = Log::at2("custody.checked");
    log.activate("directory", &directory("age1agency").replacen("\"US\"", "\"GB\"", 1));
    assert_eq!(log.post_data("disclosure.opened").expect_err("it is British").rule, Rule::S16);
    // And the other way round; a preservation too.
    let mut warrant = overseas(|step, data| {
        if step == "request.classified" {
            (data["instrument"], data["issuer"]) = (json!("us.warrant_2703"), json!("judge"));
        }
    })
    .expect("screened");
    stops(&mut warrant, Rule::S25);
    let mut kept = agency_of("GB");
    let change = |step: &str, data: &mut Value| match step {
        "request.received" => data["kind"] = json!("preservation"),
        "request.classified" => {
            (data["instrument"], data["issuer"]) =
                (json!("us.preservation_2703f"), json!("governmental_entity"));
            data["country"] = json!("GB");
        }
        "legality.reviewed" => data["country"] = json!("GB"),
        _ => {}
    };
    walk_with(&mut kept, &change).expect("screened");
    let until = json!(Timestamp::from_ms(kept.now_ms + DAY_MS).expect("a time"));
    let start = json!({"order": order(), "accounts": [{"service": "mail", "account": ACCOUNT}],
        "until": until, "snapshot_sha256": digest("snapshot")});
    let refusal = kept.post("preserve.started", Some(REQUEST), "p-rev", &start).expect_err("American law");
    assert_eq!(refusal.rule, Rule::S25);
}

#[test]
fn s_16_what_a_court_may_not_order_is_refused_by_its_reviewer() {
    let mut log = Log::at2("rights.screened");
    review(&mut log, |data| {
        data["scope"] = json!(scope(&[item(ACCOUNT, "bsi")]));
        data["refused"] = json!([{"item": 1, "rule": "S-16", "reason": "outside the court's district"}]);
    })
    .expect("a reason of the list");
}

/// A demand about national security for content until that day, of an order that ends then.
fn ahead(instrument: &str, issuer: &str, last_day: &str, order_ends: &Value) -> Result<(), Rule> {
    let to = Timestamp::from_ms(ms(&format!("{last_day}T00:00:00.000Z")) + DAY_MS).expect("a time");
    let class = if instrument == "us.nsl_2709" { "bsi_nsl" } else { "content_stored" };
    let mut content = item(ACCOUNT, class);
    content["to"] = json!(to);
    let content = [content];
    let mut log = to_review_with(|step, data| match step {
        "request.received" => data["kind"] = json!("national_security"),
        "request.classified" => {
            (data["instrument"], data["issuer"]) = (json!(instrument), json!(issuer));
            data["nature"] = json!("national_security");
            data["scope"] = json!(scope(&content));
        }
        "interval.stated" => {
            data["items"][0]["item"] = json!(0);
            data["items"][0]["to"]["date"] = json!(last_day);
        }
        _ => {}
    });
    let mut counted = counted(&log);
    counted["effective_to"] = order_ends.clone();
    log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
    let done = review(&mut log, |data| data["scope"] = json!(scope(&content)));
    done.map(drop).map_err(|refusal| refusal.rule)
}

#[test]
fn s_83_i_43_what_goes_on_has_an_instrument_and_an_end() {
    let fisa = |last_day: &str, ends: Value| ahead("us.fisa_1824", "fisc", last_day, &ends);
    // Issued on 10 November, it lives ninety days: until 8 February.
    assert_eq!(fisa("2027-02-07", Value::Null), Ok(()));
    assert_eq!(fisa("2027-02-08", Value::Null), Err(Rule::I43));
    let ends = json!("2026-12-15T00:00:00.000Z");
    assert_eq!(fisa("2026-12-14", ends.clone()), Ok(()));
    assert_eq!(fisa("2026-12-15", ends), Err(Rule::I43));
    let letter_until = |last_day: &str| {
        ahead("us.nsl_2709", "fbi_director_or_designee", last_day, &json!("2027-01-01T00:00:00.000Z"))
    };
    assert_eq!(letter_until("2026-12-01"), Err(Rule::I43), "a letter yields what there is");
    assert_eq!(letter_until("2026-11-01"), Ok(()));
    // A live instrument has no path at all: nothing is collected but what is stored.
    let mut live = classified("legal_demand", "us.pen_trap", "judge", "criminal");
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        live.step(step);
    }
    stops(&mut live, Rule::S14);
}

#[test]
fn s_19_what_reaches_ahead_of_its_receipt_is_read_after_the_orders_life() {
    let end = ms("2026-11-18T18:00:00.000Z");
    let received = Log::at2("request.received").case().received.at.to_string();
    for (to, expected) in [("2026-11-18T18:00:00.000Z", None), (received.as_str(), Some(Rule::S19))] {
        let mut content = item(ACCOUNT, "content_stored");
        content["to"] = json!(to);
        let content = json!(scope(&[content]));
        let mut log = to_review_with(|step, data| match step {
            "request.received" => data["kind"] = json!("national_security"),
            "request.classified" => {
                (data["instrument"], data["issuer"]) = (json!("us.fisa_1824"), json!("fisc"));
                (data["nature"], data["scope"]) = (json!("national_security"), content.clone());
                // It lives ninety days.
                data["issued_at"] = json!("2026-08-20T18:00:00.000Z");
            }
            "interval.stated" => {
                let row = &mut data["items"][0];
                (row["item"], row["to_is_inclusive"]) = (json!(0), json!(false));
                (row["to"]["date"], row["to"]["time"]) = (json!(to[..10]), json!(to[11..19]));
            }
            _ => {}
        });
        let counted = counted(&log);
        log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
        review(&mut log, |data| data["scope"] = content).expect("within its life");
        log.walk2("review.completed", "custody.checked");
        let (actor, data) = log.data("disclosure.opened");
        let opening = log.event("disclosure.opened", Some(REQUEST), actor, &data);
        assert_eq!(log.judged(&opening, end - 1), None, "{to}");
        assert_eq!(log.judged(&opening, end), expected, "{to}");
    }
}
