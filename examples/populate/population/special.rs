//! The lives of what is no legal demand: emergencies, preservations, litigants' demands, national
//! security, capabilities.

use probity::model::approval::Kind;
use probity::practice::vocabulary::EventType as E;
use serde_json::{Value, json};

use super::demand::{DAY, Demand, Found, Secrecy, at, consumer};
use super::people::{
    Agency, CONFIRMED, COUNSEL, ELSEWHERE, FEDERAL, PRIVACY, REVIEWER, SENIOR, STATE, THIRD,
};
use super::press::time_of;
use super::seed::digest;
use super::tale::{Tale, Writer};

/// A demand about one consumer's account, received an hour before its tick.
pub(super) fn about_a_consumer(name: &str, tick: i64, agency: Agency) -> Demand {
    Demand {
        name: name.to_owned(),
        kind: "legal_demand",
        agency,
        instrument: "us.subpoena",
        issuer: "grand_jury",
        nature: "criminal",
        classes: &["bsi"],
        accounts: vec![consumer(&format!("{}@mail.example", name.to_lowercase()), Some("US"))],
        received_at: at(time_of(tick) - 3_600_000),
        version: 1,
    }
}

/// How an emergency ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emergency {
    /// Content leaves, with a third person's approval.
    Content,
    /// Who it is leaves.
    Noncontent,
    /// It is none.
    Rejected,
}

/// An emergency, of the United States or of elsewhere.
pub(super) fn emergency(name: &str, tick: i64, is_us: bool, ending: Emergency) -> Tale {
    let classes: &[&str] = if ending == Emergency::Content { &["bsi", "content_stored"] } else { &["bsi"] };
    let demand = Demand {
        kind: "emergency",
        instrument: "us.emergency_2702",
        issuer: "governmental_entity",
        nature: "emergency",
        classes,
        ..about_a_consumer(name, tick, if is_us { STATE } else { ELSEWHERE })
    };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(&mut tale);
    if ending == Emergency::Rejected {
        demand.is_rejected(tale.later(1), "not_authorised");
        return tale.end();
    }
    demand.is_screened(&mut tale);
    is_assessed(&mut tale, &demand);
    demand.is_reviewed(&mut tale);
    if ending == Emergency::Content {
        tale.approve(Kind::Emergency, THIRD, "senior_reviewer");
    }
    demand.is_collected(&mut tale, Found::All);
    let review_by = at(time_of(tale.tick() + 30 * DAY));
    tale.say(
        E::NoticeWithheld,
        PRIVACY,
        json!({"accounts": null, "ground": "danger", "evidence_sha256": digest(&format!("{name} danger")),
            "other_contact_tried": false, "review_by": review_by}),
    );
    demand.leaves(tale.later(1));
    // No process follows in time, and somebody looks into it; then the danger is over.
    tale.later(11 * DAY).say(
        E::FollowupLapsed,
        COUNSEL,
        json!({"note_sha256": digest(&format!("{name} lapsed"))}),
    );
    tale.later(9 * DAY).say(
        E::NoticeGroundLifted,
        PRIVACY,
        json!({"ground": "danger", "evidence_sha256": digest(&format!("{name} safe"))}),
    );
    demand.is_told(&mut tale);
    tale.end()
}

fn is_assessed(tale: &mut Writer, demand: &Demand) {
    let now = at(time_of(tale.tick()));
    let needs: Vec<Value> = demand
        .classes
        .iter()
        .map(|class| json!({"class": class, "statement": "to find the person"}))
        .collect();
    tale.say(
        E::EmergencyAssessed,
        REVIEWER,
        json!({"order": demand.order(), "reviewer": REVIEWER, "ground": "death", "category": "missing_person",
            "in_writing": true,
            "letterhead": {"reference_sha256": digest("letterhead"), "matches": true},
            "signer_title": "Chief of Police", "summary": "a person is missing",
            "how_data_assists": "it shows where the person is", "needs": needs}),
    );
    tale.say(
        E::CallbackMade,
        REVIEWER,
        json!({"agency": demand.agency.id, "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
            "number_dated": CONFIRMED, "called_at": now, "answer": "confirmed",
            "note_sha256": digest(&format!("{} call", demand.name))}),
    );
}

/// A preservation, which lapses after ninety days.
pub(super) fn preservation(name: &str, tick: i64) -> Tale {
    let demand = Demand {
        kind: "preservation",
        instrument: "us.preservation_2703f",
        issuer: "governmental_entity",
        classes: &["bsi", "content_stored"],
        ..about_a_consumer(name, tick, FEDERAL)
    };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(&mut tale);
    let until = time_of(tale.tick() + 90 * DAY);
    tale.say(
        E::PreserveStarted,
        REVIEWER,
        json!({"order": demand.order(), "accounts": demand.account_refs(), "until": at(until),
            "snapshot_sha256": digest(&format!("{name} snapshot"))}),
    );
    tale.later(90 * DAY + 1).say(E::PreserveLapsed, REVIEWER, json!({"deleted_at": at(until)}));
    tale.end()
}

/// A litigant's demand: with the owner's consent, without content, or rejected.
pub(super) fn civil(name: &str, tick: i64, nth: i64) -> Tale {
    let classes: &[&str] = if nth % 3 == 0 { &["bsi", "content_stored"] } else { &["bsi"] };
    let demand = Demand {
        kind: "civil",
        instrument: "us.civil_subpoena",
        issuer: "court_clerk",
        nature: "civil",
        classes,
        ..about_a_consumer(name, tick, STATE)
    };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(tale.later(1));
    if nth % 3 == 2 {
        demand.is_rejected(tale.later(1), "exceeds_jurisdiction");
        return tale.end();
    }
    demand.is_screened(&mut tale);
    if nth % 3 == 0 {
        tale.say(
            E::ConsentRecorded,
            REVIEWER,
            json!({"scope": demand.scope(), "document_sha256": digest(&format!("{name} consent")),
                "owner_proof_sha256": digest(&format!("{name} proof")), "by_every_owner": true,
                "is_voluntary": true, "given_at": at(time_of(tick) - 86_400_000), "expires_at": null}),
        );
    }
    demand.is_reviewed(&mut tale);
    demand.is_collected(&mut tale, Found::All);
    demand.is_delivered(&mut tale, Secrecy::None);
    tale.end()
}

/// An order about national security.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) instrument: &'static str,
    pub(super) issuer: &'static str,
    pub(super) classes: &'static [&'static str],
    pub(super) secrecy: &'static str,
    /// The accounts it names: so many, from that number on.
    pub(super) accounts: (u32, u32),
    /// How long it holds, in days.
    pub(super) days: i64,
}

/// An order about national security, from its receipt to its delivery.
pub(super) fn security(name: &str, tick: i64, order: Order) -> Tale {
    let (first, count) = order.accounts;
    let accounts = (first..first + count)
        .map(|number| consumer(&format!("{}-{number}@mail.example", order.instrument), Some("US")));
    let demand = Demand {
        kind: "national_security",
        instrument: order.instrument,
        issuer: order.issuer,
        nature: "national_security",
        classes: order.classes,
        accounts: accounts.collect(),
        ..about_a_consumer(name, tick, FEDERAL)
    };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(tale.later(1));
    demand.is_secret(&mut tale, order.secrecy, Secrecy::Days(1_000));
    demand.is_screened(&mut tale);
    tale.say(
        E::SecurityRecorded,
        REVIEWER,
        json!({"order": demand.order(), "selectors": count, "accounts": demand.account_refs(),
            "effective_from": demand.received_at,
            "effective_to": at(demand.received_at.as_ms() + order.days * 86_400_000),
            "is_certified": true, "tells_of_review": true, "capability_since": null}),
    );
    demand.is_reviewed(&mut tale);
    demand.is_collected(&mut tale, Found::All);
    demand.is_delivered(&mut tale, Secrecy::Days(1_000));
    tale.end()
}

/// A demand for a capability: rejected, by somebody senior.
pub(super) fn capability(name: &str, tick: i64) -> Tale {
    let demand = Demand { kind: "capability", ..about_a_consumer(name, tick, FEDERAL) };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_rejected(tale.later(DAY), "capability_demand");
    tale.end()
}

/// A subpoena that is answered after that many days, from its receipt at that very time.
pub(super) fn subpoena(name: &str, tick: i64, received_ms: i64, days: i64) -> Tale {
    let demand = Demand { received_at: at(received_ms), ..about_a_consumer(name, tick, FEDERAL) };
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(tale.later(days * DAY));
    demand.is_screened(&mut tale);
    demand.is_reviewed(&mut tale);
    demand.is_collected(&mut tale, Found::All);
    demand.is_delivered(&mut tale, Secrecy::None);
    tale.end()
}

/// A subpoena that nobody has decided about.
pub(super) fn pending(name: &str, tick: i64) -> Tale {
    let demand = about_a_consumer(name, tick, STATE);
    let mut tale = Writer::request(name.to_owned(), tick);
    demand.arrives(&mut tale);
    demand.is_classified(tale.later(1));
    demand.is_screened(&mut tale);
    tale.end()
}

/// A report to NCMEC, which is about no request.
pub(super) fn ncmec(name: &str, tick: i64) -> Tale {
    let now = time_of(tick);
    let mut tale = Writer::of_the_log(name.to_owned(), tick);
    tale.say(
        E::NcmecReported,
        SENIOR,
        json!({"report": name, "cybertip": format!("{name}-tip"), "recipient": "NCMEC",
            "known_at": at(now - 7_200_000), "reported_at": at(now - 3_600_000),
            "preserved_until": at(now + 400 * 86_400_000)}),
    );
    tale.end()
}
