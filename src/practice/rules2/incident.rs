//! What should not have happened (I-34).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::publication::{has_room, recording};
use crate::model::id::{AgencyId, ProductionId, RequestId};
use crate::model::time::DAY_MS;
use crate::practice::change::{Change, Claim, LostKey};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now};
use crate::practice::records::{
    AGENCIES_MAX, INCIDENT_BUNDLES_MAX, INCIDENTS_MAX, UNEXPLAINED_MAX, Unexplained,
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
        let room = INCIDENT_BUNDLES_MAX.saturating_sub(records.incident_bundles.len());
        records.incident_bundles.extend(data.productions.iter().take(room).cloned());
        records.unexplained.retain(|_, open| match &open.production {
            Some(production) => !data.productions.contains(production),
            None => !data.requests.contains(&open.request),
        });
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

/// I-34 (cases 13, 21, 22, 32): what a recall or a denial shows is somebody's to look into, by an incident
/// that names the bundle, or the request of which none left.
pub(super) fn showing(
    context: &Context<'_>,
    mut change: Change,
    request: &RequestId,
    production: Option<&ProductionId>,
) -> Result<Change, Refusal> {
    let records = &context.world.records;
    let waits = |open: &Unexplained| open.request == *request && open.production.as_ref() == production;
    if production.is_some_and(|production| records.incident_bundles.contains(production))
        || records.unexplained.values().any(waits)
    {
        return Ok(change);
    }
    if records.unexplained.len() >= UNEXPLAINED_MAX {
        let reason = "as many recalls and denials wait for an incident as may";
        return Err(Refusal::conflict(Rule::I34, "/type", reason, "open the incidents, then record this"));
    }
    let shown =
        Unexplained { request: request.clone(), production: production.cloned(), at: context.stamp.time };
    change.world = recording(context, |records| {
        records.unexplained.insert(context.stamp.index, shown);
    })
    .world;
    Ok(change)
}

/// I-34.
pub(super) fn due(world: &World, due: &mut Vec<Due>) {
    let Some(policy) = world.policy() else { return };
    let days = i64::from(policy.value.times.incident_days);
    due.extend(world.records.unexplained.iter().map(|(index, shown)| {
        Due::new(shown.at.saturating_add_ms(days * DAY_MS), Deadline::Incident, None, *index)
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
