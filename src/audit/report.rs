//! All that an audit found: bounded, counted by severity, and what it amounts to.

use std::collections::BTreeSet;

use serde::Serialize;

use super::finding::{Code, Finding, Severity};

/// Findings kept in full. A log that is wrong throughout would otherwise need memory
/// without bound; whoever gets a thousand has enough to act on.
pub const FINDINGS_MAX: usize = 1000;

/// What an audit amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing to object to.
    Clean,
    /// At least one finding.
    Findings,
    /// No finding, but something could not be checked.
    Doubts,
}

impl Outcome {
    /// The exit code of this outcome. Findings win over doubts.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Doubts => 2,
        }
    }
}

/// All that was found, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    findings: Vec<Finding>,
    /// Findings and doubts that are counted only.
    more: u64,
    /// How many there are of each severity, in the order of [`Severity::ALL`].
    #[serde(skip)]
    counts: [u64; 4],
}

impl Report {
    /// Adds one; beyond [`FINDINGS_MAX`] it takes the place of one that weighs less, or is counted
    /// only.
    pub fn add(&mut self, finding: Finding) {
        self.note(finding.severity, 1);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
            return;
        }
        self.more = self.more.saturating_add(1);
        if let Some(lesser) = self.findings.iter_mut().rev().find(|kept| kept.severity > finding.severity) {
            *lesser = finding;
        }
    }

    fn note(&mut self, severity: Severity, many: u64) {
        if let Some(count) = self.counts.get_mut(severity as usize) {
            *count = count.saturating_add(many);
        }
    }

    /// How many were found of this severity, those that are counted only among them.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.get(severity as usize).copied().unwrap_or_default()
    }

    /// Adds all of another report.
    pub fn append(&mut self, other: Self) {
        let kept = |severity| other.findings.iter().filter(|finding| finding.severity == severity).count();
        for severity in Severity::ALL {
            let only_counted = other.count(severity).saturating_sub(kept(severity) as u64);
            self.note(severity, only_counted);
            self.more = self.more.saturating_add(only_counted);
        }
        other.findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// Completes findings of one code, once it is known which of two things is the culprit.
    pub(super) fn amend(&mut self, code: Code, amend: impl Fn(&mut Finding)) {
        self.findings.iter_mut().filter(|finding| finding.code == code).for_each(amend);
    }

    /// Takes back the blame of payloads whose entry itself was altered: the entry no longer
    /// names them, and that is the entry's fault.
    pub(super) fn absolve_payloads(&mut self) {
        let altered = self.findings.iter().filter(|finding| finding.code == Code::EntryAltered);
        let altered: BTreeSet<_> = altered.filter_map(|finding| finding.location.index).collect();
        let before = self.findings.len();
        self.findings.retain(|finding| {
            finding.code != Code::PayloadHash
                || finding.location.index.is_none_or(|index| !altered.contains(&index))
        });
        let absolved = before.saturating_sub(self.findings.len()) as u64;
        if let Some(count) = self.counts.get_mut(Code::PayloadHash.severity() as usize) {
            *count = count.saturating_sub(absolved);
        }
    }

    /// What was found, in the order in which it was found; doubts among them.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many more there are than [`Self::findings`] holds.
    #[must_use]
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// Clean, findings or doubts.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let [grave, serious, minor, doubts] = Severity::ALL.map(|severity| self.count(severity));
        match (grave | serious | minor, doubts) {
            (0, 0) => Outcome::Clean,
            (0, _) => Outcome::Doubts,
            _ => Outcome::Findings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Location;
    use super::*;

    fn doubt() -> Finding {
        Finding::new(Code::PayloadWithheld, Location::entry(3), "a payload", "none")
    }

    fn finding() -> Finding {
        Finding::new(Code::Chain, Location::file("tile/entries/000").at(4), "a", "b")
    }

    #[test]
    fn findings_win_over_doubts_and_survive_the_bound() {
        let mut report = Report::default();
        assert_eq!(report.outcome().exit_code(), 0);
        report.add(doubt());
        assert_eq!(report.outcome().exit_code(), 2);
        for _ in 0..FINDINGS_MAX {
            report.add(doubt());
        }
        report.add(finding());
        assert_eq!((report.findings().len(), report.more()), (FINDINGS_MAX, 2));
        assert_eq!(report.outcome().exit_code(), 1);
        assert!(report.findings().contains(&finding()), "what is grave is shown, whatever came before");
        assert_eq!(
            (report.count(Severity::Grave), report.count(Severity::Doubt)),
            (1, FINDINGS_MAX as u64 + 1)
        );
        let mut whole = Report::default();
        whole.append(report);
        assert_eq!((whole.more(), whole.outcome()), (2, Outcome::Findings));
    }
}
