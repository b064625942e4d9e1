//! What the forger plants, and the number each is found by.

mod late;
mod past;
mod under_way;

use std::collections::BTreeSet;
use std::path::Path;

use probity::model::digest::Digest;
use probity::model::event::Event;
use probity::model::id::{EventId, RequestId};
use serde_json::Value;

use super::forger::Forger;

/// One planted event, and the rule it breaks; what only leads up to another breaks none.
struct Plant {
    type_: &'static str,
    request: Option<&'static str>,
    actor: &'static str,
    data: Value,
    breaks: Option<&'static str>,
}

const fn plant(
    type_: &'static str,
    request: Option<&'static str>,
    actor: &'static str,
    data: Value,
    breaks: Option<&'static str>,
) -> Plant {
    Plant { type_, request, actor, data, breaks }
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Plants everything at the end of the home's log, publishes it, and has it audited.
pub(super) fn each_is_found_by_its_number(home: &Path) {
    let mut forger = Forger::of(home);
    let mut expected = BTreeSet::new();
    for plants in [under_way::plants, past::plants, late::plants] {
        for plant in plants(&forger) {
            let index = write(&mut forger, &plant);
            expected.extend(plant.breaks.map(|rule| (rule.to_owned(), index)));
        }
    }
    forger.wait(9);
    let (passed, neglected) = late::passed(&forger);
    write(&mut forger, &passed);
    expected.extend(neglected.map(|(rule, set_by)| (rule.to_owned(), set_by)));
    let forged = home.join("forged");
    forger.publish(&home.join("export"), &forged);
    let ended = super::verified(home, &forged).expect(1);
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let found: BTreeSet<(String, u64)> = findings
        .iter()
        .map(|finding| {
            let text = |member: &str| finding[member].as_str().map(str::to_owned);
            (text("rule").unwrap_or_else(|| finding.to_string()), finding["index"].as_u64().unwrap_or(0))
        })
        .collect();
    assert_eq!(found, expected, "{findings:#?}");
    assert!(expected.len() >= 50);
}

fn write(forger: &mut Forger, plant: &Plant) -> u64 {
    let event = Event {
        rules: 2,
        id: EventId::new(&format!("planted-{}", forger.size())).expect("an id"),
        type_: plant.type_.to_owned(),
        request: plant.request.map(|id| RequestId::new(id).expect("an id")),
        actor: plant.actor.to_owned(),
        policy: forger.events.last().expect("there are events").policy,
        data: serde_json::value::to_raw_value(&plant.data).expect("JSON"),
        envelopes: Vec::new(),
    };
    forger.write(event)
}
