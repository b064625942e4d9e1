//! The steps from an approved disclosure to a sealed bundle; each consumes the one before.
//!
//! ```text
//! Approved ── first read ──▶ Collected ── scope check ──▶ Minimised ── bag ──▶ Packed ── age ──▶ Sealed ──▶ Released
//!    │                          │                            │                  │                 │            │
//! disclosure.opened        data.received        data.planned, data.filtered   bundle.provenance  bundle.sealed  bundle.released
//! ```
//! From rule set 2 on, `data.tallied` and `key.used` follow `data.filtered`.
//!
//! Each type holds the [`Logged`] record that was made before it: there is no way to a later
//! one that does not pass through the log. Nothing personal is written to the disk before
//! [`Packed::seal`], and what that writes is encrypted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::grounds::Grounds;
use super::logbook::leaf_ref;
use super::sealing::{Checked, Halt};
use super::trace;
use super::workbench::Workbench;
use super::{PackageError, Progress};
use crate::bundle::bag::{BagInfo, Manifest};
use crate::bundle::documents::{self, Custody, CustodyStep, Order, OrderVersion, WithheldRow};
use crate::bundle::layout::{BagPath, PAYLOAD_DIR};
use crate::bundle::pack::{self, Content, Contents, Member, PackError};
use crate::bundle::receipt::{self, BundleReceipt};
use crate::collect::{self, Plan, ProvenanceKey, Sources, Suspect};
use crate::minimise::{AccountLabels, Selection, Tally};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::model::opening::Logged;
use crate::model::scope::Scope;
use crate::ops::{age, machine};
use crate::practice::RuleSet;
use crate::practice::vocabulary::{
    Base64, BundleProvenance, BundleReleased, BundleSealed, DataFiltered, DataPlanned, DataReceived,
    DataTallied, DisclosureOpened, EventType, KeyUsed, LeafRef, SourceRead, Tally as ClassTally, Withheld,
};

/// A disclosure whose approvals the log has found sufficient.
pub(super) struct Approved {
    opened: Logged<DisclosureOpened>,
    grounds: Grounds,
}

/// The sources were read once.
pub(super) struct Collected {
    approved: Approved,
    received: Logged<DataReceived>,
    sources: Arc<Sources>,
    labels: AccountLabels,
    key: ProvenanceKey,
    plan: Plan,
}

/// What is left is within the approved scope, and what was withheld is counted.
pub(super) struct Minimised {
    collected: Collected,
    planned: Logged<DataPlanned>,
    filtered: Logged<DataFiltered>,
    /// From rule set 2 on.
    tallied: Option<Logged<DataTallied>>,
}

/// Every byte of the bag is determined; none is written.
pub(super) struct Packed {
    grounds: Grounds,
    traced: Logged<BundleProvenance>,
    bag: pack::Packed<'static>,
}

/// The bundle is encrypted, on the disk, and in the log.
pub(super) struct Sealed(Logged<BundleSealed>);

/// The bundle may leave: its release is in the log.
pub(super) struct Released(Logged<BundleReleased>);

impl Approved {
    /// What `opened` stands on, read from the log.
    pub(super) fn new(bench: &Workbench, opened: Logged<DisclosureOpened>) -> Result<Self, PackageError> {
        let grounds = Grounds::of(bench.logbook.reader(), &opened)?;
        Ok(Self { opened, grounds })
    }

    /// The first read of the sources.
    ///
    /// If we crash here, the log has a collection that was opened and nothing else exists.
    pub(super) fn collect(
        self,
        bench: &Workbench,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Collected, PackageError> {
        let sources = Arc::new(bench.sources()?);
        let scope = self.grounds.scope.scope();
        let selection = Selection::new(scope, &self.grounds.fields, Some(self.grounds.served_at));
        let labels = AccountLabels::of(scope);
        let key = ProvenanceKey::new(machine::random()?);
        let plan = collect::plan(&sources, &selection, &labels, &key, &self.grounds.cleared, &mut |read| {
            progress(Progress { done_bytes: read.bytes, total_bytes: None });
        })?;
        bench.go_on()?;
        let read = plan.sources.iter().filter_map(|report| {
            let fingerprint = report.fingerprint?;
            let (bytes, sha256) = (fingerprint.bytes, fingerprint.sha256);
            Some(SourceRead { source: report.source.clone(), records: report.records, bytes, sha256 })
        });
        let received =
            DataReceived { disclosure: self.opened.value().disclosure.clone(), sources: read.collect() };
        if received.sources.is_empty() {
            return Err(PackageError::Empty);
        }
        let received = bench.logbook.append(&self.grounds.request, EventType::DataReceived, received)?;
        Ok(Collected { approved: self, received, sources, labels, key, plan })
    }
}

impl Collected {
    /// What was withheld because it looks like key material, for people to look at.
    pub(super) const fn suspects(&self) -> &BTreeSet<Suspect> {
        &self.plan.suspects
    }

    /// Holds what was collected against what was approved and ordered, and accounts for the rest.
    pub(super) fn minimise(self, bench: &Workbench) -> Result<Minimised, PackageError> {
        let Grounds { request, scope, ordered, fields, .. } = &self.approved.grounds;
        if !self.plan.touched.is_empty() {
            let touched = Scope::new(self.plan.touched.clone());
            let touched =
                touched.map_err(|_| PackageError::OutOfScope { item: 0, outer: "a scope's form" })?;
            for (outer, within) in [("the approved scope", scope.scope()), ("the order", ordered.scope())] {
                if let Some(&item) = touched.items_outside(within, fields).first() {
                    return Err(PackageError::OutOfScope { item, outer });
                }
            }
        }
        let disclosure = &self.approved.opened.value().disclosure;
        let manifest = manifest(&self.plan)?;
        let planned = DataPlanned {
            disclosure: disclosure.clone(),
            scope_sha256: scope.sha256(),
            files: count(self.plan.files.len()),
            bytes: self.plan.files.iter().map(|file| file.bytes).sum(),
            manifest_sha256: Digest::of(&manifest),
        };
        let planned = bench.logbook.append(request, EventType::DataPlanned, planned)?;
        let withheld = self.plan.withheld.iter();
        let filtered = DataFiltered {
            disclosure: disclosure.clone(),
            records: self.received.value().sources.iter().map(|source| source.records).sum(),
            kept: self.plan.sources.iter().map(|source| source.kept).sum(),
            withheld: withheld
                .map(|(rule, count)| Withheld { rule: rule.code().to_owned(), count })
                .collect(),
        };
        let filtered = bench.logbook.append(request, EventType::DataFiltered, filtered)?;
        let tallied = match self.approved.grounds.rules {
            RuleSet::One => None,
            RuleSet::Two => Some(self.tally(bench)?),
        };
        // Only now: that nothing was found, and why, is in the log too.
        if self.plan.files.is_empty() {
            let is_certified = tallied.is_some();
            return Err(if is_certified { PackageError::NothingFound } else { PackageError::Empty });
        }
        Ok(Minimised { collected: self, planned, filtered, tallied })
    }

    /// What was kept, class by class, and which keys of the provider opened what was read.
    fn tally(&self, bench: &Workbench) -> Result<Logged<DataTallied>, PackageError> {
        let request = &self.approved.grounds.request;
        let disclosure = &self.approved.opened.value().disclosure;
        let kept = self.plan.classes().into_iter().map(|(class, records)| ClassTally { class, records });
        let tallied = DataTallied { disclosure: disclosure.clone(), kept: kept.collect() };
        let tallied = bench.logbook.append(request, EventType::DataTallied, tallied)?;
        for report in &self.plan.sources {
            let (Some(name), Some(_), 1..) = (&report.key_name, report.fingerprint, report.records) else {
                continue;
            };
            let used = KeyUsed {
                disclosure: disclosure.clone(),
                source: report.source.clone(),
                key_name_sha256: Digest::of(name.as_bytes()),
                items: report.records,
            };
            bench.logbook.append(request, EventType::KeyUsed, used)?;
        }
        Ok(tallied)
    }
}

impl Minimised {
    /// Names the production, records where it comes from, and plans the bag.
    ///
    /// If we crash here, nothing is on the disk yet.
    pub(super) fn pack(self, bench: &Workbench) -> Result<Packed, PackageError> {
        let packed_at = self.filtered.opened().entry().time;
        let production = receipt::production_id(year(packed_at), machine::random()?);
        let Self { collected: Collected { approved, received, sources, labels, key, plan }, .. } = self;
        let plan = Arc::new(plan);
        let mut digest = Sha256::new();
        trace::write_lines(&plan, &mut digest).map_err(PackError::Document)?;
        let provenance = BundleProvenance {
            disclosure: approved.opened.value().disclosure.clone(),
            production: production.clone(),
            hmac_key: Base64::new(key.as_bytes().as_slice()),
            provenance_sha256: Digest::from_bytes(digest.finalize().into()),
            sources: trace::sources(&plan),
        };
        let grounds = approved.grounds;
        let traced = bench.logbook.append(&grounds.request, EventType::BundleProvenance, provenance)?;

        let reader = bench.logbook.reader();
        let mut steps = Vec::new();
        let given = grounds.approvals.iter().map(|index| (EventType::ApprovalGiven, *index));
        let recorded = [
            (EventType::DisclosureOpened, approved.opened.opened()),
            (EventType::DataReceived, received.opened()),
            (EventType::DataPlanned, self.planned.opened()),
            (EventType::DataFiltered, self.filtered.opened()),
        ];
        let tallied = self.tallied.iter().map(|tallied| (EventType::DataTallied, tallied.opened()));
        let recorded = recorded.into_iter().chain(tallied);
        for (type_, index) in given.chain(recorded.map(|(type_, opened)| (type_, opened.entry().index))) {
            let receipt = reader.receipt(index)?;
            steps.push(CustodyStep::new(&type_.to_string(), index, receipt.as_bytes()));
        }
        let lines = Arc::clone(&plan);
        let contents = Contents {
            info: BagInfo {
                organization: bench.organization.clone(),
                production: production.clone(),
                disclosure: approved.opened.value().disclosure.clone(),
                request: grounds.request.clone(),
                ordinal: grounds.delivered + 1,
                packed_at,
            },
            order: order(bench, &grounds, &labels, &production),
            withheld: documents::Withheld {
                v: 1,
                production: production.clone(),
                records: rows(&plan.withheld),
                parts: rows(&plan.parts_withheld),
            },
            custody: Custody { v: 1, production, steps },
            provenance: Box::new(move |out| trace::write_lines(&lines, out)),
            decision_receipt: reader.receipt(grounds.decision)?.into_bytes(),
            decision_opening: reader.opening(grounds.decision)?.into_bytes(),
            log_vkey: format!("{}\n", reader.vkey()),
            payload: members(&plan, &sources)?,
        };
        let bag = pack::pack(contents, &bench.disclosure_key)?;
        Ok(Packed { grounds, traced, bag })
    }
}

impl Packed {
    /// The second read: into tar, past the search for our own keys, into age, onto the disk.
    /// The file is durable under its name before `bundle.sealed` says so.
    ///
    /// If we crash while it is written, a `.partial` is left; before the record, a file without
    /// one: the next start deletes either, and logs it. A fresh attempt has a fresh file key.
    pub(super) fn seal(
        self,
        bench: &Workbench,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Sealed, PackageError> {
        let Self { grounds, traced, bag } = self;
        let BundleProvenance { disclosure, production, .. } = traced.into_value();
        let total_bytes = Some(bag.oxum().bytes);
        let tagmanifest_sha256 = bag.tagmanifest_sha256();
        let draft = bench.shelf.begin(&production)?;
        let writer = age::encrypt_to(&grounds.recipients, &draft.file)?;
        let mut checked = Checked::new(writer, bench);
        let written = bag.write(&mut checked, |done_bytes| progress(Progress { done_bytes, total_bytes }));
        let written = written.map(|_| ());
        let (writer, halt) = checked.finish();
        match (halt, written) {
            (Some(Halt::OwnKey(found)), _) => return Err(found.into()),
            (Some(Halt::Stopping), _) => return Err(PackageError::Interrupted),
            (None, written) => written.map_err(PackageError::of_packing)?,
        }
        let (_, sealed) = writer.finish()?;
        draft.keep()?;
        let bundle = BundleSealed {
            production,
            disclosure,
            file_sha256: sealed.file_sha256,
            file_bytes: sealed.file_bytes,
            payload_sha256: sealed.payload_sha256,
            tagmanifest_sha256,
            recipients: grounds.recipients.sha256().into_iter().collect(),
        };
        // Approvals, order and recipients are judged again by this record, at its own time.
        let sealed = Sealed(bench.logbook.append(&grounds.request, EventType::BundleSealed, bundle)?);
        if let Err(error) = sealed.complete(bench) {
            // The bundle is sealed all the same: the release, or the next start, tries again.
            tracing::warn!(production = %sealed.production(), %error, "the receipt file is not there yet");
        }
        Ok(sealed)
    }
}

impl Sealed {
    /// A bundle that was sealed before, from its record.
    pub(super) fn recorded(bench: &Workbench, context: LeafRef) -> Result<Self, PackageError> {
        Ok(Self(bench.logbook.recorded(context.index)?))
    }

    /// The bundle's name.
    pub(super) fn production(&self) -> &ProductionId {
        &self.0.value().production
    }

    /// The record's entry: what a release is signed over.
    pub(super) fn context(&self) -> LeafRef {
        leaf_ref(self.0.opened())
    }

    /// Whether the staged file is the one that the record is about; reads all of it.
    pub(super) fn is_staged(&self, bench: &Workbench) -> Result<bool, PackageError> {
        Ok(bench.shelf.staged_sha256(self.production())? == Some(self.0.value().file_sha256))
    }

    /// Puts the receipt file and the instructions beside the bundle.
    ///
    /// If we crash before this, the next start does it: both follow from the record.
    pub(super) fn complete(&self, bench: &Workbench) -> Result<(), PackageError> {
        let bundle = self.0.value();
        let (reader, entry) = (bench.logbook.reader(), self.0.opened());
        let index = entry.entry().index;
        let file = BundleReceipt {
            origin: reader.origin().clone(),
            production: bundle.production.clone(),
            file: receipt::bundle_name(&bundle.production),
            sealed: age::Sealed {
                file_sha256: bundle.file_sha256,
                file_bytes: bundle.file_bytes,
                payload_sha256: bundle.payload_sha256,
            },
            tlog_proof: reader.receipt(index)?.into_bytes(),
            opening: reader.opening(index)?.into_bytes(),
        };
        bench.shelf.complete(&bundle.production, &file.sign(&bench.disclosure_key)?)
    }

    /// Records the release under `decision`. What is staged must be what was sealed.
    ///
    /// If we crash after the record, the next start moves the files.
    pub(super) fn release(self, bench: &Workbench, decision: LeafRef) -> Result<Released, PackageError> {
        if !self.is_staged(bench)? {
            return Err(PackageError::Lost);
        }
        self.complete(bench)?;
        let request = self.0.opened().event().request.clone();
        let request =
            request.ok_or(PackageError::NotNow { state: "the sealed bundle belongs to no request" })?;
        let BundleSealed { production, disclosure, file_sha256, .. } = self.0.into_value();
        let data = BundleReleased { production, disclosure, decision, file_sha256 };
        Ok(Released(bench.logbook.append(&request, EventType::BundleReleased, data)?))
    }
}

impl Released {
    /// A release that was recorded before.
    pub(super) fn recorded(bench: &Workbench, index: crate::tlog::LeafIndex) -> Result<Self, PackageError> {
        Ok(Self(bench.logbook.recorded(index)?))
    }

    /// The record.
    pub(super) const fn record(&self) -> &Logged<BundleReleased> {
        &self.0
    }

    /// Moves the files to the outbox, unless they are there.
    pub(super) fn deliver(&self, bench: &Workbench) -> Result<(), PackageError> {
        let production = &self.0.value().production;
        if bench.shelf.is_released(production) { Ok(()) } else { bench.shelf.release(production) }
    }
}

/// `probity/order.json`.
fn order(bench: &Workbench, grounds: &Grounds, labels: &AccountLabels, production: &ProductionId) -> Order {
    let pairs = labels.pairs().into_iter();
    let accounts: BTreeMap<_, _> =
        pairs.map(|(label, account)| (label.to_owned(), account.to_owned())).collect();
    Order {
        v: 1,
        production: production.clone(),
        origin: bench.logbook.reader().origin().clone(),
        request: grounds.request.clone(),
        order: OrderVersion { version: u64::from(grounds.order.version), sha256: grounds.order.sha256 },
        issuer: grounds.issuer.clone(),
        served_at: grounds.served_at,
        scope: STANDARD.encode(grounds.scope.bytes()),
        accounts,
        recipients: grounds.recipients.sha256(),
        supersedes: grounds.supersedes.clone(),
    }
}

fn rows(tally: &Tally) -> Vec<WithheldRow> {
    let row = |(rule, count): (crate::minimise::Rule, u64)| WithheldRow {
        rule: rule.code().to_owned(),
        reason: rule.reason().to_owned(),
        count,
    };
    tally.iter().map(row).collect()
}

/// `manifest-sha256.txt` as the bag will have it: it depends on the planned files alone.
fn manifest(plan: &Plan) -> Result<Vec<u8>, PackageError> {
    let mut lines = Vec::new();
    for (at, file) in plan.files.iter().enumerate() {
        let path = BagPath::parse(&format!("{PAYLOAD_DIR}{}", file.path));
        lines.push((path.map_err(|source| PackError::Path { file: at, source })?, file.sha256));
    }
    Ok(lines.into_iter().collect::<Manifest>().to_bytes())
}

fn members(plan: &Arc<Plan>, sources: &Arc<Sources>) -> Result<Vec<Member<'static>>, PackageError> {
    let mut members = Vec::new();
    for (at, file) in plan.files.iter().enumerate() {
        let (plan, sources) = (Arc::clone(plan), Arc::clone(sources));
        let content: Content<'static> = Box::new(move |mut out: &mut dyn Write| {
            let file = plan.files.get(at).ok_or("a planned file is gone")?;
            Ok(file.copy_to(&sources, &mut out)?)
        });
        let member = Member::payload(&file.path, file.bytes, file.sha256, content);
        members.push(member.map_err(|source| PackError::Path { file: at, source })?);
    }
    Ok(members)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The year of a time, from its one form.
fn year(at: crate::model::time::Timestamp) -> u16 {
    let text = at.to_string();
    text.split('-').next().and_then(|year| year.parse().ok()).unwrap_or_default()
}
