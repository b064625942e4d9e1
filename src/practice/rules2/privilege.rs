//! What the law keeps from investigators (case 35): a thread with a lawyer, a journalist's source.
//!
//! The provider does not sort it out, because it would have to read it. It encrypts the bundle to the
//! agency's filter team, whose recipients the directory marks, and to nobody else: who investigates
//! cannot open it. Approvals name the recipients, so what was reviewed before the note is reviewed again.

use super::path::unreviewed;
use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, is_open, not_now};
use crate::practice::refusal::Refusal;
use crate::practice::rules1::intake::has_not_left;
use crate::practice::vocabulary::PrivilegeNoted;

/// Never taken back: what one person thought privileged is the filter team's to clear.
pub(super) fn noted(context: &Context<'_>, case: &Case, data: &PrivilegeNoted) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    let mut noted = unreviewed(context, case);
    if !noted.screening.privileges.insert(data.privilege) {
        return Err(not_now(context.kind, "that privilege is noted"));
    }
    Ok(Change::of_case(noted))
}
