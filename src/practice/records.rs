//! What is recorded about no single request: incidents, reports, figures, the screening process.
//!
//! Everything is bounded: what is closed or over gives way to what is new, what is open does not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::due::DueName;
use super::vocabulary::{Crypto, DeclaredFigure, Series};
use crate::model::id::{AgencyId, IncidentId, ProductionId, ReportId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::LeafIndex;

/// Most incidents open at a time.
pub const INCIDENTS_MAX: usize = 4096;
/// Most recalls and denials that wait for an incident; then one must be opened before the next.
pub const UNEXPLAINED_MAX: usize = 4096;
/// Most bundles of which is known that an incident names them.
pub const INCIDENT_BUNDLES_MAX: usize = 16_384;
/// Most agencies of earlier directories.
pub const AGENCIES_MAX: usize = 65_536;
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
    /// What an incident is to be opened about, by the entry that showed it.
    pub unexplained: BTreeMap<LeafIndex, Unexplained>,
    /// The bundles that an incident names: a recall of one needs no other.
    pub incident_bundles: BTreeSet<ProductionId>,
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
    /// Declared figures: kind, first day of the period, value.
    pub figures: BTreeSet<(DeclaredFigure, Timestamp, u64)>,
    /// The agencies of directories that are in force no more: an incident may still be about one.
    pub agencies: BTreeSet<AgencyId>,
    /// The algorithms that the log names (S-87).
    pub encryption: Option<Crypto>,
    /// Deadlines whose passing the daemon's clock confirmed.
    pub passed: BTreeSet<DueName>,
}

/// Something that should not have happened, and that no incident tells of yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unexplained {
    /// The request.
    pub request: RequestId,
    /// The bundle that was recalled; none where the agency denied the demand before one left.
    pub production: Option<ProductionId>,
    /// When it was recorded.
    pub at: Timestamp,
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
