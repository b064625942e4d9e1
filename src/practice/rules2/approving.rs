//! Which signed decisions there are, and where each belongs.

use super::{acts, emergency, while_data_moves};
use crate::model::approval::{Decision, Kind};
use crate::practice::case::Case;
use crate::practice::change::Verdict;
use crate::practice::envelope::{Context, known};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::approving::{on_proposal, on_request, says_what_was_signed};
use crate::practice::rules1::signed::{self, SignedApproval};
use crate::practice::vocabulary::ApprovalRecord;

pub(super) fn decided(
    context: &Context<'_>,
    case: Option<&Case>,
    data: &ApprovalRecord,
) -> Result<Verdict, Refusal> {
    let [envelope] = &context.event.envelopes[..] else {
        let cure = "look at what is to be approved now, and sign that with probity approve";
        return Err(Refusal::malformed(Rule::F04, "/envelopes", "an approval is one envelope", cure));
    };
    let signed = signed::open(envelope, "/envelopes/0", &context.force.roles.value, context.stamp.time)?;
    says_what_was_signed(context, data, &signed)?;
    match data.kind {
        Kind::Disclose | Kind::Release | Kind::Emergency => {
            about_data(context, known(context, case)?, &signed)
        }
        Kind::Policy | Kind::Directory | Kind::Role => on_proposal(context, &signed),
        Kind::RedirectExempt | Kind::NoticeWaive | Kind::ScanClear | Kind::Discretion | Kind::Erase => {
            acts::decided(context, case, &signed)
        }
        Kind::Clock | Kind::Keys | Kind::Restore | Kind::Anchor => {
            let reason = "approvals of that kind stand inside the entry they allow";
            Err(Refusal::invalid(Rule::I03, "/data/kind", reason, "see docs/events.md for the kinds"))
        }
    }
}

/// I-07: not who took the document in, whichever version that was.
pub(super) fn took_no_version_in(case: &Case, person: &str, pointer: &str) -> Result<(), Refusal> {
    if !case.arrival.submitters.contains(person) {
        return Ok(());
    }
    let reason = format!("{person} took a version of the document in");
    Err(Refusal::forbidden(Rule::I07, pointer, reason, "have somebody else do it"))
}

/// Whoever wants to say no, or take a yes back, may do so whatever else is open.
fn about_data(context: &Context<'_>, case: &Case, signed: &SignedApproval<'_>) -> Result<Verdict, Refusal> {
    if signed.approval.decision == Decision::Approve {
        while_data_moves(context, case)?;
        emergency::may_approve(context, case, signed)?;
        took_no_version_in(case, signed.person.id.as_str(), "/envelopes/0")?;
    }
    on_request(context, case, signed)
}
