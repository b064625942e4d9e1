//! Challenges before a court (S-30, S-23, I-19).

use super::{incident, path};
use crate::practice::case::{Case, Challenge, Decided};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::records::Mishap;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::has_not_left;
use crate::practice::vocabulary::{ChallengeDecided, ChallengeFiled, Relief, Ruling};

/// Most challenges of one request.
const CHALLENGES_MAX: usize = 32;
/// Longest name of a court or docket in bytes.
const TEXT_BYTES_MAX: usize = 512;

pub(super) fn filed(context: &Context<'_>, case: &Case, data: &ChallengeFiled) -> Result<Change, Refusal> {
    path::is_classified(context, case)?;
    has_not_left(context, case)?;
    for (pointer, text) in [("/data/court", &data.court), ("/data/docket", &data.docket)] {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            let reason = format!("a court's record is named in 1 to {TEXT_BYTES_MAX} bytes");
            return Err(Refusal::invalid(Rule::S23, pointer, reason, "name the court and its docket number"));
        }
    }
    if data.filed_at > context.stamp.time || data.filed_at < case.received.received_at {
        let reason = "it would be filed after the entry, or before the demand came";
        return Err(Refusal::invalid(Rule::S30, "/data/filed_at", reason, "say when it was filed, in UTC"));
    }
    let challenges = &case.screening.challenges;
    if challenges.len() >= CHALLENGES_MAX || challenges.iter().any(|known| known.id == data.challenge) {
        let reason = format!("{} is there already, or there are {CHALLENGES_MAX}", data.challenge);
        return Err(Refusal::conflict(
            Rule::S30,
            "/data/challenge",
            reason,
            "give each challenge a new name",
        ));
    }
    let mut case = touched(context, case);
    let version = case.order.version;
    case.screening.challenges.push(Challenge {
        id: data.challenge.clone(),
        relief: data.relief,
        filed_at: data.filed_at,
        version,
        stay: data.stay,
        decided: None,
    });
    Ok(Change::of_case(case))
}

/// A court decides when it does: also when the request has ended meanwhile.
pub(super) fn decided(
    context: &Context<'_>,
    case: &Case,
    data: &ChallengeDecided,
) -> Result<Change, Refusal> {
    let left = incident::released(case);
    let mut case = touched(context, case);
    let version = case.order.version;
    let open = |known: &&mut Challenge| known.id == data.challenge && known.decided.is_none();
    let Some(challenge) = case.screening.challenges.iter_mut().find(open) else {
        let reason = format!("{} is not filed, or decided already", data.challenge);
        return Err(Refusal::conflict(Rule::S30, "/data/challenge", reason, "name an open challenge"));
    };
    if data.decided_at > context.stamp.time || data.decided_at < challenge.filed_at {
        let reason = "it would be decided after the entry, or before it was filed";
        return Err(Refusal::invalid(
            Rule::S30,
            "/data/decided_at",
            reason,
            "say when it was decided, in UTC",
        ));
    }
    challenge.decided = Some(Decided { ruling: data.ruling, version, entry: context.stamp.index });
    // I-56: what was reviewed because somebody objected is reviewed again when nobody does any more.
    if challenge.relief == Relief::Comity && data.ruling == Ruling::MotionWithdrawn {
        case = path::unreviewed(context, &case);
    }
    let request = case.request.clone();
    let change = Change::of_case(case);
    if data.ruling != Ruling::Quashed || left.is_empty() {
        return Ok(change);
    }
    Ok(incident::owing(context, change, &request, Mishap::Quashed, left))
}

/// Before a review.
pub(super) fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    while_data_moves(context, case)
}

/// Whenever data moves.
pub(super) fn while_data_moves(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    case.screening.challenges.iter().try_for_each(|challenge| stops_nothing(case, challenge))
}

/// I-19, S-30: a stay holds everything until the ruling, and the ruling is followed.
fn stops_nothing(case: &Case, challenge: &Challenge) -> Result<(), Refusal> {
    let (rule, state, cure) = match challenge.decided {
        None if challenge.stay => {
            (Rule::I19, "is open, with a stay", "wait for the ruling: challenge.decided")
        }
        Some(Decided { ruling: Ruling::Quashed, .. }) => (Rule::S30, "quashed the demand", "reject it"),
        Some(Decided { ruling: Ruling::DemandWithdrawn, .. }) => {
            (Rule::S30, "ended because the demand was withdrawn", "post request.withdrawn")
        }
        Some(Decided { ruling: Ruling::Modified, version, entry }) => {
            let narrowed = case.arrival.narrowed_to(version).is_some_and(|narrowed| narrowed.entry > entry);
            if case.order.version != version || narrowed {
                return Ok(());
            }
            let cure = "record what it became: order.amended or request.narrowed";
            (Rule::S30, "modified the demand, and it is as before", cure)
        }
        Some(Decided { ruling: Ruling::Upheld | Ruling::MotionWithdrawn, .. }) | None => return Ok(()),
    };
    Err(Refusal::conflict(rule, "", format!("challenge {} {state}", challenge.id), cure))
}
