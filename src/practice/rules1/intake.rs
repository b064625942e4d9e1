//! A demand's way in and its early ends.

use std::collections::BTreeSet;

use super::{Context, is_open, not_now, request, touched};
use crate::model::time::Timestamp;
use crate::practice::case::{
    Arrival, Case, Charges, Classified, Received, Screening, Special, Stage, Step, Telling, Yields,
};
use crate::practice::change::{Change, Claim};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{
    ExactScope, Identifier, OrderAmended, OrderRef, RejectCode, RequestAuthenticated, RequestClassified,
    RequestReceived, RequestRejected, RequestWithdrawn, SignatureKind,
};

/// Most identifiers of one order: five thousand accounts with several names each.
const IDENTIFIERS_MAX: usize = 65_536;
/// Longest identifier in bytes, as an account's.
const IDENTIFIER_BYTES_MAX: usize = 320;
/// Most reasons, digests of evidence and the like in one event.
const LIST_MAX: usize = 64;
/// Longest free text in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// Who may take a request in. They never approve it (I-07); an operator has no power over requests.
const SUBMITTERS: [Role; 3] = [Role::Intake, Role::Reviewer, Role::SeniorReviewer];
/// Longest media type in bytes (RFC 6838 §4.2).
const MEDIA_TYPE_BYTES_MAX: usize = 255;

pub(in crate::practice) fn received(
    context: &Context<'_>,
    case: Option<&Case>,
    data: RequestReceived,
) -> Result<Change, Refusal> {
    if case.is_some() {
        return Err(Claim::Request(request(context.event)?.clone()).refusal());
    }
    is_submitter(context)?;
    is_document(&data.order, 1, &data.media_type)?;
    is_past(context, data.received_at)?;
    let id = request(context.event)?.clone();
    let case = Case {
        request: id.clone(),
        stage: Stage::Received,
        received: Received {
            index: context.stamp.index,
            at: context.stamp.time,
            received_at: data.received_at,
            submitter: context.event.actor.clone(),
            kind: data.kind,
            channel: data.channel,
            agency_claimed: data.agency_claimed,
        },
        order: data.order,
        agency: None,
        classified: None,
        review: None,
        approvals: Vec::new(),
        disclosures: Vec::new(),
        rejected_for: Vec::new(),
        last: context.stamp.index,
        arrival: Arrival::default(),
        screening: Screening::default(),
        telling: Telling::default(),
        special: Special::default(),
        yields: Yields::default(),
        charges: Charges::default(),
        acts: Vec::new(),
        passed: BTreeSet::new(),
    };
    Ok(Change::of_case(case).claiming(Claim::Request(id)))
}

pub(in crate::practice) fn authenticated(
    context: &Context<'_>,
    case: &Case,
    data: RequestAuthenticated,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.stage != Stage::Received {
        return Err(not_now(context.kind, "the request is authenticated already"));
    }
    if data.evidence.is_empty() || data.evidence.len() > LIST_MAX {
        let reason = format!("evidence has 1 to {LIST_MAX} digests");
        return Err(Refusal::invalid(Rule::F06, "/data/evidence", reason, "keep the evidence and name it"));
    }
    let agency = context.force.directory.value.agency(&data.agency);
    if !agency.is_some_and(|agency| agency.is_valid_at(context.stamp.time)) {
        let reason = format!("the directory in force has no valid agency {}", data.agency);
        return Err(Refusal::invalid(Rule::S15, "/data/agency", reason, "have the agency registered first"));
    }
    let mut case = touched(context, case);
    case.stage = Stage::Authenticated;
    case.agency = Some(data.agency);
    Ok(Change::of_case(case))
}

pub(in crate::practice) fn classified(
    context: &Context<'_>,
    case: &Case,
    data: RequestClassified,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if !matches!(case.stage, Stage::Authenticated | Stage::Screening) {
        return Err(not_now(context.kind, "it comes after request.authenticated and before the review"));
    }
    is_current_order(case, &data.order)?;
    dates_are_possible(context, &data)?;
    is_signed(&data)?;
    identifiers_are_concrete(&data.identifiers)?;
    accounts_are_named(&data.identifiers, &data.scope)?;
    let mut case = touched(context, case);
    case.stage = Stage::Screening;
    case.review = None;
    case.classified = Some(Classified {
        index: context.stamp.index,
        instrument: data.instrument,
        issuer: data.issuer,
        level: data.level,
        country: data.country,
        foreign_origin: data.foreign_origin,
        nature: data.nature,
        entity: data.entity,
        issued_at: data.issued_at,
        expires_at: data.expires_at,
        scope: data.scope,
    });
    Ok(Change::of_case(case))
}

/// I-10: what was classified, reviewed and approved was another document.
pub(in crate::practice) fn amended(
    context: &Context<'_>,
    case: &Case,
    data: &OrderAmended,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    is_document(&data.order, case.order.version.saturating_add(1), &data.media_type)?;
    is_past(context, data.received_at)?;
    if data.order.sha256 == case.order.sha256 {
        let reason = "the document is the one in force";
        return Err(Refusal::invalid(
            Rule::S24,
            "/data/order/sha256",
            reason,
            "an amendment is a new document",
        ));
    }
    let mut case = touched(context, case);
    case.stage = case.stage.min(Stage::Authenticated);
    case.order = data.order;
    case.classified = None;
    case.review = None;
    Ok(Change::of_case(case))
}

/// F-01: this rule set knows of no treaties.
pub(in crate::practice) fn names_no_origin(data: &RequestClassified) -> Result<(), Refusal> {
    if data.foreign_origin.is_none() {
        return Ok(());
    }
    let reason = "a member that rule set 1 does not have";
    Err(Refusal::malformed(Rule::F01, "/data/foreign_origin", reason, "leave it out"))
}

/// F-01: this rule set has no other reasons.
pub(in crate::practice) fn reasons_are_of_the_eight(data: &RequestRejected) -> Result<(), Refusal> {
    let Some(at) = data.reasons.iter().position(|reason| !reason.code.is_curable()) else { return Ok(()) };
    let pointer = format!("/data/reasons/{at}/code");
    let reason = "a reason that rule set 1 does not have";
    Err(Refusal::malformed(Rule::F01, &pointer, reason, "name one of the eight"))
}

/// Before a bundle is sealed; afterwards a withdrawal or destruction is the way back.
pub(in crate::practice) fn rejected(
    context: &Context<'_>,
    case: &Case,
    data: &RequestRejected,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.live_disclosure().is_some_and(|live| live.step >= Step::Sealed) {
        return Err(not_now(context.kind, "a bundle is sealed"));
    }
    if data.reasons.is_empty() || data.reasons.len() > LIST_MAX {
        let reason = format!("a rejection has 1 to {LIST_MAX} reasons");
        return Err(Refusal::invalid(Rule::I20, "/data/reasons", reason, "name why, from the list"));
    }
    for (at, reason) in data.reasons.iter().enumerate() {
        let detail_bytes = reason.detail.as_ref().map_or(0, String::len);
        let pointer = format!("/data/reasons/{at}/detail");
        if detail_bytes > TEXT_BYTES_MAX {
            return Err(Refusal::invalid(Rule::F06, &pointer, "the detail is too long", "say it shorter"));
        }
        if reason.code == RejectCode::MaterialMistake && detail_bytes == 0 {
            let text = "a material mistake says which";
            return Err(Refusal::invalid(Rule::S21, &pointer, text, "say what is mistaken, and where"));
        }
    }
    let mut case = touched(context, case);
    case.stage = Stage::Rejected;
    case.rejected_for = data.reasons.iter().map(|reason| reason.code).collect();
    Ok(Change::of_case(case))
}

pub(in crate::practice) fn withdrawn(
    context: &Context<'_>,
    case: &Case,
    data: &RequestWithdrawn,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    is_past(context, data.received_at)?;
    let mut case = touched(context, case);
    case.stage = Stage::Withdrawn;
    Ok(Change::of_case(case))
}

/// I-03: what has been released cannot be undone.
pub(in crate::practice) fn has_not_left(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    if case.live_disclosure().is_some_and(|live| live.step >= Step::Released) {
        return Err(not_now(context.kind, "the bundle has been released"));
    }
    Ok(())
}

/// I-02: nothing is received after it is recorded.
pub(in crate::practice) fn is_past(context: &Context<'_>, received_at: Timestamp) -> Result<(), Refusal> {
    if received_at <= context.stamp.time {
        return Ok(());
    }
    let reason = "received_at is later than the entry";
    Err(Refusal::invalid(Rule::I02, "/data/received_at", reason, "say when it came, in UTC"))
}

/// S-24: an official document, one version after the other.
pub(in crate::practice) fn is_document(
    order: &OrderRef,
    version: u32,
    media_type: &str,
) -> Result<(), Refusal> {
    if order.version != version {
        let reason = format!("version is {}, due is {version}", order.version);
        return Err(Refusal::conflict(Rule::S24, "/data/order/version", reason, "count versions by one"));
    }
    let is_word = !media_type.is_empty() && media_type.bytes().all(|b| b.is_ascii_graphic());
    if !is_word || !media_type.contains('/') || media_type.len() > MEDIA_TYPE_BYTES_MAX {
        let reason = "a media type looks like application/pdf";
        return Err(Refusal::invalid(
            Rule::S24,
            "/data/media_type",
            reason,
            "name the document's media type",
        ));
    }
    Ok(())
}

/// A-03 for people: whoever read an older version decides about an older version.
pub(in crate::practice) fn is_current_order(case: &Case, order: &OrderRef) -> Result<(), Refusal> {
    if *order == case.order {
        return Ok(());
    }
    let reason = format!("the order in force is version {}, or its digest differs", case.order.version);
    Err(Refusal::conflict(Rule::I10, "/data/order", reason, "read the order in force"))
}

/// S-19: an order that ended authorises nothing more, however far its request has come.
pub(in crate::practice) fn has_not_ended(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let expires_at = case.classified.as_ref().and_then(|classified| classified.expires_at);
    if expires_at.is_none_or(|expires| context.stamp.time < expires) {
        return Ok(());
    }
    let reason = "the order has ended";
    Err(Refusal::conflict(Rule::S19, "", reason, "reject the demand, or have the order renewed: amend it"))
}

/// I-08: without a registered submitter, I-07 would compare approvers with a made-up name.
pub(in crate::practice) fn is_submitter(context: &Context<'_>) -> Result<(), Refusal> {
    let actor = context.event.actor.as_str();
    if context.is_person_in(actor, &SUBMITTERS) {
        return Ok(());
    }
    let reason = format!("{actor} is nobody who takes requests in under the roles in force");
    let cure = "name the person who took it in, registered as intake, reviewer or senior_reviewer";
    Err(Refusal::forbidden(Rule::I08, "/actor", reason, cure))
}

/// S-19.
pub(in crate::practice) fn dates_are_possible(
    context: &Context<'_>,
    data: &RequestClassified,
) -> Result<(), Refusal> {
    let wrong = |pointer, reason: &str| {
        Err(Refusal::invalid(
            Rule::S19,
            pointer,
            reason,
            "correct the date, or reject the demand: wrong_dates",
        ))
    };
    if data.issued_at > context.stamp.time {
        return wrong("/data/issued_at", "the order would be issued in the future");
    }
    if data.expires_at.is_some_and(|expires| expires <= data.issued_at) {
        return wrong("/data/expires_at", "the order would end before it is issued");
    }
    if data.expires_at.is_some_and(|expires| expires <= context.stamp.time) {
        return wrong("/data/expires_at", "the order has ended");
    }
    Ok(())
}

/// S-17: a typed name is none, and a signature nobody checked proves nothing.
pub(in crate::practice) fn is_signed(data: &RequestClassified) -> Result<(), Refusal> {
    let is_none = matches!(data.signature.kind, SignatureKind::Typed | SignatureKind::None);
    if !is_none && data.signature.verified.is_some() {
        return Ok(());
    }
    let reason = "the demand has no signature that was verified";
    Err(Refusal::invalid(Rule::S17, "/data/signature", reason, "verify it, or reject the demand: unsigned"))
}

/// S-06: one name, one account. Wildcards, networks and words are not names.
pub(in crate::practice) fn identifiers_are_concrete(identifiers: &[Identifier]) -> Result<(), Refusal> {
    let cure = "name each account, or reject the demand: overly_broad";
    if identifiers.is_empty() || identifiers.len() > IDENTIFIERS_MAX {
        let reason = format!("a demand names 1 to {IDENTIFIERS_MAX} identifiers");
        return Err(Refusal::invalid(Rule::S06, "/data/identifiers", reason, cure));
    }
    let mut seen = BTreeSet::new();
    for (at, identifier) in identifiers.iter().enumerate() {
        let wrong =
            |reason: &str| Err(Refusal::invalid(Rule::S06, &format!("/data/identifiers/{at}"), reason, cure));
        let text = identifier.value.as_str();
        if text.is_empty() || text.len() > IDENTIFIER_BYTES_MAX {
            return wrong("an identifier is empty or too long");
        }
        let names = std::iter::once(text).chain(identifier.account.as_deref());
        for name in names {
            if name.chars().any(|c| matches!(c, '*' | '?' | '%' | '/' | ',' | ';') || c.is_control()) {
                return wrong("an identifier with a wildcard, a network or several names in it");
            }
        }
        if !seen.insert((identifier.kind, text, &identifier.service)) {
            return wrong("an identifier stands there twice");
        }
    }
    Ok(())
}

/// S-06 (I-14): every account of the scope is one that an identifier resolved to.
pub(in crate::practice) fn accounts_are_named(
    identifiers: &[Identifier],
    scope: &ExactScope,
) -> Result<(), Refusal> {
    let named: BTreeSet<_> = identifiers
        .iter()
        .filter_map(|identifier| Some((&identifier.service, identifier.account.as_deref()?)))
        .collect();
    let stray = scope
        .scope()
        .items()
        .iter()
        .position(|item| !named.contains(&(&item.service, item.account.as_str())));
    let Some(at) = stray else { return Ok(()) };
    let reason = format!("items/{at} of the scope is an account that no identifier resolves to");
    Err(Refusal::invalid(Rule::S06, "/data/scope", reason, "scope only accounts the demand names"))
}
