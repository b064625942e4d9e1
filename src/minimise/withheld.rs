//! Why something was withheld, and how often. Never a value, never an account.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// The rule under which a record, or one field of a kept record, was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The record belongs to an account that the scope does not name on this service.
    Account,
    /// The account had another owner at that time, or nobody can tell (recycled addresses).
    Ownership,
    /// The instant lies in no interval of the scope.
    Interval,
    /// The instant is not before the order was served: stored data ends there.
    AfterService,
    /// The scope needs an instant, and the record has none that can be trusted to be one.
    Undated,
    /// The scope has no item of this class for the account.
    Class,
    /// The scope has the class, but not this field of it.
    Field,
    /// Credentials and keys are never disclosable.
    NeverDisclosable,
    /// The bytes look like somebody's private key: for the reviewers to see.
    KeyMaterial,
    /// Beyond a bound of the reader.
    Oversized,
    /// Not what its kind should be: duplicate members, a row of another width, not UTF-8.
    Malformed,
    /// A name that leaves its directory, hides itself, or is no regular file.
    Path,
    /// The index names a file that is not there.
    Missing,
}

impl Rule {
    /// Every rule, in the order they are printed.
    pub const ALL: [Self; 13] = [
        Self::Account,
        Self::Ownership,
        Self::Interval,
        Self::AfterService,
        Self::Undated,
        Self::Class,
        Self::Field,
        Self::NeverDisclosable,
        Self::KeyMaterial,
        Self::Oversized,
        Self::Malformed,
        Self::Path,
        Self::Missing,
    ];

    /// The number of the statement of practice, a dot, and the cause. Stable: other programs read it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Account => "S-09.account",
            Self::Ownership => "S-09.ownership",
            Self::Interval => "S-09.interval",
            Self::AfterService => "S-09.after_service",
            Self::Undated => "S-09.undated",
            Self::Class => "S-09.class",
            Self::Field => "S-09.field",
            Self::NeverDisclosable => "S-02.never_disclosable",
            Self::KeyMaterial => "S-02.key_material",
            Self::Oversized => "form.oversized",
            Self::Malformed => "form.malformed",
            Self::Path => "form.path",
            Self::Missing => "form.missing",
        }
    }

    /// The reason in words, for people who read the account of what was withheld.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Account => "belongs to an account that the approved scope does not name",
            Self::Ownership => "the account may have belonged to somebody else at that time",
            Self::Interval => "lies outside the approved interval",
            Self::AfterService => "is not from before the order was served",
            Self::Undated => "has no usable time, and the approved scope is limited in time",
            Self::Class => "is of a class of data that the approved scope does not include",
            Self::Field => "is a field that the approved scope does not include",
            Self::NeverDisclosable => "is a credential or a key, which are never disclosed",
            Self::KeyMaterial => "appears to hold a private key",
            Self::Oversized => "is larger than the reader's bound",
            Self::Malformed => "is not well-formed, so its parts cannot be told apart",
            Self::Path => "has an unsafe name or is not a regular file",
            Self::Missing => "is listed in an index, but its file is not there",
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Counts by rule. An absent rule counts zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<Rule, u64>);

impl Tally {
    /// Counts one more under `rule`.
    pub fn add(&mut self, rule: Rule) {
        *self.0.entry(rule).or_default() += 1;
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&rule, &count) in &other.0 {
            *self.0.entry(rule).or_default() += count;
        }
    }

    /// How many under `rule`.
    #[must_use]
    pub fn count(&self, rule: Rule) -> u64 {
        self.0.get(&rule).copied().unwrap_or_default()
    }

    /// How many under all rules together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The rules that counted something, with their counts, in the order of [`Rule::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Rule, u64)> {
        self.0.iter().map(|(&rule, &count)| (rule, count))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        assert_eq!(codes.len(), Rule::ALL.len());
        assert!(Rule::ALL.is_sorted());
    }

    #[test]
    fn counts_add_up() {
        let (mut a, mut b) = (Tally::default(), Tally::default());
        a.add(Rule::Account);
        b.add(Rule::Account);
        b.add(Rule::Undated);
        a.merge(&b);
        assert_eq!((a.count(Rule::Account), a.count(Rule::Undated), a.total()), (2, 1, 3));
        assert_eq!(serde_json::to_string(&a).expect("prints"), r#"{"S-09.account":2,"S-09.undated":1}"#);
    }
}
