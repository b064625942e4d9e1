//! The lives of legal demands, from the population's cells.

use probity::practice::vocabulary::EventType as E;
use serde_json::{Value, json};

use super::cells::{Answer, Cell, Ending, Instrument, Level, Place, Requester, Segment, Sought, Twist};
use super::demand::{Demand, Found, Secrecy, at, consumer};
use super::people::{Agency, ELSEWHERE, FEDERAL, LOCAL, STATE};
use super::press::time_of;
use super::seed::Seed;
use super::tale::{Tale, Writer};

/// One request of a cell.
pub(super) fn demand(cell: &Cell, nth: u32, tick: i64, twist: Twist, seed: Seed) -> Tale {
    let name = format!("{}-{nth:04}", cell.name);
    let received_at = at(time_of(tick) - 60_000 * (1 + seed.draw(&format!("{name}/minute"), 300)));
    let demand = Demand {
        kind: "legal_demand",
        agency: agency(cell),
        instrument: instrument(cell.instrument),
        issuer: issuer(cell.instrument),
        nature: "criminal",
        classes: classes(cell),
        accounts: vec![account(cell, &name, seed)],
        received_at,
        version: 1,
        name,
    };
    let secrecy = if nth < cell.secrecy_n { secrecy(&demand.name, seed) } else { Secrecy::None };
    tell(cell, demand, tick, twist, secrecy)
}

fn tell(cell: &Cell, mut demand: Demand, tick: i64, twist: Twist, secrecy: Secrecy) -> Tale {
    let mut tale = Writer::request(demand.name.clone(), tick);
    demand.arrives(&mut tale);
    demand.twists(&mut tale, twist);
    tale.later(1);
    demand.is_classified(&mut tale);
    demand.is_secret(&mut tale, "ndo.2705b", secrecy);
    let recorded = tale.tick();
    let is_enterprise = cell.segment != Segment::Consumer;
    match cell.outcome {
        Ending::Rejected => demand.is_rejected(tale.later(2), reason(cell)),
        Ending::Withdrawn => demand.is_withdrawn(tale.later(6)),
        Ending::Redirected => demand.is_redirected(&mut tale, E::RedirectAccepted),
        Ending::DisclosedContent | Ending::DisclosedNoncontent | Ending::NoData => {
            if is_enterprise {
                demand.is_redirected(&mut tale, E::RedirectRefused);
            }
            demand.is_screened(&mut tale);
            demand.is_reviewed(&mut tale);
            let found = if cell.outcome == Ending::NoData { Found::Nothing } else { Found::All };
            demand.is_collected(&mut tale, found);
            if found == Found::All {
                demand.is_delivered(&mut tale, secrecy);
            }
        }
    }
    demand.is_looked_at(&mut tale, secrecy, recorded);
    tale.end()
}

fn secrecy(name: &str, seed: Seed) -> Secrecy {
    match seed.draw(&format!("{name}/secrecy"), 20) {
        0 => Secrecy::Endless,
        1 | 2 => Secrecy::Days(90),
        _ => Secrecy::Days(365),
    }
}

fn agency(cell: &Cell) -> Agency {
    match (cell.requester_country, cell.level) {
        (Requester::NonUs, _) => ELSEWHERE,
        (Requester::US, Level::State) => STATE,
        (Requester::US, Level::Local) => LOCAL,
        (Requester::US, Level::Federal | Level::National) => FEDERAL,
    }
}

const fn instrument(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Warrant => "us.warrant_2703",
        Instrument::Subpoena => "us.subpoena",
        Instrument::Order => "us.order_2703d",
        Instrument::WarrantElsewhere => "uk.copo",
        Instrument::SubpoenaElsewhere => "uk.ipa_cd",
    }
}

const fn issuer(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Warrant | Instrument::Order => "judge",
        Instrument::Subpoena => "grand_jury",
        Instrument::WarrantElsewhere => "crown_court_judge",
        Instrument::SubpoenaElsewhere => "ocda",
    }
}

const fn classes(cell: &Cell) -> &'static [&'static str] {
    match (cell.sought, cell.instrument) {
        (Sought::Content, _) => &["bsi", "content_stored"],
        (Sought::Noncontent, Instrument::Order) => &["bsi", "records_other"],
        (Sought::Noncontent, _) => &["bsi"],
    }
}

/// Why a demand of the cell is rejected.
const fn reason(cell: &Cell) -> &'static str {
    match (cell.instrument, cell.sought) {
        (Instrument::Subpoena, Sought::Content) => "exceeds_authority",
        (Instrument::Warrant, _) => "material_mistake",
        _ => "overly_broad",
    }
}

fn account(cell: &Cell, name: &str, seed: Seed) -> Value {
    let hosted_in = match (cell.content_location, cell.customer_us) {
        (Place::NonUs, _) => Some("IE"),
        (Place::Na, Answer::False) => None,
        (Place::Us | Place::Na, _) => Some("US"),
    };
    let mut account = consumer(&format!("{}@mail.example", name.to_lowercase()), hosted_in);
    let (segment, seats) = match cell.segment {
        Segment::Consumer => return account,
        Segment::CommercialLe50 => ("commercial", 1 + seed.draw(&format!("{name}/seats"), 50)),
        Segment::EnterpriseGt50 => ("commercial", 51 + seed.draw(&format!("{name}/seats"), 5_000)),
    };
    account["segment"] = json!(segment);
    account["seats"] = json!(seats);
    account["customer"] = json!(format!("cus-{}", name.to_lowercase()));
    if cell.customer_us == Answer::False {
        account["customer_country"] =
            json!(if cell.requester_country == Requester::US { "IE" } else { "GB" });
        account["us_person"] = json!(false);
    }
    account
}
