//! What is planted about requests that were settled long ago, and about the log itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::digest::Digest;
use probity::practice::DAEMON;
use serde_json::{Value, json};

use super::super::forger::Forger;
use super::{Plant, digest, plant};

pub(super) fn plants(forger: &Forger) -> Vec<Plant> {
    let data = |request: &str, type_: &str| forger.first(request, type_).1;
    let pending = data("PEN-000", "request.classified");
    let amended = json!({
        "order": {"version": 2, "sha256": data("A1-0000", "request.received")["order"]["sha256"]},
        "media_type": "application/pdf", "channel": "email", "received_at": "2022-10-01T00:00:00.000Z"});
    let report = |series: &str, from: &str, to: &str, width: Option<u32>| {
        json!({"report": format!("planted-{series}-{}", from.get(..7).expect("a month")), "series": series,
            "period_from": from, "period_to": to, "size": 4, "root": Digest::of(b"").to_string(),
            "report_sha256": digest("report"), "band_width": width, "published_at": "2022-10-01T00:00:00.000Z"})
    };
    let review = json!({"reviewer": "p-reviewer", "order": pending["order"],
        "legality": {"law": ["18 USC 2703"], "procedure": ["rules of procedure"], "note_sha256": digest("note")},
        "scope": pending["scope"], "refused": []});
    let opened = json!({"disclosure": "D-PEN-000", "collector": "p-collector", "order": pending["order"],
        "review": {"index": 5, "leaf": forger.leaf(5)}, "scope_sha256": digest("scope")});
    let verified = json!({"agency": "us-state", "method": "call_back", "evidence": [digest("call")]});
    let told = data("OLD-000", "notice.sent");
    let capability = digest("a capability");
    let of_pending = |type_: &str, change: &dyn Fn(&mut Value)| {
        let mut data = data("PEN-002", type_);
        change(&mut data);
        data
    };
    let dates = json!({"date": "2022-01-01", "time": null, "offset": "+00:00"});
    let no_dates = json!({"order": data("PEN-002", "request.classified")["order"],
        "items": [{"item": 0, "from": dates, "to": dates, "to_is_inclusive": true}]});
    let later_law = of_pending("legality.reviewed", &|data| {
        data["law"][0]["version"] = json!("2030-01-01T00:00:00.000Z")
    });
    let scope = of_pending("request.classified", &|_| ())["scope"].clone();
    let scope_sha256 = Digest::of(&STANDARD.decode(scope.as_str().expect("base64")).expect("base64"));
    vec![
        // Dates for what the order asks for without any.
        plant("interval.stated", Some("PEN-002"), "p-reviewer", no_dates, Some("I-15")),
        // A law of the year 2030.
        plant("legality.reviewed", Some("PEN-002"), "p-reviewer", later_law, Some("I-54")),
        // Nobody signed that the high risk is taken.
        plant(
            "rights.escalated",
            Some("PEN-002"),
            "p-counsel",
            json!({"screening": 5, "decision": "proceed", "reason": "weighed"}),
            Some("I-51"),
        ),
        // Rejected for nothing, and narrowed to what it was.
        plant("request.rejected", Some("PEN-002"), "p-reviewer", json!({"reasons": []}), Some("I-20")),
        plant(
            "request.narrowed",
            Some("PEN-002"),
            "p-counsel",
            json!({"order": data("PEN-002", "request.classified")["order"], "old_scope_sha256": scope_sha256,
                "scope": scope, "agreement": "written", "document_sha256": digest("letter"), "counsel": "p-counsel"}),
            Some("I-21"),
        ),
        // An emergency costs nothing.
        plant(
            "cost.invoiced",
            Some("EMR-000"),
            "p-reviewer",
            json!({"invoice": "INV-PLANTED", "incurred": 10, "charged": 10, "currency": "USD"}),
            Some("S-107"),
        ),
        // A litigant's subject is left untold on no ground.
        plant(
            "notice.withheld",
            Some("CIV-000"),
            "p-privacy",
            json!({"accounts": null, "ground": "danger", "other_contact_tried": false,
                "evidence_sha256": digest("evidence"), "review_by": "2022-10-20T00:00:00.000Z"}),
            Some("S-102"),
        ),
        // The agency rings back tomorrow.
        plant(
            "callback.made",
            Some("PEN-003"),
            "p-reviewer",
            json!({"agency": "us-state", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
                "number_dated": "2021-10-01T00:00:00.000Z", "called_at": "2031-01-01T00:00:00.000Z",
                "answer": "confirmed", "note_sha256": digest("note")}),
            Some("I-30"),
        ),
        // A lost key of an agency touches no bundle, somebody says.
        plant(
            "incident.opened",
            None,
            "p-senior",
            json!({"incident": "INC-PLANTED", "kind": "agency_key_compromised", "agency": null, "requests": [],
                "since": "2022-01-01T00:00:00.000Z", "productions": [], "report_sha256": digest("report")}),
            Some("I-34"),
        ),
        // The screening was looked at, but for what it does to people.
        plant(
            "process.reviewed",
            None,
            "p-senior",
            json!({"covers_human_rights": false, "report_sha256": digest("report")}),
            Some("S-51"),
        ),
        // What lapsed is renewed.
        plant(
            "preserve.renewed",
            Some("PRE-000"),
            "p-reviewer",
            json!({"document_sha256": digest("again"), "until": "2022-12-01T00:00:00.000Z"}),
            Some("I-18"),
        ),
        // Whose request this is was checked half a year ago.
        plant("review.completed", Some("PEN-000"), "p-reviewer", review, Some("I-33")),
        // It is checked again; but nothing is collected that nobody reviewed.
        plant("request.authenticated", Some("PEN-000"), "p-reviewer", verified, None),
        plant("disclosure.opened", Some("PEN-000"), DAEMON, opened, Some("S-07")),
        // A FISA order forbids it for years.
        plant("notice.sent", Some("FSC-000"), "p-privacy", told, Some("I-27")),
        // The document is another request's.
        plant("order.amended", Some("PEN-001"), "p-intake", amended, Some("I-44")),
        // What was closed stays closed.
        plant(
            "request.rejected",
            Some("CAP-000"),
            "p-senior",
            data("CAP-000", "request.rejected"),
            Some("I-18"),
        ),
        // A deadline that nobody set.
        plant(
            "deadline.passed",
            Some("PEN-000"),
            DAEMON,
            json!({"deadline": "answer", "set_by": 5, "due_at": "2022-10-01T00:00:00.000Z"}),
            Some("I-57"),
        ),
        // Nobody approved the erasure.
        plant(
            "erasure.ordered",
            Some("A1-0000"),
            "p-senior",
            json!({"basis": "court_order", "document_sha256": digest("order"), "is_under_seal": false}),
            Some("I-51"),
        ),
        // Kept for a year, the law says.
        plant(
            "ncmec.expired",
            None,
            "p-senior",
            json!({"report": "ncmec-000", "deleted_at": "2022-10-01T00:00:00.000Z"}),
            Some("I-38"),
        ),
        // The half-year was reported already; the other one under FISA is not yet to be told.
        plant(
            "report.published",
            None,
            "p-senior",
            report("law_enforcement", "2022-01-01T00:00:00.000Z", "2022-07-01T00:00:00.000Z", None),
            Some("I-48"),
        ),
        plant(
            "report.published",
            None,
            "p-senior",
            report("national_security", "2022-01-01T00:00:00.000Z", "2022-07-01T00:00:00.000Z", Some(500)),
            Some("I-47"),
        ),
        // A correction under a root that the log never had.
        plant(
            "report.corrected",
            None,
            "p-senior",
            json!({"report": "report-h1-2022-law_enforcement", "size": forger.events.len(), "root": Digest::of(b"").to_string(),
                "report_sha256": digest("report"), "reason": "a typing error"}),
            Some("I-46"),
        ),
        // A report by the provider itself that holds content.
        plant(
            "voluntary.disclosed",
            None,
            "p-senior",
            json!({"report": "vol-1", "basis": "threat", "source": "own_security", "victim": null,
                "recipient": "us-federal", "classes": ["content_stored"], "report_sha256": capability}),
            Some("S-37"),
        ),
    ]
}
