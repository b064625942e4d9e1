//! Why an event is not admitted: the rule, the place, the reason, the cure.
//!
//! **In scope**: what a client needs in order to do it right the next time.
//! **Out of scope**: HTTP; `api` maps [`Kind`] to a status. No personal data enters a
//! refusal: items are named by position, people and agencies by their ids.

use std::fmt;

use super::rule::Rule;

/// Whose fault it is, as a client must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The event is not what its type demands (400).
    Malformed,
    /// The signer or the person may not do this (403).
    Forbidden,
    /// The state does not allow it now, or somebody was first (409).
    Conflict,
    /// It is well formed, and a rule says no (422).
    Invalid,
}

/// An event that was not admitted. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule that says no.
    pub rule: Rule,
    /// Where in the event, as an RFC 6901 JSON pointer; empty means the event as a whole.
    pub pointer: String,
    /// What was expected and what was found.
    pub reason: String,
    /// What to do instead.
    pub cure: &'static str,
    /// What a client may conclude.
    pub kind: Kind,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.reason)?;
        if !self.pointer.is_empty() {
            write!(f, " (at {})", self.pointer)?;
        }
        write!(f, "; {}", self.cure)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    fn of(kind: Kind, rule: Rule, pointer: &str, reason: impl Into<String>, cure: &'static str) -> Self {
        Self { rule, pointer: pointer.to_owned(), reason: reason.into(), cure, kind }
    }

    /// A rule says no.
    pub(crate) fn invalid(rule: Rule, pointer: &str, reason: impl Into<String>, cure: &'static str) -> Self {
        Self::of(Kind::Invalid, rule, pointer, reason, cure)
    }

    /// Not now, or not again.
    pub(crate) fn conflict(rule: Rule, pointer: &str, reason: impl Into<String>, cure: &'static str) -> Self {
        Self::of(Kind::Conflict, rule, pointer, reason, cure)
    }

    /// Not by this person or with this key.
    pub(crate) fn forbidden(
        rule: Rule,
        pointer: &str,
        reason: impl Into<String>,
        cure: &'static str,
    ) -> Self {
        Self::of(Kind::Forbidden, rule, pointer, reason, cure)
    }

    /// Not the members its type has.
    pub(crate) fn malformed(
        rule: Rule,
        pointer: &str,
        reason: impl Into<String>,
        cure: &'static str,
    ) -> Self {
        Self::of(Kind::Malformed, rule, pointer, reason, cure)
    }
}
