//! The review: what may go on, what is refused, and under exactly which rule.

use std::collections::BTreeMap;

use super::path::{self, Reach};
use super::{before_review, civil, deficiency, instrument, matrix, ownership, profile, redirect};
use crate::model::scope::ScopeItem;
use crate::practice::case::{Case, Classified, Review, Stage};
use crate::practice::change::{Change, Mark};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{ContentWithoutDates, Instrument, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::{has_not_ended, is_current_order};
use crate::practice::rules1::review::{
    REASONS, is_addressed, is_within_what_may_go_on, law_was_read, refused_by_item, reviewer_may,
};
use crate::practice::vocabulary::{AccountProfile, LeafRef, RequestKind, ReviewCompleted};
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
    items_are_judged(context, &reach, case, classified, &refused)?;
    is_within_what_may_go_on(policy, classified, &refused, &data)?;
    is_addressed(policy, classified, &data)?;
    fields_are_of_their_class(policy, &data)?;
    fits_the_accounts(policy, reach.instrument, case, classified, &data)?;
    profile::comity_was_assessed(policy, case, classified, reach.instrument, data.scope.scope())?;
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

/// Whether the demand reaches the item, by its class and by its account.
fn goes_on(
    context: &Context<'_>,
    reach: &Reach<'_>,
    case: &Case,
    classified: &Classified,
    item: &ScopeItem,
) -> Result<(), Rule> {
    let policy = &context.force.policy.value;
    let account = case.screening.profile(&item.service, &item.account);
    reaches(policy, reach, classified, item, account)?;
    if account.is_some_and(|account| is_left_out(reach.instrument, item, account)) {
        return Err(Rule::S04);
    }
    if reach.by_consent.contains(&item.class) && !civil::is_agreed_to(context, case, item) {
        return Err(Rule::S101);
    }
    if account.is_some_and(|account| redirect::goes_to_customer(case, account)) {
        return Err(Rule::S28);
    }
    if is_without_dates(policy, case, item) {
        return Err(Rule::S22);
    }
    if is_for_stored_data(case) && item.from.is_some_and(|from| from >= case.received.at) {
        return Err(Rule::I15);
    }
    let items = classified.scope.scope().items();
    if account.is_some_and(|account| ownership::is_anothers(account, item, items)) {
        return Err(Rule::S09);
    }
    Ok(())
}

/// S-04: content that has what the law takes out of the instrument, e.g. privileged mail.
fn is_left_out(instrument: &Instrument, item: &ScopeItem, account: &AccountProfile) -> bool {
    item.class.is_content() && account.excluded.iter().any(|kind| instrument.excluded.contains(kind))
}

/// By consent, within the need, by its instrument where the data is hosted.
fn reaches(
    policy: &Policy,
    reach: &Reach<'_>,
    classified: &Classified,
    item: &ScopeItem,
    account: Option<&AccountProfile>,
) -> Result<(), Rule> {
    if policy.is_never_disclosable(item.class) {
        return Err(Rule::I12);
    }
    if reach.by_consent.contains(&item.class) {
        // S-100: consent widens what valid process reaches, and makes no process of a letter.
        let is_issued = reach.instrument.issuers.contains(&classified.issuer);
        return if is_issued { Ok(()) } else { Err(Rule::S18) };
    }
    if reach.at_most.as_ref().is_some_and(|most| !most.contains(&item.class)) {
        return Err(Rule::I31);
    }
    let hosted_in = account.and_then(|account| account.hosted_in);
    matrix::reaches_hosted(policy, reach.instrument, classified.issuer, item.class, hosted_in)
}

/// A demand for stored data reaches nothing that did not exist when it came.
const fn is_for_stored_data(case: &Case) -> bool {
    matches!(case.received.kind, RequestKind::LegalDemand | RequestKind::Civil)
}

/// S-22: content from no beginning, or to no end, is whatever there is, and fewer fields of it, as
/// somebody narrowed it to, are whatever there is of those. What a litigant gets is bounded by the
/// owner's consent, what an emergency gets by its needs.
fn is_without_dates(policy: &Policy, case: &Case, item: &ScopeItem) -> bool {
    let is_refused = policy.switches.content_without_dates == ContentWithoutDates::Refused
        && case.received.kind == RequestKind::LegalDemand
        && item.class.is_content();
    // Sorted by account, service, class, begin and end: those that differ in their fields alone follow.
    let whole = ScopeItem { fields: None, ..item.clone() };
    let mut broad = case.screening.undated.range(&whole..);
    is_refused && broad.next().is_some_and(|broad| ScopeItem { fields: None, ..broad.clone() } == whole)
}

/// S-96 … S-98: a field goes out under the class that the dictionary has it in; one that it does
/// not have is content, whatever class an item files it under.
fn fields_are_of_their_class(policy: &Policy, data: &ReviewCompleted) -> Result<(), Refusal> {
    for (at, item) in data.scope.scope().items().iter().enumerate() {
        let is_listed =
            |class, field: &String| policy.fields().get(&class).is_some_and(|fields| fields.contains(field));
        let is_unknown = |field: &String| !policy.fields().keys().any(|class| is_listed(*class, field));
        let is_stray = |field: &&String| {
            let is_default = item.class == policy.default_unknown_class;
            !(is_listed(item.class, field) || is_default && is_unknown(field))
        };
        if let Some(stray) = item.fields.iter().flatten().position(|field| is_stray(&field)) {
            let reason = format!("items/{at} of the scope: fields/{stray} is no field of {}", item.class);
            let cure = "ask for the field under its own class; one that no class lists is content";
            return Err(Refusal::invalid(Rule::S98, "/data/scope", reason, cure));
        }
    }
    Ok(())
}

/// S-09, I-15, I-43, S-20, S-95: each item lies within the time the account was this customer's,
/// before the demand came or the order ends, and with the entity that is addressed.
fn fits_the_accounts(
    policy: &Policy,
    instrument: &Instrument,
    case: &Case,
    classified: &Classified,
    data: &ReviewCompleted,
) -> Result<(), Refusal> {
    for (at, item) in data.scope.scope().items().iter().enumerate() {
        let wrong = |rule, reason: String, cure| {
            Err(Refusal::invalid(rule, "/data/scope", format!("items/{at} of the scope {reason}"), cure))
        };
        if is_for_stored_data(case) && item.to.is_some_and(|to| to > case.received.at) {
            let reason = format!("ends after the demand came, {}", case.received.at);
            return wrong(Rule::I15, reason, "cut the item; what is still to come needs another instrument");
        }
        if let Err(reason) = instrument::reaches_ahead(case, classified, instrument, item) {
            return wrong(Rule::I43, reason, "cut the item; what goes on has an instrument and an end");
        }
        let Some(account) = case.screening.profile(&item.service, &item.account) else {
            return wrong(Rule::S62, "has an account without a profile".to_owned(), "post accounts.profiled");
        };
        if !ownership::is_within(account, item) {
            let reason = "reaches into the time of another owner of the account".to_owned();
            return wrong(Rule::S09, reason, "cut the item to the time of ownership");
        }
        if account.controller != classified.entity {
            let country = policy.entity(&account.controller).map(|entity| entity.country);
            let is_lu = country.is_some_and(|country| matrix::rule_of(country) == Rule::S95);
            let rule = if is_lu { Rule::S95 } else { Rule::S20 };
            let reason =
                format!("is controlled by {}, addressed is {}", account.controller, classified.entity);
            return wrong(rule, reason, "refuse the item under S-20, or reject the demand: misaddressed");
        }
    }
    Ok(())
}

/// What the demand cannot reach is refused under the rule that stops it; what it can is refused,
/// if at all, for a reason of S-15 … S-22.
fn items_are_judged(
    context: &Context<'_>,
    reach: &Reach<'_>,
    case: &Case,
    classified: &Classified,
    refused: &BTreeMap<usize, Rule>,
) -> Result<(), Refusal> {
    let code = &reach.instrument.code;
    for (at, item) in classified.scope.scope().items().iter().enumerate() {
        let verdict = goes_on(context, reach, case, classified, item);
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
