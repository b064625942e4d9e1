//! The auditor's replay: the same `apply`, over a whole log, going on after each finding.
//!
//! **In scope**: state, claims and event ids of a log that is read from index 0 on.
//! **Out of scope**: hashes, chain and signatures of the log itself ([`crate::audit`]).
//!
//! An event that no rule admits changes nothing here, as it would have changed nothing in
//! the daemon; what was built upon it is found too, each with its own rule.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::case::{Case, Disclosure};
use super::change::{Claim, LostKey, Quoted, Reference, Verdict};
use super::due;
use super::refusal::Refusal;
use super::rule::Rule;
use super::world::World;
use super::{Head, RuleSet, Stamp, State, apply};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::id::{EventId, ProductionId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::{Hash, LeafIndex};

/// Most names that room is made for before one is read: some 150 MiB.
const ROOM_MAX: usize = 1 << 20;

/// An entry that the practice would not have admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule it breaks.
    pub rule: Rule,
    /// The entry.
    pub index: LeafIndex,
    /// Its request.
    pub request: Option<RequestId>,
    /// Where in the event.
    pub pointer: String,
    /// What was expected and what was found.
    pub reason: String,
}

/// The state of a replay; feed it every entry in order.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    world: World,
    // Boxed: a case is large, and the table moves what it holds whenever it grows.
    cases: HashMap<RequestId, Box<Case>>,
    claims: HashSet<Claim>,
    ids: HashSet<EventId>,
    head: Option<Head>,
    next: u64,
    quoted: Vec<(LeafIndex, Quoted)>,
    lost: Vec<(LeafIndex, LostKey)>,
    /// Whether an entry could not be opened: then nobody can tell which names it took.
    is_partial: bool,
}

impl Replay {
    /// Before index 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Before index 0 of a log with so many entries, as somebody says: the tables of names do not move
    /// as they grow. Room is made for a million at most; what is more, or not said,
    /// costs only time.
    #[must_use]
    pub fn with_room(entries: u64) -> Self {
        let room = usize::try_from(entries).unwrap_or(ROOM_MAX).min(ROOM_MAX);
        Self { ids: HashSet::with_capacity(room), claims: HashSet::with_capacity(room), ..Self::default() }
    }

    /// Judges the next entry.
    ///
    /// `None` for `event` says that the entry could not be opened (withheld or erased): its
    /// index is passed over, and whoever calls reports that.
    pub fn feed(
        &mut self,
        index: LeafIndex,
        time: Timestamp,
        leaf: Hash,
        event: Option<&Event>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |event: Option<&Event>, refusal: Refusal| {
            findings.push(Finding {
                rule: refusal.rule,
                index,
                request: event.and_then(|event| event.request.clone()),
                pointer: refusal.pointer,
                reason: refusal.reason,
            });
        };
        if index.get() != self.next {
            let reason = format!("index {index} follows {} entries", self.next);
            find(event, Refusal::conflict(Rule::I01, "", reason, "verify the log"));
        }
        let stamp = Stamp { index, time, head: self.head };
        if let Some(event) = event
            && let Err(refusal) = self.admit(event, stamp, leaf)
        {
            find(Some(event), refusal);
        }
        self.is_partial |= event.is_none();
        self.next = index.get().saturating_add(1);
        self.head = Some(Head { leaf, time });
        findings
    }

    fn admit(&mut self, event: &Event, stamp: Stamp, leaf: Hash) -> Result<(), Refusal> {
        let again = "an id names one event";
        if !self.ids.insert(event.id.clone()) {
            return Err(Refusal::conflict(Rule::I04, "/id", "the event id stands in the log before", again));
        }
        let rules = RuleSet::numbered(event.rules).ok_or_else(|| {
            let reason = format!("this version does not know rule set {}", event.rules);
            Refusal::conflict(Rule::F02, "/rules", reason, "verify with a newer version")
        })?;
        let case = event.request.as_ref().and_then(|request| self.cases.get(request)).map(Box::as_ref);
        let change = match apply(rules, State { world: &self.world, case }, event, stamp)? {
            Verdict::Admitted(change) => change,
            Verdict::AlreadyRecorded(before) => {
                let reason = format!("the same decision stands at entry {before}");
                return Err(Refusal::conflict(Rule::I04, "", reason, again));
            }
        };
        if let Some(taken) = change.claims().iter().find(|claim| self.claims.contains(*claim)) {
            return Err(taken.refusal());
        }
        let is_missing = |named: &&Reference| !self.is_partial && !self.claims.contains(&named.name);
        if let Some(missing) = change.references().iter().find(is_missing) {
            return Err(missing.refusal());
        }
        self.claims.extend(change.claims().iter().cloned());
        self.quoted.extend(change.quoted().map(|quoted| (stamp.index, quoted)));
        self.lost.extend(change.lost.iter().cloned().map(|lost| (stamp.index, lost)));
        let next = change.recorded(leaf);
        if let Some(case) = next.case {
            match self.cases.get_mut(&case.request) {
                Some(known) => **known = case,
                None => drop(self.cases.insert(case.request.clone(), Box::new(case))),
            }
        }
        if let Some(world) = next.world {
            self.world = world;
        }
        Ok(())
    }

    /// What was due before the last entry and has neither an answer nor a record of its lateness
    /// (I-57): each under the rule that set it, at the entry that set it.
    #[must_use]
    pub fn overdue(&self) -> Vec<Finding> {
        self.neglected(false, "and has no answer, nor a record that it is late")
    }

    /// The duties whose time passed, which an entry says, and which were not fulfilled since.
    #[must_use]
    pub fn late(&self) -> Vec<Finding> {
        self.neglected(true, "and is still open")
    }

    /// Duties of the past that are open, by whether `deadline.passed` says that they are late.
    fn neglected(&self, is_recorded: bool, how: &str) -> Vec<Finding> {
        let (Some(head), Some(policy)) = (self.head, self.world.policy()) else { return Vec::new() };
        let of_cases = self.cases.values().flat_map(|case| {
            let open = due::of_case(&policy.value, case).into_iter();
            open.filter(|due| case.passed.contains(&due.name()) == is_recorded)
        });
        let passed = &self.world.records().passed;
        let of_world = due::of_world(&self.world).into_iter();
        let of_world = of_world.filter(|due| passed.contains(&due.name()) == is_recorded);
        let neglected = of_cases.chain(of_world).filter(|due| due.deadline.is_a_duty() && due.at < head.time);
        let mut neglected: Vec<_> = neglected.collect();
        neglected.sort();
        let finding = |due: due::Due| Finding {
            rule: due.deadline.rule(),
            index: due.set_by,
            request: due.request,
            pointer: String::new(),
            reason: format!("{:?} was due at {} {how}", due.deadline, due.at),
        };
        neglected.into_iter().map(finding).collect()
    }

    /// What entries said that the log was, for whoever has the tree (I-46).
    #[must_use]
    pub fn quoted(&self) -> &[(LeafIndex, Quoted)] {
        &self.quoted
    }

    /// I-34: the bundles sealed to an agency while its key was in other hands, which no incident of
    /// that agency lists; each at the first incident that should have.
    #[must_use]
    pub fn unlisted(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut told = HashSet::new();
        for (at, lost) in &self.lost {
            let of_agency = self.lost.iter().filter(|(_, other)| other.agency == lost.agency);
            let listed: HashSet<_> = of_agency.flat_map(|(_, other)| &other.productions).collect();
            // It lay sealed to the lost key, or left, since then; before the entry, which could not list more.
            let is_touched = |disclosure: &&Disclosure| {
                disclosure.sealed.as_ref().is_some_and(|sealed| {
                    let last = disclosure.released_at.map_or(sealed.at, |released| released.max(sealed.at));
                    sealed.agency.as_ref() == Some(&lost.agency)
                        && sealed.context.index < *at
                        && last >= lost.since
                })
            };
            for case in self.cases.values() {
                let touched = case.disclosures.iter().filter(is_touched);
                let sealed = touched.filter_map(|disclosure| disclosure.sealed.as_ref());
                let productions = sealed.map(|sealed| &sealed.bundle.production);
                let left_out = productions.filter(|name| !listed.contains(name) && told.insert(*name));
                findings.extend(left_out.map(|production| Finding {
                    rule: Rule::I34,
                    index: *at,
                    request: Some(case.request.clone()),
                    pointer: "/data/productions".to_owned(),
                    reason: format!("{production} was sealed to the agency since, and is not listed"),
                }));
            }
        }
        findings.sort_by(|one, next| (one.index, &one.request).cmp(&(next.index, &next.request)));
        findings
    }

    /// Every production that was released, with the digest of its file.
    #[must_use]
    pub fn released(&self) -> BTreeMap<ProductionId, Digest> {
        let disclosures = self.cases.values().flat_map(|case| &case.disclosures);
        let released = disclosures.filter(|disclosure| disclosure.released.is_some());
        let sealed = released.filter_map(|disclosure| disclosure.sealed.as_ref());
        sealed.map(|sealed| (sealed.bundle.production.clone(), sealed.bundle.file_sha256)).collect()
    }

    /// What is in force after the entries so far.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }
}
