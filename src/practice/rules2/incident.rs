//! What should not have happened (I-34).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::publication::{has_room, recording};
use crate::model::id::{AgencyId, ProductionId, RequestId};
use crate::model::time::DAY_MS;
use crate::practice::case::Case;
use crate::practice::change::{Change, Claim, LostKey};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now};
use crate::practice::records::{
    AGENCIES_MAX, BUNDLES_TOLD_OF_MAX, INCIDENTS_MAX, INCIDENTS_OWED_MAX, Mishap, OwedIncident,
};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{IncidentClosed, IncidentKind, IncidentOpened};
use crate::practice::world::World;

/// Most requests, and most bundles, of one incident.
const LIST_MAX: usize = 4096;

pub(super) fn opened(context: &Context<'_>, data: &IncidentOpened) -> Result<Change, Refusal> {
    is_a_list("/data/requests", &data.requests)?;
    is_a_list("/data/productions", &data.productions)?;
    names_what_it_touches(context, data)?;
    has_room(context, context.world.records.incidents.len(), INCIDENTS_MAX)?;
    let change = recording(context, |records| {
        records.incidents.insert(data.incident.clone(), context.stamp.index);
        let room = BUNDLES_TOLD_OF_MAX.saturating_sub(records.bundles_told_of.len());
        let told_of = data.productions.iter().map(|production| (production.clone(), data.kind));
        records.bundles_told_of.extend(told_of.take(room));
        records.incidents_owed.retain(|_, owed| !tells_of(data, owed));
    });
    let change = change.claiming(Claim::Incident(data.incident.clone()));
    let change = data.requests.iter().enumerate().fold(change, |change, (at, request)| {
        change.naming(Claim::Request(request.clone()), format!("/data/requests/{at}"))
    });
    let change = data.productions.iter().enumerate().fold(change, |change, (at, production)| {
        change.naming(Claim::Production(production.clone()), format!("/data/productions/{at}"))
    });
    Ok(match data.agency.clone().zip(data.since) {
        Some((agency, since)) => {
            change.losing(LostKey { agency, since, productions: data.productions.iter().cloned().collect() })
        }
        None => change,
    })
}

/// Whether the incident tells of all that is left of it; of several bundles it may name some.
fn tells_of(data: &IncidentOpened, owed: &mut OwedIncident) -> bool {
    if !owed.mishap.is_told_by(data.kind) {
        return false;
    }
    if owed.productions.is_empty() {
        return data.requests.contains(&owed.request);
    }
    owed.productions.retain(|production| !data.productions.contains(production));
    owed.productions.is_empty()
}

/// I-34 (cases 13, 21, 22, 32): a mishap is somebody's to look into, by an incident that names the
/// bundles, or the request of which none left.
pub(super) fn owing(
    context: &Context<'_>,
    mut change: Change,
    request: &RequestId,
    mishap: Mishap,
    mut productions: BTreeSet<ProductionId>,
) -> Change {
    let records = &context.world.records;
    let had_left = !productions.is_empty();
    for (production, _) in records.bundles_told_of.iter().filter(|(_, kind)| mishap.is_told_by(*kind)) {
        productions.remove(production);
    }
    let mut is_owed = had_left && productions.is_empty();
    for owed in records.incidents_owed.values().filter(|owed| owed.request == *request) {
        if owed.mishap == mishap {
            productions.retain(|production| !owed.productions.contains(production));
            is_owed |= productions.is_empty() && had_left != owed.productions.is_empty();
        }
    }
    if is_owed || records.incidents_owed.len() >= INCIDENTS_OWED_MAX {
        return change;
    }
    let owed = OwedIncident { request: request.clone(), mishap, productions, at: context.stamp.time };
    let recorded = recording(context, |records| {
        records.incidents_owed.insert(context.stamp.index, owed);
    });
    change.world = recorded.world;
    change
}

/// The bundles of the request that left.
pub(super) fn released(case: &Case) -> BTreeSet<ProductionId> {
    let left = case.disclosures.iter().filter(|disclosure| disclosure.released.is_some());
    left.filter_map(|disclosure| disclosure.production.clone()).collect()
}

/// I-34.
pub(super) fn due(world: &World, due: &mut Vec<Due>) {
    let Some(policy) = world.policy() else { return };
    let days = i64::from(policy.value.times.incident_days);
    due.extend(world.records.incidents_owed.iter().map(|(index, owed)| {
        Due::new(owed.at.saturating_add_ms(days * DAY_MS), Deadline::Incident, None, *index)
    }));
}

/// Once: what is closed stays closed; another incident has another name.
pub(super) fn closed(context: &Context<'_>, data: &IncidentClosed) -> Result<Change, Refusal> {
    if !context.world.records.incidents.contains_key(&data.incident) {
        return Err(not_now(context.kind, "no incident of that name is open"));
    }
    Ok(recording(context, |records| {
        records.incidents.remove(&data.incident);
    }))
}

/// An agency that leaves the directory, perhaps for the very key it lost, stays one that an incident may
/// name.
pub(super) fn remembering(context: &Context<'_>, mut change: Change) -> Change {
    if let Some(world) = &mut change.world {
        let mut records = (*world.records).clone();
        let before = context.force.directory.value.agencies().map(|agency| agency.id.clone());
        let room = AGENCIES_MAX.saturating_sub(records.agencies.len());
        let new: Vec<_> = before.filter(|id| !records.agencies.contains(id)).take(room).collect();
        records.agencies.extend(new);
        world.records = Arc::new(records);
    }
    change
}

fn is_a_list<T: Ord>(pointer: &str, list: &[T]) -> Result<(), Refusal> {
    if list.len() <= LIST_MAX && list.iter().collect::<BTreeSet<_>>().len() == list.len() {
        return Ok(());
    }
    let reason = format!("more than {LIST_MAX} names, or one twice");
    Err(Refusal::invalid(Rule::F06, pointer, reason, "name each once; open a second incident for the rest"))
}

/// I-34: a lost key of an agency touches every bundle that was sealed to it since, which only the
/// auditor sees all of ([`crate::practice::Replay::unlisted`]); an impostor got one.
fn names_what_it_touches(context: &Context<'_>, data: &IncidentOpened) -> Result<(), Refusal> {
    let is_lost_key = data.kind == IncidentKind::AgencyKeyCompromised;
    let is_known = |agency: &AgencyId| {
        context.force.directory.value.agency(agency).is_some()
            || context.world.records.agencies.contains(agency)
    };
    if !data.agency.as_ref().is_none_or(is_known) {
        let reason = "no directory that was ever in force has such an agency";
        return Err(Refusal::invalid(Rule::I34, "/data/agency", reason, "name it as the directory does"));
    }
    if data.since.is_some() != is_lost_key || data.since.is_some_and(|since| since > context.stamp.time) {
        let reason = "a lost key was lost at an instant that is over, and no other incident has one";
        return Err(Refusal::invalid(Rule::I34, "/data/since", reason, "say since when, at the earliest"));
    }
    let missing = match data.kind {
        IncidentKind::AgencyKeyCompromised if data.agency.is_none() => "/data/agency",
        IncidentKind::DisclosedToImpostor
        | IncidentKind::OverProduction
        | IncidentKind::QuashedAfterDelivery
            if data.productions.is_empty() =>
        {
            "/data/productions"
        }
        _ => return Ok(()),
    };
    let reason = "an incident of that kind names the agency and the bundles it touches";
    Err(Refusal::invalid(Rule::I34, missing, reason, "look the bundles up in the log, and name each"))
}
