//! What the first read finds: what will be delivered, as ranges, sizes and digests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ring::hmac;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::minimise::rows::{Layout, Projection};
use crate::minimise::selection::Access;
use crate::minimise::{Rule, Tally};
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::{ServiceId, SourceId};
use crate::model::scope::ScopeItem;

use super::config::Source;
use super::dir::Stamp;

/// Most records that one production may hold: their ranges and digests fit 512 MB.
pub const KEPT_RECORDS_MAX: u64 = 1 << 22;

/// The key under which records that are not delivered byte for byte are committed to: a plain
/// digest of so little text could be guessed. Drawn for each production, wiped when dropped.
pub struct ProvenanceKey(Zeroizing<[u8; 32]>);

impl ProvenanceKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 32 bytes, for the entry that keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn context(&self) -> hmac::Context {
        hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*self.0))
    }
}

/// What binds a delivered record to the bytes of its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Commitment {
    /// Delivered byte for byte: SHA-256 of those bytes.
    Sha256(Digest),
    /// Delivered in part or in another form: HMAC-SHA-256 of the whole record under the production's key.
    HmacSha256(Digest),
}

impl Commitment {
    pub(super) fn hmac(context: hmac::Context) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Self::HmacSha256(Digest::from_bytes(bytes))
    }
}

/// Which bytes of which source one delivered record came from, and by which item of the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvenanceRow<'a> {
    /// The delivered file, relative below `data/`.
    pub path: &'a str,
    /// The record's position in it, from 0.
    pub record: u64,
    /// The source.
    pub source: &'a SourceId,
    /// The file within the source, by its position in the sorted directory or its index; 0 where
    /// the source is one file. Names of files are content and stand nowhere here.
    pub part: u64,
    /// First byte of the record.
    pub from: u64,
    /// Byte after the last one.
    pub to: u64,
    /// Position in the scope of the item that selected it.
    pub scope_item: usize,
    /// What binds it.
    pub commitment: &'a Commitment,
}

/// Size and digest of a source as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// Bytes read: of the file, the index, or all files of a directory together.
    pub bytes: u64,
    /// SHA-256 of the file or the index; of a directory, of one line `<sha256> <bytes>\n` per file.
    pub sha256: Digest,
}

/// What one source yielded.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// The source.
    pub source: SourceId,
    /// As it was read; none if the scope has nothing to ask of it, so that it was not even opened.
    pub fingerprint: Option<Fingerprint>,
    /// Records seen: kept ones and withheld ones add up to it.
    pub records: u64,
    /// Records kept, in whole or in part.
    pub kept: u64,
    /// The kept ones by class: each counts once, as the most sensitive class kept of it.
    pub classes: BTreeMap<DataClass, u64>,
    /// The name of the provider's key that the data system opened it with, if it is declared.
    #[serde(skip)]
    pub key_name: Option<String>,
    /// Records of which nothing was kept, by rule.
    pub withheld: Tally,
    /// Parts left out of records that were kept, by rule.
    pub parts_withheld: Tally,
}

/// An item that looks like key material: a source, and the SHA-256 of the item's bytes there (of a
/// mail message, a row, or a file).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Suspect {
    /// The source.
    pub source: SourceId,
    /// SHA-256 of the item's bytes.
    pub item_sha256: Digest,
}

/// Most suspects that a plan names; the others are counted like all that is withheld.
pub const SUSPECTS_MAX: usize = 256;

/// How far the first read is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The source being read.
    pub source: &'a SourceId,
    /// Bytes read of all sources together.
    pub bytes: u64,
}

/// What will be delivered.
pub struct Plan {
    /// The files, ascending by path.
    pub files: Vec<PlannedFile>,
    /// Records of which nothing is delivered, by rule, over all sources.
    pub withheld: Tally,
    /// Parts left out of records that are delivered, by rule, over all sources.
    pub parts_withheld: Tally,
    /// Each declared source, in its order.
    pub sources: Vec<SourceReport>,
    /// The collected scope, measured on the records; empty if nothing was found.
    pub touched: Vec<ScopeItem>,
    /// What was withheld because it looks like key material, and can be cleared by two people (S-02).
    pub suspects: BTreeSet<Suspect>,
    pub(super) source_ids: Vec<SourceId>,
}

/// A file to be delivered. [`PlannedFile::copy_to`] writes it.
pub struct PlannedFile {
    /// Relative below `data/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// The schema of what it holds; none for original bytes.
    pub schema: Option<&'static str>,
    /// How many records it holds.
    pub records: u64,
    pub(super) prologue: Vec<u8>,
    pub(super) segments: Vec<Segment>,
    pub(super) epilogue: Vec<u8>,
}

/// Records of one file that are printed in one way.
pub(super) struct Segment {
    pub(super) source: usize,
    pub(super) part: u64,
    pub(super) place: Arc<Place>,
    pub(super) shape: Arc<Shape>,
    pub(super) records: Vec<Kept>,
}

/// A file that was read, and what it was then.
pub(super) struct Place {
    pub(super) path: Vec<String>,
    pub(super) stamp: Stamp,
}

/// How records are printed.
pub(super) enum Shape {
    /// As they are.
    Verbatim,
    /// A row of header facts.
    HeaderFacts([Access; 6]),
    /// A row, a line, or a record of `subscriber.json`.
    Fields { form: RowForm, layout: Arc<Layout>, projection: Projection },
    /// Nothing: the record shows only that the account exists.
    Existence,
}

#[derive(Clone, Debug)]
pub(super) enum RowForm {
    Csv,
    Ndjson,
    Subscriber {
        source: SourceId,
        service: ServiceId,
    },
    /// A row of the index of delivered files.
    Index,
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) scope_item: usize,
    /// The number of the delivered file in a row of the index; 0 if only the row is delivered.
    pub(super) delivered_as: u32,
    pub(super) commitment: Commitment,
}

impl SourceReport {
    pub(super) fn new(source: &Source) -> Self {
        Self {
            source: source.id.clone(),
            fingerprint: None,
            records: 0,
            kept: 0,
            classes: BTreeMap::new(),
            key_name: source.key_name.clone(),
            withheld: Tally::default(),
            parts_withheld: Tally::default(),
        }
    }

    /// Counts one record; a kept one has a class, because only items of a scope select anything.
    pub(super) fn count(&mut self, outcome: Result<Option<DataClass>, Rule>) {
        self.records += 1;
        match outcome {
            Ok(class) => {
                self.kept += 1;
                if let Some(class) = class {
                    *self.classes.entry(class).or_default() += 1;
                }
            }
            Err(rule) => self.withheld.add(rule),
        }
    }
}

impl Plan {
    /// Records kept by class, over all sources; their sum is what was kept.
    #[must_use]
    pub fn classes(&self) -> BTreeMap<DataClass, u64> {
        let mut classes = BTreeMap::new();
        for (class, records) in self.sources.iter().flat_map(|report| &report.classes) {
            *classes.entry(*class).or_default() += records;
        }
        classes
    }

    /// One row per delivered record, by file and position.
    pub fn provenance(&self) -> impl Iterator<Item = ProvenanceRow<'_>> {
        self.files.iter().flat_map(|file| {
            let records = file.segments.iter().flat_map(|s| s.records.iter().map(move |kept| (s, kept)));
            records.zip(0..).filter_map(|((segment, kept), record)| {
                Some(ProvenanceRow {
                    path: &file.path,
                    record,
                    source: self.source_ids.get(segment.source)?,
                    part: segment.part,
                    from: kept.from,
                    to: kept.to,
                    scope_item: kept.scope_item,
                    commitment: &kept.commitment,
                })
            })
        })
    }
}

/// The length of bytes in memory.
pub(super) fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
