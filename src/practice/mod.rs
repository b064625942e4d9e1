//! The practice: which events are legal, and what follows from them.
//!
//! **In scope**: [`apply`], the one function through which the daemon admits an event and
//! the auditor replays it; the closed vocabulary; the legal tables, the agencies, the people.
//! **Out of scope**: clocks, randomness, files, the log itself. Signatures are checked here,
//! because who signed decides; keys come from the roles in force and from nowhere else.
//!
//! A rule set that has shipped never changes: an entry is replayed under the one it names.
//! `rules1` is the first, the straight path; `rules2` the whole practice, and takes from the
//! first what is the same. Each rule is one small function that
//! cites its number, says what it found and what would cure it.

pub mod refusal;
pub mod rule;

pub mod directory;
pub mod policy;
pub mod roles;

pub mod vocabulary;

pub mod approvals;
pub mod case;
pub mod records;
pub mod world;

pub mod change;
pub mod due;
pub mod figures;
pub mod outcome;

pub mod acknowledgement;
mod envelope;
mod rules1;
mod rules2;

pub mod replay;
pub mod template;

pub use case::Case;
pub use change::{Change, Claim, LostKey, Next, Quoted, Reference, Verdict};
pub use directory::Directory;
pub use due::{Deadline, Due, DueName};
pub use policy::Policy;
pub use refusal::{Kind, Refusal};
pub use replay::{Finding, Replay};
pub use roles::Roles;
pub use rule::Rule;
pub use template::{ApprovalTemplate, approvable, approvable_act, approvable_act_of};
pub use vocabulary::{Data, EventType};
pub use world::World;

use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::tlog::{Hash, LeafIndex};

/// The actor of events that the daemon makes; nobody else may bear the name.
pub const DAEMON: &str = "daemon";

/// A rule set, by its number in the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleSet {
    /// The straight path from a demand to a delivered bundle.
    One,
    /// The whole practice.
    Two,
}

impl RuleSet {
    /// The rule set of that number, if this version knows it. A verifier that does not says
    /// so and exits 2.
    #[must_use]
    pub const fn numbered(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// The state an event meets.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// What is in force.
    pub world: &'a World,
    /// The case of the event's request, if it has one.
    pub case: Option<&'a Case>,
}

/// Where in the log an event would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its index.
    pub index: LeafIndex,
    /// Its entry's time.
    pub time: Timestamp,
    /// The entry before; `None` exactly at index 0.
    pub head: Option<Head>,
}

/// The last entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its time.
    pub time: Timestamp,
}

/// Judges one event under a rule set. Pure; O(1) in the length of the log; looks at nothing
/// but its arguments. Names that must be new in the whole log are left to the caller as
/// [`Change::claims`].
///
/// # Errors
/// [`Refusal`] with the rule, the place, the reason and the cure; nothing changes.
pub fn apply(rules: RuleSet, state: State<'_>, event: &Event, stamp: Stamp) -> Result<Verdict, Refusal> {
    follows(rules, state.world, event)?;
    match rules {
        RuleSet::One => rules1::apply(state, event, stamp),
        RuleSet::Two => rules2::apply(state, event, stamp),
    }
}

/// F-02: the rule set never falls, and rises only by the entry that says so.
fn follows(rules: RuleSet, world: &World, event: &Event) -> Result<(), Refusal> {
    let Some(in_force) = world.rules() else { return Ok(()) };
    let rises = rules > in_force && event.type_ == EventType::RulesActivated.as_str();
    if rules == in_force || rises {
        return Ok(());
    }
    let reason = format!("rules is {}, in force is {}", rules.number(), in_force.number());
    Err(Refusal::invalid(Rule::F02, "/rules", reason, "name the rule set in force"))
}

#[cfg(test)]
mod tests;
