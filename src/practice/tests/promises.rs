//! Goal: promises that other families' tests touch only on their way: breadth, emergencies from
//! anywhere, litigants under everybody's rules, what a secrecy order says of itself.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, digest, directory, item, scope};
use super::path2::{consumer, enterprise, policy2};
use super::screening::{ACCOUNT, review, stops, to_review_under, to_review_with};
use crate::model::time::Timestamp;
use crate::practice::vocabulary::EmergencyCategory;
use crate::practice::{DAEMON, Refusal, Rule};

/// The document has no beginning, or no end, or neither, for its mail.
fn document_has(from: bool, to: bool) -> impl Fn(&str, &mut Value) {
    move |step, data| {
        if step == "interval.stated" {
            for (member, has) in [("from", from), ("to", to)] {
                if !has {
                    data["items"][0][member] = Value::Null;
                }
            }
        }
    }
}

#[test]
fn s_22_content_without_dates_is_overly_broad() {
    for (from, to) in [(false, false), (true, false), (false, true)] {
        let mut log = to_review_with(document_has(from, to));
        stops(&mut log, Rule::S22);
        let without = |data: &mut Value| {
            data["scope"] = json!(bsi());
            data["refused"] = json!([{"item": 1, "rule": "S-22", "reason": "no dates"}]);
        };
        review(&mut log.clone(), without).expect("the other item goes on");
        // Fewer fields of it are no dates.
        let mut subjects = item("a@example.org", "content_stored");
        subjects["fields"] = json!(["subject"]);
        let whole = scope(&[item("a@example.org", "bsi"), item("a@example.org", "content_stored")]);
        let fewer = scope(&[item("a@example.org", "bsi"), subjects]);
        let mut by_fields = log.clone();
        let narrowed = super::arrival::narrowed(&whole, &fewer);
        by_fields.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed);
        let refusal = review(&mut by_fields, |data| data["scope"] = json!(fewer)).expect_err("no dates");
        assert_eq!(refusal.rule, Rule::S22);

        // Nor are they where the order asked for no more.
        let mut of_fields = to_review_with(|step, data| {
            document_has(from, to)(step, data);
            if step == "request.classified" {
                data["scope"] = json!(fewer);
            }
        });
        let refusal = review(&mut of_fields, |data| data["scope"] = json!(fewer)).expect_err("no dates");
        assert_eq!(refusal.rule, Rule::S22);

        // What the authority agrees to is dated.
        let mut dated = item("a@example.org", "content_stored");
        dated["to"] = json!("2026-03-08T00:00:00.000Z");
        let narrow = scope(&[item("a@example.org", "bsi"), dated]);
        let narrowed = super::arrival::narrowed(&whole, &narrow);
        log.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed);
        review(&mut log, |data| data["scope"] = json!(narrow)).expect("narrowed");

        let lax = policy2().replacen("without_dates = \"refused\"", "without_dates = \"reviewed\"", 1);
        to_review_under(&lax, document_has(from, to)).step("review.completed");
    }
    to_review_with(document_has(true, true)).step("review.completed");
}

/// A request of that kind, classified as `change` has it.
fn classified(kind: &str, change: impl Fn(&mut Value)) -> Result<Log, Refusal> {
    classified_by("US", kind, change)
}

/// The same, of an authority of that country.
fn classified_by(country: &str, kind: &str, change: impl Fn(&mut Value)) -> Result<Log, Refusal> {
    let mut log = Log::founded2();
    let abroad = directory("age1agency").replacen("country = \"US\"", &format!("country = \"{country}\""), 1);
    log.activate("directory", &abroad);
    for name in ["request.received", "request.authenticated", "request.classified"] {
        let (actor, mut data) = log.data(name);
        match name {
            "request.received" => data["kind"] = json!(kind),
            "request.classified" => {
                data["country"] = json!(country);
                change(&mut data);
            }
            _ => {}
        }
        log.post(name, Some(REQUEST), actor, &data)?;
    }
    Ok(log)
}

fn screened(log: &mut Log, country: &str) {
    for name in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        let (actor, mut data) = log.data(name);
        if name == "legality.reviewed" {
            data["country"] = json!(country);
        }
        log.must(name, Some(REQUEST), actor, &data);
    }
}

fn emergency_of(country: &str) -> Log {
    let log = classified_by(country, "emergency", |data| {
        data["instrument"] = json!("us.emergency_2702");
        data["issuer"] = json!("governmental_entity");
        data["nature"] = json!("emergency");
        data["issued_at"] = json!(super::special::ASKED);
    });
    log.unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn assess(log: &mut Log, category: &str) -> Result<(), Refusal> {
    let need = |class: &str| json!({"class": class, "statement": "where they are"});
    let data = json!({"order": super::path2::order(), "reviewer": "p-rev", "ground": "death",
        "category": category, "in_writing": true,
        "letterhead": {"reference_sha256": digest("letterhead"), "matches": true}, "signer_title": "Chief",
        "summary": "a child was taken", "how_data_assists": "finds the car",
        "needs": [need("bsi"), need("content_stored")]});
    log.post("emergency.assessed", Some(REQUEST), "p-rev", &data).map(drop)
}

#[test]
fn s_40_an_emergency_from_a_country_that_is_not_answered_reaches_its_review() {
    let mut log = emergency_of("BR");
    screened(&mut log, "BR");
    assess(&mut log, "kidnapping").expect("assessed");
    let now = log.now_ms;
    let at = |ms: i64| json!(Timestamp::from_ms(ms).expect("a time"));
    let call = json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
        "number_dated": at(now - 86_400_000), "called_at": at(now), "answer": "confirmed",
        "note_sha256": digest("note")});
    log.must("callback.made", Some(REQUEST), "p-rev", &call);
    review(&mut log, |_| ()).expect("an emergency of any country is reviewed");

    let mut demand = classified_by("BR", "legal_demand", |_| ()).expect("classified");
    screened(&mut demand, "BR");
    stops(&mut demand, Rule::S52);
}

#[test]
fn s_48_the_kind_of_an_emergency_is_on_record() {
    let kinds = [
        ("suicide", EmergencyCategory::Suicide),
        ("kidnapping", EmergencyCategory::Kidnapping),
        ("threat", EmergencyCategory::Threat),
        ("missing_person", EmergencyCategory::MissingPerson),
        ("other", EmergencyCategory::Other),
    ];
    for (name, kind) in kinds {
        let mut log = emergency_of("US");
        assess(&mut log, name).expect("assessed");
        assert_eq!(log.case().special.emergency.as_ref().map(|found| found.category), Some(kind));
    }
    let refusal = assess(&mut emergency_of("US"), "earthquake").expect_err("no kind of the list");
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::F01, "/data/category"));
}

fn litigant(change: impl Fn(&mut Value)) -> Result<Log, Refusal> {
    classified("civil", |data| {
        data["instrument"] = json!("us.civil_subpoena");
        data["issuer"] = json!("court_clerk");
        data["nature"] = json!("civil");
        change(data);
    })
}

/// A litigant's demand for basic data, screened.
fn screened_litigant() -> Log {
    let mut log = litigant(|data| data["scope"] = json!(bsi())).expect("classified");
    for name in ["accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(name);
    }
    log
}

fn bsi() -> String {
    scope(&[item("a@example.org", "bsi")])
}

fn reviewed_litigant() -> Log {
    let mut log = screened_litigant();
    review(&mut log, |data| data["scope"] = json!(bsi())).expect("valid process");
    log
}

#[test]
fn s_100_a_litigants_letter_is_no_process() {
    reviewed_litigant();
    let wrong: [(&str, Value, Rule); 4] = [
        ("instrument", json!("letter"), Rule::S25),
        ("instrument", json!("us.subpoena"), Rule::S14),
        ("nature", json!("criminal"), Rule::S33),
        ("issuer", json!("prosecutor"), Rule::S18),
    ];
    for (member, value, rule) in wrong {
        let changed = |data: &mut Value| {
            data["scope"] = json!(bsi());
            data[member] = value.clone();
        };
        let mut log = match litigant(changed) {
            Ok(log) => log,
            Err(refusal) => {
                assert_eq!(refusal.rule, rule, "{member}");
                continue;
            }
        };
        for name in ["accounts.profiled", "legality.reviewed", "rights.screened"] {
            log.step(name);
        }
        let refusal = review(&mut log, |data| data["scope"] = json!(bsi())).expect_err("no process");
        assert_eq!(refusal.rule, rule, "{member}: {refusal}");
    }
}

#[test]
fn s_102_a_litigants_demand_is_told_to_the_customer_on_no_ground_withheld() {
    let mut log = reviewed_litigant();
    let untold = |ground: &str| {
        json!({"accounts": null, "ground": ground, "evidence_sha256": digest("evidence"),
        "other_contact_tried": true, "review_by": "2026-12-01T00:00:00.000Z"})
    };
    for ground in ["danger", "counterproductive"] {
        let refusal = log.post("notice.withheld", Some(REQUEST), "p-priv", &untold(ground));
        assert_eq!(refusal.expect_err("a litigant's").rule, Rule::S102);
    }
    log.walk2("review.completed", "data.filtered");
    let kept = json!({"disclosure": "D-1", "kept": [{"class": "bsi", "records": 4}]});
    log.must("data.tallied", Some(REQUEST), DAEMON, &kept);
    log.walk2("data.tallied", "bundle.sealed");
    log.step("senior releases");
    assert_eq!(log.post_data("bundle.released").expect_err("nobody was told").rule, Rule::I23);
}

#[test]
fn s_103_a_litigants_demand_meets_the_rules_of_every_other_demand() {
    let everybody = litigant(|data| {
        data["scope"] = json!(bsi());
        data["identifiers"][0]["account"] = json!("*");
    });
    assert_eq!(everybody.err().map(|refusal| refusal.rule), Some(Rule::S06));
    let mut unread = screened_litigant();
    let collects = json!({"disclosure": "D-1", "collector": "p-col", "order": super::path2::order(),
        "review": {"index": 9, "leaf": "0".repeat(64)}, "scope_sha256": digest("scope")});
    let opened = unread.post("disclosure.opened", Some(REQUEST), DAEMON, &collects);
    assert_eq!(opened.expect_err("not reviewed").rule, Rule::S07);
    let mut wanting = screened_litigant();
    let noted = json!({"order": super::path2::order(), "code": "unsigned", "item": null, "detail": "page 3"});
    let posted = wanting.post("deficiency.noted", Some(REQUEST), "p-rev", &noted);
    posted.unwrap_or_else(|refusal| panic!("{refusal}"));
    stops(&mut wanting, Rule::S08);
    let mut wide = screened_litigant();
    let wider = scope(&[item("a@example.org", "bsi"), item("a@example.org", "records_other")]);
    let refusal = review(&mut wide, |data| data["scope"] = json!(wider)).expect_err("more than was asked");
    assert_eq!(refusal.rule, Rule::S09);
}

#[test]
fn s_115_what_a_secrecy_order_says_of_itself_is_on_record() {
    for judge_approved in [true, false] {
        let mut log = Log::at2("review.completed");
        let data = json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal", "issuer": "D. Example",
            "docket": "26-1", "document_sha256": digest("ndo"), "grounds": ["flight_from_prosecution"],
            "judge_approved": judge_approved, "individual_necessity": !judge_approved, "accounts": null,
            "from": "2026-11-01T00:00:00.000Z", "to": "2027-11-01T00:00:00.000Z"});
        log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
        let [order] = log.case().telling.orders.as_slice() else { panic!("one order") };
        assert_eq!((order.judge_approved, order.individual_necessity), (judge_approved, !judge_approved));
        let days = order.to.expect("an end").as_ms() - order.from.as_ms();
        assert_eq!(days / 86_400_000, 365, "how long it lasts can be counted");
    }
}

#[test]
fn s_28_nobody_alone_makes_a_consumer_of_an_organisation() {
    let profile = |log: &mut Log, actor: &str, account: Value| {
        let data = json!({"order": super::path2::order(), "accounts": [account]});
        log.post("accounts.profiled", Some(REQUEST), actor, &data).map(drop).map_err(|refusal| refusal.rule)
    };
    let (commercial, private) = (enterprise(ACCOUNT, 60), consumer(ACCOUNT));
    let mut log = Log::at2("accounts.profiled");
    assert_eq!(profile(&mut log, "p-sen", commercial.clone()), Ok(()), "one finds an organisation's");
    assert_eq!(profile(&mut log, "p-sen", private.clone()), Err(Rule::S28), "who found it");
    assert_eq!(profile(&mut log, "p-rev", private.clone()), Err(Rule::S28), "nobody senior");
    assert_eq!(profile(&mut log, "p-rev", commercial), Ok(()), "the first stays who found it");
    // Another document and another classification in between change nothing.
    log.step("request.classified");
    assert_eq!(profile(&mut log, "p-sen", private.clone()), Err(Rule::S28));
    assert_eq!(profile(&mut log, "p-chief", private.clone()), Ok(()), "a second one, senior");
    assert_eq!(profile(&mut log, "p-rev", private), Ok(()), "a consumer's it is");
    assert!(log.case().screening.organisations.is_empty());

    // As many as one request may have, whatever it was classified as in between.
    let others = |count: usize| {
        let named = |nth: usize| {
            let account = serde_json::from_value(json!({"service": "mail", "account": format!("o{nth}")}));
            (account.expect("an account"), "p-sen".parse().expect("a person"))
        };
        std::sync::Arc::new((0..count).map(named).collect())
    };
    for (count, expected) in [(65_535, Ok(())), (65_536, Err(Rule::F06))] {
        let mut log = log.clone();
        log.cases.get_mut(REQUEST).expect("there").screening.organisations = others(count);
        assert_eq!(profile(&mut log, "p-sen", enterprise(ACCOUNT, 60)), expected, "{count} before it");
    }
}
