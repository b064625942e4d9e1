//! Whom the provider tells, and when (S-53 … S-61, I-23 … I-26).
//!
//! Consumers, organisations and whoever a litigant asks about differ exactly as the practice says:
//! only a consumer may be left untold on a ground, and only of a government's demand; an
//! organisation is left untold by law alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::secrecy::accounts;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::case::{Accounts, Case, NOTICES_MAX, Secrecy, Sent, Untold, holds};
use crate::practice::change::Change;
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::governing::is_short;
use crate::practice::vocabulary::{
    AccountRef, NoticeGround, NoticeGroundLifted, NoticeRecipient, NoticeSent, NoticeSuppressed,
    NoticeWaived, NoticeWithheld, RequestKind, Segment,
};
use crate::tlog::LeafIndex;

/// The accounts that a notice is about: those it names, or all that the request's scope has.
fn meant(case: &Case, named: &Accounts) -> BTreeSet<AccountRef> {
    let items = match (&case.review, &case.classified) {
        (Some(review), _) => review.scope.scope().items(),
        (None, Some(classified)) => classified.scope.scope().items(),
        (None, None) => &[],
    };
    let account = |item: &crate::model::scope::ScopeItem| AccountRef {
        service: item.service.clone(),
        account: item.account.clone(),
    };
    items.iter().map(account).filter(|account| holds(named, account)).collect()
}

/// Whoever may have to be told: also of what left before, under a wider order.
fn concerned(case: &Case, named: &Accounts) -> BTreeSet<AccountRef> {
    let before = case.telling.disclosed.iter().map(|(account, _)| account);
    meant(case, named).into_iter().chain(before.filter(|account| holds(named, account)).cloned()).collect()
}

/// I-27: a notice about nobody in particular would be one about everybody who comes later.
fn somebody(context: &Context<'_>, case: &Case, named: &Accounts) -> Result<BTreeSet<AccountRef>, Refusal> {
    let accounts = concerned(case, named);
    if accounts.is_empty() {
        return Err(not_now(context.kind, "the demand names no account yet: classify it first"));
    }
    Ok(accounts)
}

/// Whose account it is; what was not profiled counts as an organisation's, which is stricter.
fn is_consumer(case: &Case, account: &AccountRef) -> bool {
    let profile = case.screening.profile(&account.service, &account.account);
    profile.is_some_and(|profile| profile.segment == Segment::Consumer)
}

fn has_room(context: &Context<'_>, len: usize) -> Result<(), Refusal> {
    if len < NOTICES_MAX {
        Ok(())
    } else {
        Err(not_now(context.kind, "as many are recorded as there may be"))
    }
}

pub(super) fn sent(context: &Context<'_>, case: &Case, data: &NoticeSent) -> Result<Change, Refusal> {
    has_room(context, case.telling.sent.len())?;
    let named = accounts(case, data.accounts.as_deref())?;
    if data.sent_at > context.stamp.time {
        let reason = "sent_at is later than the entry";
        return Err(Refusal::invalid(Rule::S53, "/data/sent_at", reason, "say when it went"));
    }
    // What went before the order in force came was about another one.
    if data.sent_at < case.arrival.replaced_at.unwrap_or(case.received.received_at) {
        let reason = "sent_at is earlier than the order in force";
        return Err(Refusal::invalid(Rule::S53, "/data/sent_at", reason, "say when it went"));
    }
    let accounts = somebody(context, case, &named)?;
    for account in &accounts {
        is_not_covered(context, case, account, data.sent_at)?;
        goes_to_whom_it_must(case, account, data.recipient)?;
    }
    let mut case = touched(context, case);
    let (index, at) = (context.stamp.index, context.stamp.time);
    let (recipient, version) = (data.recipient, case.order.version);
    case.telling.sent.push(Sent { index, at, accounts: Arc::new(accounts), recipient, version });
    Ok(Change::of_case(case))
}

/// I-27: no notice while an order covers the account, nor when it went: a notice under a gag is no
/// better for being recorded after it. The refusal names this request's own order only.
fn is_not_covered(
    context: &Context<'_>,
    case: &Case,
    account: &AccountRef,
    sent_at: Timestamp,
) -> Result<(), Refusal> {
    let policy = &context.force.policy.value;
    let now = case.telling.cover(policy, account, context.stamp.time);
    let then = || case.telling.orders.iter().find(|order| order.covered(policy, account, sent_at));
    let Some(order) = now.or_else(then) else { return Ok(()) };
    let when = if now.is_some() { "now" } else { "when it went" };
    let reason = format!("{} forbids to tell one of these accounts {when}", order.id);
    let cure = "name the accounts that it does not cover, or wait until it ends; what went all the same is \
                an incident";
    Err(Refusal::conflict(Rule::I27, "/data/accounts", reason, cure))
}

/// S-59: an organisation is told by its contact on file.
fn goes_to_whom_it_must(
    case: &Case,
    account: &AccountRef,
    recipient: NoticeRecipient,
) -> Result<(), Refusal> {
    let fits = is_consumer(case, account) != (recipient == NoticeRecipient::CustomerContact);
    if fits {
        return Ok(());
    }
    let reason = "an organisation is told by its contact on file, a consumer directly";
    Err(Refusal::invalid(Rule::S59, "/data/recipient", reason, "send one notice to each"))
}

/// S-54: this very order covers these accounts, now.
pub(super) fn suppressed(
    context: &Context<'_>,
    case: &Case,
    data: &NoticeSuppressed,
) -> Result<Change, Refusal> {
    has_room(context, case.telling.suppressed.len())?;
    let named = accounts(case, data.accounts.as_deref())?;
    let order = case.telling.order(&data.secrecy);
    let policy = &context.force.policy.value;
    let meant = meant(case, &named);
    let covered =
        |account: &AccountRef| order.is_some_and(|order| order.covers(policy, account, context.stamp.time));
    if meant.is_empty() || !meant.iter().all(covered) {
        let reason = "that order does not forbid to tell all of these accounts now";
        let cure = "name the accounts that it covers; the others are told";
        return Err(Refusal::invalid(Rule::S54, "/data/accounts", reason, cure));
    }
    let mut case = touched(context, case);
    case.telling.suppressed.push((named, data.secrecy.clone()));
    Ok(Change::of_case(case))
}

/// S-55, S-56: a consumer, of a government's demand, until a date.
pub(super) fn withheld(context: &Context<'_>, case: &Case, data: &NoticeWithheld) -> Result<Change, Refusal> {
    if data.ground == NoticeGround::Counterproductive && !data.other_contact_tried {
        let reason = "no other way to reach the owner was tried";
        return Err(Refusal::invalid(
            Rule::S56,
            "/data/other_contact_tried",
            reason,
            "try another way first",
        ));
    }
    let named = accounts(case, data.accounts.as_deref())?;
    untold(context, case, Rule::I24, &named, data.ground, data.review_by, Waived::No)
}

/// S-58, I-26: two people have decided it, word by word, after the secrecy ended.
pub(super) fn waived(context: &Context<'_>, case: &Case, data: &NoticeWaived) -> Result<Change, Refusal> {
    is_short("/data/reason", &data.reason)?;
    let named = accounts(case, data.accounts.as_deref())?;
    let covered = concerned(case, &named).iter().any(|account| {
        case.telling.cover(&context.force.policy.value, account, context.stamp.time).is_some()
    });
    if covered || case.telling.orders.is_empty() {
        return Err(not_now(context.kind, "a waiver comes after secrecy ended; before, notice is withheld"));
    }
    untold(context, case, Rule::S60, &named, data.ground, data.review_by, Waived::ByTwo)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waived {
    No,
    ByTwo,
}

fn untold(
    context: &Context<'_>,
    case: &Case,
    rule: Rule,
    named: &Accounts,
    ground: NoticeGround,
    review_by: Timestamp,
    waived: Waived,
) -> Result<Change, Refusal> {
    has_room(context, case.telling.untold.len())?;
    if case.received.kind == RequestKind::Civil {
        let reason = "of a litigant's demand the customer is always told, unless the law forbids it";
        return Err(Refusal::invalid(Rule::S102, "/type", reason, "send the notice"));
    }
    let accounts = somebody(context, case, named)?;
    if !accounts.iter().all(|account| is_consumer(case, account)) {
        let reason = "an organisation is left untold by law alone, on no ground";
        return Err(Refusal::invalid(
            rule,
            "/data/accounts",
            reason,
            "send the notice, or name consumers only",
        ));
    }
    let days = i64::from(context.force.policy.value.times.notice_review_days_max);
    let latest = context.stamp.time.saturating_add_ms(days * DAY_MS);
    if review_by <= context.stamp.time || review_by > latest {
        let reason = format!("it is looked at again after now and by {latest}");
        return Err(Refusal::invalid(Rule::I26, "/data/review_by", reason, "set an earlier date"));
    }
    let mut case = touched(context, case);
    let waived = waived == Waived::ByTwo;
    let index = context.stamp.index;
    // What is looked at again is what was decided before, and no second decision beside it.
    case.telling.untold.retain(|before| before.lifted.is_some() || !before.accounts.is_subset(&accounts));
    let accounts = Arc::new(accounts);
    case.telling.untold.push(Untold { index, accounts, ground, review_by, waived, lifted: None });
    Ok(Change::of_case(case))
}

/// S-56: the ground is gone, so notice is due.
pub(super) fn ground_lifted(
    context: &Context<'_>,
    case: &Case,
    data: &NoticeGroundLifted,
) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    let mut any = false;
    for untold in case.telling.untold.iter_mut().filter(|untold| untold.ground == data.ground) {
        any |= untold.lifted.is_none();
        untold.lifted.get_or_insert((context.stamp.index, context.stamp.time));
    }
    if any {
        Ok(Change::of_case(case))
    } else {
        Err(not_now(context.kind, "nothing is withheld on that ground"))
    }
}

/// I-23: told and able to act, or forbidden by law at this instant, or left untold on a ground.
pub(super) fn before_release(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let policy = &context.force.policy.value;
    let now = context.stamp.time;
    let wait_ms = wait_ms(policy, case);
    for account in meant(case, &None) {
        // Another document is another demand: whoever was told of the one was not told of the other.
        let could_act = told(case, &account).is_some_and(|sent| {
            sent.version == case.order.version && sent.at.saturating_add_ms(wait_ms) <= now
        });
        let forbidden = case.telling.suppressed.iter().any(|(accounts, id)| {
            holds(accounts, &account)
                && case.telling.order(id).is_some_and(|order| order.covers(policy, &account, now))
        });
        let untold = case.telling.untold(&account).filter(|untold| now < untold.review_by);
        let on_a_ground = untold.is_some_and(|untold| is_excused(policy, case, &account, untold));
        if !could_act && !forbidden && !on_a_ground {
            let reason = "an account's owner was not told of this order, or could not act yet, and no law forbids it now";
            let cure = "record notice.sent and wait, or what stands against it";
            return Err(Refusal::conflict(Rule::I23, "", reason, cure));
        }
    }
    Ok(())
}

fn wait_ms(policy: &Policy, case: &Case) -> i64 {
    let instrument =
        case.classified.as_ref().and_then(|classified| policy.instrument(&classified.instrument));
    let days = instrument.and_then(|row| row.notice_wait_days).unwrap_or(0);
    i64::from(days.max(policy.times.notice_wait_days)) * DAY_MS
}

/// Delayed notices, the customer's days, and what is to be looked at again.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    let request = || Some(case.request.clone());
    let has_left = case.disclosures.iter().any(|disclosure| disclosure.released.is_some());
    for sent in case.telling.sent.iter().filter(|_| !has_left) {
        let at = sent.at.saturating_add_ms(wait_ms(policy, case));
        due.push(Due::new(at, Deadline::NoticeWait, request(), sent.index));
    }
    for untold in case.telling.untold.iter().filter(|untold| untold.lifted.is_none()) {
        due.push(Due::new(untold.review_by, Deadline::NoticeReview, request(), untold.index));
    }
    // I-25: a request that disclosed nothing owes no notice of a disclosure. What left is what
    // counts, not what the demand asks for now.
    let latest: BTreeMap<_, _> =
        case.telling.disclosed.iter().map(|(account, version)| (account, *version)).collect();
    let is_untold =
        |account: &AccountRef, left: u32| told(case, account).is_none_or(|sent| sent.version < left);
    for (account, _) in latest.into_iter().filter(|(account, left)| is_untold(account, *left)) {
        if let Some((from, set_by)) = owed(policy, case, account) {
            let days = i64::from(policy.times.notice_after_secrecy_days);
            let at = from.saturating_add_ms(days * DAY_MS);
            let mut notice = Due::new(at, Deadline::Notice, request(), set_by);
            notice.account = Some(account.clone());
            due.push(notice);
        }
    }
}

/// From when on the owner is owed a notice, and by which entry: a ground of the list excuses until
/// it is looked at again. None while an order without end forbids it.
///
/// S-58: after secrecy a consumer is left untold by two people alone, so what one person withheld
/// excuses only where no order ever was; S-60: an organisation is never left untold on a ground.
fn owed(policy: &Policy, case: &Case, account: &AccountRef) -> Option<(Timestamp, LeafIndex)> {
    let mut orders = binding(policy, case, account).peekable();
    let is_gagged = orders.peek().is_some();
    // I-26: left untold until that is looked at again, and no longer.
    if let Some(untold) =
        case.telling.untold(account).filter(|untold| is_excused(policy, case, account, untold))
    {
        return Some((untold.review_by, untold.index));
    }
    if is_gagged {
        let ends = orders.map(|order| {
            let granted = order.permitted.as_ref().filter(|granted| holds(&granted.accounts, account));
            let granted = granted.map(|granted| (granted.granted.1, granted.granted.0));
            granted.or_else(|| order.end_for(account))
        });
        return ends.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten();
    }
    let lifted = case.telling.lifted(account).or(case.telling.disclosed_at);
    lifted.map(|(entry, at)| (at, entry))
}

/// The orders that bind the provider about this account, ended ones too.
fn binding<'c>(
    policy: &'c Policy,
    case: &'c Case,
    account: &'c AccountRef,
) -> impl Iterator<Item = &'c Secrecy> {
    case.telling.orders.iter().filter(move |order| {
        let is_binding = policy.secrecy.iter().any(|row| row.code == order.code && row.binds_provider);
        is_binding && order.ever_covered(account)
    })
}

/// S-58, S-60: a consumer's owner, untold by two people, or by one where no order ever bound.
fn is_excused(policy: &Policy, case: &Case, account: &AccountRef, untold: &Untold) -> bool {
    is_consumer(case, account) && (untold.waived || binding(policy, case, account).next().is_none())
}

/// The last notice that somebody got who may get it for this account.
fn told<'c>(case: &'c Case, account: &AccountRef) -> Option<&'c Sent> {
    let profile = case.screening.profile(&account.service, &account.account);
    case.telling.told(account, profile.map(|profile| profile.segment == Segment::Consumer))
}

/// What left is remembered by whose it was.
pub(super) fn released(context: &Context<'_>, case: &mut Case) {
    let version = case.order.version;
    let accounts = meant(case, &None).into_iter().map(|account| (account, version));
    Arc::make_mut(&mut case.telling.disclosed).extend(accounts);
    case.telling.disclosed_at.get_or_insert((context.stamp.index, context.stamp.time));
}
