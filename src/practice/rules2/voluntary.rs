//! What the provider reports by itself (S-35 … S-38, I-38, I-39), and what it declines (S-92).
//!
//! None of it is a request: nothing here opens a case, so no count of demands can hold it (I-39).

use super::publication::{has_room, recording};
use crate::model::class::DataClass;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::change::{Change, Claim};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now};
use crate::practice::records::NCMEC_MAX;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{
    AttackNotified, NcmecExpired, NcmecReported, VoluntaryBasis, VoluntaryDeclined, VoluntaryDisclosed,
};
use crate::practice::world::World;

/// The one recipient of reports on the exploitation of children.
const NCMEC: &str = "NCMEC";
/// A year, for which such data is kept (18 USC 2258A(h)), in milliseconds.
const YEAR_MS: i64 = 365 * DAY_MS;
/// Longest text in bytes.
const TEXT_BYTES_MAX: usize = 4096;

pub(super) fn disclosed(context: &Context<'_>, data: &VoluntaryDisclosed) -> Result<Change, Refusal> {
    has_a_ground(data)?;
    classes_are_few(data)?;
    let agency = context.force.directory.value.agency(&data.recipient);
    if !agency.is_some_and(|agency| agency.is_valid_at(context.stamp.time)) {
        let reason = format!("the directory in force has no valid agency {}", data.recipient);
        return Err(Refusal::invalid(
            Rule::S35,
            "/data/recipient",
            reason,
            "have the agency registered first",
        ));
    }
    Ok(Change::nothing().claiming(Claim::Report(data.report.clone())))
}

/// S-35, S-38: one of two grounds, and a victim exactly where somebody is one.
fn has_a_ground(data: &VoluntaryDisclosed) -> Result<(), Refusal> {
    let fits = match (data.basis, &data.victim) {
        (VoluntaryBasis::Threat, None) => true,
        (VoluntaryBasis::Victim, Some(victim)) => {
            !victim.crime.is_empty() && victim.crime.len() <= TEXT_BYTES_MAX
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let reason = "the basis victim, and it alone, names the victim and the crime";
    Err(Refusal::invalid(Rule::S38, "/data/victim", reason, "say who the victim is and of which crime"))
}

/// S-37: content is never reported this way; an emergency request is the way for that.
fn classes_are_few(data: &VoluntaryDisclosed) -> Result<(), Refusal> {
    let may =
        |class: &DataClass| matches!(class, DataClass::Existence | DataClass::Bsi | DataClass::RecordsOther);
    let distinct = data.classes.iter().collect::<std::collections::BTreeSet<_>>().len() == data.classes.len();
    if !data.classes.is_empty() && distinct && data.classes.iter().all(may) {
        return Ok(());
    }
    let reason = "a voluntary report holds existence, bsi or records_other, each named once";
    Err(Refusal::invalid(Rule::S37, "/data/classes", reason, "report less, or wait for an emergency request"))
}

pub(super) fn declined(context: &Context<'_>, data: &VoluntaryDeclined) -> Result<Change, Refusal> {
    let known = |id| context.force.directory.value.agency(id).is_some();
    if data.agency.as_ref().is_none_or(known) {
        return Ok(Change::nothing());
    }
    let reason = "the directory in force has no such agency";
    Err(Refusal::invalid(Rule::S92, "/data/agency", reason, "send agency: null"))
}

pub(super) fn ncmec_reported(context: &Context<'_>, data: &NcmecReported) -> Result<Change, Refusal> {
    if data.recipient != NCMEC {
        let reason = "such a report goes to NCMEC and to nobody else";
        return Err(Refusal::invalid(Rule::S36, "/data/recipient", reason, "send recipient: \"NCMEC\""));
    }
    if data.cybertip.is_empty() || data.cybertip.len() > TEXT_BYTES_MAX {
        let reason = "the number that NCMEC gave it is missing or too long";
        return Err(Refusal::invalid(Rule::S36, "/data/cybertip", reason, "name the CyberTipline report"));
    }
    follow_each_other(context, Rule::S36, "/data/reported_at", data.known_at, data.reported_at)?;
    if data.preserved_until < data.reported_at.saturating_add_ms(YEAR_MS) {
        let reason = "what was reported is kept for a year at least";
        return Err(Refusal::invalid(
            Rule::I38,
            "/data/preserved_until",
            reason,
            "keep it for 365 days or more",
        ));
    }
    has_room(context, context.world.records.ncmec.len(), NCMEC_MAX)?;
    let change = recording(context, |records| {
        records.ncmec.insert(data.report.clone(), (context.stamp.index, data.preserved_until));
    });
    Ok(change.claiming(Claim::Report(data.report.clone())))
}

/// I-38: not within the year.
pub(super) fn ncmec_expired(context: &Context<'_>, data: &NcmecExpired) -> Result<Change, Refusal> {
    let Some((_, until)) = context.world.records.ncmec.get(&data.report) else {
        return Err(not_now(context.kind, "nothing is kept under that report"));
    };
    if data.deleted_at < *until || data.deleted_at > context.stamp.time {
        let reason = format!("deleted_at is before {until}, or in the future");
        return Err(Refusal::invalid(
            Rule::I38,
            "/data/deleted_at",
            reason,
            "keep it until its time is over",
        ));
    }
    Ok(recording(context, |records| {
        records.ncmec.remove(&data.report);
    }))
}

/// S-73, S-74: in the policy's fixed words.
pub(super) fn attack_notified(context: &Context<'_>, data: &AttackNotified) -> Result<Change, Refusal> {
    follow_each_other(context, Rule::S73, "/data/notified_at", data.known_at, data.notified_at)?;
    if context.force.policy.value.attack_notice_sha256 == Some(data.template_sha256) {
        return Ok(Change::nothing());
    }
    let reason = "the text is not the one that the policy in force fixes";
    let cure = "use the policy's text, or adopt a policy with another attack_notice_sha256";
    Err(Refusal::invalid(Rule::S74, "/data/template_sha256", reason, cure))
}

fn follow_each_other(
    context: &Context<'_>,
    rule: Rule,
    pointer: &str,
    first: Timestamp,
    second: Timestamp,
) -> Result<(), Refusal> {
    if first <= second && second <= context.stamp.time {
        return Ok(());
    }
    let reason = "the two times are not in order, or in the future";
    Err(Refusal::invalid(rule, pointer, reason, "say when it was known and when it was told, in UTC"))
}

/// What is kept for NCMEC may go at its time.
pub(super) fn due(world: &World, due: &mut Vec<Due>) {
    for (report, (index, until)) in &world.records.ncmec {
        let mut end = Due::new(*until, Deadline::NcmecEnd, None, *index);
        end.report = Some(report.clone());
        due.push(end);
    }
}
