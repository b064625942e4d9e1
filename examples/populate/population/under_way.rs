//! What is under way when the log ends: demands of its last days, each left before another step.
//!
//! A ledger that somebody looks at has them always, and an auditor is to find nothing in them.

use probity::practice::vocabulary::EventType as E;
use serde_json::json;

use super::demand::{DAY, Demand, Found, Secrecy};
use super::people::{FEDERAL, STATE};
use super::press::END_TICK;
use super::special::{self, Emergency, about_a_consumer};
use super::tale::{Tale, Writer};

/// Most of them come three days before the end: time for everything up to the seal.
const BEGIN: i64 = END_TICK - 3 * DAY;

/// All of them, by what each waits for.
pub(super) fn all() -> Vec<Tale> {
    let mut tales = Vec::new();
    let of_a_warrant = [
        ("review", E::ReviewCompleted, 3),
        ("approval", E::ApprovalGiven, 1),
        ("collection", E::CustodyChecked, 3),
        ("plan", E::DataPlanned, 1),
        ("filter", E::DataFiltered, 1),
        ("tally", E::DataTallied, 1),
        ("seal", E::BundleSealed, 1),
        ("notice", E::NoticeSent, 3),
    ];
    for (waits_for, next, count) in of_a_warrant {
        for nth in 0..count {
            tales.push(warrant(&format!("UNW-{waits_for}-{nth}")).before(next));
        }
    }
    tales.push(of_an_organisation("UNW-redirect-0"));
    tales.push(abroad("UNW-comity-0").before(E::ComityAssessed));
    tales.push(secret("UNW-secret-0"));
    tales.push(secret("UNW-secret-1"));
    tales.push(special::civil("UNW-consent-0", BEGIN, 0).before(E::CustodyChecked));
    tales.push(special::preservation("UNW-preserved-0", BEGIN).before(E::PreserveLapsed));
    tales.push(
        special::emergency("UNW-third-0", END_TICK - 3, true, Emergency::Content).before(E::CustodyChecked),
    );
    tales.push(
        special::emergency("UNW-followup-0", BEGIN, true, Emergency::Noncontent).before(E::FollowupLapsed),
    );
    tales
}

fn by_warrant(name: &str) -> Demand {
    Demand {
        instrument: "us.warrant_2703",
        issuer: "judge",
        classes: &["bsi", "content_stored"],
        ..about_a_consumer(name, BEGIN, FEDERAL)
    }
}

/// From its receipt to what the log's end leaves of it.
fn warrant(name: &str) -> Tale {
    let demand = by_warrant(name);
    let mut tale = Writer::request(name.to_owned(), BEGIN);
    demand.arrives(&mut tale);
    demand.is_classified(&mut tale);
    demand.is_screened(&mut tale);
    demand.is_reviewed(&mut tale);
    demand.is_collected(&mut tale, Found::All);
    demand.is_told(&mut tale);
    tale.end()
}

/// An organisation's account, and nobody has sent the demand on to it.
fn of_an_organisation(name: &str) -> Tale {
    let mut demand = about_a_consumer(name, BEGIN, STATE);
    for account in &mut demand.accounts {
        account["segment"] = json!("commercial");
        account["seats"] = json!(240);
        account["customer"] = json!("cus-under-way");
    }
    screened(&demand)
}

/// Content that lies in Ireland.
fn abroad(name: &str) -> Tale {
    let mut demand = by_warrant(name);
    for account in &mut demand.accounts {
        account["hosted_in"] = json!("IE");
    }
    screened(&demand)
}

/// Delivered under an order not to tell that holds for a year.
fn secret(name: &str) -> Tale {
    let demand = about_a_consumer(name, BEGIN, STATE);
    let mut tale = Writer::request(name.to_owned(), BEGIN);
    demand.arrives(&mut tale);
    demand.is_classified(&mut tale);
    demand.is_secret(&mut tale, "ndo.2705b", Secrecy::Days(365));
    demand.is_screened(&mut tale);
    demand.is_reviewed(&mut tale);
    demand.is_collected(&mut tale, Found::All);
    demand.is_delivered(&mut tale, Secrecy::Days(365));
    tale.end()
}

fn screened(demand: &Demand) -> Tale {
    let mut tale = Writer::request(demand.name.clone(), BEGIN);
    demand.arrives(&mut tale);
    demand.is_classified(&mut tale);
    demand.is_screened(&mut tale);
    tale.end()
}
