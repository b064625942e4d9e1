//! Goal: the nasty cases about accounts, classes and dates end as the practice expects.
//! Method: the path to the review with the case's facts, and the review it allows.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, item, scope};
use super::path2::{consumer, enterprise, policy2};
use super::screening::{
    ACCOUNT, answer, ask, assess, exempt, organisation, review, stops, to_review_under, to_review_with,
    walk_with,
};
use crate::model::approval::Kind;
use crate::practice::{Rule, RuleSet};

const OTHER: &str = "b@example.org";

/// An order about items of several accounts, profiled so; all between March and April.
fn order_about(items: Vec<Value>, profiles: Vec<Value>) -> Log {
    to_review_with(move |step, data| asks(step, data, &items, &profiles))
}

fn asks(step: &str, data: &mut Value, items: &[Value], profiles: &[Value]) {
    match step {
        "request.classified" => {
            let named = |profile: &Value| {
                json!({"kind": "email", "value": profile["account"], "service": profile["service"],
                    "account": profile["account"]})
            };
            data["identifiers"] = profiles.iter().map(named).collect();
            data["scope"] = json!(scope(items));
        }
        "interval.stated" => {
            let row = data["items"][0].clone();
            let dated = items.iter().enumerate().filter(|(_, item)| !item["from"].is_null());
            let rows = dated.map(|(at, _)| {
                let mut row = row.clone();
                row["item"] = json!(at);
                row
            });
            data["items"] = rows.collect();
        }
        "accounts.profiled" => data["accounts"] = json!(profiles),
        _ => {}
    }
}

fn refused(rows: &[(usize, &str)]) -> Value {
    rows.iter().map(|(at, rule)| json!({"item": at, "rule": rule, "reason": "see the rule"})).collect()
}

/// Reviews with this scope and these refusals; the rule that says no, if one does.
fn reviewed(log: &Log, items: &[Value], rows: &[(usize, &str)]) -> Result<(), Rule> {
    let done = review(&mut log.clone(), |data| {
        data["scope"] = json!(scope(items));
        data["refused"] = refused(rows);
    });
    done.map(drop).map_err(|refusal| {
        assert!(!refusal.to_string().contains("example.org"), "personal data: {refusal}");
        refusal.rule
    })
}

/// The dates of item 1 and the scope that they give.
fn dates(
    from: (&str, Value, &str),
    to: (&str, Value, &str),
    inclusive: bool,
    utc: (&str, &str),
) -> Result<(), Rule> {
    dates_under(&policy2(), &(from.0, from.1, json!(from.2)), &(to.0, to.1, json!(to.2)), inclusive, utc)
}

fn dates_under(
    policy: &str,
    from: &(&str, Value, Value),
    to: &(&str, Value, Value),
    inclusive: bool,
    utc: (&str, &str),
) -> Result<(), Rule> {
    let mut log = Log::founded_under(RuleSet::Two, policy);
    let change = |step: &str, data: &mut Value| match step {
        "request.classified" => {
            let mut content = item(ACCOUNT, "content_stored");
            content["from"] = json!(utc.0);
            content["to"] = json!(utc.1);
            data["scope"] = json!(scope(&[item(ACCOUNT, "bsi"), content]));
        }
        "interval.stated" => {
            data["items"] = json!([{"item": 1, "to_is_inclusive": inclusive,
                "from": {"date": from.0, "time": from.1, "offset": from.2},
                "to": {"date": to.0, "time": to.1, "offset": to.2}}]);
        }
        _ => {}
    };
    walk_with(&mut log, &change).map_err(|refusal| refusal.rule)
}

#[test]
fn case_02_one_account_abroad_is_held_and_the_others_go_on() {
    let mut abroad = consumer(OTHER);
    abroad["us_person"] = json!(false);
    abroad["customer_country"] = json!("IE");
    abroad["hosted_in"] = json!("IE");
    let (ours, theirs) = (item(ACCOUNT, "bsi"), item(OTHER, "bsi"));
    let log = order_about(vec![ours.clone(), theirs.clone()], vec![consumer(ACCOUNT), abroad]);
    assert_eq!(reviewed(&log, &[ours.clone(), theirs.clone()], &[]), Err(Rule::I56));
    assert_eq!(reviewed(&log, std::slice::from_ref(&ours), &[(1, "S-16")]), Ok(()));
    let mut log = log;
    assess(&mut log, "IE", &Value::Null, "no_conflict").expect("assessed");
    assert_eq!(reviewed(&log, &[ours, theirs], &[]), Ok(()));
}

#[test]
fn s_62_i_56_data_in_a_country_without_a_regime_is_recorded_and_a_person_weighs_its_law() {
    let mut beyond = consumer(OTHER);
    beyond["hosted_in"] = json!("BR");
    let (ours, theirs) = (item(ACCOUNT, "bsi"), item(OTHER, "bsi"));
    let mut log = order_about(vec![ours.clone(), theirs.clone()], vec![consumer(ACCOUNT), beyond]);
    let both = [ours.clone(), theirs];
    let policy = log.world.policy().expect("founded").value.clone();
    let open = crate::practice::due::of_case(&policy, log.case());
    assert!(open.iter().any(|due| due.deadline == crate::practice::due::Deadline::Comity));
    assert_eq!(reviewed(&log, &both, &[]), Err(Rule::I56), "nobody weighed it");
    assert_eq!(reviewed(&log, &[ours], &[(1, "S-16")]), Ok(()), "the others go on");
    assess(&mut log, "BR", &Value::Null, "no_conflict").expect("assessed");
    assert_eq!(reviewed(&log, &both, &[]), Ok(()));
}

#[test]
fn case_04_a_previous_owners_data_is_cut_off() {
    let mut recycled = consumer(ACCOUNT);
    recycled["owned_from"] = json!("2026-03-15T00:00:00.000Z");
    let content = item(ACCOUNT, "content_stored");
    let log = order_about(vec![item(ACCOUNT, "bsi"), content.clone()], vec![recycled.clone()]);
    assert_eq!(reviewed(&log, &[item(ACCOUNT, "bsi"), content.clone()], &[]), Err(Rule::S09));
    let cut = |mut item: Value| {
        item["from"] = json!("2026-03-15T00:00:00.000Z");
        item["to"] = json!("2026-04-01T00:00:00.000Z");
        item
    };
    // What has no date is of every owner that the address had.
    assert_eq!(reviewed(&log, &[item(ACCOUNT, "bsi"), cut(content.clone())], &[]), Err(Rule::S09));
    assert_eq!(reviewed(&log, &[cut(item(ACCOUNT, "bsi")), cut(content.clone())], &[]), Ok(()));
    recycled["owned_from"] = json!("2026-05-01T00:00:00.000Z");
    let (theirs, kept) = (item(OTHER, "bsi"), vec![recycled, consumer(OTHER)]);
    let log = order_about(vec![item(ACCOUNT, "bsi"), content, theirs.clone()], kept);
    assert_eq!(reviewed(&log, &[item(ACCOUNT, "bsi"), theirs.clone()], &[(1, "S-09")]), Err(Rule::S09));
    assert_eq!(reviewed(&log, &[theirs], &[(0, "S-09"), (1, "S-09")]), Ok(()));
}

#[test]
fn case_05_ranges_of_classes_are_no_hull() {
    let (bsi, content) = (item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored"));
    let log = order_about(vec![bsi.clone(), content.clone()], vec![consumer(ACCOUNT)]);
    let mut ever = content.clone();
    ever["from"] = json!("2026-01-01T00:00:00.000Z");
    assert_eq!(reviewed(&log, &[bsi.clone(), ever], &[]), Err(Rule::S09));
    assert_eq!(reviewed(&log, &[bsi, content], &[]), Ok(()));
}

#[test]
fn case_06_pacific_time_across_the_change_and_through_june() {
    let day = Value::Null;
    let march = ("2026-03-01", day.clone(), "-08:00");
    let june = ("2026-06-30", day.clone(), "-07:00");
    let utc = ("2026-03-01T08:00:00.000Z", "2026-07-01T07:00:00.000Z");
    assert_eq!(dates(march.clone(), june.clone(), true, utc), Ok(()));
    assert_eq!(dates(march.clone(), june, false, utc), Err(Rule::I15));
    let until = ("2026-07-01", day, "-07:00");
    assert_eq!(dates(march.clone(), until, false, utc), Ok(()));
    // The second named still belongs to it; 01:30 on the night of the change comes twice.
    let second = ("2026-06-30", json!("23:59:59"), "-07:00");
    assert_eq!(dates(march, second, true, utc), Ok(()));
    let night = |offset, until| {
        let from = ("2025-11-01", json!("00:00:00"), "-07:00");
        dates(from, ("2025-11-02", json!("01:30:00"), offset), false, ("2025-11-01T07:00:00.000Z", until))
    };
    assert_eq!(night("-07:00", "2025-11-02T08:30:00.000Z"), Ok(()));
    assert_eq!(night("-08:00", "2025-11-02T09:30:00.000Z"), Ok(()));
    assert_eq!(night("-08:00", "2025-11-02T08:30:00.000Z"), Err(Rule::I15));
}

#[test]
fn case_07_a_date_without_a_zone_needs_the_policys_default() {
    let from = ("2026-03-01", Value::Null, Value::Null);
    let to = ("2026-03-31", Value::Null, Value::Null);
    let utc = ("2026-03-01T08:00:00.000Z", "2026-04-01T08:00:00.000Z");
    assert_eq!(dates_under(&policy2(), &from, &to, true, utc), Err(Rule::I15));
    let table = "[times]\ndefault_utc_offset = \"-08:00\"\n\n[limits]\n";
    let pacific = policy2().replacen("[limits]\n", table, 1);
    assert_eq!(dates_under(&pacific, &from, &to, true, utc), Ok(()));
}

#[test]
fn i_15_dates_are_real_and_rows_are_the_scopes() {
    let utc = ("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
    let end = || ("2026-03-31", Value::Null, "+00:00");
    for (date, time, offset) in [
        ("2026-02-30", Value::Null, "+00:00"),
        ("2026-3-1", Value::Null, "+00:00"),
        ("2026-03-01", json!("24:00:00"), "+00:00"),
        ("2026-03-01", json!("00:00"), "+00:00"),
        ("2026-03-01", json!("00:00:60"), "+00:00"),
        ("2026-03-01", Value::Null, "-00:00"),
        ("2026-03-01", Value::Null, "+14:15"),
        ("2026-03-01", Value::Null, "+00:10"),
        ("2026-03-01", Value::Null, "Z"),
        ("2026-03-01", json!("00:00:01"), "+00:00"),
    ] {
        assert_eq!(
            dates((date, time.clone(), offset), end(), true, utc),
            Err(Rule::I15),
            "{date} {time} {offset}"
        );
    }
    assert_eq!(dates(("2026-03-01", Value::Null, "+00:00"), end(), true, utc), Ok(()));
    let late = ("9999-12-31", Value::Null, "+00:00");
    assert_eq!(dates(("2026-03-01", Value::Null, "+00:00"), late, true, utc), Err(Rule::I15));
    for rows in [json!([]), json!([0]), json!([1, 1]), json!([7])] {
        let mut log = Log::at2("request.classified");
        let (actor, mut data) = log.data("interval.stated");
        let row = data["items"][0].clone();
        let numbered = |item: &Value| {
            let mut row = row.clone();
            row["item"] = item.clone();
            row
        };
        data["items"] = rows.as_array().expect("a list").iter().map(numbered).collect();
        let refusal = log.post("interval.stated", Some(REQUEST), actor, &data).expect_err("rows");
        assert_eq!(refusal.rule, Rule::I15, "{rows}");
    }
    let log = to_review_with(|step, data| {
        if step == "interval.stated" {
            data["items"][0]["from"] = Value::Null;
        }
    });
    assert!(log.case().screening.dated.is_some(), "an order without a beginning holds any");
}

#[test]
fn case_08_a_range_past_the_receipt_yields_nothing() {
    let mut content = item(ACCOUNT, "content_stored");
    content["to"] = json!("2027-04-01T00:00:00.000Z");
    let items = vec![item(ACCOUNT, "bsi"), content.clone()];
    let log = to_review_with(|step, data| {
        asks(step, data, &items, &[consumer(ACCOUNT)]);
        if step == "interval.stated" {
            data["items"][0]["to"]["date"] = json!("2027-03-31");
        }
    });
    assert_eq!(reviewed(&log, &items, &[]), Err(Rule::I15));
    assert_eq!(reviewed(&log, &[item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")], &[]), Ok(()));
}

#[test]
fn case_26_the_customer_is_the_suspect() {
    let mut log = organisation();
    exempt(&mut log, "customer_is_suspect").expect("two people agreed");
    review(&mut log, |_| ()).expect("nobody is asked");
}

#[test]
fn case_35_third_parties_are_no_accounts_of_the_order() {
    let log = Log::at2("rights.screened");
    let items = [item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored"), item(OTHER, "content_stored")];
    assert_eq!(reviewed(&log, &items, &[]), Err(Rule::S09));
}

#[test]
fn case_36_37_39_what_the_dictionary_does_not_list_is_no_noncontent() {
    let log = order_about(vec![item(ACCOUNT, "bsi")], vec![consumer(ACCOUNT)]);
    let fields = |names: Value| {
        let mut item = item(ACCOUNT, "bsi");
        item["fields"] = names;
        item
    };
    assert_eq!(reviewed(&log, &[fields(json!(["name"]))], &[]), Ok(()));
    for name in ["subject_line", "file_name", "display_name", "reaction", "ai_prompt", "added_yesterday"] {
        assert_eq!(reviewed(&log, &[fields(json!([name]))], &[]), Err(Rule::S98), "{name}");
    }
    let mut content = item(ACCOUNT, "content_stored");
    content["fields"] = json!(["subject_line", "added_yesterday"]);
    let log = Log::at2("rights.screened");
    assert_eq!(reviewed(&log, &[item(ACCOUNT, "bsi"), content], &[]), Ok(()));
    let policy = &log.world.policy().expect("in force").value;
    assert!(policy.default_unknown_class.is_content());
}

#[test]
fn case_40_a_subpoena_for_everything_is_split() {
    let items = [item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")];
    let log = to_review_with(|step, data| {
        if step == "request.classified" {
            data["instrument"] = json!("us.subpoena");
            data["issuer"] = json!("grand_jury");
        }
    });
    assert_eq!(reviewed(&log, &items, &[]), Err(Rule::S31));
    assert_eq!(reviewed(&log, &items[..1], &[(1, "S-22")]), Err(Rule::S31));
    assert_eq!(reviewed(&log, &items[..1], &[(1, "S-31")]), Ok(()));
}

#[test]
fn case_41_a_court_order_for_content_follows_the_switch() {
    let items = [item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")];
    let by_order = |step: &str, data: &mut Value| {
        if step == "request.classified" {
            data["instrument"] = json!("us.order_2703d");
        }
    };
    let strict = to_review_with(by_order);
    assert_eq!(reviewed(&strict, &items, &[]), Err(Rule::S26));
    assert_eq!(reviewed(&strict, &items[..1], &[(1, "S-26")]), Ok(()));
    let switch = "content_min_process = \"court_order\"";
    let lax = to_review_under(&policy2().replacen("content_min_process = \"warrant\"", switch, 1), by_order);
    assert_eq!(reviewed(&lax, &items, &[]), Ok(()));
}

#[test]
fn case_44_s_20_s_95_the_entity_addressed_is_the_one_that_controls() {
    let both = policy2()
        .replacen("services = [\"mail-ie\"]", "services = [\"mail-ie\", \"mail\"]", 1)
        .replacen("services = [\"calls\"]", "services = [\"calls\", \"mail\"]", 1);
    for (controller, rule) in [("provider-ie", Rule::S20), ("provider-lu", Rule::S95)] {
        let log = to_review_under(&both, |step, data| {
            if step == "accounts.profiled" {
                data["accounts"][0]["controller"] = json!(controller);
            }
        });
        let mut log = log;
        stops(&mut log, rule);
        let log = to_review_under(&both, |step, data| match step {
            "request.classified" => data["entity"] = json!(controller),
            "accounts.profiled" => data["accounts"][0]["controller"] = json!(controller),
            _ => {}
        });
        review(&mut log.clone(), |_| ()).expect("addressed to whom it concerns");
    }
}

#[test]
fn case_45_46_every_organisation_is_asked_whatever_its_seats() {
    for (segment, seats) in [("commercial", 1), ("commercial", 50), ("commercial", 51), ("educational", 9)] {
        let mut log = to_review_with(|step, data| {
            if step == "accounts.profiled" {
                data["accounts"][0] = enterprise(ACCOUNT, seats);
                data["accounts"][0]["segment"] = json!(segment);
            }
        });
        stops(&mut log, Rule::I22);
    }
    // A consumer's account used for work stays a consumer's; of two accounts one is redirected.
    let (ours, theirs) = (item(ACCOUNT, "bsi"), item(OTHER, "bsi"));
    let profiles = vec![consumer(ACCOUNT), enterprise(OTHER, 51)];
    let mut log = order_about(vec![ours.clone(), theirs.clone()], profiles);
    ask(&mut log);
    answer(&mut log, "redirect.accepted").expect("answered");
    assert_eq!(log.case().state_name(), "screening");
    assert_eq!(reviewed(&log, &[ours.clone(), theirs], &[]), Err(Rule::S28));
    assert_eq!(reviewed(&log, &[ours], &[(1, "S-28")]), Ok(()));
}

#[test]
fn case_51_another_policy_voids_the_review() {
    let mut log = Log::at2("review.completed");
    log.activate(
        "policy",
        &policy2().replacen("approval_age_hours_max = 336", "approval_age_hours_max = 335", 1),
    );
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("reviewed under another policy").rule, Rule::I10);
    log.step("review.completed");
    log.step("reviewer approves");
}

#[test]
fn s_28_an_amended_order_is_redirected_anew() {
    let mut log = organisation();
    ask(&mut log);
    answer(&mut log, "redirect.refused").expect("answered");
    let (actor, amended) = log.data("order.amended");
    let steps = [
        "request.classified",
        "interval.stated",
        "accounts.profiled",
        "legality.reviewed",
        "rights.screened",
    ];
    let mut rest: Vec<_> = steps.map(|step| (step, log.data(step))).into();
    log.must("order.amended", Some(REQUEST), actor, &amended);
    log.step("request.authenticated");
    rest[2].1.1["accounts"][0] = enterprise(ACCOUNT, 51);
    for (step, (actor, mut data)) in rest {
        data["order"] = amended["order"].clone();
        log.must(step, Some(REQUEST), actor, &data);
    }
    let refusal = review(&mut log, |data| data["order"] = amended["order"].clone()).expect_err("not asked");
    assert_eq!(refusal.rule, Rule::I22);
    ask(&mut log);
    assert_eq!(log.case().screening.redirects.len(), 1);
}

#[test]
fn s_33_data_serves_a_criminal_investigation() {
    let mut log = to_review_with(|step, data| {
        if step == "request.classified" {
            data["nature"] = json!("regulatory");
        }
    });
    stops(&mut log, Rule::S33);
}

#[test]
fn s_52_the_country_is_answered() {
    let mut log = Log::founded2();
    let brazil = super::log::directory("age1agency").replace("country = \"US\"", "country = \"BR\"");
    log.activate("directory", &brazil);
    let change = |step: &str, data: &mut Value| match step {
        "request.classified" | "legality.reviewed" => data["country"] = json!("BR"),
        _ => {}
    };
    super::screening::walk_with(&mut log, &change).expect("up to the review");
    stops(&mut log, Rule::S52);
}
