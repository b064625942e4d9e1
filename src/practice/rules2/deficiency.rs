//! What keeps a demand from being valid, and what mends it (S-08, S-15 … S-22).

use std::collections::BTreeMap;

use super::intake::is_another_document;
use crate::practice::case::{Case, DEFICIENCIES_MAX, Deficiency, DeficiencyState, Stage};
use crate::practice::change::{Change, Claim};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::governing::is_short;
use crate::practice::rules1::intake::{has_not_left, is_current_order, is_document, is_past};
use crate::practice::vocabulary::{DeficiencyNoted, RejectCode, RequestCured, RequestKind, RequestSplit};

/// I-10: a deficiency voids the review, and with it what was approved.
pub(super) fn noted(context: &Context<'_>, case: &Case, data: &DeficiencyNoted) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    is_current_order(case, &data.order)?;
    is_short("/data/detail", &data.detail)?;
    if !data.code.is_curable() {
        let reason = "no new document would mend that";
        return Err(Refusal::invalid(Rule::S08, "/data/code", reason, "reject the demand for it"));
    }
    let items = case.classified.as_ref().map_or(0, |classified| classified.scope.scope().items().len());
    if data.item.is_some_and(|item| usize::try_from(item).is_ok_and(|item| item >= items)) {
        let reason = "the order's scope has no such item";
        return Err(Refusal::invalid(Rule::S08, "/data/item", reason, "name an item of the order, or null"));
    }
    if case.arrival.deficiencies.len() >= DEFICIENCIES_MAX {
        return Err(not_now(context.kind, "as many deficiencies are noted as there may be: reject it"));
    }
    let mut case = touched(context, case);
    let deficiency = Deficiency { code: data.code, item: data.item, state: DeficiencyState::Open };
    case.arrival.deficiencies.insert(context.stamp.index, deficiency);
    void_review(&mut case);
    Ok(Change::of_case(case))
}

fn void_review(case: &mut Case) {
    case.review = None;
    if case.stage == Stage::Reviewed {
        case.stage = Stage::Screening;
    }
}

/// S-08, I-18: only a new document mends, and only a new document reopens what was rejected.
pub(super) fn cured(context: &Context<'_>, case: &Case, data: &RequestCured) -> Result<Change, Refusal> {
    let reopens = case.stage == Stage::Rejected;
    if !reopens {
        is_open(context.kind, case)?;
    }
    has_not_left(context, case)?;
    is_past(context, data.received_at)?;
    is_document(&data.order, case.order.version.saturating_add(1), &data.media_type)?;
    if case.stood_on(&data.order.sha256) {
        let reason = "the document is one that the request stood on before";
        return Err(Refusal::invalid(Rule::S08, "/data/order/sha256", reason, "a cure is a new document"));
    }
    if matches!(case.received.kind, RequestKind::Capability | RequestKind::Programme) {
        let reason = "such a demand cannot be cured";
        return Err(Refusal::conflict(Rule::I18, "/type", reason, "receive a demand of another kind"));
    }
    if case.rejected_for.iter().any(|code| !code.is_curable()) {
        let reason = "it was rejected for what no new document mends";
        return Err(Refusal::conflict(
            Rule::I18,
            "/type",
            reason,
            "receive the document as a demand of its own",
        ));
    }
    let mut case = touched(context, case);
    if data.deficiencies.is_empty() != reopens {
        let reason = "a cure names the deficiencies it mends; a reopened request names none";
        return Err(Refusal::invalid(Rule::S08, "/data/deficiencies", reason, "look at the case"));
    }
    for index in &data.deficiencies {
        match case.arrival.deficiencies.get_mut(index) {
            Some(noted) if noted.state != DeficiencyState::Cured => noted.state = DeficiencyState::Cured,
            _ => {
                let reason = format!("entry {index} noted no deficiency that is open");
                return Err(Refusal::invalid(Rule::S08, "/data/deficiencies", reason, "name open ones"));
            }
        }
    }
    if reopens {
        case.arrival.reopened = case.arrival.reopened.saturating_add(1);
        case.rejected_for.clear();
        for noted in case.arrival.deficiencies.values_mut() {
            noted.state = DeficiencyState::Cured;
        }
    }
    let quarantined =
        case.stage == Stage::Quarantined || (reopens && case.arrival.authenticated_at.is_none());
    case.stage = if quarantined { Stage::Quarantined } else { Stage::Authenticated };
    case.order = data.order;
    case.classified = None;
    case.review = None;
    case.arrival.set_aside.clear();
    is_another_document(context, &mut case, data.order.sha256, data.received_at)?;
    Ok(Change::of_case(case).claiming(Claim::Document(data.order.sha256)))
}

/// A deficiency of one item need not stop the others; that is said, and the item is refused.
pub(super) fn split(context: &Context<'_>, case: &Case, data: &RequestSplit) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    is_short("/data/reason", &data.reason)?;
    let noted = case.arrival.deficiencies.get(&data.deficiency);
    let noted = noted.filter(|noted| noted.state == DeficiencyState::Open);
    if noted.is_some_and(|noted| is_about_unresolved(case, noted)) && data.items.is_empty() {
        let mut case = touched(context, case);
        case.arrival.unresolved = 0;
        return Ok(Change::of_case(set_aside(case, data)));
    }
    let Some(item) = noted.and_then(|noted| noted.item) else {
        let reason = "that entry noted no open deficiency of one item";
        let cure = "what is deficient as a whole must be cured or rejected";
        return Err(Refusal::conflict(Rule::S08, "/data/deficiency", reason, cure));
    };
    let items = case.classified.as_ref().map_or(0, |classified| classified.scope.scope().items().len());
    let fits = data.items.is_sorted_by(|a, b| a < b)
        && data.items.contains(&item)
        && data.items.iter().all(|item| usize::try_from(*item).is_ok_and(|item| item < items));
    if !fits {
        let reason = "items are ascending positions in the order's scope, the deficient one among them";
        return Err(Refusal::invalid(Rule::S08, "/data/items", reason, "name the items that are set aside"));
    }
    Ok(Change::of_case(set_aside(touched(context, case), data)))
}

fn set_aside(mut case: Case, data: &RequestSplit) -> Case {
    if let Some(noted) = case.arrival.deficiencies.get_mut(&data.deficiency) {
        noted.state = DeficiencyState::SetAside;
    }
    case.arrival.set_aside.extend(data.items.iter().copied());
    void_review(&mut case);
    case
}

/// S-21: a name that is nobody's has no item of its own; its mistake is noted upon the whole.
fn is_about_unresolved(case: &Case, noted: &Deficiency) -> bool {
    case.arrival.unresolved > 0 && noted.item.is_none() && noted.code == RejectCode::MaterialMistake
}

/// S-08: nothing is reviewed while a deficiency is open, and S-21: nor while a name is nobody's and
/// nobody has said what becomes of it.
pub(super) fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    while_data_moves(context, case)?;
    if case.arrival.unresolved == 0 {
        return Ok(());
    }
    let reason = format!("{} identifiers resolve to no account", case.arrival.unresolved);
    let cure = "note the mistake (deficiency.noted, material_mistake), then set it aside with request.split";
    Err(Refusal::conflict(Rule::S21, "", reason, cure))
}

/// S-08, I-19: nothing moves while a deficiency is open.
pub(super) fn while_data_moves(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(index) = case.arrival.open_deficiency() else { return Ok(()) };
    let reason = format!("the deficiency noted at entry {index} is open");
    let cure = "have it cured by a new document, set its item aside, or reject the demand";
    Err(Refusal::conflict(Rule::S08, "", reason, cure))
}

/// S-08: an item set aside because it is deficient cannot be approved with the others.
pub(super) fn set_aside_is_refused(case: &Case, refused: &BTreeMap<usize, Rule>) -> Result<(), Refusal> {
    let is_refused = |item: &&u32| usize::try_from(**item).is_ok_and(|item| refused.contains_key(&item));
    let Some(item) = case.arrival.set_aside.iter().find(|item| !is_refused(item)) else { return Ok(()) };
    let reason = format!("items/{item} was set aside as deficient");
    Err(Refusal::invalid(Rule::S08, "/data/refused", reason, "refuse the item under its reason"))
}
