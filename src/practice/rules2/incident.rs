//! What should not have happened (I-34).

use std::collections::BTreeSet;

use super::publication::{has_room, recording};
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, ProductionId, RequestId};
use crate::model::time::DAY_MS;
use crate::practice::case::Case;
use crate::practice::change::{Change, Claim, LostKey};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now};
use crate::practice::records::{
    BUNDLES_TOLD_OF_MAX, INCIDENTS_MAX, INCIDENTS_OWED_MAX, LOST_RECIPIENTS_MAX, Mishap, OwedIncident,
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
    let lost = lost_recipients(context, data)?;
    let change = recording(context, |records| {
        records.lost_recipients.extend(lost);
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

/// What the agency's bundles are no longer encrypted to: which recipients those are that were in use when
/// its key was lost, the directory in force says. One that began later took the place of a lost one.
fn lost_recipients(context: &Context<'_>, data: &IncidentOpened) -> Result<BTreeSet<Digest>, Refusal> {
    let agency = data.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
    let Some((agency, since)) = agency.zip(data.since) else { return Ok(BTreeSet::new()) };
    let before = agency.recipients.iter().filter(|recipient| recipient.valid_from <= since);
    let lost: BTreeSet<_> = before.map(|recipient| Digest::of(recipient.age.as_bytes())).collect();
    has_room(context, context.world.records.lost_recipients.len() + lost.len(), LOST_RECIPIENTS_MAX + 1)?;
    Ok(lost)
}

/// I-33: nothing is encrypted to, approved for or released to a recipient whose key is in other hands,
/// however long the directory still lists it.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let lost = &context.world.records.lost_recipients;
    let agency = case.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
    let Some(agency) = agency.filter(|_| !lost.is_empty()) else { return Ok(()) };
    if agency.recipient_digests_at(case.readers(), context.stamp.time).is_disjoint(lost) {
        return Ok(());
    }
    let reason = format!("an incident says that a key of {} is in other hands", agency.id);
    let cure = "have the directory changed to a new recipient; destroy what is sealed to the old one";
    Err(Refusal::conflict(Rule::I33, "", reason, cure))
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
    // An incident of another kind was about something else, as far as the log knows.
    let tells = |kind| mishap.is_told_by(kind) && kind != IncidentKind::Other;
    for (production, _) in records.bundles_told_of.iter().filter(|(_, kind)| tells(*kind)) {
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
        | IncidentKind::PrivilegedDisclosed
            if data.productions.is_empty() =>
        {
            "/data/productions"
        }
        _ => return Ok(()),
    };
    let reason = "an incident of that kind names the agency and the bundles it touches";
    Err(Refusal::invalid(Rule::I34, missing, reason, "look the bundles up in the log, and name each"))
}
