//! National security: letters and FISA orders (S-109 … S-112).

use super::path::{self, Reach};
use super::preservation::are_named;
use crate::practice::case::{Case, Classified, Security};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{Instrument, ReportCategory};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::vocabulary::{Nature, RequestKind, SecurityRecorded};

/// S-14, S-111, S-112: what the reports count, of accounts that the order names.
pub(super) fn recorded(
    context: &Context<'_>,
    case: &Case,
    data: &SecurityRecorded,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let (RequestKind::NationalSecurity, Some(classified)) = (case.received.kind, &case.classified) else {
        return Err(not_now(context.kind, "the request is not classified as national security"));
    };
    is_current_order(case, &data.order)?;
    let instrument = context.force.policy.value.instrument(&classified.instrument);
    let is_nsl = instrument.is_some_and(|found| found.report_category == Some(ReportCategory::Nsl));
    let facts = [
        (data.selectors >= 1, Rule::S111, "selectors", "expected at least one selector"),
        (are_named(case, &data.accounts), Rule::S112, "accounts", "an account is not in the scope, or twice"),
        (
            data.effective_to.is_none_or(|end| data.effective_from < end),
            Rule::S111,
            "effective_to",
            "it ends before it begins",
        ),
        (
            data.capability_since.is_none_or(|since| since <= context.stamp.time),
            Rule::S111,
            "capability_since",
            "it is in the future",
        ),
        (!is_nsl || data.is_certified, Rule::S14, "is_certified", "a letter without its certification"),
        (!is_nsl || data.tells_of_review, Rule::S14, "tells_of_review", "it does not tell of review"),
    ];
    for (holds, rule, member, reason) in facts {
        if !holds {
            let cure = "record what the order says, or reject it";
            return Err(Refusal::invalid(rule, &format!("/data/{member}"), reason, cure));
        }
    }
    let mut case = touched(context, case);
    case.special.security = Some(Security {
        order: data.order,
        selectors: data.selectors,
        accounts: data.accounts.iter().cloned().collect(),
        effective_from: data.effective_from,
        effective_to: data.effective_to,
        capability_since: data.capability_since,
    });
    Ok(Change::of_case(case))
}

/// S-111: what an order about national security reaches, once it is counted.
pub(super) fn reach<'p>(
    context: &Context<'p>,
    case: &Case,
    classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    if classified.nature != Nature::NationalSecurity {
        return Err(path::none(Rule::S33, format!("{} serves national security only", instrument.code)));
    }
    path::is_answered(context, classified, instrument)?;
    if case.special.security.as_ref().is_none_or(|found| found.order != case.order) {
        let reason = "what reports count is not recorded on the order in force";
        return Err(Refusal::conflict(Rule::S111, "", reason, "post security.recorded first"));
    }
    Ok(Reach::by_process(instrument))
}
