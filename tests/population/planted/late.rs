//! What is planted as not done: duties whose time passes, and that nobody fulfils.

use probity::practice::DAEMON;
use serde_json::json;

use super::super::forger::Forger;
use super::{Plant, digest, plant};

const DAY_MS: i64 = 86_400_000;

/// A court lifts the secrecy of a delivered bundle; and nobody is told.
pub(super) fn plants(forger: &Forger) -> Vec<Plant> {
    let now = forger.time(forger.size() - 1);
    let vacated =
        json!({"secrecy": "SEC-UNW-secret-1", "document_sha256": digest("lifted"), "ended_at": now});
    vec![plant("secrecy.vacated", Some("UNW-secret-1"), "p-counsel", vacated, None)]
}

/// Nine days later the daemon's clock says of one duty that it passed, and of the others nothing.
pub(super) fn passed(forger: &Forger) -> (Plant, [(&'static str, u64); 3]) {
    let first = |type_: &str| {
        let found = forger.events.iter().position(|event| event.type_ == type_);
        u64::try_from(found.unwrap_or_else(|| panic!("there is {type_}"))).expect("few")
    };
    let (vacated, reviewed) = (first("secrecy.vacated"), first("process.reviewed"));
    let due_at = forger.time(vacated - 1).saturating_add_ms(7 * DAY_MS);
    let data = json!({"deadline": "notice", "set_by": vacated, "due_at": due_at});
    let passed = plant("deadline.passed", Some("UNW-secret-1"), DAEMON, data, None);
    let (released, _) = forger.first("UNW-followup-0", "bundle.released");
    (passed, [("I-25", vacated), ("I-32", released), ("I-58", reviewed)])
}
