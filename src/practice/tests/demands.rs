//! Goal: what a demand, its review and its collection must say is held where rule set 1 says it, and
//! rule set 2 after it.
//! Method: of two facts that a rule wants together only one holds; counts and instants at their edge.

use serde_json::{Value, json};

use super::findings::at;
use super::log::{Log, POLICY, REQUEST};
use crate::model::time::Timestamp;
use crate::practice::{Rule, RuleSet};

/// The straight path up to the step, under either rule set.
fn both(step: &str) -> [Log; 2] {
    [Log::at(step), Log::at2(step)]
}

/// What the rules say of a step's own data, changed: the rule and the place.
fn says(log: &Log, step: &str, change: impl FnOnce(&mut Value)) -> Option<(Rule, String)> {
    let (actor, mut data) = log.data(step);
    change(&mut data);
    let posted = log.clone().post(step, Some(REQUEST), actor, &data);
    posted.err().map(|refusal| (refusal.rule, refusal.pointer))
}

#[test]
fn s_24_a_media_type_is_one_word_with_a_slash() {
    for log in [Log::founded(), Log::founded2()] {
        let typed = |text: &str| says(&log, "request.received", |data| data["media_type"] = json!(text));
        for wrong in ["", "pdf", "text/pl ain", "text/plain\n", "téxt/plain"] {
            assert_eq!(typed(wrong), Some((Rule::S24, "/data/media_type".to_owned())), "{wrong:?}");
        }
        assert_eq!(typed("text/plain"), None);
    }
}

#[test]
fn s_19_an_order_is_issued_before_it_is_classified_and_under_rule_set_2_before_it_came() {
    let [one, two] = both("request.authenticated");
    let served = two.case().served_at().as_ms();
    for (last, log) in [(one.now_ms, &one), (served, &two)] {
        let issued = |ms: i64| says(log, "request.classified", |data| data["issued_at"] = json!(at(ms)));
        assert_eq!(issued(last), None, "{:?}", log.rules);
        let refused = Some((Rule::S19, "/data/issued_at".to_owned()));
        assert_eq!(issued(last + 1), refused, "{:?}", log.rules);
    }
}

#[test]
fn s_06_a_demand_names_1_to_65536_identifiers() {
    let many = |count: usize| {
        move |data: &mut Value| {
            let first = data["identifiers"][0].clone();
            let other = |nth: usize| {
                let mut other = first.clone();
                (other["value"], other["account"]) = (json!(format!("x{nth}@example.org")), Value::Null);
                other
            };
            let others = (1..count).map(other).collect::<Vec<_>>();
            let first = first.clone();
            data["identifiers"] = json!(std::iter::once(first).take(count).chain(others).collect::<Vec<_>>());
        }
    };
    for log in both("request.authenticated") {
        for count in [1, 65_536] {
            assert_eq!(says(&log, "request.classified", many(count)), None, "{count}");
        }
        for count in [0, 65_537] {
            let refused = Some((Rule::S06, "/data/identifiers".to_owned()));
            assert_eq!(says(&log, "request.classified", many(count)), refused, "{count}");
        }
    }
}

#[test]
fn s_07_a_reviewer_is_one_by_either_role_and_by_no_other() {
    for mut log in [Log::at("request.classified"), Log::at2("rights.screened")] {
        for (person, expected) in
            [("p-rev", None), ("p-chief", None), ("p-cou", Some(Rule::S07)), ("p-op", Some(Rule::S07))]
        {
            let (_, mut data) = log.data("review.completed");
            data["reviewer"] = json!(person);
            assert_eq!(log.says("review.completed", person, &data), expected, "{person}");
        }
    }
}

#[test]
fn s_32_a_provision_is_cited_in_at_most_4096_bytes() {
    let log = Log::at("request.classified");
    let cites = |bytes: usize| {
        says(&log, "review.completed", |data| data["legality"]["law"] = json!(["x".repeat(bytes)]))
    };
    assert_eq!((cites(1), cites(4096)), (None, None));
    for bytes in [0, 65_537] {
        assert_eq!(cites(bytes), Some((Rule::S32, "/data/legality/law".to_owned())), "{bytes}");
    }
}

#[test]
fn s_19_an_instrument_exists_from_its_first_instant_on() {
    let issued = Timestamp::parse("2026-11-10T00:00:00.000Z").expect("a time").as_ms();
    for (from, expected) in [(issued - 1, None), (issued, None), (issued + 1, Some(Rule::S19))] {
        let code = "code = \"us.warrant_2703\"\n";
        let dated = format!("{code}applies_from = \"{}\"\n", at(from));
        let policy = POLICY.replacen("rules = 2\n", "", 1).replacen(code, &dated, 1);
        let mut log = Log::founded_under(RuleSet::One, &policy);
        for step in ["request.received", "request.authenticated", "request.classified"] {
            log.step(step);
        }
        let found = says(&log, "review.completed", |_| ()).map(|(rule, _)| rule);
        assert_eq!(found, expected, "{from}");
    }
}

#[test]
fn i_10_a_collection_is_opened_for_the_review_and_for_the_order() {
    for log in [Log::at("senior approves"), Log::at2("custody.checked")] {
        let refused = Some((Rule::I10, "/data/review".to_owned()));
        let order = says(&log, "disclosure.opened", |data| data["order"]["version"] = json!(2));
        assert_eq!(order, refused);
        let review = says(&log, "disclosure.opened", |data| data["review"]["index"] = json!(1));
        assert_eq!(review, refused);
        assert_eq!(says(&log, "disclosure.opened", |_| ()), None);
    }
}

#[test]
fn f_06_what_is_withheld_is_counted_by_rules_with_names_4096_of_them_at_most() {
    let rows = |count: usize, name: &str| {
        let mut rows = vec![json!({"rule": name, "count": 6})];
        rows.extend((1..count).map(|nth| json!({"rule": format!("rule_{nth}"), "count": 0})));
        move |data: &mut Value| data["withheld"] = json!(rows)
    };
    for log in both("data.planned") {
        for (count, name) in [(1, "x"), (1, &*"x".repeat(64)), (4096, "outside_interval")] {
            assert_eq!(says(&log, "data.filtered", rows(count, name)), None, "{count}");
        }
        for (count, name) in [(1, ""), (1, &*"x".repeat(65)), (4097, "outside_interval")] {
            let refused = Some((Rule::F06, "/data/withheld".to_owned()));
            assert_eq!(says(&log, "data.filtered", rows(count, name)), refused, "{count}");
        }
    }
}

#[test]
fn i_03_what_is_destroyed_is_the_collection_under_way() {
    for log in both("bundle.sealed") {
        let other = says(&log, "bundle.destroyed", |data| data["disclosure"] = json!("D-2"));
        assert_eq!(other.map(|(rule, _)| rule), Some(Rule::I03));
        let named = |name: &str| says(&log, "bundle.destroyed", |data| data["production"] = json!(name));
        assert_eq!(named("PRD-2"), Some((Rule::I04, "/data/production".to_owned())));
        assert_eq!((named("PRD-1"), says(&log, "bundle.destroyed", |_| ())), (None, None));
    }
    for log in both("bundle.released").into_iter().chain(both("delivery.acknowledged")) {
        let late = says(&log, "bundle.destroyed", |_| ()).map(|(rule, _)| rule);
        assert_eq!(late, Some(Rule::I03), "it has left");
    }
}
