//! Local law and human rights (S-32, S-34, S-50).

use super::{path, privilege};
use crate::practice::case::{Case, Legality, Rights};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::vocabulary::{
    Escalation, LegalityReviewed, Provision, RightsEscalated, RightsScreened, RiskTier,
};

/// Most provisions of law or of procedure.
const PROVISIONS_MAX: usize = 64;
/// Longest citation or reason in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// There are no more classes of people than these.
const SUBJECTS_MAX: usize = 16;

pub(super) fn reviewed(
    context: &Context<'_>,
    case: &Case,
    data: &LegalityReviewed,
) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    is_current_order(case, &data.order)?;
    if data.country != classified.country {
        let reason = format!("the demand is of {}, the law read of {}", classified.country, data.country);
        let cure = "read the law of the demand's country";
        return Err(Refusal::invalid(Rule::S32, "/data/country", reason, cure));
    }
    is_qualified(context, data)?;
    were_read(context, "law", &data.law)?;
    were_read(context, "procedure", &data.procedure)?;
    let mut case = path::unreviewed(context, case);
    case.screening.legality = Some(Legality {
        stands_on: classified.index,
        followed: data.followed,
        served_by: data.served_by.clone(),
    });
    Ok(Change::of_case(case))
}

/// S-50: a reviewer, valid now, qualified for the country; the event's actor.
fn is_qualified(context: &Context<'_>, data: &LegalityReviewed) -> Result<(), Refusal> {
    let is_reviewer = data.reviewer.as_str() == context.event.actor.as_str();
    let person = context.force.roles.value.person(&data.reviewer);
    if is_reviewer && person.is_some_and(|person| person.is_qualified_for(data.country)) {
        return Ok(());
    }
    let reason = format!("{} is no reviewer for {} who speaks here", data.reviewer, data.country);
    Err(Refusal::forbidden(Rule::S50, "/data/reviewer", reason, "have a qualified reviewer read the law"))
}

/// S-32, I-54: provisions by citation, in a version that existed when they were read.
fn were_read(context: &Context<'_>, name: &str, provisions: &[Provision]) -> Result<(), Refusal> {
    let cure = "cite what was read, as of when";
    if provisions.is_empty() || provisions.len() > PROVISIONS_MAX {
        let reason = format!("1 to {PROVISIONS_MAX} provisions are cited, found {}", provisions.len());
        return Err(Refusal::invalid(Rule::S32, &format!("/data/{name}"), reason, cure));
    }
    for (at, provision) in provisions.iter().enumerate() {
        if provision.cite.is_empty() || provision.cite.len() > TEXT_BYTES_MAX {
            let reason = "a citation is empty or too long";
            return Err(Refusal::invalid(Rule::S32, &format!("/data/{name}/{at}/cite"), reason, cure));
        }
        if provision.version > context.stamp.time {
            let reason = "the version read is later than the entry";
            return Err(Refusal::invalid(Rule::I54, &format!("/data/{name}/{at}/version"), reason, cure));
        }
    }
    Ok(())
}

pub(super) fn screened(context: &Context<'_>, case: &Case, data: &RightsScreened) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    is_current_order(case, &data.order)?;
    if data.subjects.len() > SUBJECTS_MAX {
        let reason = format!("at most {SUBJECTS_MAX} classes of people, found {}", data.subjects.len());
        return Err(Refusal::invalid(Rule::S34, "/data/subjects", reason, "name each class once"));
    }
    // I-55: one person's second look lowers nothing that two people decide about, of this document.
    let before = case.screening.rights;
    let was_high = before.is_some_and(|before| before.is_high);
    let decision = before.and_then(|before| before.decision).filter(|decision| *decision == Escalation::Stop);
    let mut screened = path::unreviewed(context, case);
    screened.screening.privileges.extend(privilege::of(classified, &data.subjects));
    screened.screening.rights = Some(Rights {
        entry: context.stamp.index,
        stands_on: classified.index,
        is_high: was_high || data.tier == RiskTier::High || !data.subjects.is_empty(),
        decision,
    });
    Ok(privilege::owing(context, case, Change::of_case(screened)))
}

/// I-55: two people decided; `acts` has seen that they did.
pub(super) fn escalated(
    context: &Context<'_>,
    case: &Case,
    data: &RightsEscalated,
) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    if data.reason.is_empty() || data.reason.len() > TEXT_BYTES_MAX {
        let reason = "a decision has a reason of 1 to 4096 bytes";
        return Err(Refusal::invalid(Rule::I55, "/data/reason", reason, "say why"));
    }
    let rights = case.screening.rights.filter(|rights| {
        rights.stands_on == classified.index && rights.entry == data.screening && rights.is_high
    });
    let Some(rights) = rights else {
        let reason = "that entry is not the screening in force, or found no high risk";
        return Err(Refusal::conflict(
            Rule::I55,
            "/data/screening",
            reason,
            "name the latest rights.screened",
        ));
    };
    let mut case = touched(context, case);
    if data.decision == Escalation::Stop {
        case = path::unreviewed(context, &case);
    }
    case.screening.rights = Some(Rights { decision: Some(data.decision), ..rights });
    Ok(Change::of_case(case))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(classified) = &case.classified else { return Ok(()) };
    law_was_followed(case.screening.legality.as_ref().filter(|found| found.stands_on == classified.index))?;
    rights_are_considered(case.screening.rights.filter(|found| found.stands_on == classified.index))
}

/// S-32 (I-54).
fn law_was_followed(legality: Option<&Legality>) -> Result<(), Refusal> {
    let (reason, cure) = match legality {
        Some(Legality { followed: true, .. }) => return Ok(()),
        Some(_) => ("the requester did not follow its own law", "reject the demand"),
        None => ("local law is not read for this classification", "post legality.reviewed first"),
    };
    Err(Refusal::conflict(Rule::S32, "", reason, cure))
}

/// S-34, I-55.
fn rights_are_considered(rights: Option<Rights>) -> Result<(), Refusal> {
    let Some(rights) = rights else {
        let reason = "human rights are not screened for this classification";
        return Err(Refusal::conflict(Rule::S34, "", reason, "post rights.screened first"));
    };
    let (reason, cure) = match rights.decision {
        Some(Escalation::Stop) => ("two people decided to stop it", "reject the demand, or challenge it"),
        None if rights.is_high => ("the risk is high, and nobody decided", "escalate it: rights.escalated"),
        _ => return Ok(()),
    };
    Err(Refusal::conflict(Rule::I55, "", reason, cure))
}
