//! What collections found and what became of bundles: tallies, scans, custody, recalls.
//!
//! Every list is bounded: a request has at most [`super::CASE_DISCLOSURES_MAX`] collections, and
//! what is kept of each source is its name, length and digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Case;
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::{CustomerId, DisclosureId, ProductionId, SourceId};
use crate::practice::vocabulary::{
    AccountRef, CustodyGround, ExactScope, RecallGround, SupersedingKind, Tally,
};
use crate::tlog::LeafIndex;

/// What collections found and what became of bundles: tallies, scans, custody, recalls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yields {
    /// What the latest collection found so far.
    #[serde(default)]
    pub found: Option<Found>,
    /// What left, in order.
    #[serde(default)]
    pub produced: Vec<Produced>,
    /// Items that looked like key material and are none: source and SHA-256.
    #[serde(default)]
    pub cleared: BTreeSet<(SourceId, Digest)>,
    /// The latest answer about who holds the keys.
    #[serde(default)]
    pub custody: Option<CustodyAnswer>,
    /// Customers that do not release their data.
    #[serde(default)]
    pub unreleased: Vec<(CustomerId, CustodyGround)>,
    /// Recalls, in order.
    #[serde(default)]
    pub recalls: Vec<Recall>,
    /// Delivered bundles that a further one corrects or supplements, in order.
    #[serde(default)]
    pub superseded: Vec<Superseded>,
}

/// What one collection found so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Which collection.
    pub disclosure: DisclosureId,
    /// The sources that were read, and as what.
    pub sources: BTreeMap<SourceId, Original>,
    /// Records kept, once `data.filtered` says so.
    pub kept: Option<u64>,
    /// The same by class, once `data.tallied` says so.
    pub tally: Option<Vec<Tally>>,
    /// Which keys of the provider opened which source.
    pub keys: BTreeSet<(SourceId, Digest)>,
}

/// A source as it was read the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// A bundle that left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Produced {
    /// Its name.
    pub production: ProductionId,
    /// What it holds, class by class.
    pub tally: Vec<Tally>,
}

/// What the key service answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyAnswer {
    /// The entry.
    pub index: LeafIndex,
    /// The accounts whose keys the customer holds.
    pub customer_held: Vec<AccountRef>,
}

/// A recall of a delivered bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    /// Which bundle.
    pub production: ProductionId,
    /// Why.
    pub ground: RecallGround,
    /// Whether the agency says that it destroyed it; none as long as it does not answer.
    pub destroyed: Option<bool>,
}

/// A delivered bundle that a further one corrects or supplements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superseded {
    /// The delivered bundle.
    pub production: ProductionId,
    /// Its collection.
    pub disclosure: DisclosureId,
    /// What the further one is for.
    pub kind: SupersedingKind,
    /// What was delivered under: a later order may ask for less.
    pub scope: ExactScope,
}

impl Found {
    /// What a collection begins with.
    #[must_use]
    pub const fn new(disclosure: DisclosureId, sources: BTreeMap<SourceId, Original>) -> Self {
        Self { disclosure, sources, kept: None, tally: None, keys: BTreeSet::new() }
    }

    /// Records kept according to the tally; none as long as nothing is tallied.
    #[must_use]
    pub fn tallied(&self) -> Option<u64> {
        self.tally.as_deref().map(sum)
    }
}

/// The sum of a tally.
#[must_use]
pub(crate) fn sum(tally: &[Tally]) -> u64 {
    tally.iter().fold(0, |sum, row| sum.saturating_add(row.records))
}

impl Produced {
    /// Whether any of it is content (S-98).
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.tally.iter().any(|row| row.records > 0 && row.class.is_content())
    }
}

impl Yields {
    /// Whether two people found that this item is no key material.
    #[must_use]
    pub fn is_cleared(&self, source: &SourceId, item_sha256: &Digest) -> bool {
        self.cleared.contains(&(source.clone(), *item_sha256))
    }

    /// The delivered bundle that the request's present or next one corrects or supplements.
    #[must_use]
    pub fn supersedes(&self) -> Option<&ProductionId> {
        self.superseded.last().map(|superseded| &superseded.production)
    }

    /// Whether a further bundle follows upon this collection's.
    #[must_use]
    pub fn is_superseded(&self, disclosure: &DisclosureId) -> bool {
        self.superseded.iter().any(|superseded| superseded.disclosure == *disclosure)
    }

    /// Whether everything was searched and nothing found, and that waits for its certificate.
    #[must_use]
    pub fn found_nothing(&self, disclosure: &DisclosureId) -> bool {
        self.found.as_ref().is_some_and(|found| found.disclosure == *disclosure && found.tallied() == Some(0))
    }
}

impl Case {
    /// Whether the reviewed scope has content.
    #[must_use]
    pub fn reviews_content(&self) -> bool {
        self.reviewed_classes().any(DataClass::is_content)
    }

    /// The classes of the reviewed scope, one for each item.
    pub fn reviewed_classes(&self) -> impl Iterator<Item = DataClass> {
        let review = self.review.iter();
        review.flat_map(|review| review.scope.scope().items().iter().map(|item| item.class))
    }
}
