//! What is planted about the requests that are under way when the log ends: the step that each
//! waits for, taken wrongly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::digest::Digest;
use probity::practice::DAEMON;
use serde_json::{Value, json};

use super::super::forger::Forger;
use super::{Plant, digest, plant};

pub(super) fn plants(forger: &Forger) -> Vec<Plant> {
    [
        of_an_emergency(forger),
        before_the_review(forger),
        before_the_collection(forger),
        of_collections(forger),
        of_bundles(forger),
        beside(forger),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn reference(forger: &Forger, index: u64) -> Value {
    json!({"index": index, "leaf": forger.leaf(index)})
}

fn scope_sha256(scope: &Value) -> Digest {
    Digest::of(&STANDARD.decode(scope.as_str().expect("base64")).expect("base64"))
}

/// `disclosure.opened` under the review that stands.
fn opening(forger: &Forger, request: &str, name: &str, collector: &str) -> Value {
    let (index, review) = forger.first(request, "review.completed");
    json!({"disclosure": name, "collector": collector, "order": review["order"],
        "review": reference(forger, index), "scope_sha256": scope_sha256(&review["scope"])})
}

/// `review.completed` of everything that the demand asks for.
fn review(forger: &Forger, request: &str) -> Value {
    let (_, classified) = forger.first(request, "request.classified");
    json!({"reviewer": "p-reviewer", "order": classified["order"],
        "legality": {"law": ["18 USC 2703"], "procedure": ["rules of procedure"], "note_sha256": digest("note")},
        "scope": classified["scope"], "refused": []})
}

/// The provider holds every key, says whoever is asked.
fn custody(request: &'static str) -> Plant {
    let data = json!({"customer_held": [], "answer_sha256": digest("custody")});
    plant("custody.checked", Some(request), "p-collector", data, None)
}

fn of_an_emergency(forger: &Forger) -> Vec<Plant> {
    let (_, mut assessed) = forger.first("UNW-third-0", "emergency.assessed");
    let needs = assessed["needs"].as_array_mut().expect("needs");
    needs.retain(|need| need["class"] == "bsi");
    let request = Some("UNW-third-0");
    let by = |collector| opening(forger, "UNW-third-0", "D-UNW-third-0", collector);
    let lapsed = json!({"note_sha256": digest("lapsed")});
    vec![
        // The third who approved it collects it.
        plant("disclosure.opened", request, DAEMON, by("p-third"), Some("I-07")),
        // Content is not needed after all, and is collected.
        plant("emergency.assessed", request, "p-reviewer", assessed, None),
        plant("disclosure.opened", request, DAEMON, by("p-collector"), Some("I-31")),
        // No process followed, somebody says on the third day.
        plant("followup.lapsed", Some("UNW-followup-0"), "p-counsel", lapsed, Some("I-32")),
    ]
}

fn before_the_review(forger: &Forger) -> Vec<Plant> {
    let (_, screened) = forger.first("UNW-review-0", "rights.screened");
    let mut high = screened.clone();
    high["tier"] = json!("high");
    let of = |request: &'static str, breaks| {
        plant("review.completed", Some(request), "p-reviewer", review(forger, request), Some(breaks))
    };
    let withheld = json!({"accounts": null, "ground": "danger", "other_contact_tried": false,
        "evidence_sha256": digest("evidence"), "review_by": "2022-10-20T00:00:00.000Z"});
    let amended = json!({"order": {"version": 2, "sha256": digest("another order")},
        "media_type": "application/pdf", "channel": "email", "received_at": "2031-01-01T00:00:00.000Z"});
    let lifted = json!({"ground": "danger", "evidence_sha256": digest("safe")});
    vec![
        // High risk for whom it concerns, and nobody weighed it.
        plant("rights.screened", Some("UNW-review-0"), "p-reviewer", high, None),
        of("UNW-review-0", "I-55"),
        // An organisation that nobody redirected the demand to, and is left untold on no law.
        of("UNW-redirect-0", "I-22"),
        plant("notice.withheld", Some("UNW-redirect-0"), "p-privacy", withheld, Some("I-24")),
        // Content in Ireland, and nobody asked what Irish law says.
        of("UNW-comity-0", "I-56"),
        // An amendment of a year to come; a danger lifted that nobody saw.
        plant("order.amended", Some("UNW-review-1"), "p-intake", amended, Some("I-02")),
        plant("notice.ground_lifted", Some("UNW-review-1"), "p-privacy", lifted, Some("I-03")),
    ]
}

fn before_the_collection(forger: &Forger) -> Vec<Plant> {
    let open = |request: &'static str, collector, breaks| {
        let data = opening(forger, request, &format!("D-{request}"), collector);
        plant("disclosure.opened", Some(request), DAEMON, data, Some(breaks))
    };
    let (_, profiled) = forger.first("UNW-collection-2", "accounts.profiled");
    let account = &profiled["accounts"][0];
    let held = json!({"customer_held": [{"service": account["service"], "account": account["account"]}],
        "answer_sha256": digest("custody")});
    let challenge = json!({"challenge": "CH-PLANTED", "court": "D. Example", "docket": "22-mc-1",
        "filed_at": "2022-10-11T00:00:00.000Z", "motion_sha256": digest("motion"), "relief": "quash", "stay": true});
    let (_, consent) = forger.first("UNW-consent-0", "consent.recorded");
    let revoked = json!({"document_sha256": consent["document_sha256"], "revocation_sha256": digest("no more"),
        "received_at": "2022-10-01T00:00:00.000Z"});
    let used = json!({"disclosure": "D-UNW-collection-0", "source": "mail-1", "key_name_sha256": digest("kms"),
        "items": 3});
    vec![
        // Nobody approved it.
        custody("UNW-approval-0"),
        open("UNW-approval-0", "p-collector", "I-05"),
        // Somebody collects whose office it is not; a key was used before anything was read.
        custody("UNW-collection-0"),
        open("UNW-collection-0", "p-intake", "I-07"),
        open("UNW-collection-0", "p-counsel", "I-08"),
        plant("key.used", Some("UNW-collection-0"), DAEMON, used, Some("I-36")),
        // A court has not ruled yet, and stayed it.
        plant("challenge.filed", Some("UNW-collection-1"), "p-counsel", challenge, None),
        open("UNW-collection-1", "p-collector", "I-19"),
        // The owner took the consent back.
        plant("consent.revoked", Some("UNW-consent-0"), "p-reviewer", revoked, None),
        custody("UNW-consent-0"),
        open("UNW-consent-0", "p-collector", "I-37"),
        // The customer holds the keys.
        plant("custody.checked", Some("UNW-collection-2"), "p-collector", held, None),
        open("UNW-collection-2", "p-collector", "I-35"),
    ]
}

fn of_collections(forger: &Forger) -> Vec<Plant> {
    let planned = json!({"disclosure": "D-UNW-plan-0", "scope_sha256": digest("everything"), "files": 1,
        "bytes": 1, "manifest_sha256": digest("manifest")});
    let (_, read) = forger.first("UNW-filter-0", "data.received");
    let records = read["sources"][0]["records"].as_u64().expect("a number");
    let filtered = json!({"disclosure": "D-UNW-filter-0", "records": records, "kept": records, "withheld":
        [{"rule": "outside_interval", "count": 1}]});
    let tallied = json!({"disclosure": "D-UNW-tally-0", "kept": [{"class": "key_material", "records": 6}]});
    vec![
        plant("data.planned", Some("UNW-plan-0"), DAEMON, planned, Some("I-06")),
        // One record more than was read.
        plant("data.filtered", Some("UNW-filter-0"), DAEMON, filtered, Some("I-16")),
        plant("data.tallied", Some("UNW-tally-0"), DAEMON, tallied, Some("I-12")),
    ]
}

fn of_bundles(forger: &Forger) -> Vec<Plant> {
    let (_, traced) = forger.first("UNW-seal-0", "bundle.provenance");
    let (_, mut sealed) = forger.first("UNW-notice-0", "bundle.sealed");
    let file = sealed["file_sha256"].clone();
    sealed["production"] = traced["production"].clone();
    sealed["disclosure"] = traced["disclosure"].clone();
    let released = json!({"production": "PRD-UNW-notice-0", "disclosure": "D-UNW-notice-0",
        "decision": reference(forger, 5), "file_sha256": file});
    let withheld = json!({"accounts": null, "ground": "danger", "other_contact_tried": false,
        "evidence_sha256": digest("evidence"), "review_by": "2040-01-01T00:00:00.000Z"});
    let destroyed =
        json!({"disclosure": "D-UNW-notice-2", "production": "PRD-UNW-notice-2", "reason": "lost"});
    let again = opening(forger, "UNW-notice-2", "D-AGAIN", "p-collector");
    let amended = json!({"order": {"version": 2, "sha256": digest("an amended order")},
        "media_type": "application/pdf", "channel": "email", "received_at": "2022-10-11T00:00:00.000Z"});
    let verified =
        json!({"agency": "us-federal", "method": "portal_account", "evidence": [digest("portal")]});
    vec![
        // Collected for the order as it was.
        plant("order.amended", Some("UNW-seal-0"), "p-intake", amended, None),
        plant("request.authenticated", Some("UNW-seal-0"), "p-reviewer", verified, None),
        plant("bundle.sealed", Some("UNW-seal-0"), DAEMON, sealed, Some("I-10")),
        // It leaves before its owner hears of it; or is told of in 2040.
        plant("bundle.released", Some("UNW-notice-0"), DAEMON, released, Some("I-23")),
        plant("notice.withheld", Some("UNW-notice-1"), "p-privacy", withheld, Some("I-26")),
        // Two bundles under one pair of approvals.
        plant("bundle.destroyed", Some("UNW-notice-2"), DAEMON, destroyed, None),
        custody("UNW-notice-2"),
        plant("disclosure.opened", Some("UNW-notice-2"), DAEMON, again, Some("I-17")),
    ]
}

/// What goes on beside the requests.
fn beside(forger: &Forger) -> Vec<Plant> {
    let extended = json!({"secrecy": "SEC-UNW-secret-0", "document_sha256": digest("an extension"),
        "ordered_at": "2022-10-11T00:00:00.000Z", "to": "2022-10-20T00:00:00.000Z"});
    let renewed = json!({"document_sha256": digest("again"), "until": "2040-01-01T00:00:00.000Z"});
    let credited = json!({"invoice": "INV-NONE", "credited": 1, "reason": "a gift"});
    let lifted = json!({"hold": 5, "document_sha256": digest("lifted")});
    let recalled =
        json!({"production": "PRD-NONE", "ground": "over_production", "letter_sha256": digest("back")});
    let lost = json!({"incident": "INC-PLANTED-LOST", "kind": "agency_key_compromised", "agency": "us-federal",
        "requests": [], "since": "2022-10-01T00:00:00.000Z", "productions": [], "report_sha256": digest("lost")});
    let opened = opening(forger, "UNW-collection-0", "D-UNW-collection-0", "p-collector");
    let law: Value =
        serde_json::from_str(forger.events[1].data.get()).expect("the founding adopts the policy");
    let wider = law["text"].as_str().expect("a text").replace("\"warrant\"", "\"court_order\"");
    let policy = json!({"sha256": digest(&wider), "text": wider, "proposal": null});
    vec![
        plant("secrecy.extended", Some("UNW-secret-0"), "p-counsel", extended, Some("I-28")),
        plant("preserve.renewed", Some("UNW-preserved-0"), "p-reviewer", renewed, Some("I-40")),
        plant("cost.credited", Some("A1-0000"), "p-senior", credited, Some("I-41")),
        plant("hold.lifted", Some("A1-0000"), "p-counsel", lifted, Some("I-49")),
        plant("recall.requested", Some("A1-0000"), "p-counsel", recalled, Some("I-04")),
        plant("policy.activated", None, "p-senior", policy, Some("I-50")),
        // The agency's key is lost; the incident lists none of its bundles, and the next is collected for that key.
        plant("incident.opened", None, "p-senior", lost, Some("I-34")),
        plant("disclosure.opened", Some("UNW-collection-0"), DAEMON, opened, Some("I-33")),
    ]
}
