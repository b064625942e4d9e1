//! What is due when: computed from the log by rule, never set by hand.
//!
//! **In scope**: the closed list of deadlines, and every one that a case or the log has open.
//! **Out of scope**: clocks. The daemon's own confirms a deadline by `deadline.passed`; the
//! auditor compares with the last entry's time. A late answer never relaxes a rule (I-57).

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::policy::Policy;
use super::rule::Rule;
use super::rules2;
use super::vocabulary::{AccountRef, Series};
use super::world::World;
use crate::model::id::{ReportId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::LeafIndex;

/// Kinds of deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// The instrument's time to answer (EPOC 10 days or 8 hours, COPO 7 days).
    Answer,
    /// The time within which the order must be executed, or the end of its life if that is earlier.
    Execution,
    /// The time to object to an order.
    Objection,
    /// The agency's time to open a released bundle.
    DeliveryEnd,
    /// The time to assess a conflict of laws.
    Comity,
    /// A secrecy order ends.
    SecrecyEnd,
    /// A secrecy order without end is to be looked at.
    SecrecyReview,
    /// A customer is to be told.
    Notice,
    /// A waiver or a withheld notice is to be looked at again.
    NoticeReview,
    /// The waiting time between notice and release is over.
    NoticeWait,
    /// Preserved data lapses.
    Preservation,
    /// Legal process is to follow an emergency.
    Followup,
    /// A charge is to be given back.
    Credit,
    /// The erasure that was ordered is to be carried out.
    Erasure,
    /// The screening process is to be reviewed.
    ProcessReview,
    /// An incident is to be opened about a bundle that is recalled, or an agency that knows of no demand.
    Incident,
    /// A report on law-enforcement requests is to be published.
    ReportLawEnforcement,
    /// A report on national security is to be published.
    ReportNationalSecurity,
    /// What is kept for NCMEC may go.
    NcmecEnd,
}

impl Deadline {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Answer,
        Self::Execution,
        Self::Objection,
        Self::DeliveryEnd,
        Self::Comity,
        Self::SecrecyEnd,
        Self::SecrecyReview,
        Self::Notice,
        Self::NoticeReview,
        Self::NoticeWait,
        Self::Preservation,
        Self::Followup,
        Self::Credit,
        Self::Erasure,
        Self::ProcessReview,
        Self::Incident,
        Self::ReportLawEnforcement,
        Self::ReportNationalSecurity,
        Self::NcmecEnd,
    ];

    /// The rule that sets it.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::Answer | Self::Execution | Self::Objection => Rule::I57,
            Self::DeliveryEnd => Rule::A13,
            Self::Comity => Rule::I56,
            Self::SecrecyEnd => Rule::S57,
            Self::SecrecyReview => Rule::I29,
            Self::Notice => Rule::I25,
            Self::NoticeReview => Rule::I26,
            Self::NoticeWait => Rule::I23,
            Self::Preservation => Rule::I40,
            Self::Followup => Rule::I32,
            Self::Credit => Rule::S108,
            Self::Erasure => Rule::I49,
            Self::ProcessReview => Rule::I58,
            Self::Incident => Rule::I34,
            Self::ReportLawEnforcement | Self::ReportNationalSecurity => Rule::I48,
            Self::NcmecEnd => Rule::I38,
        }
    }

    /// Whether letting it pass breaks the practice. The others only tell that a time is over.
    #[must_use]
    pub const fn is_a_duty(self) -> bool {
        !matches!(
            self,
            Self::SecrecyEnd | Self::NoticeWait | Self::NcmecEnd | Self::Objection | Self::DeliveryEnd
        )
    }

    /// The deadline of a report in that series.
    #[must_use]
    pub const fn of_series(series: Series) -> Self {
        match series {
            Series::LawEnforcement => Self::ReportLawEnforcement,
            Series::NationalSecurity => Self::ReportNationalSecurity,
        }
    }
}

/// A deadline's name in its request or its log: what kind, which entry set it, and when it is due. One
/// entry may set two of a kind for two instants; what falls on one instant is one passing.
pub type DueName = (Deadline, LeafIndex, Timestamp);

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What.
    pub deadline: Deadline,
    /// Whose request; `None`: the log's own.
    pub request: Option<RequestId>,
    /// The entry that set it.
    pub set_by: LeafIndex,
    /// Whose account, where only one account's is due. Personal data: not for logs.
    pub account: Option<AccountRef>,
    /// Which report, where it is about one.
    pub report: Option<ReportId>,
}

impl Due {
    /// A deadline of a request, or of the log.
    #[must_use]
    pub const fn new(
        at: Timestamp,
        deadline: Deadline,
        request: Option<RequestId>,
        set_by: LeafIndex,
    ) -> Self {
        Self { at, deadline, request, set_by, account: None, report: None }
    }

    /// What `deadline.passed` names it by.
    #[must_use]
    pub const fn name(&self) -> DueName {
        (self.deadline, self.set_by, self.at)
    }
}

/// What a case has open, by time. Rule set 1 knows no deadlines; its cases have none.
#[must_use]
pub fn of_case(policy: &Policy, case: &Case) -> Vec<Due> {
    let mut due = Vec::new();
    rules2::due(policy, case, &mut due);
    due.sort();
    due
}

/// What the log itself has open, by time.
#[must_use]
pub fn of_world(world: &World) -> Vec<Due> {
    let mut due = Vec::new();
    rules2::due_of_world(world, &mut due);
    due.sort();
    due
}
