//! Reading what is recorded: always at a signed size, never ahead of the anchor.
//!
//! **In scope**: entries, payloads, events, receipts, openings, tiles, cases, pages and the
//! feed, as of the newest published head. **Out of scope**: who may read what ([`crate::api`]
//! asks the roles), and logging that somebody did.
//!
//! Entries below the published size never change, so nothing here needs a snapshot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::agenda::{Agenda, DueCursor, DuePage};
use super::committed::{self, Ack, Published};
use super::derived;
use super::doubt::{Doubt, Poison};
use super::error::ReadError;
use super::keys::{NamedKey, Vault};
use super::{rows, tree};
use crate::model::entry::Entry;
use crate::model::event::Event;
use crate::model::framing;
use crate::model::id::RequestId;
use crate::model::opening::Opening;
use crate::model::payload::SealedPayload;
use crate::model::time::Timestamp;
use crate::practice::{Case, Due, RuleSet, World};
use crate::store::{Family, Store};
use crate::tlog::tile::TILE_HEIGHT;
use crate::tlog::{LeafIndex, Node, Origin, Run, SignedCheckpoint, Tile, TreeSize, Vkey};

/// Most rows that one page has.
pub const PAGE_ROWS_MAX: usize = 1_000;

/// Cases read at a time where all are read: some are large.
const CASES_AT_ONCE: usize = 64;

/// How long a sync of the anchor may take before its disk counts as hung.
const SETTLE_MAX: Duration = Duration::from_secs(30);
/// Between two looks at whether the anchor is synced: about what a sync takes.
const SETTLE_STEP: Duration = Duration::from_micros(200);

/// Reads a running ledger. Clones are cheap.
#[derive(Clone)]
pub struct Reader {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    agenda: Arc<Agenda>,
    vkey: Vkey,
    published: watch::Receiver<Arc<Published>>,
    poison: Poison,
}

/// One entry, opened.
#[derive(Clone, Debug)]
pub struct OpenedEntry {
    /// What the leaf says.
    pub entry: Entry,
    /// What happened.
    pub event: Event,
}

impl Reader {
    pub(crate) fn new(
        (store, vault, agenda): (Arc<dyn Store>, Arc<Vault>, Arc<Agenda>),
        vkey: Vkey,
        published: watch::Receiver<Arc<Published>>,
        poison: Poison,
    ) -> Self {
        Self { store, vault, agenda, vkey, published, poison }
    }

    /// The store itself, for the harness that reads every row again.
    #[cfg(test)]
    pub(crate) fn store_for_tests(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.vault.origin()
    }

    /// The log's verifier key.
    #[must_use]
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// The newest signed head.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`].
    pub fn checkpoint(&self) -> Result<Arc<SignedCheckpoint>, ReadError> {
        Ok(Arc::clone(&self.now()?.checkpoint))
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`].
    pub fn size(&self) -> Result<TreeSize, ReadError> {
        Ok(self.now()?.checkpoint.size())
    }

    /// Waits until the log has more than `size` entries, and returns how many it then has.
    /// Cancel safe.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`], also if the ledger stops meanwhile.
    pub async fn grown_beyond(&self, size: TreeSize) -> Result<TreeSize, ReadError> {
        let mut published = self.published.clone();
        let now = tokio::select! {
            now = published.wait_for(|now| now.checkpoint.size() > size) => now.map(|now| now.checkpoint.size()),
            _ = self.poison.wait() => return Err(ReadError::Poisoned),
        };
        now.map_err(|_| ReadError::Poisoned)
    }

    /// The bytes of an entry: the leaf.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`] beyond the log's size.
    pub fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
        self.check(index)?;
        self.row(Family::Entries, index)
    }

    /// The sealed payload of an entry.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`] beyond the log's size.
    pub fn sealed(&self, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
        self.check(index)?;
        self.row(Family::Payloads, index)
    }

    /// An entry with its event, decrypted.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`], [`ReadError::Erased`].
    pub fn open(&self, index: LeafIndex) -> Result<OpenedEntry, ReadError> {
        let entry =
            Entry::parse(&self.entry(index)?).map_err(|_| self.doubt(Doubt::Row { what: "an entry" }))?;
        let doubt = |_| self.doubt(Doubt::Row { what: "a payload" });
        let sealed = self.payload(index)?;
        let key = self.key(index, &sealed)?;
        if sealed.digest() != entry.payload {
            return Err(self.doubt(Doubt::Row { what: "a payload" }));
        }
        let bytes = sealed.open(&key.key, self.origin(), index).map_err(doubt)?;
        let event = Event::parse(&bytes).map_err(|_| self.doubt(Doubt::Row { what: "an event" }))?;
        Ok(OpenedEntry { entry, event })
    }

    /// The receipt of an entry under the newest head: a tlog-proof, text.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`].
    pub fn receipt(&self, index: LeafIndex) -> Result<String, ReadError> {
        let now = self.now()?;
        let entry = self.entry(index)?;
        let node = |at| tree::node(&now.edge, &*self.store, at);
        let receipt = committed::receipt(index, entry, &now.checkpoint, node);
        Ok(receipt.map_err(|doubt| self.doubt(doubt))?.print())
    }

    /// The opening of an entry: JSON. It reveals the entry to whoever has it.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`], [`ReadError::Erased`].
    pub fn opening(&self, index: LeafIndex) -> Result<String, ReadError> {
        let sealed = self.payload(index)?;
        let key = self.key(index, &sealed)?;
        let entry_key = sealed.entry_key(&key.key, self.origin(), index);
        let entry_key = entry_key.map_err(|_| self.doubt(Doubt::Row { what: "a payload" }))?;
        Ok(Opening::new(self.origin(), index, sealed.as_bytes(), &entry_key).to_json())
    }

    /// A hash tile, full or as wide as the log has it now or had it before.
    ///
    /// # Errors
    /// [`ReadError::NoTile`] if the log is not that large.
    pub fn hash_tile(&self, tile: Tile) -> Result<Vec<u8>, ReadError> {
        let now = self.now()?;
        let size = now.checkpoint.size();
        let last = tile.run().members().next_back().zip(tile.level().checked_mul(TILE_HEIGHT));
        let last = last.map(|(index, level)| Node { level, index });
        let holding = last.and_then(|last| Tile::holding(last, size)).ok_or(ReadError::NoTile { size })?;
        let nodes = if holding.run().is_full() {
            tree::read_tile(&*self.store, holding).map_err(|fault| self.doubt(fault.into()))?
        } else {
            let partial = now.edge.partial_tiles().find(|(partial, _)| *partial == holding);
            partial.map(|(_, nodes)| nodes.clone()).ok_or(ReadError::NoTile { size })?
        };
        let hashes = nodes.hashes().iter().take(usize::from(tile.run().width()));
        Ok(hashes.flat_map(|hash| *hash.as_bytes()).collect())
    }

    /// A run of entries, each behind its length (u16 BE).
    ///
    /// # Errors
    /// [`ReadError::NoTile`] if the log is not that large.
    pub fn entry_tile(&self, run: Run) -> Result<Vec<u8>, ReadError> {
        let size = self.size()?;
        let mut bytes = Vec::new();
        for index in run.members().map(LeafIndex::new) {
            if !size.contains(index) {
                return Err(ReadError::NoTile { size });
            }
            framing::push_entry(&mut bytes, &self.row(Family::Entries, index)?)
                .map_err(|_| self.doubt(Doubt::Row { what: "an entry" }))?;
        }
        Ok(bytes)
    }

    /// The state of a request. May block for the time of one sync.
    ///
    /// # Errors
    /// [`ReadError::NoRequest`].
    pub fn case(&self, request: &RequestId) -> Result<Case, ReadError> {
        self.now()?;
        let open =
            derived::read_case(&*self.store, &self.vault, request).map_err(|doubt| self.doubt(doubt))?;
        let case = open.map(|open| open.case).ok_or(ReadError::NoRequest)?;
        self.settled(&case)?;
        Ok(case)
    }

    /// What is in force for the next entry: policy, directory, roles, proposals.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`].
    pub fn world(&self) -> Result<Arc<World>, ReadError> {
        Ok(Arc::clone(&self.now()?.world))
    }

    /// The entries about a request in their order: the newest `limit` (at most
    /// [`PAGE_ROWS_MAX`]) of them; none if there is no such request.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`], [`ReadError::Doubt`].
    pub fn timeline(&self, request: &RequestId, limit: usize) -> Result<Vec<LeafIndex>, ReadError> {
        let size = self.size()?;
        let prefix = rows::timeline_of(request);
        let mut newest = VecDeque::new();
        for row in rows::with_prefix(&*self.store, Family::Meta, &prefix) {
            let (key, _) = row.map_err(|error| self.doubt(error.into()))?;
            let index = key.strip_prefix(prefix.as_slice()).and_then(rows::parse_index_key);
            let index = LeafIndex::new(index.ok_or_else(|| self.doubt(Doubt::Row { what: "a timeline" }))?);
            // A batch that is on the disk and not yet anchored is not there yet.
            if !size.contains(index) {
                break;
            }
            newest.push_back(index);
            if newest.len() > limit.min(PAGE_ROWS_MAX) {
                newest.pop_front();
            }
        }
        Ok(newest.into())
    }

    /// Up to `limit` requests (at most [`PAGE_ROWS_MAX`]) in the order of their ids, those
    /// after `after` only. Erased ones are left out.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`], [`ReadError::Doubt`].
    pub fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Case>, ReadError> {
        self.now()?;
        let from = after.map_or(&[][..], |after| after.as_str().as_bytes());
        let mut page = Vec::new();
        for row in self.store.scan(Family::Cases, from) {
            let (key, value) = row.map_err(|error| self.doubt(error.into()))?;
            let name = std::str::from_utf8(&key).ok().and_then(|text| RequestId::new(text).ok());
            let request = name.ok_or_else(|| self.doubt(Doubt::Row { what: "a request's name" }))?;
            if after == Some(&request) {
                continue;
            }
            if page.len() >= limit.min(PAGE_ROWS_MAX) {
                break;
            }
            let open = derived::open_case(&*self.store, &self.vault, &request, &value);
            page.extend(open.map_err(|doubt| self.doubt(doubt))?.map(|open| open.case));
        }
        page.iter().try_for_each(|case| self.settled(case))?;
        Ok(page)
    }

    /// Up to `limit` entries (at most [`PAGE_ROWS_MAX`]) from index `from` on, opened. An
    /// erased one ends the page with [`ReadError::Erased`] only if it is the first.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`], [`ReadError::Doubt`], [`ReadError::Erased`].
    pub fn feed(&self, from: LeafIndex, limit: usize) -> Result<Vec<OpenedEntry>, ReadError> {
        let size = self.size()?.get();
        let limit = u64::try_from(limit.min(PAGE_ROWS_MAX)).unwrap_or(u64::MAX);
        let to = size.min(from.get().saturating_add(limit));
        let mut page = Vec::new();
        for index in (from.get()..to).map(LeafIndex::new) {
            match self.open(index) {
                Ok(opened) => page.push(opened),
                Err(ReadError::Erased { .. }) if !page.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Up to `limit` deadlines (at most [`PAGE_ROWS_MAX`]) in the order of time: those after
    /// `after`, due before `before`. The first call after a start, or after another policy came
    /// in force, reads every case.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`], [`ReadError::Doubt`].
    pub fn due(
        &self,
        after: Option<&DueCursor>,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<DuePage, ReadError> {
        self.fill_agenda()?;
        Ok(self.agenda.page(after, before, limit.min(PAGE_ROWS_MAX)))
    }

    /// Up to `limit` deadlines that are over at `now` and not confirmed, and when the next is due.
    pub(crate) fn overdue(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Due>, Option<Timestamp>), ReadError> {
        self.fill_agenda()?;
        Ok(self.agenda.overdue(now, limit))
    }

    fn fill_agenda(&self) -> Result<(), ReadError> {
        let one = self.agenda.refill.lock().expect("no holder of this lock panics");
        self.now()?;
        while !self.agenda.is_read() {
            let reading = self.agenda.begin();
            let world = self.world()?;
            if world.rules() >= Some(RuleSet::Two) {
                reading.world(&world);
                self.each_case(|case| reading.case(&world, case))?;
            }
            reading.end();
        }
        drop(one);
        Ok(())
    }

    fn each_case(&self, mut see: impl FnMut(&Case)) -> Result<(), ReadError> {
        let mut after = None;
        loop {
            let page = self.requests(after.as_ref(), CASES_AT_ONCE)?;
            page.iter().for_each(&mut see);
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.request.clone());
        }
    }

    /// The answer an entry got when it was recorded: the receipt is under the head of its batch.
    pub(crate) fn first_ack(&self, index: LeafIndex) -> Result<Ack, Doubt> {
        let published = Arc::clone(&self.published.borrow());
        let from = rows::index_key(index.tree_size().get());
        let row = self.store.scan(Family::Checkpoints, &from).next().transpose()?;
        let (_, signed) = row.ok_or(Doubt::Row { what: "a checkpoint" })?;
        let first = SignedCheckpoint::open(&signed, std::slice::from_ref(&self.vkey));
        let first = first.map_err(|_| Doubt::Row { what: "a checkpoint" })?;
        let node = |at| tree::node(&published.edge, &*self.store, at);
        let entry = tree::read_entry(&*self.store, index.get())?;
        let receipt = committed::receipt(index, entry, &first, node)?.print();
        let opening = self.opening(index).map_err(|_| Doubt::Row { what: "a payload" })?;
        Ok(Ack { index, receipt, opening, repeated: true })
    }

    fn now(&self) -> Result<Arc<Published>, ReadError> {
        if self.poison.is_set() {
            return Err(ReadError::Poisoned);
        }
        Ok(Arc::clone(&self.published.borrow()))
    }

    /// Waits until the entry that a case was last changed by is anchored. Rows of cases change
    /// in place, so one can be read between the commit of a batch and its anchor's sync; what
    /// it says must not leave before that.
    fn settled(&self, case: &Case) -> Result<(), ReadError> {
        let begun = Instant::now();
        while !self.size()?.contains(case.last) {
            if begun.elapsed() > SETTLE_MAX {
                return Err(ReadError::Poisoned);
            }
            std::thread::sleep(SETTLE_STEP);
        }
        Ok(())
    }

    fn check(&self, index: LeafIndex) -> Result<(), ReadError> {
        let size = self.size()?;
        if size.contains(index) { Ok(()) } else { Err(ReadError::NoEntry { index, size }) }
    }

    fn row(&self, family: Family, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
        let row = self.store.get(family, &rows::index_key(index.get()));
        let row = row.map_err(|error| self.doubt(error.into()))?;
        row.ok_or_else(|| self.doubt(Doubt::Row { what: family.name() }))
    }

    fn payload(&self, index: LeafIndex) -> Result<SealedPayload, ReadError> {
        self.sealed(index).map(SealedPayload::from_bytes)
    }

    fn key(&self, index: LeafIndex, sealed: &SealedPayload) -> Result<NamedKey, ReadError> {
        let id = sealed.key_id().map_err(|_| self.doubt(Doubt::Row { what: "a payload" }))?;
        let key = self.vault.key(&*self.store, id).map_err(|doubt| self.doubt(doubt))?;
        key.ok_or(ReadError::Erased { index })
    }

    /// A row of the ledger's own that does not read back stops everything.
    fn doubt(&self, doubt: Doubt) -> ReadError {
        self.poison.set(doubt);
        ReadError::Doubt
    }
}
