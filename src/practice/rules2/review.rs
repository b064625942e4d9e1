//! The review: what may go on, what is refused, and under exactly which rule.

use std::collections::BTreeMap;

use super::path::{self, Reach};
use super::{before_review, civil, deficiency};
use crate::model::class::DataClass;
use crate::practice::case::{Case, Classified, Review, Stage};
use crate::practice::change::{Change, Mark};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{Issuer, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::{has_not_ended, is_current_order};
use crate::practice::rules1::matrix;
use crate::practice::rules1::review::{
    REASONS, is_within_what_may_go_on, law_was_read, refused_by_item, reviewer_may,
};
use crate::practice::vocabulary::{LeafRef, ReviewCompleted};
use crate::tlog::Hash;

pub(super) fn completed(
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
    before_review(context, case)?;
    let active = context.force.policy;
    let policy = &active.value;
    let reach = path::open(context, case, classified)?;
    let refused = refused_by_item(&data.refused, classified)?;
    deficiency::set_aside_is_refused(case, &refused)?;
    items_are_judged(policy, &reach, classified, &refused)?;
    is_within_what_may_go_on(policy, classified, &refused, &data)?;
    civil::covers(context, case, &data.scope)?;
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

/// Whether the demand reaches the class: by consent, within the need, by its instrument.
fn reaches(policy: &Policy, reach: &Reach<'_>, issuer: Issuer, class: DataClass) -> Result<(), Rule> {
    if policy.is_never_disclosable(class) {
        return Err(Rule::I12);
    }
    if reach.by_consent.contains(&class) {
        return Ok(());
    }
    if reach.at_most.as_ref().is_some_and(|most| !most.contains(&class)) {
        return Err(Rule::I31);
    }
    matrix::reaches(policy, reach.instrument, issuer, class)
}

/// What the demand cannot reach is refused under the rule that stops it; what it can is refused,
/// if at all, for a reason of S-15 … S-22.
fn items_are_judged(
    policy: &Policy,
    reach: &Reach<'_>,
    classified: &Classified,
    refused: &BTreeMap<usize, Rule>,
) -> Result<(), Refusal> {
    let code = &reach.instrument.code;
    for (at, item) in classified.scope.scope().items().iter().enumerate() {
        let verdict = reaches(policy, reach, classified.issuer, item.class);
        let (rule, reason) = match (verdict, refused.get(&at)) {
            (Ok(()), None) => continue,
            (Ok(()), Some(rule)) if REASONS.contains(rule) => continue,
            (Err(rule), Some(named)) if rule == *named => continue,
            (Ok(()), Some(named)) => (Rule::S13, format!("{code} reaches items/{at}: {named} is no reason")),
            (Err(rule), Some(named)) => {
                (rule, format!("items/{at} ({}) falls to {rule}, not {named}", item.class))
            }
            (Err(rule), None) => (
                rule,
                format!(
                    "{code} issued by {:?} does not reach items/{at} ({})",
                    classified.issuer, item.class
                ),
            ),
        };
        let cure = "list the item under refused with exactly this rule; the others may go on";
        return Err(Refusal::invalid(rule, "/data/refused", reason, cure));
    }
    Ok(())
}
