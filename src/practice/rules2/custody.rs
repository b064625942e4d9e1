//! Who holds the keys, and what they were used for (S-88 … S-90, I-35, I-36).
//!
//! Probity never sees a key, neither the provider's nor a customer's: it records which one of the
//! provider's was used, and packages no plaintext of what a customer holds the keys to. A use that
//! nobody declares (`key_name` of a source) cannot be seen.

use std::collections::BTreeSet;

use super::packaging::found;
use crate::practice::case::{Case, CustodyAnswer, Step};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{AccountRef, Custody, CustodyChecked, CustodyRefused, KeyUsed};

/// Most uses of keys of one collection.
const KEYS_MAX: usize = 4096;
/// Most refusals of customers of one request.
const REFUSALS_MAX: usize = 256;

/// I-36 (S-89): within a collection, for a source that was read, and before the seal.
pub(super) fn key_used(context: &Context<'_>, case: &Case, data: &KeyUsed) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let reads = |step| (Step::Received..Step::Sealed).contains(&step);
    let live = case.live_disclosure().filter(|live| live.id == data.disclosure && reads(live.step));
    if live.is_none() {
        let reason = "no collection of that name has read its sources and is not sealed yet";
        let cure = "use keys within a collection, and record it there";
        return Err(Refusal::conflict(Rule::I36, "/data/disclosure", reason, cure));
    }
    let found = found(context, case)?;
    if !found.sources.contains_key(&data.source) {
        let reason = format!("the collection did not read {}", data.source);
        return Err(Refusal::invalid(Rule::I36, "/data/source", reason, "name a source of data.received"));
    }
    if data.items == 0 {
        let reason = "a key that opened nothing was not used";
        return Err(Refusal::invalid(Rule::I36, "/data/items", reason, "count the items it opened"));
    }
    let used = (data.source.clone(), data.key_name_sha256);
    if found.keys.contains(&used) || found.keys.len() >= KEYS_MAX {
        return Err(not_now(context.kind, "this use stands in the log, or too many do"));
    }
    let mut case = touched(context, case);
    if let Some(found) = &mut case.yields.found {
        found.keys.insert(used);
    }
    Ok(Change::of_case(case))
}

/// S-88: what the key service answers at the time of collection. A customer's keys come back to
/// the provider only by the customer's own word, which this rule set has no event for.
pub(super) fn checked(context: &Context<'_>, case: &Case, data: &CustodyChecked) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let ordered = ordered(case);
    if ordered.is_empty() {
        return Err(not_now(context.kind, "the demand is not classified, so nothing is ordered"));
    }
    let held: BTreeSet<_> = data.customer_held.iter().map(key_of).collect();
    if held.len() != data.customer_held.len() {
        let reason = "an account stands there twice";
        return Err(Refusal::invalid(Rule::S88, "/data/customer_held", reason, "name each account once"));
    }
    if let Some(at) = data.customer_held.iter().position(|account| !ordered.contains(&key_of(account))) {
        let pointer = format!("/data/customer_held/{at}");
        let reason = "an account that the order does not name";
        return Err(Refusal::invalid(Rule::S88, &pointer, reason, "answer for the accounts of the order"));
    }
    let known = customer_held(case);
    let missing = known.iter().filter(|account| ordered.contains(*account) && !held.contains(*account));
    let missing = missing.count();
    if missing > 0 {
        let reason = format!("{missing} accounts whose keys a customer holds are not among them");
        let cure = "name them: a provider cannot take a customer's keys back by itself";
        return Err(Refusal::forbidden(Rule::S90, "/data/customer_held", reason, cure));
    }
    let mut case = touched(context, case);
    let (index, customer_held) = (context.stamp.index, data.customer_held.clone());
    case.yields.custody = Some(CustodyAnswer { index, customer_held });
    Ok(Change::of_case(case))
}

/// S-90: the customer named is one whose keys were found to be its own.
pub(super) fn refused(context: &Context<'_>, case: &Case, data: &CustodyRefused) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let held = customer_held(case);
    let is_its = |customer| customer == Some(&data.customer);
    let holds = case.screening.accounts().iter().any(|profile| {
        is_its(profile.customer.as_ref())
            && held.contains(&(profile.service.as_str(), profile.account.as_str()))
    });
    if !holds {
        let reason = format!("{} holds the keys to no account of this order", data.customer);
        let cure = "record custody.checked first, and name the accounts' customer";
        return Err(Refusal::conflict(Rule::S90, "/data/customer", reason, cure));
    }
    if case.yields.unreleased.len() >= REFUSALS_MAX {
        return Err(not_now(context.kind, "the request has as many refusals as one may have"));
    }
    let mut case = touched(context, case);
    case.yields.unreleased.push((data.customer.clone(), data.ground));
    Ok(Change::of_case(case))
}

/// S-88: before content is read it is known who holds its keys, after the review and for this
/// collection: the answer of an earlier one is none for a later one.
pub(super) fn before_opening(case: &Case) -> Result<(), Refusal> {
    let Some(review) = case.review.as_ref().filter(|_| case.reviews_content()) else { return Ok(()) };
    let since =
        case.disclosures.last().map_or(review.context.index, |last| last.opened.max(review.context.index));
    if case.yields.custody.as_ref().is_some_and(|answer| answer.index > since) {
        return Ok(());
    }
    let reason = "who holds the keys to the content was not asked since the review and the last collection";
    Err(Refusal::conflict(Rule::S88, "", reason, "ask the key service, and record custody.checked"))
}

/// I-35: no plaintext of what a customer holds the keys to, whenever that is found out.
pub(super) fn while_data_moves(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(review) = &case.review else { return Ok(()) };
    let held = customer_held(case);
    let is_held = |item: &crate::model::scope::ScopeItem| {
        item.class.is_content() && held.contains(&(item.service.as_str(), item.account.as_str()))
    };
    let Some(at) = review.scope.scope().items().iter().position(is_held) else { return Ok(()) };
    let reason = format!("items/{at} of the scope is content whose keys the customer holds");
    let cure = "review it again without these items; the customer itself may hand them over";
    Err(Refusal::conflict(Rule::I35, "", reason, cure))
}

/// The accounts whose keys a customer holds, by their profile or by the latest answer.
pub(super) fn customer_held(case: &Case) -> BTreeSet<(&str, &str)> {
    let by_profile = case.screening.accounts().iter().filter(|profile| profile.custody != Custody::Provider);
    let by_profile = by_profile.map(|profile| (profile.service.as_str(), profile.account.as_str()));
    let by_answer = case.yields.custody.iter().flat_map(|answer| answer.customer_held.iter().map(key_of));
    by_profile.chain(by_answer).collect()
}

/// The accounts that the order names.
fn ordered(case: &Case) -> BTreeSet<(&str, &str)> {
    let items = case.classified.iter().flat_map(|classified| classified.scope.scope().items());
    items.map(|item| (item.service.as_str(), item.account.as_str())).collect()
}

fn key_of(account: &AccountRef) -> (&str, &str) {
    (account.service.as_str(), account.account.as_str())
}
