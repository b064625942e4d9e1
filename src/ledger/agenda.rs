//! What is due, in memory, in the order of time.
//!
//! The practice computes deadlines from a case as it stands. Asking every case for every look
//! would cost as much as there are cases, so what they have open is kept here: read from the
//! stored cases once, and then changed with each committed batch by the cases it changed.
//!
//! **In scope**: the order, pages of it, the bound, when it must be read anew. **Out of scope**:
//! which deadlines there are ([`crate::practice::due`]), and confirming them
//! ([`super::timekeeper`]).
//!
//! The bound: at most [`OPEN_MAX`] deadlines, the earliest, some 100 MiB. What is due later than
//! the last of those is known to exist and not kept; it is read when half of the room is free
//! again. Under rule set 1 nothing is due and nothing is kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard};

use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::practice::{Case, Deadline, Due, DueName, Policy, RuleSet, World, due};
use crate::tlog::LeafIndex;

/// Most deadlines kept: some 400 bytes each, account and request included.
const OPEN_MAX: usize = 262_144;

/// What computes deadlines: the practice, and in tests something simpler.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// What a case has open.
    pub of_case: fn(&Policy, &Case) -> Vec<Due>,
    /// What the log itself has open.
    pub of_world: fn(&World) -> Vec<Due>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { of_case: due::of_case, of_world: due::of_world }
    }
}

/// A deadline that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDeadline {
    /// The deadline.
    pub due: Due,
    /// Whether the log has its passing.
    pub is_passed: bool,
}

/// A page of what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePage {
    /// In the order of time.
    pub open: Vec<OpenDeadline>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<DueCursor>,
    /// From when on there is more than is kept.
    pub kept_until: Option<Timestamp>,
}

/// A place in the order: by time, and within one instant whatever tells deadlines apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueCursor {
    at: Timestamp,
    set_by: LeafIndex,
    deadline: Deadline,
    /// Which one of several that one entry set for several accounts.
    nth: u32,
    request: Option<RequestId>,
}

/// The text is no place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not what an earlier page gave as next")]
pub struct CursorError;

/// Deadlines by time and by whose they are.
#[derive(Debug, Default)]
struct Index {
    by_time: BTreeMap<DueCursor, OpenDeadline>,
    by_owner: HashMap<Option<RequestId>, Vec<DueCursor>>,
    /// The earliest of those that did not fit.
    kept_until: Option<Timestamp>,
    /// While it is read anew: whose deadlines a batch has changed meanwhile.
    reading: Option<HashSet<Option<RequestId>>>,
    is_read: bool,
    /// Counts what makes a reading that runs worthless.
    generation: u64,
}

/// The index, shared by the sequencer and its readers.
#[derive(Debug)]
pub(crate) struct Agenda {
    index: Mutex<Index>,
    /// Held by the one that reads the cases.
    pub(crate) refill: Mutex<()>,
    deadlines: Deadlines,
    open_max: usize,
}

impl Agenda {
    pub(crate) fn new(deadlines: Deadlines) -> Self {
        Self::bounded(deadlines, OPEN_MAX)
    }

    fn bounded(deadlines: Deadlines, open_max: usize) -> Self {
        Self { index: Mutex::default(), refill: Mutex::default(), deadlines, open_max }
    }

    /// Another policy or rule set is in force: every deadline may be another.
    pub(crate) fn forget(&self) {
        let mut index = self.lock();
        *index = Index { generation: index.generation + 1, ..Index::default() };
    }

    /// What the log itself has open is now this.
    pub(crate) fn world_changed(&self, world: &World) {
        self.replace(None, self.of_world(world), Origin::Batch);
    }

    /// What the case has open is now this.
    pub(crate) fn case_changed(&self, world: &World, case: &Case) {
        self.replace(Some(&case.request), self.of_case(world, case), Origin::Batch);
    }

    /// Whether everything stored was read.
    pub(crate) fn is_read(&self) -> bool {
        self.lock().is_read
    }

    /// Begins to read everything; what batches change from now on is newer than what is read.
    pub(crate) fn begin(&self) -> Reading<'_> {
        self.forget();
        let mut index = self.lock();
        index.reading = Some(HashSet::new());
        Reading { agenda: self, generation: index.generation }
    }

    /// Up to `limit` deadlines after a place and before a time.
    pub(crate) fn page(&self, after: Option<&DueCursor>, before: Option<Timestamp>, limit: usize) -> DuePage {
        let index = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = index
            .by_time
            .range((from, Bound::Unbounded))
            .take_while(|(place, _)| before.is_none_or(|before| place.at < before));
        let page: Vec<_> = rows.by_ref().take(limit).collect();
        let next = page.last().filter(|_| rows.next().is_some()).map(|(place, _)| (*place).clone());
        let open = page.into_iter().map(|(_, open)| open.clone()).collect();
        DuePage { open, next, kept_until: index.kept_until }
    }

    /// Up to `limit` deadlines that are over at `now` and whose passing the log does not have,
    /// and when the next one after `now` is due.
    pub(crate) fn overdue(&self, now: Timestamp, limit: usize) -> (Vec<Due>, Option<Timestamp>) {
        let index = self.lock();
        let mut named = HashSet::new();
        let unconfirmed = || index.by_time.iter().filter(|(_, open)| !open.is_passed);
        let over = unconfirmed().take_while(|(place, _)| place.at <= now);
        // One entry may set one instant for several accounts; its passing is one fact.
        let over = over.filter(|(place, open)| named.insert((place.request.clone(), open.due.name())));
        let over = over.map(|(_, open)| open.due.clone()).take(limit).collect();
        (over, unconfirmed().map(|(place, _)| place.at).find(|at| *at > now))
    }

    fn of_world(&self, world: &World) -> Vec<OpenDeadline> {
        if world.rules() < Some(RuleSet::Two) {
            return Vec::new();
        }
        open((self.deadlines.of_world)(world), &world.records().passed)
    }

    fn of_case(&self, world: &World, case: &Case) -> Vec<OpenDeadline> {
        match world.policy() {
            Some(policy) if world.rules() >= Some(RuleSet::Two) => {
                open((self.deadlines.of_case)(&policy.value, case), &case.passed)
            }
            _ => Vec::new(),
        }
    }

    fn replace(&self, owner: Option<&RequestId>, open: Vec<OpenDeadline>, origin: Origin) {
        let mut index = self.lock();
        let owner = owner.cloned();
        let now = index.generation;
        match (origin, &mut index.reading) {
            (Origin::Batch, Some(changed)) => drop(changed.insert(owner.clone())),
            (Origin::Batch, None) => {}
            (Origin::Stored { generation }, Some(changed))
                if generation == now && !changed.contains(&owner) => {}
            // Read under what is no longer in force, or before the batch that changed it.
            (Origin::Stored { .. }, _) => return,
        }
        index.replace(owner, open, self.open_max);
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().expect("no holder of this lock panics")
    }
}

/// Where a state of a case comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A batch that was just committed.
    Batch,
    /// The stored rows, which may be older than the last batch, read in this generation.
    Stored { generation: u64 },
}

/// Everything stored, being read.
pub(crate) struct Reading<'a> {
    agenda: &'a Agenda,
    generation: u64,
}

impl Reading<'_> {
    pub(crate) fn world(&self, world: &World) {
        self.agenda.replace(None, self.agenda.of_world(world), self.origin());
    }

    pub(crate) fn case(&self, world: &World, case: &Case) {
        self.agenda.replace(Some(&case.request), self.agenda.of_case(world, case), self.origin());
    }

    const fn origin(&self) -> Origin {
        Origin::Stored { generation: self.generation }
    }

    /// Everything was read; false if it was read under what is no longer in force.
    pub(crate) fn end(self) -> bool {
        let mut index = self.agenda.lock();
        if index.generation == self.generation {
            index.reading = None;
            index.is_read = true;
        }
        index.is_read
    }
}

/// A deadline's word in the vocabulary.
pub(super) fn word(deadline: Deadline) -> String {
    let word = serde_json::to_value(deadline).ok();
    word.as_ref().and_then(|word| word.as_str()).map(str::to_owned).expect("a deadline prints as a word")
}

fn open(due: Vec<Due>, passed: &BTreeSet<DueName>) -> Vec<OpenDeadline> {
    let open = |due: Due| OpenDeadline { is_passed: passed.contains(&due.name()), due };
    due.into_iter().map(open).collect()
}

impl Index {
    fn replace(&mut self, owner: Option<RequestId>, mut open: Vec<OpenDeadline>, open_max: usize) {
        for place in self.by_owner.remove(&owner).unwrap_or_default() {
            self.by_time.remove(&place);
        }
        // Those that only their account tells apart then stand side by side.
        open.sort_by(|a, b| a.due.cmp(&b.due));
        let mut places: Vec<DueCursor> = Vec::with_capacity(open.len());
        for open in open {
            let Due { at, deadline, set_by, .. } = open.due;
            if self.kept_until.is_some_and(|until| at >= until) {
                break;
            }
            let mut place = DueCursor { at, set_by, deadline, nth: 0, request: owner.clone() };
            if let Some(before) =
                places.last().filter(|before| place == DueCursor { nth: 0, ..(*before).clone() })
            {
                place.nth = before.nth.saturating_add(1);
            }
            self.by_time.insert(place.clone(), open);
            places.push(place);
        }
        if !places.is_empty() {
            self.by_owner.insert(owner, places);
        }
        while self.by_time.len() > open_max {
            self.drop_last();
        }
        // What did not fit is looked for again once there is room for much of it.
        if self.kept_until.is_some() && self.reading.is_none() && self.by_time.len() < open_max / 2 {
            self.is_read = false;
        }
    }

    fn drop_last(&mut self) {
        let Some((place, _)) = self.by_time.pop_last() else { return };
        self.kept_until = Some(self.kept_until.map_or(place.at, |until| until.min(place.at)));
        if let Some(places) = self.by_owner.get_mut(&place.request) {
            places.retain(|kept| *kept != place);
            if places.is_empty() {
                self.by_owner.remove(&place.request);
            }
        }
    }
}

impl fmt::Display for DueCursor {
    /// `ms~entry~deadline~nth~request`: no part has a tilde, and a URL may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.request.as_ref().map_or("", |request| request.as_str());
        write!(f, "{}~{}~{}~{}~{request}", self.at.as_ms(), self.set_by, word(self.deadline), self.nth)
    }
}

impl FromStr for DueCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let parts: Vec<_> = text.split('~').collect();
        let [at, set_by, deadline, nth, request] = parts[..] else { return Err(CursorError) };
        let request = match request {
            "" => None,
            request => Some(RequestId::new(request).map_err(|_| CursorError)?),
        };
        let at = at.parse().ok().and_then(|ms| Timestamp::from_ms(ms).ok()).ok_or(CursorError)?;
        let set_by = LeafIndex::new(set_by.parse().map_err(|_| CursorError)?);
        let is_named = |known: &Deadline| word(*known) == deadline;
        let deadline = Deadline::ALL.into_iter().find(is_named).ok_or(CursorError)?;
        Ok(Self { at, set_by, deadline, nth: nth.parse().map_err(|_| CursorError)?, request })
    }
}

#[cfg(test)]
mod tests;
