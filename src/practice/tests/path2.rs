//! The straight path under rule set 2, from the demand to the acknowledgement.

use serde_json::{Value, json};

use super::log::{Log, POLICY, REQUEST, digest};
use crate::model::approval::{Act, Decision};
use crate::practice::vocabulary::LeafRef;
use crate::practice::{DAEMON, Refusal, Rule, RuleSet};

/// The draft, which is written for rule set 2.
pub(super) fn policy2() -> String {
    POLICY.to_owned()
}

/// A consumer's account on a warrant for basic data and content, with notice.
pub(super) const STEPS2: [&str; 24] = [
    "request.received",
    "request.authenticated",
    "request.classified",
    "interval.stated",
    "accounts.profiled",
    "legality.reviewed",
    "rights.screened",
    "review.completed",
    "reviewer approves",
    "senior approves",
    "custody.checked",
    "disclosure.opened",
    "data.received",
    "data.planned",
    "data.filtered",
    "data.tallied",
    "key.used",
    "bundle.provenance",
    "bundle.sealed",
    "notice.sent",
    "the customer could act",
    "senior releases",
    "bundle.released",
    "delivery.acknowledged",
];

/// The path itself, and a log that rose from rule set 1.
pub(super) fn examples() -> Vec<Log> {
    let mut risen = Log::founded();
    risen.activate("policy", &policy2());
    risen.rules = RuleSet::Two;
    risen.must("rules.activated", None, "p-sen", &json!({"from": 1, "to": 2}));
    vec![Log::at2("delivery.acknowledged"), risen]
}

impl Log {
    pub(super) fn founded2() -> Self {
        Self::founded_under(RuleSet::Two, &policy2())
    }

    /// The straight path of rule set 2 up to and with the step of that name.
    pub(super) fn at2(step: &str) -> Self {
        let mut log = Self::founded2();
        log.walk2("", step);
        log
    }

    /// Goes on along the path: from after `from` (the beginning, if empty) up to and with `to`.
    pub(super) fn walk2(&mut self, from: &str, to: &str) {
        let place = |name: &str| STEPS2.iter().position(|step| *step == name);
        let first = if from.is_empty() { 0 } else { place(from).expect("a step") + 1 };
        let last = place(to).expect("a step");
        for step in &STEPS2[first..=last] {
            self.step(step);
        }
    }
}

impl Log {
    /// Proposes an act byte by byte, has two people approve it, and posts it. `kind` is the
    /// approval's, e.g. `redirect.exempt`; the deciders act as senior reviewer and counsel.
    pub(super) fn approved_act(
        &mut self,
        kind: &str,
        event: &str,
        request: Option<&str>,
        actor: &str,
        data: &Value,
    ) -> Result<Option<LeafRef>, Refusal> {
        let proposal = self.propose_act(kind, event, request, data)?;
        self.decide_act(proposal, kind, request, "p-chief", "senior_reviewer")?;
        self.decide_act(proposal, kind, request, "p-cou", "counsel")?;
        self.post(event, request, actor, data)
    }

    /// The proposing entry of an act.
    pub(super) fn propose_act(
        &mut self,
        kind: &str,
        event: &str,
        request: Option<&str>,
        data: &Value,
    ) -> Result<LeafRef, Refusal> {
        let text = format!("{{\"type\":\"{event}\",\"data\":{data}}}");
        let act = json!({"kind": kind, "text": text, "sha256": digest(&text), "reason": "as discussed"});
        let posted = self.post("act.proposed", request, "p-rev", &act)?;
        Ok(posted.expect("a proposal is never recorded twice"))
    }

    /// One person's approval of a proposed act.
    pub(super) fn decide_act(
        &mut self,
        proposal: LeafRef,
        kind: &str,
        request: Option<&str>,
        person: &str,
        role: &str,
    ) -> Result<Option<LeafRef>, Refusal> {
        let act = Act {
            origin: self.world.origin().expect("founded").clone(),
            request: request.map(|id| id.parse().expect("an id")),
            kind: serde_json::from_value(json!(kind)).expect("a kind"),
            decision: Decision::Approve,
            order: None,
            scope_sha256: None,
            recipients: Vec::new(),
            policy: self.world.policy_sha256().expect("founded"),
            context: proposal,
        };
        let event = self.approval(act, person, 0, role);
        self.try_post(&event)
    }
}

pub(super) fn order() -> Value {
    json!({"version": 1, "sha256": digest("order 1")})
}

/// A consumer's account, in the United States, with the provider's keys.
pub(super) fn consumer(account: &str) -> Value {
    json!({"service": "mail", "account": account, "segment": "consumer", "seats": null, "customer": null,
        "customer_country": "US", "us_person": true, "hosted_in": "US", "controller": "provider-us",
        "custody": "provider", "owned_from": null, "owned_to": null, "excluded": []})
}

/// An organisation's account.
pub(super) fn enterprise(account: &str, seats: u32) -> Value {
    let mut profile = consumer(account);
    profile["segment"] = json!("commercial");
    profile["seats"] = json!(seats);
    profile["customer"] = json!("cus-1");
    profile
}

/// Actor and data of the steps that rule set 2 adds.
pub(super) fn data(name: &str) -> (&'static str, Value) {
    let provision = json!([{"cite": "18 USC 2703(a)", "version": "2026-01-01T00:00:00.000Z"}]);
    match name {
        "interval.stated" => (
            "p-rev",
            json!({"order": order(), "items": [{"item": 1,
                "from": {"date": "2026-03-01", "time": null, "offset": "+00:00"},
                "to": {"date": "2026-03-31", "time": null, "offset": "+00:00"}, "to_is_inclusive": true}]}),
        ),
        "accounts.profiled" => ("p-rev", json!({"order": order(), "accounts": [consumer("a@example.org")]})),
        "legality.reviewed" => (
            "p-rev",
            json!({"order": order(), "country": "US", "reviewer": "p-rev", "law": provision,
                "procedure": [{"cite": "FRCrP 41", "version": "2026-01-01T00:00:00.000Z"}],
                "followed": true, "served_by": null, "note_sha256": digest("legality")}),
        ),
        "rights.screened" => (
            "p-rev",
            json!({"order": order(), "tier": "low", "subjects": [], "note_sha256": digest("rights")}),
        ),
        "custody.checked" => ("p-col", json!({"customer_held": [], "answer_sha256": digest("key service")})),
        "key.used" => (
            DAEMON,
            json!({"disclosure": "D-1", "source": "mail-1", "key_name_sha256": digest("kms/mail"), "items": 3}),
        ),
        "data.tallied" => (
            DAEMON,
            json!({"disclosure": "D-1", "kept": [{"class": "bsi", "records": 1},
                {"class": "content_stored", "records": 3}]}),
        ),
        "notice.sent" => (
            "p-priv",
            json!({"accounts": null, "recipient": "owner", "contact_sha256": digest("contact"),
                "notice_sha256": digest("notice"), "sent_at": "2026-11-18T11:00:00.000Z"}),
        ),
        _ => panic!("no data for {name}"),
    }
}

#[test]
fn the_straight_path_of_rule_set_2_reaches_disclosed_and_replays() {
    let log = Log::at2("delivery.acknowledged");
    assert_eq!(log.case().state_name(), "disclosed");
    assert_eq!(log.cases.len(), 1, "{REQUEST}");
    let mut replay = crate::practice::Replay::new();
    for (index, (time, leaf, event)) in log.entries.iter().enumerate() {
        let index = crate::tlog::LeafIndex::new(u64::try_from(index).expect("small"));
        assert_eq!(replay.feed(index, *time, *leaf, Some(event)), vec![]);
    }
    assert_eq!(replay.world(), &log.world);
}

#[test]
fn f_02_a_rule_set_rises_only_by_its_entry_and_never_falls() {
    let rises = json!({"from": 1, "to": 2});
    let mut early = Log::founded();
    early.rules = RuleSet::Two;
    let refusal = early.post("rules.activated", None, "p-sen", &rises).expect_err("the policy is for 1");
    assert_eq!(refusal.rule, Rule::F02);
    let mut log = Log::at("review.completed");
    log.activate("policy", &policy2());
    log.rules = RuleSet::Two;
    assert_eq!(log.post_data("rights.screened").expect_err("not yet").rule, Rule::F02);
    for wrong in [json!({"from": 2, "to": 2}), json!({"from": 1, "to": 3})] {
        assert_eq!(log.post("rules.activated", None, "p-sen", &wrong).expect_err("wrong").rule, Rule::F02);
    }
    log.must("rules.activated", None, "p-sen", &rises);
    assert_eq!(log.post("rules.activated", None, "p-sen", &rises).expect_err("again").rule, Rule::F02);
    log.step("rights.screened");
    log.rules = RuleSet::One;
    assert_eq!(log.post_data("request.withdrawn").expect_err("never back").rule, Rule::F02);
}

#[test]
fn i_51_an_act_is_posted_exactly_as_two_people_approved_it_and_once() {
    let data =
        json!({"source": "mail-1", "item_sha256": digest("item"), "reason": "a test vector of a book"});
    let (kind, event) = ("scan.clear", "scan.cleared");
    let mut log = Log::at2("review.completed");
    let refused = |log: &mut Log, data: &Value| {
        log.post(event, Some(REQUEST), "p-rev", data).expect_err("not approved").rule
    };
    assert_eq!(refused(&mut log, &data), Rule::I51);
    let proposal = log.propose_act(kind, event, Some(REQUEST), &data).expect("proposed");
    assert_eq!(refused(&mut log, &data), Rule::I51);
    let decide =
        |log: &mut Log, person: &str, role: &str| log.decide_act(proposal, kind, Some(REQUEST), person, role);
    decide(&mut log, "p-chief", "senior_reviewer").expect("one");
    assert_eq!(refused(&mut log, &data), Rule::I51);
    assert_eq!(decide(&mut log, "p-chief", "senior_reviewer").expect("again"), None);
    assert_eq!(decide(&mut log, "p-in", "reviewer").expect_err("took it in").rule, Rule::I07);
    decide(&mut log, "p-cou", "counsel").expect("two");
    let mut other = data.clone();
    other["reason"] = json!("another");
    assert_eq!(refused(&mut log, &other), Rule::I51);
    log.must(event, Some(REQUEST), "p-rev", &data);
    assert_eq!(refused(&mut log, &data), Rule::I51);
    for (kind, event) in
        [("discretion", "scan.cleared"), ("scan.clear", "request.withdrawn"), ("scan.clear", "x")]
    {
        assert_eq!(log.propose_act(kind, event, Some(REQUEST), &data).expect_err("no act").rule, Rule::I51);
    }
}
