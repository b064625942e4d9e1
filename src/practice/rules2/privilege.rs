//! What the law keeps from investigators (case 35): a thread with a lawyer, a journalist's source.
//!
//! The provider does not sort it out, because it would have to read it. It encrypts the bundle to the
//! agency's filter team, whose recipients the directory marks, and to nobody else: who investigates
//! cannot open it. Approvals name the recipients, so what was reviewed before the note is reviewed again.
//!
//! Who of the agency acknowledges such a bundle is not asked: an acknowledgement repeats the digest of
//! the tag manifest, which only whoever opened the bundle knows.

use super::incident;
use super::path::unreviewed;
use crate::practice::case::{Case, Classified};
use crate::practice::change::Change;
use crate::practice::directory::Readers;
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::records::Mishap;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{Privilege, PrivilegeNoted, SubjectClass};

/// Never taken back: what one person thought privileged is the filter team's to clear.
///
/// Found after a bundle went to investigators, it is an incident about that bundle, and a further one
/// goes to the filter team.
pub(super) fn noted(context: &Context<'_>, case: &Case, data: &PrivilegeNoted) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let is_delivered = case.live_disclosure().is_some_and(|live| live.released.is_some());
    // What was delivered keeps its review: a further bundle is begun from it, and reviewed anew.
    let mut noted = if is_delivered { touched(context, case) } else { unreviewed(context, case) };
    if !noted.screening.privileges.insert(data.privilege) {
        return Err(not_now(context.kind, "that privilege is noted"));
    }
    Ok(owing(context, case, Change::of_case(noted)))
}

/// I-34: what went to investigators before anybody knew is an incident, however it was found.
pub(super) fn owing(context: &Context<'_>, before: &Case, change: Change) -> Change {
    let is_found = change.case.as_ref().is_some_and(|case| case.readers() == Readers::FilterTeam);
    let left = incident::released(before);
    if left.is_empty() || before.readers() == Readers::FilterTeam || !is_found {
        return change;
    }
    incident::owing(context, change, &before.request, Mishap::Privileged, left)
}

/// What the screened people's trade keeps confidential. A lawyer's confidence is what is said; a
/// journalist's source shows in every record of who spoke to whom.
pub(super) fn of(classified: &Classified, subjects: &[SubjectClass]) -> impl Iterator<Item = Privilege> {
    let items = || classified.scope.scope().items().iter();
    let has_content = items().any(|item| item.class.is_content());
    let has_traffic = items().any(|item| !item.class.is_timeless());
    subjects.iter().filter_map(move |subject| match subject {
        SubjectClass::Lawyer => has_content.then_some(Privilege::Legal),
        SubjectClass::Journalist => has_traffic.then_some(Privilege::Journalistic),
        SubjectClass::Politician | SubjectClass::Minor | SubjectClass::Dissident => None,
    })
}
