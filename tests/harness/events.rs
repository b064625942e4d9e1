//! Events of the straight path, as a review system would post them.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::approval::{APPROVAL_TYPE, Act, Approval, Nonce};
use probity::model::digest::Digest;
use probity::model::dsse;
use probity::model::time::Timestamp;
use probity::ops::machine;
use probity::practice::RuleSet;
use serde_json::{Value, json};

use super::home::{AGENCY, Person, rules};
use super::{Answer, Connection};

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const ADA: &str = "ada.example@mail.example";

pub(crate) fn now() -> Timestamp {
    machine::now().expect("a clock")
}

/// An event's envelope: `data` is the type's own.
pub(crate) fn event(request: &str, type_: &str, actor: &str, data: &Value) -> Value {
    let id = format!("{request}-{}", type_.replace('.', "-"));
    json!({"v": 1, "id": id, "type": type_, "request": request, "actor": actor, "data": data})
}

/// The order of a request: its letter is invented from the request's name.
pub(crate) fn order(request: &str) -> Value {
    json!({"version": 1, "sha256": Digest::of(request.as_bytes())})
}

/// A demand arrives.
pub(crate) fn received(request: &str) -> Value {
    let data = json!({
        "kind": "legal_demand", "order": order(request), "media_type": "text/plain", "channel": "portal",
        "received_at": now().saturating_add_ms(-HOUR_MS), "agency_claimed": AGENCY,
    });
    event(request, "request.received", "p-intake-1", &data)
}

pub(crate) fn authenticated(request: &str) -> Value {
    let data = json!({"agency": AGENCY, "method": "call_back", "evidence": [Digest::of(b"a call")]});
    event(request, "request.authenticated", "p-reviewer-1", &data)
}

/// What a demand asks for, in the exact bytes that are reviewed and approved.
pub(crate) fn scope(account: &str) -> Vec<u8> {
    let item = |class: &str, from: Option<&str>, to: Option<&str>| json!({"account": account, "service": "mail", "class": class, "from": from, "to": to, "fields": null});
    let march = (Some("2026-03-01T00:00:00.000Z"), Some("2026-04-01T00:00:00.000Z"));
    let items = [item("bsi", None, None), item("content_stored", march.0, march.1)];
    json!({"v": 1, "items": items}).to_string().into_bytes()
}

pub(crate) fn classified(request: &str, account: &str) -> Value {
    let data = json!({
        "order": order(request), "instrument": "us.warrant_2703", "issuer": "magistrate", "level": "local",
        "country": "US", "nature": "criminal", "entity": "provider-us",
        "issued_at": now().saturating_add_ms(-72 * HOUR_MS), "expires_at": null,
        "signature": {"kind": "handwritten", "verified": "issuer_confirmed"},
        "identifiers": [{"kind": "email", "value": account, "service": "mail", "account": account}],
        "scope": STANDARD.encode(scope(account)),
    });
    event(request, "request.classified", "p-reviewer-1", &data)
}

pub(crate) fn reviewed(request: &str, account: &str) -> Value {
    let data = json!({
        "reviewer": "p-reviewer-1", "order": order(request), "scope": STANDARD.encode(scope(account)),
        "refused": [],
        "legality": {
            "law": ["18 USC 2703"], "procedure": ["FRCrP 41"], "note_sha256": Digest::of(b"a note"),
        },
    });
    event(request, "review.completed", "p-reviewer-1", &data)
}

/// What rule set 2 wants to know between classification and review; nothing under the first.
pub(crate) fn screened(request: &str, account: &str) -> Vec<Value> {
    if rules() < RuleSet::Two {
        return Vec::new();
    }
    let day = |date: &str| json!({"date": date, "time": null, "offset": "+00:00"});
    let read = |cite: &str| json!([{"cite": cite, "version": "2026-01-01T00:00:00.000Z"}]);
    let steps = [
        (
            "interval.stated",
            json!({"order": order(request), "items": [{"item": 1, "from": day("2026-03-01"),
                "to": day("2026-03-31"), "to_is_inclusive": true}]}),
        ),
        ("accounts.profiled", json!({"order": order(request), "accounts": [consumer(account)]})),
        (
            "legality.reviewed",
            json!({"order": order(request), "country": "US", "reviewer": "p-reviewer-1",
                "law": read("18 USC 2703(a)"), "procedure": read("FRCrP 41"), "followed": true, "served_by": null,
                "note_sha256": Digest::of(b"on the law")}),
        ),
        (
            "rights.screened",
            json!({"order": order(request), "tier": "low", "subjects": [], "note_sha256": Digest::of(b"on rights")}),
        ),
    ];
    steps.iter().map(|(type_, data)| event(request, type_, "p-reviewer-1", data)).collect()
}

/// A consumer's account, in the United States, with the provider's keys.
fn consumer(account: &str) -> Value {
    json!({"service": "mail", "account": account, "segment": "consumer", "seats": null, "customer": null,
        "customer_country": "US", "us_person": true, "hosted_in": "US", "controller": "provider-us",
        "custody": "provider", "owned_from": null, "owned_to": null, "excluded": []})
}

/// Before the collection, under rule set 2: who holds the keys to what was ordered.
pub(crate) fn custody_checked(request: &str) -> Value {
    let data = json!({"customer_held": [], "answer_sha256": Digest::of(b"the key service's answer")});
    event(request, "custody.checked", "p-operator-1", &data)
}

/// An order not to tell, of a court.
pub(crate) fn secrecy_recorded(request: &str) -> Value {
    let data = json!({
        "secrecy": format!("NDO-{request}"), "code": "ndo.2705b", "level": "local", "issuer": "a court",
        "docket": "26-000", "document_sha256": Digest::of(b"secrecy order"),
        "grounds": ["destruction_or_tampering"], "judge_approved": true, "individual_necessity": true,
        "accounts": null, "from": now().saturating_add_ms(-72 * HOUR_MS),
        "to": now().saturating_add_ms(90 * 24 * HOUR_MS),
    });
    event(request, "secrecy.recorded", "p-reviewer-1", &data)
}

/// Before the release, under that order: the customer is not told now.
pub(crate) fn notice_suppressed(request: &str) -> Value {
    let data = json!({"accounts": null, "secrecy": format!("NDO-{request}")});
    event(request, "notice.suppressed", "p-privacy-1", &data)
}

/// Before the release, under rule set 2: the customer was told.
pub(crate) fn notice_sent(request: &str) -> Value {
    let data = json!({"accounts": null, "recipient": "owner", "contact_sha256": Digest::of(b"a contact"),
        "notice_sha256": Digest::of(b"a notice"), "sent_at": now()});
    event(request, "notice.sent", "p-privacy-1", &data)
}

/// From the letter to the review: everything that needs no signature.
pub(crate) fn intake(request: &str, account: &str) -> Vec<Value> {
    let mut events = vec![received(request), authenticated(request), classified(request, account)];
    events.extend(screened(request, account));
    events.push(reviewed(request, account));
    events
}

/// Posts an event that must be recorded now.
pub(crate) fn must(connection: &mut Connection, event: &Value) -> Value {
    post(connection, event).expect(201)
}

pub(crate) fn post(connection: &mut Connection, event: &Value) -> Answer {
    connection.post("/v1/events", event).expect("an answer")
}

/// When an approval holds, relative to now.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub(crate) iat_ms: i64,
    pub(crate) exp_ms: i64,
}

pub(crate) const A_DAY: Life = Life { iat_ms: 0, exp_ms: 24 * HOUR_MS };

/// The act that can be approved about a request now, as the daemon offers it.
pub(crate) fn act(connection: &mut Connection, request: &str, kind: &str) -> Act {
    let case = connection.get(&format!("/v1/requests/{request}")).expect("an answer").expect(200);
    let templates = case["sign"].as_array().expect("templates");
    let template = templates.iter().find(|template| template["kind"] == kind);
    let mut template = template.unwrap_or_else(|| panic!("nothing of kind {kind} in {case}")).clone();
    template.as_object_mut().expect("an object").remove("v");
    serde_json::from_value(template).expect("an act")
}

/// A person's signed decision as the event that records it.
pub(crate) fn signed(act: Act, person: &Person, life: Life) -> Value {
    let (kind, context, request) = (act.kind, act.context, act.request.clone());
    let time = |ms| now().saturating_add_ms(ms);
    let nonce = Nonce::from_bytes(machine::random().expect("random bytes"));
    let approval = Approval::new(act, person.role.to_owned(), time(life.iat_ms), time(life.exp_ms), nonce);
    let payload = approval.sign_ready().expect("a whole approval");
    let envelope = dsse::sign(APPROVAL_TYPE, &payload, &[&person.key]).to_json();
    let digest = Digest::of(&payload);
    json!({
        "v": 1, "id": format!("approval-{}", &digest.to_string()[..16]), "type": "approval.given",
        "request": request, "actor": person.id,
        "data": {
            "kind": kind, "person": person.id, "keyid": dsse::keyid(&person.key.verifying_key()),
            "context": context, "approval_sha256": digest,
        },
        "envelopes": [STANDARD.encode(envelope)],
    })
}

/// Walks a request from the letter to its second approval; returns the answers.
pub(crate) fn walk_to_approved(
    connection: &mut Connection,
    request: &str,
    account: &str,
    people: [&Person; 2],
) -> Vec<Value> {
    let mut answers: Vec<_> = intake(request, account).iter().map(|event| must(connection, event)).collect();
    for person in people {
        let act = act(connection, request, "disclose");
        answers.push(must(connection, &signed(act, person, A_DAY)));
    }
    answers.extend(check_custody(connection, request));
    answers
}

/// Posts what rule set 2 wants before a collection; the answer, unless it was there before.
pub(crate) fn check_custody(connection: &mut Connection, request: &str) -> Option<Value> {
    if rules() < RuleSet::Two {
        return None;
    }
    let answer = post(connection, &custody_checked(request));
    (answer.status != 200).then(|| answer.expect(201))
}

/// Begins a disclosure and waits until it is sealed or failed; returns its last status.
pub(crate) fn disclose(connection: &mut Connection, request: &str) -> Value {
    check_custody(connection, request);
    let body = json!({"id": format!("{request}-disclose"), "request": request, "actor": "p-operator-1"});
    let opened = connection.post("/v1/disclosures", &body).expect("an answer").expect(202);
    settled(connection, opened["disclosure"].as_str().expect("an id"))
}

/// The status of a disclosure once nothing more happens to it by itself.
pub(crate) fn settled(connection: &mut Connection, disclosure: &str) -> Value {
    let began = Instant::now();
    loop {
        let status = connection.get(&format!("/v1/disclosures/{disclosure}")).expect("an answer").expect(200);
        if ["sealed", "released", "failed"].iter().any(|state| status["state"] == *state) {
            return status;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "nothing becomes of {status}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the senior reviewer posts to let a sealed bundle out, once the customer was told.
pub(crate) fn release(connection: &mut Connection, request: &str, senior: &Person) -> Value {
    if rules() >= RuleSet::Two {
        must(connection, &notice_sent(request));
    }
    let approval = signed(act(connection, request, "release"), senior, A_DAY);
    json!({"id": approval["id"], "actor": senior.id, "envelope": approval["envelopes"][0]})
}
