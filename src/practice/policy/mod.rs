//! The legal tables: which instrument reaches which class of data, who may issue it, and
//! the limits the practice sets itself.
//!
//! **In scope**: the typed schema of policy.toml, and the consistency a table must have
//! before anybody can adopt it.
//! **Out of scope**: applying it (that is `rules1`), and what no policy can change: keys and
//! credentials are never disclosed (S-02), a US subpoena never reaches content (S-31).
//!
//! A rule reads typed members only; prose stands in `note`, which no rule looks at.

mod check;
mod diff;
mod tables;
mod times;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::scope::FieldTable;
use crate::practice::RuleSet;

pub use check::PolicyError;
pub use diff::{Alteration, Difference, Differences, Reach};
pub use tables::{
    BandOption, BandPeriod, BandRow, Bands, ClassTable, Code, Comity, Conf, Country, CountryCode, Entity,
    Hosting, Instrument, Issuer, Path, Process, Reimbursement, ReportCategory, Secrecy,
};
pub use times::{Times, UtcOffset};

/// Longest policy text in bytes: the draft is 20 KiB, a worldwide one fits, and an event
/// that carries it still fits a sealed payload many times over.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// The policy as its text says; only [`Policy::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    schema: u32,
    /// The rule set it is written for; absent: the first. A log is founded under it, and
    /// `rules.activated` follows the adoption of a policy that names a later one.
    #[serde(default = "first_rule_set")]
    pub rules: u32,
    /// A name for people; what binds is the digest of the text.
    pub policy_id: String,
    /// The class of a field that nobody declared: content.
    pub default_unknown_class: DataClass,
    /// Classes no scope may hold; at least credentials and key material.
    pub never_disclosable: BTreeSet<DataClass>,
    /// Where source or law is unclear: strict unless switched.
    pub switches: Switches,
    /// What the practice grants itself at most.
    pub limits: Limits,
    /// The times the practice sets itself (from rule set 2 on).
    #[serde(default)]
    pub times: Times,
    /// SHA-256 of the fixed text of a notice about an attack by a state (S-74).
    #[serde(default)]
    pub attack_notice_sha256: Option<Digest>,
    /// The data classes with their fields.
    #[serde(rename = "data_class")]
    pub classes: Vec<ClassTable>,
    /// The instruments.
    #[serde(rename = "instrument")]
    pub instruments: Vec<Instrument>,
    /// Secrecy orders by code.
    #[serde(default)]
    pub secrecy: Vec<Secrecy>,
    /// Countries whose demands may be answered (S-52).
    #[serde(rename = "country")]
    pub countries: Vec<Country>,
    /// The provider's entities and what each holds (S-20).
    #[serde(rename = "entity")]
    pub entities: Vec<Entity>,
    /// Regimes by the country of hosting (S-93 … S-95).
    #[serde(default)]
    pub hosting: Vec<Hosting>,
    /// Ways to object to a conflict of laws.
    #[serde(default)]
    pub comity: Vec<Comity>,
    /// Cost (S-105 … S-108).
    pub reimbursement: Option<Reimbursement>,
    /// Reporting bands (50 USC 1874).
    pub bands: Option<Bands>,
    /// Derived once, because every scope comparison needs it.
    #[serde(skip)]
    fields: FieldTable,
}

/// Where source or law is unclear. The default of each is the strict one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// What content needs (S-26).
    pub content_min_process: ContentMinProcess,
    /// Whether a subpoena reaches its `under_wider_subpoena` as well.
    pub subpoena_reaches_records_other: bool,
    /// What becomes of content that is asked for without dates (S-22); rule set 2 reads it.
    #[serde(default)]
    pub content_without_dates: ContentWithoutDates,
}

/// What becomes of content that is asked for without a beginning or an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentWithoutDates {
    /// It is overly broad: refused, or the demand narrowed.
    #[default]
    Refused,
    /// A reviewer decides: courts differ.
    Reviewed,
}

/// What content needs at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentMinProcess {
    /// A warrant or its local equivalent.
    Warrant,
    /// A court order is enough where the instrument lists the class under `under_court_order`.
    CourtOrder,
}

/// Limits on approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Longest `exp − iat`, in hours.
    pub approval_life_hours_max: u32,
    /// Oldest approval a bundle may be sealed under, in hours (I-09).
    pub approval_age_hours_max: u32,
    /// How far `iat` may lie after the entry's time, in seconds; at most 300.
    pub approval_iat_skew_seconds: u32,
}

const fn first_rule_set() -> u32 {
    1
}

impl Policy {
    /// The rule set it is written for; [`Policy::parse`] has refused one that nobody knows.
    #[must_use]
    pub const fn rule_set(&self) -> Option<RuleSet> {
        RuleSet::numbered(self.rules)
    }

    /// Parses and checks the exact text that is adopted.
    ///
    /// # Errors
    /// [`PolicyError`] names the table and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong { bytes: text.len() });
        }
        let mut policy: Self = toml::from_str(text)?;
        check::check(&policy)?;
        policy.fields =
            policy.classes.iter().map(|row| (row.id, row.fields.iter().cloned().collect())).collect();
        Ok(policy)
    }

    /// The instrument of that code.
    #[must_use]
    pub fn instrument(&self, code: &Code) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| instrument.code == *code)
    }

    /// The country of that code, if the policy lists it.
    #[must_use]
    pub fn country(&self, code: CountryCode) -> Option<&Country> {
        self.countries.iter().find(|country| country.code == code)
    }

    /// The entity of that id.
    #[must_use]
    pub fn entity(&self, id: &Code) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.id == *id)
    }

    /// The fields of each class, for [`crate::model::scope::Scope::items_outside`].
    #[must_use]
    pub const fn fields(&self) -> &FieldTable {
        &self.fields
    }

    /// Whether no scope may hold this class, by policy or by code.
    #[must_use]
    pub fn is_never_disclosable(&self, class: DataClass) -> bool {
        class.is_never_disclosable() || self.never_disclosable.contains(&class)
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what a text may be and what its silence means. Method: the shipped text, changed.

    use super::*;

    const DRAFT: &str = include_str!("../../../config/policy.toml");

    #[test]
    fn a_text_is_as_long_as_it_may_be_and_no_longer() {
        let padded = |bytes: usize| format!("{DRAFT}\n#{}", "x".repeat(bytes - DRAFT.len() - 2));
        Policy::parse(&padded(POLICY_BYTES_MAX)).expect("as long as it may be");
        for bytes in [POLICY_BYTES_MAX + 1, POLICY_BYTES_MAX + 2] {
            let error = Policy::parse(&padded(bytes)).expect_err("longer");
            assert!(matches!(error, PolicyError::TooLong { bytes: found } if found == bytes), "{error}");
        }
    }

    #[test]
    fn an_instrument_counts_as_a_request_unless_its_row_denies_it() {
        let policy = Policy::parse(DRAFT).expect("sound");
        let counts = |code: &str| {
            let row = policy.instruments.iter().find(|row| row.code.as_str() == code);
            row.expect("listed").counts_as_request
        };
        assert!(counts("us.subpoena") && counts("us.warrant_2703"));
        assert!(!counts("us.preservation_2703f"));
    }
}
