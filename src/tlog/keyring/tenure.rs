//! One line of a keyring: a key and the entries it is in force for.
//!
//! **In scope**: that ranges follow one another, that a later keyring repeats them.
//! **Out of scope**: what the keys are.

use std::fmt;

use super::KeyringError;
use crate::tlog::size::LeafIndex;

/// What a key is for. The order is that of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Signs checkpoints and keyrings.
    Log,
    /// Signs bundles, custody requests and reports.
    Disclosure,
    /// Not a key but the log's name, which a lossy restore changes.
    Origin,
}

/// A key and the entries it was in force for: `from` inclusive, `to` exclusive, none = still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure<K> {
    pub(super) from: LeafIndex,
    pub(super) to: Option<LeafIndex>,
    pub(super) key: K,
}

/// Whether a key still signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its range is open.
    InForce,
    /// Its range was closed: what it signed counts only with a consistency proof to a
    /// checkpoint signed by a key in force, since whoever got hold of it can sign anything.
    Retired,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "log",
            Self::Disclosure => "disclosure",
            Self::Origin => "origin",
        })
    }
}

impl<K> Tenure<K> {
    /// In force from `from` on.
    pub(super) const fn open(from: LeafIndex, key: K) -> Self {
        Self { from, to: None, key }
    }

    /// First entry it was in force for.
    #[must_use]
    pub const fn from(&self) -> LeafIndex {
        self.from
    }

    /// First entry it was not in force for any more; none if it still is.
    #[must_use]
    pub const fn to(&self) -> Option<LeafIndex> {
        self.to
    }

    /// The key (of a line `origin`: the origin).
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// Whether it is still in force.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        if self.to.is_none() { Standing::InForce } else { Standing::Retired }
    }

    pub(super) fn covers(&self, index: LeafIndex) -> bool {
        self.from <= index && self.to.is_none_or(|to| index < to)
    }

    pub(super) fn line(&self, purpose: Purpose, key: &impl fmt::Display) -> String {
        let to = self.to.map_or_else(|| "-".to_owned(), |to| to.to_string());
        format!("{purpose} {} {to} {key}\n", self.from)
    }
}

/// Checks that the ranges follow one another from index 0 on and only the last is open.
pub(super) fn check_ranges<K>(purpose: Purpose, tenures: &[Tenure<K>]) -> Result<(), KeyringError> {
    let mut next = Some(LeafIndex::new(0));
    for Tenure { from, to, .. } in tenures {
        let expected = next.ok_or(KeyringError::LastNotOpen { purpose })?;
        if *from != expected {
            return Err(KeyringError::NotContiguous { purpose, expected, found: *from });
        }
        if to.is_some_and(|to| to <= *from) {
            return Err(KeyringError::EmptyRange { purpose, from: *from });
        }
        next = *to;
    }
    if next.is_none() { Ok(()) } else { Err(KeyringError::LastNotOpen { purpose }) }
}

/// Closes the last range where the new one begins.
pub(super) fn succeed<K>(tenures: &mut Vec<Tenure<K>>, from: LeafIndex, key: Option<K>) {
    if let Some(key) = key {
        if let Some(last) = tenures.last_mut() {
            last.to = Some(from);
        }
        tenures.push(Tenure::open(from, key));
    }
}

/// The line that `new` has beyond `old`, if any; none of the others may differ.
pub(super) fn added<'a, K: PartialEq>(
    old: &[Tenure<K>],
    new: &'a [Tenure<K>],
) -> Result<Option<&'a Tenure<K>>, ()> {
    let (repeated, rest) = new.split_at_checked(old.len()).ok_or(())?;
    let same = |(old, new): (&Tenure<K>, &Tenure<K>)| {
        old.from == new.from && old.key == new.key && (old.to.is_none() || old.to == new.to)
    };
    match rest {
        _ if !old.iter().zip(repeated).all(same) => Err(()),
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(()),
    }
}
