//! The review: what may go on, what is refused, and under exactly which rule.

use std::collections::{BTreeMap, BTreeSet};

use super::intake::{has_not_ended, is_current_order};
use super::{Context, is_open, matrix, not_now, touched};
use crate::model::class::DataClass;
use crate::model::id::ServiceId;
use crate::model::scope::{Scope, ScopeItem};
use crate::practice::case::{Case, Classified, Review, Stage};
use crate::practice::change::{Change, Mark};
use crate::practice::policy::{Instrument, Path, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{LeafRef, Nature, RefusedItem, RequestKind, ReviewCompleted};
use crate::tlog::Hash;

/// Most provisions of law a review cites.
const LAW_MAX: usize = 64;
/// Longest citation or reason in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// Why a reviewer may refuse an item that the instrument reaches.
pub(in crate::practice) const REASONS: [Rule; 8] =
    [Rule::S15, Rule::S16, Rule::S17, Rule::S18, Rule::S19, Rule::S20, Rule::S21, Rule::S22];

pub(in crate::practice) fn completed(
    context: &Context<'_>,
    case: &Case,
    data: ReviewCompleted,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.live_disclosure().is_some() {
        return Err(not_now(context.kind, "a collection is under way or done"));
    }
    let (Stage::Screening | Stage::Reviewed, Some(classified)) = (case.stage, &case.classified) else {
        return Err(not_now(context.kind, "the demand is not classified"));
    };
    is_current_order(case, &data.order)?;
    has_not_ended(context, case)?;
    reviewer_may(context, classified, &data)?;
    law_was_read(&data)?;
    let active = context.force.policy;
    let policy = &active.value;
    let instrument = has_a_path(policy, case, classified)?;
    is_addressed(policy, classified, &data)?;
    let refused = refused_by_item(&data.refused, classified)?;
    items_are_judged(policy, instrument, classified, &refused)?;
    is_within_what_may_go_on(policy, classified, &refused, &data)?;
    let context_ref = LeafRef { index: context.stamp.index, leaf: Hash::ZERO };
    let mut case = touched(context, case);
    case.stage = Stage::Reviewed;
    case.review = Some(Review {
        context: context_ref,
        policy: active.sha256,
        reviewer: data.reviewer,
        scope: data.scope,
        refused: data.refused,
    });
    Ok(Change::of_case(case).marking(Mark::Review))
}

/// S-07, S-50: a person in the role, valid now, qualified for the country; the event's actor.
pub(in crate::practice) fn reviewer_may(
    context: &Context<'_>,
    classified: &Classified,
    data: &ReviewCompleted,
) -> Result<(), Refusal> {
    let forbidden = |rule, reason: &str| {
        let cure = "have a qualified reviewer review it";
        Err(Refusal::forbidden(rule, "/data/reviewer", reason, cure))
    };
    if context.event.actor.as_str() != data.reviewer.as_str() {
        return forbidden(Rule::S07, "the reviewer is not the event's actor");
    }
    let person = context.force.roles.value.person(&data.reviewer);
    let Some(person) = person.filter(|person| person.is_valid_at(context.stamp.time)) else {
        return forbidden(Rule::S07, "the reviewer is not in the roles in force");
    };
    if !person.roles.contains(&Role::Reviewer) && !person.roles.contains(&Role::SeniorReviewer) {
        return forbidden(Rule::S07, "the person is no reviewer");
    }
    if !person.is_qualified_for(classified.country) {
        return forbidden(Rule::S50, "the reviewer is not qualified for the demand's country");
    }
    Ok(())
}

/// S-32: provisions of law and of procedure, by their citations.
pub(in crate::practice) fn law_was_read(data: &ReviewCompleted) -> Result<(), Refusal> {
    for (name, cited) in [("law", &data.legality.law), ("procedure", &data.legality.procedure)] {
        let are_cited = !cited.is_empty() && cited.len() <= LAW_MAX;
        if !are_cited || cited.iter().any(|text| text.is_empty() || text.len() > TEXT_BYTES_MAX) {
            let pointer = format!("/data/legality/{name}");
            let reason = format!("a review cites 1 to {LAW_MAX} provisions");
            return Err(Refusal::invalid(Rule::S32, &pointer, reason, "cite what was read"));
        }
    }
    Ok(())
}

/// S-14, S-25, S-33, S-52: compulsory process for stored data in a criminal matter, of a
/// country that is answered. All else can only be rejected or withdrawn in this rule set.
pub(in crate::practice) fn has_a_path<'p>(
    policy: &'p Policy,
    case: &Case,
    classified: &Classified,
) -> Result<&'p Instrument, Refusal> {
    let reject = "reject it, or have it withdrawn";
    let invalid = |rule, reason: String| Err(Refusal::invalid(rule, "", reason, reject));
    if case.received.kind != RequestKind::LegalDemand {
        return invalid(Rule::S14, "it was received as something else than a legal demand".to_owned());
    }
    let Some(instrument) = policy.instrument(&classified.instrument) else {
        return invalid(Rule::S25, format!("the policy knows no instrument {}", classified.instrument));
    };
    if instrument.path != Path::Criminal {
        return invalid(Rule::S14, format!("this rule set has no path for {}", instrument.code));
    }
    if classified.nature != Nature::Criminal {
        return invalid(Rule::S33, format!("{} serves criminal investigations only", instrument.code));
    }
    if let Err(rule) = matrix::is_countrys(policy, instrument, classified.country) {
        let reason = format!("{} is not answered to an authority of {}", instrument.code, classified.country);
        return invalid(rule, reason);
    }
    if instrument.applies_from.is_some_and(|from| classified.issued_at < from) {
        return invalid(Rule::S19, format!("{} did not exist when this was issued", instrument.code));
    }
    Ok(instrument)
}

/// S-20: the entity it names holds the services it asks about.
pub(in crate::practice) fn is_addressed(
    policy: &Policy,
    classified: &Classified,
    data: &ReviewCompleted,
) -> Result<(), Refusal> {
    let cure = "reject the demand: misaddressed";
    let Some(entity) = policy.entity(&classified.entity) else {
        let reason = format!("the policy knows no entity {}", classified.entity);
        return Err(Refusal::invalid(Rule::S20, "", reason, cure));
    };
    let stray = data.scope.scope().items().iter().position(|item| !entity.services.contains(&item.service));
    let Some(at) = stray else { return Ok(()) };
    let reason = format!("items/{at} of the scope is a service that {} does not hold", entity.id);
    Err(Refusal::invalid(Rule::S20, "/data/scope", reason, cure))
}

/// The refused items by position: each once, each one the order has.
pub(in crate::practice) fn refused_by_item(
    refused: &[RefusedItem],
    classified: &Classified,
) -> Result<BTreeMap<usize, Rule>, Refusal> {
    let count = classified.scope.scope().items().len();
    let mut by_item = BTreeMap::new();
    for (at, item) in refused.iter().enumerate() {
        let wrong = |reason: &str| {
            let pointer = format!("/data/refused/{at}");
            Err(Refusal::invalid(Rule::S09, &pointer, reason, "name each refused item of the order once"))
        };
        if item.reason.is_empty() || item.reason.len() > TEXT_BYTES_MAX {
            return wrong("a reason is empty or too long");
        }
        match usize::try_from(item.item) {
            Ok(position) if position < count => {
                if by_item.insert(position, item.rule).is_some() {
                    return wrong("an item is refused twice");
                }
            }
            _ => return wrong("the order's scope has no such item"),
        }
    }
    Ok(by_item)
}

/// What the instrument cannot reach is refused under the matrix's own rule; what it can is
/// refused, if at all, for a reason of S-15 … S-22.
pub(in crate::practice) fn items_are_judged(
    policy: &Policy,
    instrument: &Instrument,
    classified: &Classified,
    refused: &BTreeMap<usize, Rule>,
) -> Result<(), Refusal> {
    for (at, item) in classified.scope.scope().items().iter().enumerate() {
        let verdict = matrix::reaches(policy, instrument, classified.issuer, item.class);
        let (rule, reason) = match (verdict, refused.get(&at)) {
            (Ok(()), None) => continue,
            (Ok(()), Some(rule)) if REASONS.contains(rule) => continue,
            (Err(rule), Some(named)) if rule == *named => continue,
            (Ok(()), Some(named)) => {
                (Rule::S13, format!("{} reaches items/{at}: {named} is no reason", instrument.code))
            }
            (Err(rule), Some(named)) => {
                (rule, format!("items/{at} ({}) falls to {rule}, not {named}", item.class))
            }
            (Err(rule), None) => {
                let code = &instrument.code;
                (
                    rule,
                    format!(
                        "{code} issued by {:?} does not reach items/{at} ({})",
                        classified.issuer, item.class
                    ),
                )
            }
        };
        let cure = "list the item under refused with exactly this rule; the others may go on";
        return Err(Refusal::invalid(rule, "/data/refused", reason, cure));
    }
    Ok(())
}

/// S-09 (I-06): the approved scope is within the items that go on, and no item that goes on
/// is dropped without a word.
pub(in crate::practice) fn is_within_what_may_go_on(
    policy: &Policy,
    classified: &Classified,
    refused: &BTreeMap<usize, Rule>,
    data: &ReviewCompleted,
) -> Result<(), Refusal> {
    let order = classified.scope.scope().items();
    let kept = order.iter().enumerate().filter(|(at, _)| !refused.contains_key(at));
    let kept: Vec<(usize, ScopeItem)> = kept.map(|(at, item)| (at, item.clone())).collect();
    let outer = Scope::new(kept.iter().map(|(_, item)| item.clone()).collect()).map_err(|_| {
        let reason = "every item is refused, so nothing can be approved";
        Refusal::invalid(Rule::S09, "/data/refused", reason, "reject the request")
    })?;
    if let Some(at) = data.scope.scope().items_outside(&outer, policy.fields()).first() {
        let reason = format!("items/{at} of the scope is not within what the order asks and may go on");
        return Err(Refusal::invalid(Rule::S09, "/data/scope", reason, "narrow the item"));
    }
    let touched: BTreeSet<(&ServiceId, &str, DataClass)> = data
        .scope
        .scope()
        .items()
        .iter()
        .map(|item| (&item.service, item.account.as_str(), item.class))
        .collect();
    let silent =
        kept.iter().find(|(_, item)| !touched.contains(&(&item.service, item.account.as_str(), item.class)));
    let Some((at, _)) = silent else { return Ok(()) };
    let reason = format!("items/{at} of the order is neither in the scope nor refused");
    Err(Refusal::invalid(Rule::S09, "/data/refused", reason, "refuse the item with a reason, or scope it"))
}
