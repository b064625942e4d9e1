//! The facts about each account: whose it is, where it lies, who holds its keys; and the
//! conflicts of laws that follow from them (I-56).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{custody, matrix, path};
use crate::model::id::{PersonId, ServiceId};
use crate::model::scope::Scope;
use crate::model::time::DAY_MS;
use crate::practice::case::{Case, Classified, Comity, Profiles};
use crate::practice::change::Change;
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::{Code, CountryCode, Instrument, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::vocabulary::{
    AccountProfile, AccountRef, AccountsProfiled, ComityAssessed, ComityFinding, Custody, Relief, Ruling,
    Segment,
};

/// Most accounts of one order.
const ACCOUNTS_MAX: usize = 65_536;
const US: &str = "US";

pub(super) fn profiled(
    context: &Context<'_>,
    case: &Case,
    data: &AccountsProfiled,
) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    is_current_order(case, &data.order)?;
    are_the_scopes(data, classified)?;
    let policy = &context.force.policy.value;
    for (at, account) in data.accounts.iter().enumerate() {
        is_consistent(policy, account).map_err(|(rule, member, reason)| {
            let pointer = format!("/data/accounts/{at}/{member}");
            Refusal::invalid(rule, &pointer, reason, "correct the facts about the account")
        })?;
    }
    keys_stay_with_the_customer(case, data)?;
    let organisations = organisations(context, case, data)?;
    let mut accounts = data.accounts.clone();
    accounts.sort_by(|a, b| (&a.service, &a.account).cmp(&(&b.service, &b.account)));
    let instrument = policy.instrument(&classified.instrument);
    let foreign =
        instrument.map_or_else(BTreeSet::new, |instrument| foreign(policy, instrument, accounts.iter()));
    let mut case = path::unreviewed(context, case);
    case.screening.organisations = Arc::new(organisations);
    case.screening.profiles = Some(Profiles {
        entry: context.stamp.index,
        stands_on: classified.index,
        foreign,
        accounts: Arc::new(accounts),
    });
    Ok(Change::of_case(case))
}

/// S-06, S-62: the facts are there for each account of the order, once, and for no other.
fn are_the_scopes(data: &AccountsProfiled, classified: &Classified) -> Result<(), Refusal> {
    let items = classified.scope.scope().items();
    let asked: BTreeSet<(&ServiceId, &str)> =
        items.iter().map(|item| (&item.service, item.account.as_str())).collect();
    let mut seen = BTreeSet::new();
    for (at, account) in data.accounts.iter().enumerate().take(ACCOUNTS_MAX) {
        let name = (&account.service, account.account.as_str());
        if !asked.contains(&name) || !seen.insert(name) {
            let reason = format!("accounts/{at} is none of the order's scope, or stands there twice");
            let pointer = format!("/data/accounts/{at}");
            return Err(Refusal::invalid(
                Rule::S62,
                &pointer,
                reason,
                "profile each account of the scope once",
            ));
        }
    }
    if seen.len() == asked.len() && data.accounts.len() == seen.len() {
        return Ok(());
    }
    let reason = format!("the order's scope has {} accounts, found {}", asked.len(), data.accounts.len());
    Err(Refusal::invalid(Rule::S62, "/data/accounts", reason, "profile each account of the scope once"))
}

/// S-90: that the provider has a customer's keys again is the customer's to say, and nothing says so yet.
fn keys_stay_with_the_customer(case: &Case, data: &AccountsProfiled) -> Result<(), Refusal> {
    let held = custody::customer_held(case);
    let is_taken_back = |account: &AccountProfile| {
        account.custody == Custody::Provider
            && held.contains(&(account.service.as_str(), account.account.as_str()))
    };
    let Some(at) = data.accounts.iter().position(is_taken_back) else { return Ok(()) };
    let pointer = format!("/data/accounts/{at}/custody");
    let reason = "the account's keys were found to be the customer's";
    let cure = "profile it so: a provider cannot take a customer's keys back by itself";
    Err(Refusal::forbidden(Rule::S90, &pointer, reason, cure))
}

/// S-28: an organisation is redirected and always told, so that one person alone may find an account
/// to be an organisation's, and only a second, senior one that it was a consumer's all along.
fn organisations(
    context: &Context<'_>,
    case: &Case,
    data: &AccountsProfiled,
) -> Result<BTreeSet<(AccountRef, PersonId)>, Refusal> {
    let mut found: BTreeMap<_, _> = case.screening.organisations.iter().cloned().collect();
    let Ok(actor) = PersonId::new(context.event.actor.as_str()) else {
        return Ok(found.into_iter().collect());
    };
    let is_senior = context.is_person_in(actor.as_str(), &[Role::SeniorReviewer]);
    for (at, profile) in data.accounts.iter().enumerate() {
        let account = AccountRef { service: profile.service.clone(), account: profile.account.clone() };
        if profile.segment != Segment::Consumer {
            found.entry(account).or_insert_with(|| actor.clone());
            continue;
        }
        let Some(finder) = found.remove(&account) else { continue };
        if finder == actor || !is_senior {
            let pointer = format!("/data/accounts/{at}/segment");
            let reason = format!("{finder} found the account to be an organisation's");
            let cure = "have a senior reviewer who did not find that correct it, or leave it so";
            return Err(Refusal::forbidden(Rule::S28, &pointer, reason, cure));
        }
    }
    if found.len() > ACCOUNTS_MAX {
        let reason = format!("more than {ACCOUNTS_MAX} accounts of organisations on one request");
        return Err(Refusal::invalid(
            Rule::F06,
            "/data/accounts",
            reason,
            "receive the rest as another demand",
        ));
    }
    Ok(found.into_iter().collect())
}

/// The facts fit each other and the policy; the error names the member.
fn is_consistent(policy: &Policy, account: &AccountProfile) -> Result<(), (Rule, &'static str, String)> {
    let is_consumer = account.segment == Segment::Consumer;
    if is_consumer != account.customer.is_none() {
        let reason = "an organisation's account names its customer, a consumer's none";
        return Err((Rule::S28, "customer", reason.to_owned()));
    }
    if is_consumer != account.seats.is_none() {
        let reason = "an organisation's account has seats at receipt, a consumer's none";
        return Err((Rule::S66, "seats", reason.to_owned()));
    }
    let entity = policy.entity(&account.controller);
    if !entity.is_some_and(|entity| entity.services.contains(&account.service)) {
        let reason = format!("{} is no entity that holds {}", account.controller, account.service);
        return Err((Rule::S20, "controller", reason));
    }
    let is_known = |kind: &Code| policy.instruments.iter().any(|row| row.excluded.contains(kind));
    let kinds: BTreeSet<_> = account.excluded.iter().collect();
    if kinds.len() != account.excluded.len() || !account.excluded.iter().all(is_known) {
        let reason = "a kind that no instrument of the policy leaves out, or one that stands there twice";
        return Err((Rule::S04, "excluded", reason.to_owned()));
    }
    if account.owned_from.zip(account.owned_to).is_some_and(|(from, to)| to <= from) {
        return Err((Rule::S09, "owned_to", "the account would end before it begins".to_owned()));
    }
    Ok(())
}

/// I-56, S-94: countries whose law may stand against the process: of a person abroad who is no US
/// person, if the process is the United States'; and of the hosting, if it is another country's.
fn foreign<'a>(
    policy: &Policy,
    instrument: &Instrument,
    accounts: impl Iterator<Item = &'a AccountProfile>,
) -> BTreeSet<CountryCode> {
    let is_us = instrument.country.is_some_and(|country| country.as_str() == US);
    let of_person = |account: &AccountProfile| {
        account.customer_country.filter(|_| is_us && account.us_person == Some(false))
    };
    let countries = accounts.flat_map(|account| [of_person(account), account.hosted_in]).flatten();
    countries.filter(|country| matrix::is_foreign(policy, instrument, *country)).collect()
}

pub(super) fn assessed(context: &Context<'_>, case: &Case, data: &ComityAssessed) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    is_current_order(case, &data.order)?;
    is_in_the_table(&context.force.policy.value, data)?;
    let found = Comity { stands_on: classified.index, finding: data.finding };
    let is_better = data.finding == ComityFinding::NoConflict;
    let mut case = if is_better { touched(context, case) } else { path::unreviewed(context, case) };
    case.screening.comity.insert(data.country, found);
    Ok(Change::of_case(case))
}

/// I-56: the way to object is one that the policy has for that country.
fn is_in_the_table(policy: &Policy, data: &ComityAssessed) -> Result<(), Refusal> {
    let mut rows = policy.comity.iter().filter(|row| row.qualifying.contains(&data.country));
    let (reason, cure) = match (&data.provision, data.finding) {
        (Some(code), ComityFinding::NoConflict | ComityFinding::Conflict)
            if !rows.any(|row| row.code == *code) =>
        {
            (
                "no provision of that code qualifies the country",
                "name one of the policy's comity rows, or null",
            )
        }
        (Some(_), ComityFinding::ConflictWithoutRemedy) => {
            ("a conflict without a remedy names no provision", "send provision: null, or find a conflict")
        }
        (None, ComityFinding::ConflictWithoutRemedy) if rows.next().is_some() => {
            ("the policy has a remedy for that country", "find a conflict, and challenge the demand")
        }
        _ => return Ok(()),
    };
    Err(Refusal::invalid(Rule::I56, "/data/provision", reason, cure))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(classified) = &case.classified else { return Ok(()) };
    if case.screening.profiles.as_ref().is_some_and(|found| found.stands_on == classified.index) {
        return Ok(());
    }
    let reason = "the accounts are not profiled for this classification";
    Err(Refusal::conflict(Rule::S62, "", reason, "post accounts.profiled first"))
}

/// I-56: what goes on was weighed against the law of every country it concerns. An account that
/// is held back holds up no other.
pub(super) fn comity_was_assessed(
    policy: &Policy,
    case: &Case,
    classified: &Classified,
    instrument: &Instrument,
    scope: &Scope,
) -> Result<(), Refusal> {
    let accounts =
        scope.items().iter().filter_map(|item| case.screening.profile(&item.service, &item.account));
    let is_challenged = case
        .screening
        .challenges
        .iter()
        .filter(|challenge| challenge.relief == Relief::Comity && challenge.version == case.order.version)
        .any(|challenge| challenge.decided.is_none_or(|decided| decided.ruling != Ruling::MotionWithdrawn));
    for country in foreign(policy, instrument, accounts) {
        let found = case.screening.comity.get(&country).filter(|row| row.stands_on == classified.index);
        let (reason, cure) = match found.map(|row| row.finding) {
            None => ("is not assessed", "post comity.assessed, or refuse the items of those accounts"),
            Some(ComityFinding::Conflict) if !is_challenged => {
                ("stands against it, and nobody objected", "file a challenge for comity: challenge.filed")
            }
            Some(_) => continue,
        };
        return Err(Refusal::conflict(Rule::I56, "", format!("the law of {country} {reason}"), cure));
    }
    Ok(())
}

/// What it has open: the time to assess a conflict of laws, from receipt.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    let (Some(classified), Some(profiles)) = (&case.classified, &case.screening.profiles) else { return };
    if case.stage.is_terminal() || profiles.stands_on != classified.index {
        return;
    }
    let is_assessed = |country: &CountryCode| {
        case.screening.comity.get(country).is_some_and(|row| row.stands_on == classified.index)
    };
    let open = profiles.foreign.iter().filter(|country| !is_assessed(country));
    let days = open.map(|country| {
        let rows = policy.comity.iter().filter(|row| row.qualifying.contains(country));
        rows.map(|row| row.motion_within_days).fold(policy.times.comity_days, u32::min)
    });
    if let Some(days) = days.min() {
        let received = case.received.received_at.min(case.received.at);
        let at = received.saturating_add_ms(i64::from(days) * DAY_MS);
        due.push(Due::new(at, Deadline::Comity, Some(case.request.clone()), profiles.entry));
    }
}
