//! The demands of the story, and what people find out about them: the data of each event.
//!
//! Everything here is invented. What rule set 2 asks for beyond the first stands at the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Failure};
use crate::model::digest::Digest;
use crate::model::scope::Scope;
use crate::model::time::{DAY_MS, Timestamp};

const MARCH: (&str, &str) = ("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
const ADA: &str = "ada.example@mail.example";
const BEN: &str = "ben.sample@mail.example";

/// A demand of the story.
pub(super) struct Demand {
    pub(super) request: &'static str,
    pub(super) title: &'static str,
    pub(super) instrument: &'static str,
    pub(super) issuer: &'static str,
    pub(super) account: &'static str,
    pub(super) letter: &'static str,
    /// Class, and whether it is asked for March only.
    pub(super) asks: &'static [(&'static str, Option<(&'static str, &'static str)>)],
    /// Positions of what the instrument does not reach, with the rule.
    pub(super) refused: &'static [(usize, &'static str, &'static str)],
    /// Whether a court forbids to tell the customer.
    pub(super) is_secret: bool,
}

pub(super) const WARRANT: Demand = Demand {
    request: "REQ-DEMO-1",
    title: "a search warrant for one mailbox, one month",
    instrument: "us.warrant_2703",
    issuer: "magistrate",
    account: ADA,
    letter: "SEARCH WARRANT (invented)\nThe mailbox ada.example@mail.example, messages of March 2026,\nand basic subscriber information.\n",
    asks: &[("bsi", None), ("content_stored", Some(MARCH))],
    refused: &[],
    is_secret: true,
};

pub(super) const SUBPOENA: Demand = Demand {
    request: "REQ-DEMO-2",
    title: "a subpoena that asks for basic data, and for the mail as well",
    instrument: "us.subpoena",
    issuer: "prosecutor",
    account: BEN,
    letter: "SUBPOENA (invented)\nSubscriber information of ben.sample@mail.example,\nand all messages of March 2026.\n",
    asks: &[("bsi", None), ("content_stored", Some(MARCH))],
    refused: &[(1, "S-31", "a US subpoena never reaches content")],
    is_secret: false,
};

pub(super) fn event(demand: &Demand, type_: &str, actor: &str, data: &Value, suffix: &str) -> Value {
    let id = format!("{}-{}{suffix}", demand.request, type_.replace('.', "-"));
    json!({"v": 1, "id": id, "type": type_, "request": demand.request, "actor": actor, "data": data})
}

pub(super) fn order(demand: &Demand) -> Value {
    json!({"version": 1, "sha256": Digest::of(demand.letter.as_bytes())})
}

pub(super) fn review(demand: &Demand, scope: &[u8], refused: &[(usize, &str, &str)]) -> Value {
    let refused: Vec<Value> = refused
        .iter()
        .map(|(item, rule, reason)| json!({"item": item, "rule": rule, "reason": reason}))
        .collect();
    json!({
        "reviewer": "p-reviewer-1", "order": order(demand), "scope": STANDARD.encode(scope), "refused": refused,
        "legality": {
            "law": ["18 USC 2703"], "procedure": ["FRCrP 41 and 17"], "note_sha256": Digest::of(b"the reviewer's note (invented)"),
        },
    })
}

/// The exact bytes of the demand's scope without the items at `left_out`.
pub(super) fn scope(demand: &Demand, left_out: &[usize]) -> Result<Vec<u8>, Failure> {
    let kept = demand.asks.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
    let items: Vec<Value> = kept
        .map(|(_, (class, interval))| {
            let (from, to) = interval.map_or((None, None), |(from, to)| (Some(from), Some(to)));
            json!({"account": demand.account, "service": "mail", "class": class, "from": from, "to": to, "fields": null})
        })
        .collect();
    let bytes = json!({"v": 1, "items": items}).to_string().into_bytes();
    Scope::parse(&bytes).map_err(Failure::with(Exit::Data))?;
    Ok(bytes)
}

/// A step that rule set 2 adds: its type, who makes it, what it says, and a word about it.
pub(super) type Step = (&'static str, &'static str, Value, &'static str);

/// Between classification and review: what the order says, whose accounts they are, the law.
pub(super) fn screening(demand: &Demand, now: Timestamp) -> Vec<Step> {
    let order = order(demand);
    let day = |date: &str| json!({"date": date, "time": null, "offset": "+00:00"});
    let dated = demand.asks.iter().enumerate().filter(|(_, (_, interval))| interval.is_some());
    let stated: Vec<Value> = dated
        .map(|(item, _)| {
            json!({"item": item, "from": day("2026-03-01"), "to": day("2026-03-31"), "to_is_inclusive": true})
        })
        .collect();
    let read = |cite: &str| json!([{"cite": cite, "version": "2026-01-01T00:00:00.000Z"}]);
    let mut steps = vec![
        (
            "interval.stated",
            "p-reviewer-1",
            json!({"order": order, "items": stated}),
            "the order's own dates: all of March, its last day included",
        ),
        (
            "accounts.profiled",
            "p-reviewer-1",
            json!({"order": order, "accounts": [{
                "service": "mail", "account": demand.account, "segment": "consumer", "seats": null, "customer": null,
                "customer_country": "US", "us_person": true, "hosted_in": "US", "controller": "provider-us",
                "custody": "provider", "owned_from": null, "owned_to": null, "excluded": [],
            }]}),
            "a consumer's account, hosted in the US, under the provider's keys",
        ),
        (
            "legality.reviewed",
            "p-reviewer-1",
            json!({"order": order, "country": "US", "reviewer": "p-reviewer-1", "law": read("18 USC 2703"),
                "procedure": read("FRCrP 41 and 17"), "followed": true, "served_by": null, "note_sha256": Digest::of(b"on the law (invented)")}),
            "somebody qualified for that country read its law and procedure",
        ),
        (
            "rights.screened",
            "p-reviewer-1",
            json!({"order": order, "tier": "low", "subjects": [], "note_sha256": Digest::of(b"on rights (invented)")}),
            "what the demand may do to people was considered",
        ),
    ];
    if demand.is_secret {
        steps.push(("secrecy.recorded", "p-reviewer-1", json!({
            "secrecy": "NDO-DEMO-1", "code": "ndo.2705b", "level": "local", "issuer": "a court (invented)",
            "docket": "26-000 (invented)", "document_sha256": Digest::of(b"secrecy order (invented)"),
            "grounds": ["destruction_or_tampering"], "judge_approved": true, "individual_necessity": true,
            "accounts": null, "from": now.saturating_add_ms(-3 * DAY_MS), "to": now.saturating_add_ms(90 * DAY_MS),
        }), "a court forbids to tell the customer, for ninety days"));
    }
    steps
}

/// Before the collection: who could open what was ordered.
pub(super) fn custody(collector: &'static str) -> Step {
    let data =
        json!({"customer_held": [], "answer_sha256": Digest::of(b"answer of the key service (invented)")});
    ("custody.checked", collector, data, "no part of it is under keys that only the customer has")
}

/// Before the release: the customer is told, or a court forbids it.
pub(super) fn notice(demand: &Demand, now: Timestamp) -> Step {
    let officer = "p-privacy-1";
    if demand.is_secret {
        let data = json!({"accounts": null, "secrecy": "NDO-DEMO-1"});
        return (
            "notice.suppressed",
            officer,
            data,
            "the customer is told when the secrecy ends; the log keeps the day",
        );
    }
    let data = json!({
        "accounts": null, "recipient": "owner", "contact_sha256": Digest::of(b"contact record (invented)"),
        "notice_sha256": Digest::of(b"notice (invented)"), "sent_at": now,
    });
    ("notice.sent", officer, data, "the customer is told before anything leaves, and could object")
}
