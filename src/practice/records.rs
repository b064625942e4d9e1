//! What is recorded about no single request: incidents, reports, figures, the screening process.
//!
//! Everything is bounded: what is closed or over gives way to what is new, what is open does not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::due::DueName;
use super::vocabulary::{Crypto, DeclaredFigure, IncidentKind, Series};
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, IncidentId, ProductionId, ReportId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::LeafIndex;

/// Most incidents open at a time.
pub const INCIDENTS_MAX: usize = 4096;
/// Most mishaps that an incident is owed for. What comes beyond is recorded and owes none: so many are
/// findings enough, and no quarantine waits for somebody's paperwork.
pub const INCIDENTS_OWED_MAX: usize = 4096;
/// Most bundles of which is known that an incident told of them.
pub const BUNDLES_TOLD_OF_MAX: usize = 16_384;
/// Most agencies of earlier directories.
pub const AGENCIES_MAX: usize = 65_536;
/// Most recipients that were lost: those of thousands of agencies.
pub const LOST_RECIPIENTS_MAX: usize = 65_536;
/// Most reports to NCMEC whose data is still kept.
pub const NCMEC_MAX: usize = 65_536;
/// Most published reports that can still be corrected: a thousand years of both series.
pub const REPORTS_MAX: usize = 4096;
/// Most half-years: as many as of reports.
pub const HALVES_MAX: usize = REPORTS_MAX;
/// Most declared figures.
pub const FIGURES_MAX: usize = 4096;

/// The records of the log itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// The entry since which rule set 2 holds, and its time: duties begin there.
    pub since: Option<(LeafIndex, Timestamp)>,
    /// The incidents that are open, by the entry that opened them.
    pub incidents: BTreeMap<IncidentId, LeafIndex>,
    /// The incidents that are owed, by the entry that showed the mishap.
    pub incidents_owed: BTreeMap<LeafIndex, OwedIncident>,
    /// The bundles that an incident told of, each with its kind: the same mishap needs no other.
    pub bundles_told_of: BTreeSet<(ProductionId, IncidentKind)>,
    /// What is kept for NCMEC: the entry, and until when.
    pub ncmec: BTreeMap<ReportId, (LeafIndex, Timestamp)>,
    /// The last review of the screening process.
    pub process_review: Option<(LeafIndex, Timestamp)>,
    /// The last report of each series.
    pub series: BTreeMap<Series, LastReport>,
    /// Every published report, which a correction may name, with the end of its period.
    pub reports: BTreeMap<ReportId, (Series, Timestamp)>,
    /// The first entry of each half-year in which there was one, by the half-year's first instant:
    /// what a report must be computed from at least.
    pub halves: BTreeMap<Timestamp, LeafIndex>,
    /// SHA-256 of the recipients whose keys are in other hands, as incidents say.
    pub lost_recipients: BTreeSet<Digest>,
    /// Declared figures: kind, first day of the period, value.
    pub figures: BTreeSet<(DeclaredFigure, Timestamp, u64)>,
    /// The agencies of directories that are in force no more: an incident may still be about one.
    pub agencies: BTreeSet<AgencyId>,
    /// The algorithms that the log names (S-87).
    pub encryption: Option<Crypto>,
    /// Deadlines whose passing the daemon's clock confirmed.
    pub passed: BTreeSet<DueName>,
}

/// A mishap that no incident tells of yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwedIncident {
    /// The request.
    pub request: RequestId,
    /// What happened.
    pub mishap: Mishap,
    /// The bundles that it touches and no incident names yet; none where nothing had left.
    pub productions: BTreeSet<ProductionId>,
    /// When it was recorded.
    pub at: Timestamp,
}

/// What an entry shows that should not have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// The agency says that it knows of no such demand, or somebody else made it look like the
    /// agency's (case 21).
    Denied,
    /// A court quashed the order after its data left (case 13).
    Quashed,
    /// More left than was ordered (case 32).
    OverProduction,
    /// What left may hold what the law keeps from investigators (case 35).
    Privileged,
    /// Somebody pretended to be the agency (case 22).
    Impostor,
}

impl Mishap {
    /// Whether an incident of that kind tells of it. A denial may turn out to be the agency's error.
    #[must_use]
    pub const fn is_told_by(self, kind: IncidentKind) -> bool {
        match self {
            Self::Denied => matches!(
                kind,
                IncidentKind::Impersonation | IncidentKind::DisclosedToImpostor | IncidentKind::Other
            ),
            Self::Quashed => matches!(kind, IncidentKind::QuashedAfterDelivery),
            Self::OverProduction => matches!(kind, IncidentKind::OverProduction),
            Self::Privileged => matches!(kind, IncidentKind::PrivilegedDisclosed),
            Self::Impostor => matches!(kind, IncidentKind::DisclosedToImpostor),
        }
    }
}

/// The last report of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastReport {
    /// Its entry.
    pub index: LeafIndex,
    /// The end of its period, exclusive.
    pub period_to: Timestamp,
    /// The width of its bands.
    pub band_width: Option<u32>,
}
