//! Which way a demand goes: what its instrument reaches, by process alone or by more.
//!
//! One question for each kind of request; the review asks it once, with everything before.

use std::collections::BTreeSet;

use super::{civil, emergency, security};
use crate::model::class::DataClass;
use crate::practice::case::{Case, Classified, Stage, Step};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{Instrument, Path};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::matrix;
use crate::practice::vocabulary::{Nature, RequestKind};

/// What a demand may reach.
#[derive(Debug)]
pub(super) struct Reach<'p> {
    /// The instrument, judged class by class through the matrix.
    pub(super) instrument: &'p Instrument,
    /// Classes it reaches beside the matrix: a litigant's, by the owner's consent.
    pub(super) by_consent: BTreeSet<DataClass>,
    /// Classes it reaches at most: an emergency's need statements. `None`: no such limit.
    pub(super) at_most: Option<BTreeSet<DataClass>>,
}

impl<'p> Reach<'p> {
    /// What the instrument alone reaches.
    pub(super) const fn by_process(instrument: &'p Instrument) -> Self {
        Self { instrument, by_consent: BTreeSet::new(), at_most: None }
    }
}

/// What may be judged item by item; an error is why nothing can.
pub(super) fn open<'p>(
    context: &Context<'p>,
    case: &Case,
    classified: &Classified,
) -> Result<Reach<'p>, Refusal> {
    let instrument = instrument(context, classified)?;
    match (case.received.kind, instrument.path) {
        (RequestKind::LegalDemand, Path::Criminal) => criminal(context, classified, instrument),
        (RequestKind::Emergency, Path::Emergency) => emergency::reach(context, case, classified, instrument),
        (RequestKind::Civil, Path::Civil) => civil::reach(context, case, classified, instrument),
        (RequestKind::NationalSecurity, Path::NationalSecurity) => {
            security::reach(context, case, classified, instrument)
        }
        _ => Err(none(Rule::S14, format!("{} does not answer such a request", instrument.code))),
    }
}

/// S-14: whether no finding would ever let such a demand be reviewed: its instrument, or whoever sends
/// it, is not answered at all.
pub(super) fn is_none(context: &Context<'_>, kind: RequestKind, classified: &Classified) -> bool {
    let Ok(instrument) = instrument(context, classified) else { return true };
    let is_answered = is_answered(context, classified, instrument).is_ok();
    match (kind, instrument.path) {
        (RequestKind::Emergency, Path::Emergency) => false,
        (RequestKind::LegalDemand, Path::Criminal)
        | (RequestKind::Civil, Path::Civil)
        | (RequestKind::NationalSecurity, Path::NationalSecurity)
        | (RequestKind::Preservation, _) => !is_answered,
        _ => true,
    }
}

/// S-25: an instrument that the policy knows, and that existed when it was issued (S-19).
fn instrument<'p>(context: &Context<'p>, classified: &Classified) -> Result<&'p Instrument, Refusal> {
    let policy = &context.force.policy.value;
    let instrument = policy
        .instrument(&classified.instrument)
        .ok_or_else(|| none(Rule::S25, format!("the policy has no instrument {}", classified.instrument)))?;
    if instrument.applies_from.is_some_and(|from| classified.issued_at < from) {
        return Err(none(Rule::S19, format!("{} did not exist when this was issued", instrument.code)));
    }
    Ok(instrument)
}

/// S-33, S-52: compulsory process for stored data, for a criminal matter, of a country that is answered.
fn criminal<'p>(
    context: &Context<'p>,
    classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    // The European orders serve a criminal investigation in an emergency too, with a time of its own.
    let is_emergency = classified.nature == Nature::Emergency && instrument.emergency_hours.is_some();
    if classified.nature != Nature::Criminal && !is_emergency {
        return Err(none(Rule::S33, format!("{} serves criminal investigations only", instrument.code)));
    }
    is_answered(context, classified, instrument)?;
    Ok(Reach::by_process(instrument))
}

/// S-25, S-52: the authority's country is answered, and the instrument is one of its own.
pub(super) fn is_answered(
    context: &Context<'_>,
    classified: &Classified,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    matrix::is_countrys(&context.force.policy.value, instrument, classified.country).map_err(|rule| {
        none(rule, format!("{} is not answered to an authority of {}", instrument.code, classified.country))
    })
}

/// Nothing of the demand can be reviewed.
pub(super) fn none(rule: Rule, reason: String) -> Refusal {
    Refusal::invalid(rule, "", reason, "reject it, or have it withdrawn")
}

/// I-03: nothing is found about a demand that is not classified.
pub(super) fn is_classified<'c>(context: &Context<'_>, case: &'c Case) -> Result<&'c Classified, Refusal> {
    is_open(context.kind, case)?;
    match (case.stage, &case.classified) {
        (Stage::Screening | Stage::Reviewed, Some(classified)) => Ok(classified),
        _ => Err(not_now(context.kind, "the demand is not classified")),
    }
}

/// I-03: findings come once the demand is classified, and before a bundle is sealed.
pub(super) fn may_find<'c>(context: &Context<'_>, case: &'c Case) -> Result<&'c Classified, Refusal> {
    let classified = is_classified(context, case)?;
    if case.live_disclosure().is_some_and(|live| live.step >= Step::Sealed) {
        return Err(not_now(context.kind, "a bundle is sealed"));
    }
    Ok(classified)
}

/// The case after a finding: what was reviewed before rested on another one (I-10). What ended, or
/// is in quarantine, stays so (I-18, I-33).
pub(super) fn unreviewed(context: &Context<'_>, case: &Case) -> Case {
    let mut case = touched(context, case);
    if case.stage == Stage::Reviewed {
        case.stage = Stage::Screening;
    }
    case.review = None;
    case
}
