//! A released bundle that nobody opens.
//!
//! What left has left: the request counts as one that disclosed, whether its bundle was opened or
//! not. An acknowledgement that comes after the time is over is still one.

use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::case::{Case, Disclosure, Step};
use crate::practice::change::Change;
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::DeliveryExpired;

/// Not before the agency's time is over.
pub(super) fn expired(context: &Context<'_>, case: &Case, data: &DeliveryExpired) -> Result<Change, Refusal> {
    let live = case.live_disclosure().filter(|live| live.step == Step::Released);
    let Some(live) = live.filter(|live| live.production.as_ref() == Some(&data.production)) else {
        return Err(not_now(context.kind, "no released bundle of that name waits for its acknowledgement"));
    };
    let end = end(&context.force.policy.value, live);
    if end.is_none_or(|end| context.stamp.time < end) {
        let reason = "the agency still has time to open the bundle";
        let cure = "wait until delivery_end is over: GET /v1/due lists it";
        return Err(Refusal::conflict(Rule::A13, "/data/production", reason, cure));
    }
    let mut case = touched(context, case);
    if let Some(live) = case.disclosures.last_mut() {
        live.step = Step::Expired;
    }
    Ok(Change::of_case(case))
}

/// When the agency's time to open it is over. What rule set 1 released has no instant of its release:
/// its seal was before that.
fn end(policy: &Policy, live: &Disclosure) -> Option<Timestamp> {
    let from = live.released_at.or(live.sealed.as_ref().map(|sealed| sealed.at))?;
    Some(from.saturating_add_ms(i64::from(policy.times.delivery_days) * DAY_MS))
}

/// The agency's time to open what was released.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    let live = case.live_disclosure().filter(|live| live.step == Step::Released);
    let Some((live, index)) = live.and_then(|live| live.released.map(|index| (live, index))) else { return };
    if let Some(end) = end(policy, live) {
        due.push(Due::new(end, Deadline::DeliveryEnd, Some(case.request.clone()), index));
    }
}
