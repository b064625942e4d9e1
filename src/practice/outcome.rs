//! In which one cell a request is counted (S-79, S-80, I-45).
//!
//! **In scope**: the outcome that follows from a request's state alone.
//! **Out of scope**: periods, segments and which requests a figure counts.

use super::case::{Case, Disclosure, Stage};

/// How a request ended, or that it did not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Content left, whatever else did.
    DisclosedContent,
    /// Something left, and none of it content.
    DisclosedNoncontent,
    /// Everything was searched and nothing found.
    NoData,
    /// The provider did not comply.
    Rejected,
    /// The agency took it back before anything left.
    Withdrawn,
    /// The requester goes to the customer.
    Redirected,
    /// Closed without a search: a preservation, or an order that ended.
    Closed,
    /// It is before a court.
    ChallengedPending,
    /// It goes on.
    Pending,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::DisclosedContent,
        Self::DisclosedNoncontent,
        Self::NoData,
        Self::Rejected,
        Self::Withdrawn,
        Self::Redirected,
        Self::Closed,
        Self::ChallengedPending,
        Self::Pending,
    ];

    /// Whether something left.
    #[must_use]
    pub const fn is_disclosed(self) -> bool {
        matches!(self, Self::DisclosedContent | Self::DisclosedNoncontent)
    }
}

/// The outcome of a request: what left outweighs how it ended, and content outweighs the rest.
#[must_use]
pub fn of(case: &Case) -> Outcome {
    let mut left = case.disclosures.iter().filter(|disclosure| disclosure.released.is_some()).peekable();
    if left.peek().is_some() {
        let has_content = left.any(|disclosure| has_content(case, disclosure));
        return if has_content { Outcome::DisclosedContent } else { Outcome::DisclosedNoncontent };
    }
    match case.stage {
        Stage::NoData => Outcome::NoData,
        Stage::Rejected => Outcome::Rejected,
        Stage::Withdrawn => Outcome::Withdrawn,
        Stage::Redirected => Outcome::Redirected,
        Stage::Closed => Outcome::Closed,
        _ if case.screening.is_challenged() => Outcome::ChallengedPending,
        Stage::Received | Stage::Quarantined | Stage::Authenticated | Stage::Screening | Stage::Reviewed => {
            Outcome::Pending
        }
    }
}

/// By the tally. A bundle of rule set 1 has none: its reviewed scope, which is the most that can
/// be in it, stands for it.
fn has_content(case: &Case, disclosure: &Disclosure) -> bool {
    let tallied = case.yields.produced.iter();
    let mut tallied = tallied.filter(|produced| Some(&produced.production) == disclosure.production.as_ref());
    tallied.next().map_or_else(|| case.reviews_content(), super::case::Produced::has_content)
}
