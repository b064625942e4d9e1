//! What a policy must fulfil before it can be adopted: no dangling name, nothing twice,
//! and no table that says what code would refuse anyway.

use std::collections::BTreeSet;

use super::{Instrument, Path, Policy, Process};
use crate::model::class::DataClass;

/// The schema this version reads.
const SCHEMA: u32 = 1;
/// Longest life and age of an approval in hours: a quarter of a year. Longer ones would
/// approve what nobody remembers.
const APPROVAL_HOURS_MAX: u32 = 24 * 92;
/// docs/FORMATS.md, Approval: `iat` at most 300 s after the entry.
const IAT_SKEW_SECONDS_MAX: u32 = 300;

/// Why a text cannot be adopted as a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`super::POLICY_BYTES_MAX`].
    #[error("policy: {bytes} bytes, at most {}", super::POLICY_BYTES_MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not TOML, or not this schema.
    #[error("policy: {0}")]
    Toml(#[from] toml::de::Error),
    /// Another schema than 1.
    #[error("policy: schema is {found}, this version reads {SCHEMA}")]
    Schema {
        /// What the text says.
        found: u32,
    },
    /// Written for a rule set that this version does not know.
    #[error("policy: rules is {found}, this version knows 1 and 2")]
    Rules {
        /// What the text says.
        found: u32,
    },
    /// Two rows of one name.
    #[error("policy: {table} {name} stands there twice")]
    Twice {
        /// The table.
        table: &'static str,
        /// The name.
        name: String,
    },
    /// A class that nothing lists, or a class listed that is never disclosable.
    #[error("policy: data class {class}: {why}")]
    Class {
        /// The class.
        class: DataClass,
        /// What is wrong.
        why: &'static str,
    },
    /// An instrument that contradicts itself or a rule that no policy changes.
    #[error("policy: instrument {code}: {why}")]
    Instrument {
        /// Its code.
        code: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A name that no table defines.
    #[error("policy: {table} {name} is not defined")]
    Unknown {
        /// The table that should have it.
        table: &'static str,
        /// The name.
        name: String,
    },
    /// A limit that is zero or too wide.
    #[error("policy: limits.{name} is {found}, at least 1 and at most {max}")]
    Limit {
        /// Its name.
        name: &'static str,
        /// What the text says.
        found: u32,
        /// The widest allowed.
        max: u32,
    },
}

pub(super) fn check(policy: &Policy) -> Result<(), PolicyError> {
    if policy.schema != SCHEMA {
        return Err(PolicyError::Schema { found: policy.schema });
    }
    if policy.rule_set().is_none() {
        return Err(PolicyError::Rules { found: policy.rules });
    }
    limits(policy)?;
    classes(policy)?;
    names(policy)?;
    policy.instruments.iter().try_for_each(|instrument| instrument_is_sound(policy, instrument))
}

fn limits(policy: &Policy) -> Result<(), PolicyError> {
    let limits = &policy.limits;
    for (name, found, max) in [
        ("approval_life_hours_max", limits.approval_life_hours_max, APPROVAL_HOURS_MAX),
        ("approval_age_hours_max", limits.approval_age_hours_max, APPROVAL_HOURS_MAX),
        ("approval_iat_skew_seconds", limits.approval_iat_skew_seconds, IAT_SKEW_SECONDS_MAX),
    ] {
        if found == 0 || found > max {
            return Err(PolicyError::Limit { name, found, max });
        }
    }
    Ok(())
}

fn classes(policy: &Policy) -> Result<(), PolicyError> {
    let wrong = |class, why| Err(PolicyError::Class { class, why });
    if !policy.default_unknown_class.is_content() {
        return wrong(policy.default_unknown_class, "an unknown field is content (S-98)");
    }
    for class in DataClass::ALL {
        let rows: Vec<_> = policy.classes.iter().filter(|row| row.id == class).collect();
        match (class.is_never_disclosable(), rows.as_slice()) {
            (true, []) if policy.never_disclosable.contains(&class) => {}
            (true, []) => return wrong(class, "must be in never_disclosable (S-02)"),
            (true, _) => return wrong(class, "has no table: it is never disclosable (S-02)"),
            (false, [row]) if row.fields.is_empty() => return wrong(class, "lists no field"),
            (false, [row]) if row.fields.iter().collect::<BTreeSet<_>>().len() != row.fields.len() => {
                return wrong(class, "lists a field twice");
            }
            (false, [_]) => {}
            (false, []) => return wrong(class, "has no table"),
            (false, _) => return wrong(class, "stands there twice"),
        }
    }
    Ok(())
}

fn names(policy: &Policy) -> Result<(), PolicyError> {
    fn distinct<'a, T: ToString + 'a>(
        table: &'static str,
        names: impl Iterator<Item = &'a T>,
    ) -> Result<BTreeSet<String>, PolicyError> {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name.to_string()) {
                return Err(PolicyError::Twice { table, name: name.to_string() });
            }
        }
        Ok(seen)
    }
    let instruments = distinct("instrument", policy.instruments.iter().map(|row| &row.code))?;
    let secrecy = distinct("secrecy", policy.secrecy.iter().map(|row| &row.code))?;
    let hosted = distinct("hosting", policy.hosting.iter().map(|row| &row.country))?;
    distinct("comity", policy.comity.iter().map(|row| &row.code))?;
    distinct("entity", policy.entities.iter().map(|row| &row.id))?;
    let countries = distinct("country", policy.countries.iter().map(|row| &row.code))?;
    let known = |table, names: &BTreeSet<String>, name: &dyn ToString| {
        let name = name.to_string();
        if names.contains(&name) { Ok(()) } else { Err(PolicyError::Unknown { table, name }) }
    };
    for code in policy.instruments.iter().filter_map(|row| row.secrecy.as_ref()) {
        known("secrecy", &secrecy, code)?;
    }
    for row in &policy.hosting {
        for code in row.noncontent_min.iter().chain(&row.content_min) {
            known("instrument", &instruments, code)?;
        }
    }
    for country in policy.entities.iter().map(|row| &row.country) {
        known("hosting", &hosted, country)?;
        known("country", &countries, country)?;
    }
    Ok(())
}

fn instrument_is_sound(policy: &Policy, row: &Instrument) -> Result<(), PolicyError> {
    let reached: BTreeSet<_> = row
        .authorises
        .iter()
        .chain(&row.under_court_order)
        .chain(&row.under_wider_subpoena)
        .chain(&row.with_owner_consent)
        .copied()
        .collect();
    // Only a civil subpoena with its owner's consent may ever list content beside "subpoena".
    let by_process = || row.authorises.iter().chain(&row.under_court_order).chain(&row.under_wider_subpoena);
    let why = if reached.iter().any(|class| policy.is_never_disclosable(*class)) {
        "reaches a class that is never disclosable (S-02)"
    } else if reached.iter().any(|class| row.never.contains(class)) {
        "authorises a class that it lists under never"
    } else if row.process == Process::Subpoena && by_process().any(|class| class.is_content()) {
        "a subpoena never reaches content (S-31)"
    } else if row.process == Process::Request && !reached.is_empty() {
        "a mere request reaches nothing (S-05)"
    } else if row.process != Process::Subpoena && !row.under_wider_subpoena.is_empty() {
        "under_wider_subpoena is for subpoenas"
    } else if row.process != Process::CourtOrder && !row.under_court_order.is_empty() {
        "under_court_order is for court orders"
    } else if row.process == Process::CourtOrder && row.authorises.iter().any(|class| class.is_content()) {
        "content belongs under under_court_order, which a switch governs (S-26)"
    } else if row.path == Path::Criminal && (row.country.is_none() || row.issuers.is_empty()) {
        "needs a country and an issuer"
    } else {
        return Ok(());
    };
    Err(PolicyError::Instrument { code: row.code.to_string(), why })
}

#[cfg(test)]
mod tests {
    //! Goal: the draft is adoptable, and each way to break it is refused by name.
    //! Method: one replacement in the shipped text per case.

    use super::*;

    const DRAFT: &str = include_str!("../../../config/policy.toml");

    #[test]
    fn the_draft_is_sound_and_whole() {
        let policy = Policy::parse(DRAFT).expect("the shipped draft parses");
        assert_eq!(policy.instruments.len(), 23);
        assert_eq!(policy.secrecy.len(), 7);
        assert_eq!(policy.bands.as_ref().map(|bands| bands.option.len()), Some(4));
        assert_eq!(policy.fields().len(), DataClass::ALL.len() - 2);
        assert!(DRAFT.contains("DRAFT for counsel"));
    }

    #[test]
    fn each_contradiction_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(DRAFT.contains(from), "{from}");
            let error = Policy::parse(&DRAFT.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(expected), "{to}: {error}");
        };
        check("schema = 1", "schema = 2", "schema is 2");
        check("schema = 1", "schema = 1\nforce = true", "unknown field");
        check("[\"credentials\", \"key_material\"]", "[\"credentials\"]", "must be in never_disclosable");
        check("default_unknown_class = \"content_stored\"", "default_unknown_class = \"bsi\"", "S-98");
        check("authorises = [\"existence\", \"bsi\"]", "authorises = [\"bsi\", \"content_stored\"]", "never");
        check(
            "authorises = [\"existence\", \"bsi_nsl\"]\nnever = [\"content_stored\", \"content_live\"]",
            "authorises = [\"content_stored\"]",
            "S-31",
        );
        check("authorises = [\"existence\", \"bsi\"]", "authorises = [\"key_material\"]", "S-02");
        check("code = \"us.pen_trap\"", "code = \"us.subpoena\"", "stands there twice");
        check("secrecy = \"ndo.3123d\"", "secrecy = \"ndo.none\"", "not defined");
        check("approval_age_hours_max = 336", "approval_age_hours_max = 0", "at least 1");
        check("approval_iat_skew_seconds = 300", "approval_iat_skew_seconds = 301", "at most 300");
        check("issuers = [\"judge\"]", "issuers = [\"the_king\"]", "unknown variant");
        check("content_min = \"us.warrant_2703\"", "content_min = \"us.letter\"", "not defined");
        check(
            "authorises = [\"existence\", \"bsi\", \"records_other\"]\nunder_court_order",
            "authorises = [\"content_stored\"]\nunder_court_order",
            "S-26",
        );
        check("fields = [\"account_exists\"]", "fields = []", "lists no field");
        check(
            "fields = [\"account_exists\"]",
            "fields = [\"account_exists\", \"account_exists\"]",
            "lists a field twice",
        );
        // What the policy itself takes out of every scope, no instrument of it reaches.
        check(
            "[\"credentials\", \"key_material\"]",
            "[\"credentials\", \"key_material\", \"content_live\"]",
            "S-02",
        );
        let criminal = "path = \"criminal\"\ncountry = \"US\"\nprocess = \"warrant\"";
        check(criminal, "path = \"criminal\"\nprocess = \"warrant\"", "needs a country and an issuer");
        let issuers = "issuers = [\"judge\", \"magistrate\", \"military_judge\"]";
        check(issuers, "issuers = []", "needs a country and an issuer");
    }
}
