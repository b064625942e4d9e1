//! Litigants' demands, and the owner's consent (S-100 … S-103, I-37).

use std::collections::BTreeSet;

use super::path::{self, Reach};
use crate::model::scope::ScopeItem;
use crate::practice::case::{Case, Classified, Consent};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::Instrument;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{ConsentRecorded, ConsentRevoked, ExactScope, Nature, RequestKind};

/// Most consents of one request that were taken back.
const REVOKED_MAX: usize = 64;

/// S-101: of every owner, freely, given before now and not over.
pub(super) fn consent_recorded(
    context: &Context<'_>,
    case: &Case,
    data: &ConsentRecorded,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.received.kind != RequestKind::Civil {
        return Err(not_now(context.kind, "the request is no litigant's"));
    }
    let now = context.stamp.time;
    let facts = [
        (data.by_every_owner, "by_every_owner", "not every owner signed"),
        (data.is_voluntary, "is_voluntary", "it was not given freely"),
        (data.given_at <= now, "given_at", "it is dated after this entry"),
        (data.expires_at.is_none_or(|end| now < end), "expires_at", "it is over"),
    ];
    for (holds, member, reason) in facts {
        if !holds {
            let cure = "record a consent that stands, or leave content out";
            return Err(Refusal::invalid(Rule::S101, &format!("/data/{member}"), reason, cure));
        }
    }
    if case.special.revoked.contains(&data.document_sha256) {
        let reason = "the owner took this very consent back";
        let cure = "a new consent is a new document";
        return Err(Refusal::conflict(Rule::I37, "/data/document_sha256", reason, cure));
    }
    let mut case = touched(context, case);
    case.special.consent = Some(Consent {
        scope: data.scope.clone(),
        document_sha256: data.document_sha256,
        expires_at: data.expires_at,
        is_revoked: false,
    });
    Ok(Change::of_case(case))
}

/// I-37: the consent that is on record, taken back.
pub(super) fn consent_revoked(
    context: &Context<'_>,
    case: &Case,
    data: &ConsentRevoked,
) -> Result<Change, Refusal> {
    let consent = case.special.consent.as_ref();
    let Some(consent) = consent.filter(|consent| consent.document_sha256 == data.document_sha256) else {
        let reason = "no consent with that digest is on record";
        let cure = "name the consent that was recorded last";
        return Err(Refusal::conflict(Rule::I37, "/data/document_sha256", reason, cure));
    };
    let revoked = Consent { is_revoked: true, ..consent.clone() };
    if case.special.revoked.len() >= REVOKED_MAX {
        return Err(not_now(context.kind, "as many consents were taken back as there may be: reject it"));
    }
    let mut case = touched(context, case);
    case.special.revoked.insert(data.document_sha256);
    case.special.consent = Some(revoked);
    Ok(Change::of_case(case))
}

/// I-37: whenever data moves, the consent covers the content of the review.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    case.review.as_ref().map_or(Ok(()), |review| covers(context, case, &review.scope))
}

/// I-37: every content item is within a consent that stands.
pub(super) fn covers(context: &Context<'_>, case: &Case, scope: &ExactScope) -> Result<(), Refusal> {
    let items = scope.scope().items();
    if case.received.kind != RequestKind::Civil || !items.iter().any(|item| item.class.is_content()) {
        return Ok(());
    }
    let cure = "record a consent that covers it, or leave the content out";
    let Some(consent) = standing(context, case) else {
        return Err(Refusal::conflict(Rule::I37, "", "no consent of the owner stands", cure));
    };
    let outside = scope.scope().items_outside(consent.scope.scope(), context.force.policy.value.fields());
    let content = outside.into_iter().find(|at| items.get(*at).is_some_and(|item| item.class.is_content()));
    content.map_or(Ok(()), |at| {
        let reason = format!("items/{at} is outside what the owner agreed to");
        Err(Refusal::invalid(Rule::I37, "/data/scope", reason, cure))
    })
}

/// S-101: whether the owner agreed to any of it. What goes beyond is cut, for I-37.
pub(super) fn is_agreed_to(context: &Context<'_>, case: &Case, item: &ScopeItem) -> bool {
    let agreed = standing(context, case).map_or(&[][..], |consent| consent.scope.scope().items());
    agreed.iter().any(|other| meet(item, other))
}

/// Whether two items have anything in common.
fn meet(one: &ScopeItem, other: &ScopeItem) -> bool {
    let ((from, to), (other_from, other_to)) = (one.interval(), other.interval());
    let fields = one.fields.as_ref().zip(other.fields.as_ref());
    one.service == other.service
        && one.account == other.account
        && one.class == other.class
        && from.max(other_from) < to.min(other_to)
        && fields.is_none_or(|(fields, others)| fields.iter().any(|field| others.contains(field)))
}

fn standing<'c>(context: &Context<'_>, case: &'c Case) -> Option<&'c Consent> {
    case.special.consent.as_ref().filter(|consent| consent.stands_at(context.stamp.time))
}

/// S-100, S-101: what a litigant reaches, and with consent.
pub(super) fn reach<'p>(
    context: &Context<'p>,
    case: &Case,
    classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    if classified.nature != Nature::Civil {
        return Err(path::none(Rule::S33, format!("{} serves litigation only", instrument.code)));
    }
    path::is_answered(context, classified, instrument)?;
    let by_consent =
        standing(context, case).map_or_else(BTreeSet::new, |_| instrument.with_owner_consent.clone());
    Ok(Reach { instrument, by_consent, at_most: None })
}
