//! A batch, from drafts to signed bytes. Nothing here writes.
//!
//! **In scope**: for each draft, in order: has it been here, do the rules admit it in the state
//! that the drafts before it left, is its time believable; then number, seal, link and hash it.
//! At the end: the root twice, consistency, one signature.
//! **Out of scope**: durability and answers ([`super::sequencer`]).
//!
//! Reads go to the store as the last batch left it, through an overlay of what this batch
//! changes. A draft that is refused leaves no trace in the overlay.

use std::collections::HashMap;
use std::sync::Arc;

use super::clock::{self, ClockReading, ClockRefusal, LastStamp};
use super::committed::{Committed, Fresh, Published};
use super::doubt::Doubt;
use super::draft::{Draft, Poster};
use super::environment::{Environment, LedgerConfig};
use super::error::SubmitError;
use super::head::{Head, OpenCase};
use super::idempotency::Recorded;
use super::keys::{NamedKey, Vault};
use super::tree::{self, BatchTree, ProofFault};
use super::{derived, rows};
use crate::model::digest::{DIGEST_BYTES, Digest};
use crate::model::entry::Entry;
use crate::model::event::Event;
use crate::model::id::RequestId;
use crate::model::payload::{self, EVENT_BYTES_MAX};
use crate::model::time::Timestamp;
use crate::practice::{
    self, Change, Claim, EventType, Next, Reference, Refusal, RuleSet, Stamp, State, Verdict,
};
use crate::store::{Batch, Family, View};
use crate::tlog::proof::{consistency_path, verify_consistency};
use crate::tlog::{Checkpoint, LeafIndex, SignedCheckpoint, Tile, TileNodes};

/// What became of a draft.
pub(crate) enum Outcome {
    /// It is an entry of this batch; `repeated` if a draft before it in the batch made it.
    Fresh { fresh: Arc<Fresh>, repeated: bool },
    /// It was recorded before this batch.
    Earlier { index: LeafIndex },
}

/// A batch that only needs writing.
pub(crate) struct Assembled {
    pub(crate) batch: Batch,
    pub(crate) sequence: u64,
    pub(crate) committed: Committed,
    pub(crate) published: Published,
    /// Requests that it changed.
    pub(crate) changed: Vec<RequestId>,
}

/// Puts a batch together.
pub(crate) struct Assembler<'a> {
    head: &'a mut Head,
    view: &'a dyn View,
    vault: &'a Vault,
    environment: &'a Environment,
    config: &'a LedgerConfig,
    /// Free bytes, if they are below the mark.
    low: Option<u64>,
    batch: Batch,
    filled: HashMap<Tile, TileNodes>,
    fresh: Vec<Arc<Fresh>>,
    /// Rows of `idempotency` that this batch adds.
    ids: HashMap<[u8; 32], Recorded>,
    claims: HashMap<[u8; 32], u64>,
    /// Requests that this batch touched: their rows are written once, at its end.
    touched: Vec<RequestId>,
    is_world_new: bool,
    reading: Option<ClockReading>,
}

impl<'a> Assembler<'a> {
    pub(crate) fn new(
        head: &'a mut Head,
        view: &'a dyn View,
        vault: &'a Vault,
        environment: &'a Environment,
        config: &'a LedgerConfig,
    ) -> Self {
        head.kept.evict(config);
        Self {
            head,
            view,
            vault,
            environment,
            config,
            low: None,
            batch: Batch::default(),
            filled: HashMap::new(),
            fresh: Vec::new(),
            ids: HashMap::new(),
            claims: HashMap::new(),
            touched: Vec::new(),
            is_world_new: false,
            reading: None,
        }
    }

    /// With so many bytes left, below the mark: what is recorded already is answered, and nothing
    /// new is recorded but what makes room.
    pub(crate) fn with_low_disk(self, low: Option<u64>) -> Self {
        Self { low, ..self }
    }

    /// The rows this batch will write, for those that only `init` writes.
    pub(crate) fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Takes one draft in, or says why not. The outer error ends the ledger.
    pub(crate) fn admit(
        &mut self,
        draft: Draft,
        stamp: &Result<Timestamp, ClockRefusal>,
        reading: &ClockReading,
    ) -> Result<Result<Outcome, SubmitError>, Doubt> {
        if !draft.is_allowed() {
            return Ok(Err(SubmitError::Forbidden { type_: draft.type_ }));
        }
        let makes_room = draft.poster == Poster::Daemon && draft.type_ == EventType::BundleDestroyed;
        let event = self.event(draft);
        let bytes = event.to_bytes();
        if bytes.len() > EVENT_BYTES_MAX {
            return Ok(Err(SubmitError::TooLong { bytes_max: EVENT_BYTES_MAX, found: bytes.len() }));
        }
        let id_row = self.head.index_key.id_row(&event.id);
        if let Some(recorded) = self.recorded(&id_row)? {
            return Ok(if self.head.index_key.is_same(&recorded, &event) {
                Ok(self.repeat(recorded.index))
            } else {
                Err(SubmitError::IdReused { id: event.id, index: LeafIndex::new(recorded.index) })
            });
        }
        if let Some(free) = self.low.filter(|_| !makes_room) {
            let mib = |bytes: u64| bytes >> 20;
            let low_water_mib = mib(self.config.low_water_bytes);
            return Ok(Err(SubmitError::DiskLow { free_mib: mib(free), low_water_mib }));
        }
        let time = match stamp {
            Ok(time) => *time,
            // The one entry that may end a refusal bears the new time, which it names; whether
            // two people accepted it is for the practice.
            Err(ClockRefusal::Ahead { wall, .. }) if event.type_ == EventType::ClockAccepted.as_str() => {
                clock::accepted(&event.data, *wall)
            }
            Err(refusal) => return Ok(Err((*refusal).into())),
        };
        let Some(rules) = RuleSet::numbered(event.rules) else {
            return Ok(Err(SubmitError::RulesUnknown { found: event.rules }));
        };
        let case = self.case(event.request.as_ref())?;
        let index = self.head.edge.size().next_index();
        let previous = practice::Head { leaf: self.head.last_leaf, time: self.head.last_stamp.time };
        let stamped = Stamp { index, time, head: (index.get() > 0).then_some(previous) };
        let state = State { world: &self.head.world, case: case.as_ref().map(|open| &open.case) };
        let change = match practice::apply(rules, state, &event, stamped) {
            Ok(Verdict::Admitted(change)) => change,
            Ok(Verdict::AlreadyRecorded(index)) => return Ok(Ok(self.repeat(index.get()))),
            Err(refusal) => return Ok(Err(Box::new(refusal).into())),
        };
        if let Some(claim) = self.taken(&change)? {
            return Ok(Err(Box::new(claim.refusal()).into()));
        }
        if let Some(reference) = self.missing(&change)? {
            return Ok(Err(Box::new(reference.refusal()).into()));
        }
        if let Some(refusal) = self.misquoted(&change)? {
            return Ok(Err(Box::new(refusal).into()));
        }
        self.ids.insert(id_row, self.head.index_key.record(&event, index));
        let key = case.map(|open| open.key);
        let fresh = self.record(event.request, &bytes, key, *change, time)?;
        self.reading = Some(reading.clone());
        Ok(Ok(Outcome::Fresh { fresh, repeated: false }))
    }

    fn event(&self, draft: Draft) -> Event {
        // Nothing is in force only before the founding, whose drafts name their policy.
        let in_force = self.head.world.policy_sha256().unwrap_or(Digest::from_bytes([0; DIGEST_BYTES]));
        Event {
            rules: draft.rules.unwrap_or_else(|| self.rules_of(draft.type_)),
            id: draft.id,
            type_: draft.type_.as_str().to_owned(),
            request: draft.request,
            actor: draft.actor,
            policy: draft.policy.unwrap_or(in_force),
            data: draft.data,
            envelopes: draft.envelopes,
        }
    }

    /// The rule set of an event that names none: the one in force, or the one that it puts in force.
    fn rules_of(&self, type_: EventType) -> u32 {
        let world = &self.head.world;
        match world.policy() {
            Some(policy) if type_ == EventType::RulesActivated => policy.value.rules,
            // Nothing is in force only before the founding, whose drafts name their rule set.
            _ => world.rules().unwrap_or(RuleSet::One).number(),
        }
    }

    /// Numbers, seals, links and hashes an admitted event, and takes over what it changes.
    fn record(
        &mut self,
        request: Option<RequestId>,
        event: &[u8],
        key: Option<NamedKey>,
        change: Change,
        time: Timestamp,
    ) -> Result<Arc<Fresh>, Doubt> {
        let index = self.head.edge.size().next_index();
        let key = match (&request, key) {
            (None, _) => self.vault.system.clone(),
            (Some(_), Some(key)) => key,
            (Some(_), None) => self.vault.epoch.new_key(self.environment, &mut self.batch)?,
        };
        let salt = (self.environment.random)()?;
        let sealed = payload::seal(&key.key, key.id, self.vault.origin(), index, &salt, event);
        // The event's length was checked before the rules were asked.
        let (sealed, entry_key) = sealed.map_err(|_| Doubt::Row { what: "an event" })?;
        let entry = Entry { index, time, prev: self.head.last_leaf, payload: sealed.digest() };
        let (bytes, leaf) = (entry.to_bytes(), entry.leaf_hash());

        for claim in change.claims() {
            self.claims.insert(self.claim_row(claim), index.get());
        }
        let Next { case, world } = change.recorded(leaf);
        if let Some(request) = &request {
            self.batch.put(Family::Meta, rows::timeline_key(request, index.get()), []);
        }
        if let (Some(request), Some(case)) = (request, case) {
            self.touched.push(request.clone());
            self.head.kept.keep_changed(request, OpenCase { key, case });
        }
        if let Some(world) = world {
            self.head.world = Arc::new(world);
            self.is_world_new = true;
        }
        let key = rows::index_key(index.get());
        self.batch.put(Family::Entries, key, bytes.as_slice());
        self.batch.put(Family::Payloads, key, sealed.as_bytes());
        let filled = &mut self.filled;
        self.head.edge.push(leaf, |tile, nodes| drop(filled.insert(tile, nodes)));
        self.head.last_leaf = leaf;
        self.head.last_stamp.time = time;
        let fresh = Fresh { index, entry: bytes, sealed: sealed.into_bytes(), key: entry_key };
        let fresh = Arc::new(fresh);
        self.fresh.push(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Ends the batch; `None` if nothing was recorded.
    pub(crate) fn finish(mut self) -> Result<Option<Assembled>, Doubt> {
        let Some(reading) = self.reading.take() else { return Ok(None) };
        self.head.last_stamp = LastStamp::new(self.head.last_stamp.time, &reading);
        self.put_derived()?;
        for (tile, nodes) in &self.filled {
            tree::put_tile(&mut self.batch, *tile, nodes);
        }
        let tree = BatchTree { edge: Arc::new(self.head.edge.clone()), filled: self.filled };
        let checkpoint = Arc::new(sign(self.head, &self.batch, &tree)?);
        self.batch.put(Family::Checkpoints, checkpoint.storage_key(), checkpoint.to_bytes());
        self.head.signed = Some(Arc::clone(&checkpoint));
        self.head.sequence += 1;
        let published = Published {
            checkpoint: Arc::clone(&checkpoint),
            edge: Arc::clone(&tree.edge),
            world: Arc::clone(&self.head.world),
        };
        Ok(Some(Assembled {
            batch: self.batch,
            sequence: self.head.sequence,
            committed: Committed { checkpoint, tree },
            published,
            changed: self.touched,
        }))
    }

    /// What can be rebuilt: ids, claims, cases, the last stamp.
    fn put_derived(&mut self) -> Result<(), Doubt> {
        for (row, recorded) in &self.ids {
            self.batch.put(Family::Idempotency, *row, recorded.to_row());
        }
        for (row, index) in &self.claims {
            self.batch.put(Family::Idempotency, *row, rows::index_key(*index));
        }
        self.touched.sort_unstable();
        self.touched.dedup();
        for request in &self.touched {
            if let Some(open) = self.head.kept.case(request) {
                let row = derived::seal_case(open, request, (self.environment.random)()?);
                self.head.kept.measured(request, row.len());
                self.batch.put(Family::Cases, request.as_str(), row);
            }
        }
        if self.is_world_new {
            let row = derived::seal_world(self.vault, &self.head.world, (self.environment.random)()?);
            self.batch.put(Family::Meta, rows::WORLD, row);
        }
        rows::put_last_stamp(&mut self.batch, &self.head.last_stamp);
        let size = self.head.edge.size().get();
        rows::put_derived_size(&mut self.batch, size);
        Ok(())
    }

    fn repeat(&self, index: u64) -> Outcome {
        let first = self.fresh.first().map(|fresh| fresh.index.get());
        let place = first.and_then(|first| usize::try_from(index.checked_sub(first)?).ok());
        match place.and_then(|place| self.fresh.get(place)) {
            Some(fresh) => Outcome::Fresh { fresh: Arc::clone(fresh), repeated: true },
            None => Outcome::Earlier { index: LeafIndex::new(index) },
        }
    }

    fn recorded(&self, row: &[u8; 32]) -> Result<Option<Recorded>, Doubt> {
        if let Some(recorded) = self.ids.get(row) {
            return Ok(Some(*recorded));
        }
        let found = self.view.get(Family::Idempotency, row)?;
        found.map(|row| Recorded::parse(&row).ok_or(Doubt::Row { what: "an id" })).transpose()
    }

    fn case(&mut self, request: Option<&RequestId>) -> Result<Option<OpenCase>, Doubt> {
        let Some(request) = request else { return Ok(None) };
        if let Some(open) = self.head.kept.case(request) {
            return Ok(Some(open.clone()));
        }
        let Some(row) = self.view.get(Family::Cases, request.as_str().as_bytes())? else { return Ok(None) };
        let open = derived::open_case(self.view, self.vault, request, &row)?;
        if let Some(open) = &open {
            self.head.kept.keep_read(request, open.clone(), row.len(), self.config);
        }
        Ok(open)
    }

    fn claim_row(&self, claim: &Claim) -> [u8; 32] {
        self.head.index_key.claim_row(claim)
    }

    /// The first name that the change claims and that is taken.
    fn taken(&self, change: &Change) -> Result<Option<Claim>, Doubt> {
        for claim in change.claims() {
            if self.is_taken(claim)? {
                return Ok(Some(claim.clone()));
            }
        }
        Ok(None)
    }

    /// The first name that the change uses and that nothing bears.
    fn missing(&self, change: &Change) -> Result<Option<Reference>, Doubt> {
        for reference in change.references() {
            if !self.is_taken(&reference.name)? {
                return Ok(Some(reference.clone()));
            }
        }
        Ok(None)
    }

    /// Whether an entry before, or one of this batch, took the name.
    fn is_taken(&self, claim: &Claim) -> Result<bool, Doubt> {
        let row = self.claim_row(claim);
        Ok(self.claims.contains_key(&row) || self.view.get(Family::Idempotency, &row)?.is_some())
    }

    /// I-46: the change says that the log was what it was not.
    fn misquoted(&self, change: &Change) -> Result<Option<Refusal>, Doubt> {
        let Some(quoted) = change.quoted() else { return Ok(None) };
        let root = tree::root_at(quoted.size, |node| {
            self.head.edge.node(node, |tile| match self.filled.get(&tile) {
                Some(nodes) => Ok(nodes.clone()),
                None => tree::read_tile(self.view, tile),
            })
        })?;
        Ok((root != quoted.root).then(|| quoted.refusal(root)))
    }
}

/// Signs the head, if the second path comes to the same root and the new tree continues the
/// last signed one. Signing two inconsistent heads is beyond repair: so it comes last.
fn sign(head: &mut Head, batch: &Batch, tree: &BatchTree) -> Result<SignedCheckpoint, Doubt> {
    let (size, root) = (tree.edge.size(), tree.edge.root());
    head.recheck.take_in(batch)?;
    let second = head.recheck.root();
    if root != second {
        return Err(Doubt::Root { size, first: root, second });
    }
    if let Some(signed) = &head.signed {
        let doubt = || Doubt::Consistency { signed: signed.size(), size };
        let path = consistency_path(signed.size(), size, |at| tree.node(at).map_err(ProofFault::Tree));
        let path = path.map_err(|_| doubt())?;
        verify_consistency(signed.size(), signed.root(), size, &root, &path).map_err(|_| doubt())?;
    }
    let failed = |_| Doubt::Signature { size };
    let checkpoint = Checkpoint::new(head.signer.origin().clone(), size, root).map_err(failed)?;
    // Verifies under the public key before it returns.
    SignedCheckpoint::sign(&checkpoint, &[&head.signer]).map_err(failed)
}
