//! Each rule, broken once, by name.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, POLICY, REQUEST, STEPS, directory, item, key, scope};
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::practice::{DAEMON, Kind as Blame, Refusal, Rule};

/// Posts a step's event after `change` and expects that rule.
pub(super) fn refuses(after: &str, name: &str, rule: Rule, change: impl FnOnce(&mut Value)) -> Refusal {
    let mut log = if after.is_empty() { Log::founded() } else { Log::at(after) };
    let before = (log.world.clone(), log.cases.clone());
    let (actor, mut data) = log.data(name);
    change(&mut data);
    let refusal = log.post(name, Some(REQUEST), actor, &data).expect_err(name);
    assert_eq!(refusal.rule, rule, "{name} after {after}: {refusal}");
    assert!(!refusal.reason.is_empty() && !refusal.cure.is_empty());
    assert!(!refusal.to_string().contains("example.org"), "personal data: {refusal}");
    assert_eq!((log.world, log.cases), before);
    refusal
}

#[test]
fn straight_path_reaches_disclosed() {
    let mut log = Log::founded();
    let states = [
        "received",
        "authenticated",
        "screening",
        "reviewed",
        "reviewed",
        "approved",
        "collecting",
        "collecting",
        "collecting",
        "collecting",
        "collecting",
        "sealed",
        "sealed",
        "released",
        "disclosed",
    ];
    for (step, state) in STEPS.iter().zip(states) {
        log.step(step);
        assert_eq!(log.case().state_name(), state, "after {step}");
    }
    assert!(log.case().next_steps().is_empty());
}

#[test]
fn s_06_specific_accounts() {
    let check = |change: fn(&mut Value)| {
        refuses("request.authenticated", "request.classified", Rule::S06, change);
    };
    check(|data| data["identifiers"] = json!([]));
    for value in ["*@example.org", "192.0.2.0/24", "a?", "a%", "a,b", ""] {
        let mut log = Log::at("request.authenticated");
        let (actor, mut data) = log.data("request.classified");
        data["identifiers"][0]["value"] = json!(value);
        let refusal = log.post("request.classified", Some(REQUEST), actor, &data).expect_err(value);
        assert_eq!(refusal.rule, Rule::S06, "{value}");
    }
    check(|data| data["identifiers"][0]["account"] = Value::Null);
    check(|data| {
        let twice = data["identifiers"][0].clone();
        data["identifiers"].as_array_mut().expect("a list").push(twice);
    });
    check(|data| data["scope"] = json!(scope(&[item("b@example.org", "bsi")])));
}

#[test]
fn s_17_s_19_s_24_documents() {
    let after = "request.authenticated";
    let name = "request.classified";
    refuses(after, name, Rule::S17, |data| data["signature"]["kind"] = json!("typed"));
    refuses(after, name, Rule::S17, |data| data["signature"]["verified"] = Value::Null);
    refuses(after, name, Rule::S19, |data| data["issued_at"] = json!("2030-01-01T00:00:00.000Z"));
    refuses(after, name, Rule::S19, |data| data["expires_at"] = json!("2026-11-01T00:00:00.000Z"));
    refuses(after, name, Rule::S19, |data| data["expires_at"] = json!("2026-11-11T00:00:00.000Z"));
    refuses("", "request.received", Rule::S24, |data| data["order"]["version"] = json!(2));
    refuses("", "request.received", Rule::S24, |data| data["media_type"] = json!("pdf"));
    refuses(after, "order.amended", Rule::S24, |data| data["order"]["version"] = json!(3));
    refuses(after, "order.amended", Rule::S24, |data| {
        data["order"]["sha256"] = json!(super::log::digest("order 1"));
    });
    refuses("request.received", "request.authenticated", Rule::S15, |data| data["agency"] = json!("ag-2"));
    refuses("request.received", "request.authenticated", Rule::F06, |data| data["evidence"] = json!([]));
}

/// Classifies otherwise, then reviews, and expects that rule of the review.
fn review_refuses(rule: Rule, classify: impl FnOnce(&mut Value), review: impl FnOnce(&mut Value)) {
    let mut log = Log::at("request.authenticated");
    let (actor, mut data) = log.data("request.classified");
    classify(&mut data);
    log.must("request.classified", Some(REQUEST), actor, &data);
    let (actor, mut data) = log.data("review.completed");
    review(&mut data);
    let refusal = log.post("review.completed", Some(REQUEST), actor, &data).expect_err("refused");
    assert_eq!(refusal.rule, rule, "{refusal}");
}

fn subpoena(data: &mut Value) {
    data["instrument"] = json!("us.subpoena");
    data["issuer"] = json!("grand_jury");
}

fn bsi_only(data: &mut Value) {
    data["scope"] = json!(scope(&[item("a@example.org", "bsi")]));
}

fn without_content(rule: &str) -> impl Fn(&mut Value) {
    let rule = rule.to_owned();
    move |data| {
        bsi_only(data);
        data["refused"] = json!([{"item": 1, "rule": rule, "reason": "not reached"}]);
    }
}

#[test]
fn s_31_subpoena_never_reaches_content() {
    review_refuses(Rule::S31, subpoena, |_| {});
    review_refuses(Rule::S31, subpoena, bsi_only);
    // The rule it falls to must be named, not another.
    review_refuses(Rule::S31, subpoena, without_content("S-26"));
    review_refuses(Rule::S31, subpoena, without_content("S-22"));
    let mut log = Log::at("request.authenticated");
    let (actor, mut data) = log.data("request.classified");
    subpoena(&mut data);
    log.must("request.classified", Some(REQUEST), actor, &data);
    let (actor, mut data) = log.data("review.completed");
    without_content("S-31")(&mut data);
    log.must("review.completed", Some(REQUEST), actor, &data);
}

#[test]
fn s_04_s_05_s_13_s_18_s_26_i_12_matrix_in_the_review() {
    let order = |data: &mut Value| data["instrument"] = json!("us.order_2703d");
    review_refuses(Rule::S26, order, bsi_only);
    review_refuses(Rule::S18, |data| data["issuer"] = json!("prosecutor"), |_| {});
    let live = |data: &mut Value| {
        data["scope"] = json!(scope(&[item("a@example.org", "bsi"), item("a@example.org", "content_live")]));
    };
    review_refuses(Rule::S04, live, bsi_only);
    let keys = |data: &mut Value| {
        data["scope"] = json!(scope(&[item("a@example.org", "bsi"), item("a@example.org", "key_material")]));
    };
    review_refuses(Rule::I12, keys, bsi_only);
    review_refuses(Rule::I12, keys, without_content("S-22"));
    // What the instrument reaches cannot be refused as if it did not.
    review_refuses(Rule::S13, |_| {}, without_content("S-31"));
}

#[test]
fn s_09_bundle_within_approval_within_order() {
    review_refuses(Rule::S09, |_| {}, bsi_only);
    review_refuses(Rule::S09, bsi_only, |_| {});
    let refused = |rows: Value| move |data: &mut Value| data["refused"] = rows;
    review_refuses(Rule::S09, |_| {}, refused(json!([{"item": 2, "rule": "S-22", "reason": "x"}])));
    let row = json!({"item": 1, "rule": "S-22", "reason": "x"});
    review_refuses(Rule::S09, |_| {}, refused(json!([row, row])));
    review_refuses(Rule::S09, |_| {}, refused(json!([row])));
    review_refuses(Rule::S09, |_| {}, refused(json!([row, {"item": 0, "rule": "S-22", "reason": "x"}])));
}

#[test]
fn s_07_s_32_s_50_review_by_a_qualified_person() {
    let after = "request.classified";
    let name = "review.completed";
    refuses(after, name, Rule::S07, |data| data["reviewer"] = json!("p-sen"));
    refuses(after, name, Rule::S32, |data| data["legality"]["law"] = json!([]));
    refuses(after, name, Rule::S32, |data| data["legality"]["procedure"] = json!([""]));
    for (actor, rule) in [("p-de", Rule::S50), ("nobody", Rule::S07)] {
        let mut log = Log::at(after);
        let (_, mut data) = log.data(name);
        data["reviewer"] = json!(actor);
        assert_eq!(log.post(name, Some(REQUEST), actor, &data).expect_err(actor).rule, rule);
    }
    let mut log = Log::at(after);
    log.must("order.amended", Some(REQUEST), "p-in", &log.data("order.amended").1);
    let (actor, data) = log.data(name);
    assert_eq!(log.post(name, Some(REQUEST), actor, &data).expect_err("amended").rule, Rule::I03);
}

#[test]
fn s_14_s_20_s_25_s_33_s_52_paths_this_rule_set_lacks() {
    let set = |member: &'static str, value: &'static str| move |data: &mut Value| data[member] = json!(value);
    review_refuses(Rule::S14, set("instrument", "us.emergency_2702"), |_| {});
    review_refuses(Rule::S14, set("instrument", "us.nsl_2709"), |_| {});
    review_refuses(Rule::S25, set("instrument", "us.letter"), |_| {});
    review_refuses(Rule::S25, set("instrument", "uk.copo"), |_| {});
    review_refuses(Rule::S33, set("nature", "regulatory"), |_| {});
    review_refuses(Rule::S52, set("country", "KP"), |_| {});
    review_refuses(Rule::S20, set("entity", "provider-ie"), |_| {});
    review_refuses(Rule::S20, set("entity", "somebody"), |_| {});
    let mut log = Log::founded();
    for name in ["request.received", "request.authenticated", "request.classified"] {
        let (actor, mut data) = log.data(name);
        if name == "request.received" {
            data["kind"] = json!("emergency");
        }
        log.must(name, Some(REQUEST), actor, &data);
    }
    let (actor, data) = log.data("review.completed");
    assert_eq!(log.post("review.completed", Some(REQUEST), actor, &data).expect_err("S-14").rule, Rule::S14);
}

#[test]
fn i_03_every_other_order_of_events_is_refused() {
    for (at, step) in STEPS.iter().enumerate() {
        let log = Log::at(step);
        for later in STEPS.iter().skip(at + 2).filter(|name| name.contains('.')) {
            let mut log = log.clone();
            let (actor, data) = log.data(later);
            assert!(log.post(later, Some(REQUEST), actor, &data).is_err(), "{later} after {step}");
        }
    }
}

#[test]
fn i_02_i_04_i_20_times_ids_reasons() {
    refuses("", "request.received", Rule::I02, |data| {
        data["received_at"] = json!("2030-01-01T00:00:00.000Z");
    });
    refuses("", "request.authenticated", Rule::I04, |_| {});
    refuses("request.received", "request.received", Rule::I04, |_| {});
    refuses("request.received", "request.rejected", Rule::I20, |data| data["reasons"] = json!([]));
    refuses("request.received", "request.rejected", Rule::S21, |data| {
        data["reasons"] = json!([{"code": "material_mistake", "item": null, "detail": null}]);
    });
    let mut log = Log::at("request.received");
    log.now_ms -= 2 * MINUTE_MS;
    let (actor, data) = log.data("request.authenticated");
    let refusal = log.post("request.authenticated", Some(REQUEST), actor, &data).expect_err("back");
    assert_eq!(refusal.rule, Rule::I02);
}

#[test]
fn i_06_i_16_i_17_scope_counts_one_bundle() {
    let other = json!(super::log::digest("another scope"));
    refuses("senior approves", "disclosure.opened", Rule::I06, |data| data["scope_sha256"] = other.clone());
    refuses("data.received", "data.planned", Rule::I06, |data| data["scope_sha256"] = other.clone());
    refuses("data.planned", "data.filtered", Rule::I16, |data| data["kept"] = json!(5));
    refuses("data.planned", "data.filtered", Rule::I16, |data| {
        data["records"] = json!(11);
        data["kept"] = json!(5);
    });
    refuses("senior releases", "bundle.released", Rule::I17, |data| data["file_sha256"] = other.clone());
    refuses("senior releases", "bundle.released", Rule::I05, |data| data["decision"]["index"] = json!(1));
    let mut log = Log::at("bundle.sealed");
    log.step("bundle.destroyed");
    let (actor, mut data) = log.data("disclosure.opened");
    data["disclosure"] = json!("D-2");
    assert_eq!(log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("used").rule, Rule::I17);
    let mut log = Log::at("data.received");
    log.step("bundle.destroyed");
    let (actor, data) = log.data("disclosure.opened");
    let refusal = log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("D-1 again");
    assert_eq!(refusal.rule, Rule::I04);
}

#[test]
fn i_09_i_10_all_is_checked_again_at_seal() {
    let seal = |log: &mut Log| {
        let (actor, data) = log.data("bundle.sealed");
        log.post("bundle.sealed", Some(REQUEST), actor, &data).expect_err("refused").rule
    };
    // 600 minutes: the approvals' own end.
    let mut log = Log::at("bundle.provenance");
    log.now_ms += 601 * MINUTE_MS;
    assert_eq!(seal(&mut log), Rule::A07);
    let mut log = Log::at("bundle.provenance");
    log.step("order.amended");
    assert_eq!(seal(&mut log), Rule::I10);
    let mut log = Log::at("bundle.provenance");
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Revoke;
    let event = log.approval(act, "p-sen", 0, "senior_reviewer");
    log.try_post(&event).expect("admitted");
    assert_eq!(seal(&mut log), Rule::I05);
    refuses("bundle.provenance", "bundle.sealed", Rule::A05, |data| {
        data["recipients"] = json!([super::log::digest("age1other")]);
    });
    refuses("bundle.provenance", "bundle.sealed", Rule::I04, |data| data["production"] = json!("PRD-2"));
    let mut log = Log::at("bundle.provenance");
    log.activate("policy", &POLICY.replace("approval_age_hours_max = 336", "approval_age_hours_max = 1"));
    assert_eq!(seal(&mut log), Rule::I10);
    let mut log = Log::at("bundle.provenance");
    log.activate("directory", &directory("age1new"));
    assert_eq!(seal(&mut log), Rule::A05);
    let mut log = Log::at("bundle.provenance");
    log.activate("roles", &super::log::roles().replace("\"p-rev\"", "\"p-gone\""));
    assert_eq!(seal(&mut log), Rule::I08);
}

#[test]
fn i_09_approvals_grow_old() {
    let mut log = Log::founded();
    log.activate("policy", &POLICY.replace("approval_age_hours_max = 336", "approval_age_hours_max = 2"));
    for step in STEPS.iter().take(11) {
        log.step(step);
    }
    log.now_ms += 120 * MINUTE_MS;
    let (actor, data) = log.data("bundle.sealed");
    let refusal = log.post("bundle.sealed", Some(REQUEST), actor, &data).expect_err("old");
    assert_eq!(refusal.rule, Rule::I09);
}

#[test]
fn i_18_nothing_goes_on_after_the_end() {
    for end in ["request.rejected", "request.withdrawn"] {
        for after in ["senior approves", "bundle.provenance"] {
            let mut log = Log::at(after);
            log.step(end);
            for name in STEPS.iter().skip(1).take(13).filter(|name| name.contains('.')) {
                let (actor, data) = log.data(name);
                let refusal = log.post(name, Some(REQUEST), actor, &data).expect_err(name);
                assert_eq!(refusal.rule, Rule::I18, "{name} after {end}");
            }
            assert_eq!(after == "bundle.provenance", log.post_data("bundle.destroyed").is_ok());
        }
    }
    refuses("bundle.sealed", "request.rejected", Rule::I03, |_| {});
    refuses("bundle.released", "request.withdrawn", Rule::I03, |_| {});
    refuses("bundle.released", "order.amended", Rule::I03, |_| {});
    let mut log = Log::at("bundle.sealed");
    log.step("order.amended");
    assert_eq!(log.post_data("bundle.released").expect_err("amended").rule, Rule::I10);
    log.step("bundle.destroyed");
}

#[test]
fn i_50_changes_take_two_people() {
    let text =
        POLICY.replace("subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true");
    let mut log = Log::founded();
    let data = |proposal: Value, text: &str| json!({"text": text, "sha256": super::log::digest(text), "proposal": proposal});
    let post = |log: &mut Log, data: &Value| log.post("policy.activated", None, "p-sen", data);
    assert_eq!(post(&mut log, &data(Value::Null, &text)).expect_err("no proposal").rule, Rule::I50);
    assert_eq!(post(&mut log, &data(json!(3), &text)).expect_err("none").rule, Rule::I50);
    let proposal = log.propose("policy", &text);
    let new = data(json!(proposal.index), &text);
    assert_eq!(post(&mut log, &new).expect_err("nobody").rule, Rule::I50);
    let event = log.approval(log.proposed(proposal), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("a reviewer").rule, Rule::I08);
    let event = log.approval(log.proposed(proposal), "p-sen", 0, "counsel");
    log.try_post(&event).expect("admitted");
    assert_eq!(post(&mut log, &new).expect_err("one").rule, Rule::I50);
    let event = log.approval(log.proposed(proposal), "p-chief", 0, "senior_reviewer");
    log.try_post(&event).expect("admitted");
    assert_eq!(
        post(&mut log, &data(json!(proposal.index), POLICY)).expect_err("another text").rule,
        Rule::I50
    );
    post(&mut log, &new).expect("two people approved exactly this");
    assert_eq!(post(&mut log, &new).expect_err("used up").rule, Rule::I50);
}

#[test]
fn f_01_to_f_05_forms() {
    let mut log = Log::at("request.received");
    let (actor, data) = log.data("request.authenticated");
    let good = log.event("request.authenticated", Some(REQUEST), actor, &data);
    let mut check = |rule: Rule, blame: Blame, change: &dyn Fn(&mut crate::model::event::Event)| {
        let mut event = good.clone();
        change(&mut event);
        let refusal = log.try_post(&event).expect_err("refused");
        assert_eq!((refusal.rule, refusal.kind), (rule, blame), "{refusal}");
    };
    check(Rule::F01, Blame::Malformed, &|event| event.type_ = "request.forced".to_owned());
    check(Rule::F01, Blame::Malformed, &|event| event.request = None);
    check(Rule::F01, Blame::Forbidden, &|event| event.actor = DAEMON.to_owned());
    check(Rule::F02, Blame::Invalid, &|event| event.rules = 2);
    check(Rule::F03, Blame::Conflict, &|event| event.policy = Digest::of(b"old"));
    check(Rule::F04, Blame::Malformed, &|event| event.envelopes = vec![b"{}".to_vec()]);
    for data in ["{}", "{\"force\":true}"] {
        let raw = serde_json::value::RawValue::from_string(data.to_owned()).expect("JSON");
        check(Rule::F01, Blame::Malformed, &|event| event.data = raw.clone());
    }
    refuses("senior approves", "disclosure.opened", Rule::F01, |data| data["extra"] = json!(1));
    let proposal = json!({"kind": "policy", "text": "schema = 9", "sha256": super::log::digest("schema = 9"), "reason": "x"});
    assert_eq!(
        Log::founded().post("act.proposed", None, "p-sen", &proposal).expect_err("no policy").rule,
        Rule::F05
    );
    let (_, sealed) = Log::at("bundle.provenance").data("bundle.sealed");
    let refusal = Log::at("bundle.provenance").post("bundle.sealed", Some(REQUEST), "p-sen", &sealed);
    assert_eq!(refusal.expect_err("daemon alone").kind, Blame::Forbidden);
}

#[test]
fn i_01_founding_in_order() {
    let mut log = Log::blank();
    let text = Digest::of(POLICY.as_bytes()).to_string();
    let data = json!({"text": POLICY, "sha256": text, "proposal": null});
    assert_eq!(log.post("policy.activated", None, DAEMON, &data).expect_err("before").rule, Rule::F03);
    let mut log = Log::founded();
    let data = log.entries[0].2.data.clone();
    let data: Value = serde_json::from_str(data.get()).expect("JSON");
    assert_eq!(log.post("log.created", None, DAEMON, &data).expect_err("again").rule, Rule::I03);
}

#[test]
fn a_13_acknowledgements() {
    let check = |data: &dyn Fn(&Log) -> Value| {
        let mut log = Log::at("bundle.released");
        let data = data(&log);
        let refusal = log.post("delivery.acknowledged", Some(REQUEST), "ag-1", &data).expect_err("refused");
        assert_eq!(refusal.rule, Rule::A13);
    };
    let origin = super::log::ORIGIN;
    check(&|log| log.acknowledgement(true, "ag-2", origin));
    check(&|log| log.acknowledgement(true, "ag-1", "other.example/log"));
    check(&|log| log.acknowledgement(false, "ag-1", origin));
    check(&|log| {
        let mut data = log.acknowledgement(true, "ag-1", origin);
        data["sig"] = log.acknowledgement(false, "ag-1", origin)["sig"].clone();
        data
    });
    check(&|log| {
        let mut data = log.acknowledgement(true, "ag-1", origin);
        data["production"] = json!("PRD-2");
        data
    });
    let mut log = Log::at("bundle.released");
    log.step("delivery.failed");
    assert_eq!(log.case().live_disclosure().map(|live| live.failures), Some(1));
    log.step("delivery.acknowledged");
}

#[test]
fn clock_takes_two_people_over_the_last_entry() {
    let mut log = Log::founded();
    let jump_ms = 48 * 60 * MINUTE_MS;
    let (last_time, leaf, _) = log.entries.last().cloned().expect("entries");
    let head = crate::model::approval::ApprovalContext { index: crate::tlog::LeafIndex::new(3), leaf };
    log.now_ms += jump_ms;
    let to = crate::model::time::Timestamp::from_ms(log.now_ms).expect("a time");
    let act = crate::practice::template::approvable_clock(&log.world, head).expect("founded").act;
    let sign = |log: &mut Log, person: &str, role: &str| {
        log.drawn += 1;
        log.approval(act.clone(), person, 0, role).envelopes.remove(0)
    };
    let data = json!({"from": last_time, "to": to});
    let mut event = log.event("clock.accepted", None, "p-sen", &data);
    let one = sign(&mut log, "p-sen", "counsel");
    event.envelopes = vec![one.clone(), sign(&mut log, "p-sen", "senior_reviewer")];
    assert_eq!(log.try_post(&event).expect_err("one person").rule, Rule::I05);
    event.envelopes = vec![one, sign(&mut log, "p-chief", "senior_reviewer")];
    let mut late = event.clone();
    late.data = serde_json::value::to_raw_value(&json!({"from": to, "to": to})).expect("prints");
    assert_eq!(log.try_post(&late).expect_err("from").rule, Rule::I02);
    log.try_post(&event).expect("two people");
    assert!(key("p-sen", 0).verifying_key() != key("p-chief", 0).verifying_key());
}
