//! What is derived from the entries, made again from them: cases, what is in force, ids.
//!
//! The same `apply` that admitted the events folds them again, so the rows come out as they
//! were, whatever happened to them.

use std::collections::HashMap;

use super::derived;
use super::environment::Environment;
use super::head::OpenCase;
use super::idempotency::IndexKey;
use super::keys::Vault;
use super::recovery::RecoveryError;
use super::{rows, tree};
use crate::model::entry::Entry;
use crate::model::event::Event;
use crate::model::id::RequestId;
use crate::model::payload::SealedPayload;
use crate::practice::{self, Next, RuleSet, Stamp, State, Verdict, World};
use crate::store::{Batch, Family, Store};
use crate::tlog::{LeafIndex, TreeSize, leaf_hash};

/// Entries whose derived rows are written together: bounds a batch's memory.
const ENTRIES_PER_BATCH: u64 = 4_096;

/// Deletes the derived rows and makes them again under a fresh index key.
///
/// If we crash in between, the row that says how far they reach is missing, and the next start
/// begins anew.
pub(crate) fn derive(
    store: &dyn Store,
    vault: &Vault,
    size: TreeSize,
    environment: &Environment,
) -> Result<(IndexKey, World), RecoveryError> {
    let draw = || (environment.random)().map_err(super::doubt::Doubt::from);
    let index_key = IndexKey::new(draw()?);
    let mut batch = Batch::default();
    batch.delete(Family::Meta, rows::DERIVED_SIZE);
    for family in [Family::Cases, Family::Idempotency] {
        for row in store.scan(family, &[]) {
            batch.delete(family, row?.0);
        }
    }
    for row in rows::with_prefix(store, Family::Meta, rows::TIMELINE) {
        batch.delete(Family::Meta, row?.0);
    }
    batch.put(Family::Meta, rows::INDEX_KEY, derived::seal_index_key(vault, &index_key, draw()?));
    store.commit(batch)?;

    let mut fold = Fold {
        store,
        vault,
        index_key: &index_key,
        world: World::blank(),
        head: None,
        cases: HashMap::new(),
    };
    let mut batch = Batch::default();
    for index in 0..size.get() {
        fold.entry(LeafIndex::new(index), &mut batch)?;
        if (index + 1) % ENTRIES_PER_BATCH == 0 || index + 1 == size.get() {
            for (request, open) in fold.cases.drain() {
                batch.put(Family::Cases, request.as_str(), derived::seal_case(&open, &request, draw()?));
            }
            store.commit(std::mem::take(&mut batch))?;
        }
    }
    let world = fold.world;
    batch.put(Family::Meta, rows::WORLD, derived::seal_world(vault, &world, draw()?));
    rows::put_derived_size(&mut batch, size.get());
    store.commit(batch)?;
    Ok((index_key, world))
}

struct Fold<'a> {
    store: &'a dyn Store,
    vault: &'a Vault,
    index_key: &'a IndexKey,
    world: World,
    head: Option<practice::Head>,
    /// Cases that this batch touched.
    cases: HashMap<RequestId, OpenCase>,
}

impl Fold<'_> {
    fn entry(&mut self, index: LeafIndex, batch: &mut Batch) -> Result<(), RecoveryError> {
        let replay = || RecoveryError::Replay { index };
        let bytes = tree::read_entry(self.store, index.get())?;
        let entry = Entry::parse(&bytes).map_err(|_| RecoveryError::Entry { index })?;
        let leaf = leaf_hash(&bytes);
        let sealed = self.store.get(Family::Payloads, &rows::index_key(index.get()))?;
        let sealed = SealedPayload::from_bytes(sealed.ok_or(RecoveryError::Payload { index })?);
        let id = sealed.key_id().map_err(|_| RecoveryError::Payload { index })?;
        let head = self.head.replace(practice::Head { leaf, time: entry.time });
        // What was erased leaves nothing to derive; its request is over.
        let Some(key) = self.vault.key(self.store, id)? else { return Ok(()) };
        let event = sealed.open(&key.key, self.vault.origin(), index);
        let event =
            Event::parse(&event.map_err(|_| RecoveryError::Payload { index })?).map_err(|_| replay())?;

        let case = match &event.request {
            Some(request) => match self.cases.remove(request) {
                Some(open) => Some(open),
                None => derived::read_case(self.store, self.vault, request)?,
            },
            None => None,
        };
        let rules = RuleSet::numbered(event.rules).ok_or_else(replay)?;
        let stamp = Stamp { index, time: entry.time, head };
        let state = State { world: &self.world, case: case.as_ref().map(|open| &open.case) };
        let Ok(Verdict::Admitted(change)) = practice::apply(rules, state, &event, stamp) else {
            return Err(replay());
        };
        self.put_names(&event, index, change.claims(), batch);
        let Next { case: next, world } = change.recorded(leaf);
        if let Some(request) = event.request {
            let after = next.map(|case| OpenCase { key, case }).or(case);
            self.cases.extend(after.map(|open| (request, open)));
        }
        self.world = world.unwrap_or(std::mem::take(&mut self.world));
        Ok(())
    }

    fn put_names(&self, event: &Event, index: LeafIndex, claims: &[practice::Claim], batch: &mut Batch) {
        let recorded = self.index_key.record(event, index);
        batch.put(Family::Idempotency, self.index_key.id_row(&event.id), recorded.to_row());
        if let Some(request) = &event.request {
            batch.put(Family::Meta, rows::timeline_key(request, index.get()), []);
        }
        for claim in claims {
            let row = self.index_key.claim_row(claim);
            batch.put(Family::Idempotency, row, rows::index_key(index.get()));
        }
    }
}
