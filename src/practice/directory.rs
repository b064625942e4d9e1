//! The agencies: to whom a bundle may be encrypted, and whose acknowledgement counts.
//!
//! **In scope**: the typed schema of directory.toml, and what is current at an instant.
//! **Out of scope**: how an agency was checked (that is evidence in `request.authenticated`),
//! and whether a recipient string is a valid age recipient (`ops::age` refuses the rest).
//!
//! A recipient never comes from a request: only from here, confirmed out of band.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use ssh_key::PublicKey;

use super::policy::{Code, CountryCode};
use super::roles::covers;
use crate::model::digest::Digest;
use crate::model::id::AgencyId;
use crate::model::time::Timestamp;

/// Longest directory text in bytes: tens of thousands of agencies.
pub const DIRECTORY_BYTES_MAX: usize = 8 << 20;
/// Longest recipient string in bytes: post-quantum recipients of age take about 2,000.
pub const RECIPIENT_BYTES_MAX: usize = 4096;
/// Most recipients one agency has at a time: each is a stanza of every header.
pub const AGENCY_RECIPIENTS_MAX: usize = 16;

/// Every agency known; only [`Directory::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    agencies: BTreeMap<AgencyId, Agency>,
}

/// The level of government, as reports count it (S-71).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Of the federation or the nation.
    Federal,
    /// Of a state or province.
    State,
    /// Of a city or county.
    Local,
    /// Of another country than the addressed entity's.
    Foreign,
    /// Of a tribal nation.
    Tribal,
    /// Military.
    Military,
}

/// One agency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// The id that stands in events.
    pub id: AgencyId,
    /// Its name, for people.
    pub name: String,
    /// Its country.
    pub country: CountryCode,
    /// Its level.
    pub level: Level,
    /// From when, inclusive.
    pub valid_from: Timestamp,
    /// Until when, exclusive.
    pub valid_to: Option<Timestamp>,
    /// The instruments it may use, by the policy's codes; absent: all that its country and level
    /// have. What compels nobody needs no power (S-15).
    pub instruments: Option<BTreeSet<Code>>,
    /// To whom bundles are encrypted.
    #[serde(rename = "recipient", default)]
    pub recipients: Vec<Recipient>,
    /// Keys that acknowledge deliveries.
    #[serde(rename = "ack_key", default)]
    pub ack_keys: Vec<AckKey>,
    /// Numbers to call back, held independently of any letter (S-43).
    #[serde(rename = "call_back", default)]
    pub call_backs: Vec<CallBack>,
}

/// An age recipient of an agency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The recipient string, e.g. `age1…`.
    pub age: String,
    /// Whether it is the agency's filter team's, which works apart from the investigators: bundles of
    /// what may be privileged go to it alone, and no other ones do (case 35).
    #[serde(default)]
    pub filter_team: bool,
    /// When and by which way it was confirmed out of band, for people.
    pub confirmed: String,
    /// From when, inclusive.
    pub valid_from: Timestamp,
    /// Until when, exclusive.
    pub valid_to: Option<Timestamp>,
}

/// Who of an agency opens a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever investigates.
    Investigators,
    /// People apart from them, who take out what is privileged.
    FilterTeam,
}

/// A key that acknowledges deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AckKey {
    /// An `ssh-ed25519 AAAA…` line.
    pub ssh: String,
    /// From when, inclusive.
    pub valid_from: Timestamp,
    /// Until when, exclusive.
    pub valid_to: Option<Timestamp>,
}

/// A number to call back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallBack {
    /// The number.
    pub number: String,
    /// Where it was found; never a letter.
    pub source: String,
    /// When it was last confirmed.
    pub confirmed_at: Timestamp,
}

/// Why a text cannot be adopted as a directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Longer than [`DIRECTORY_BYTES_MAX`].
    #[error("directory: {bytes} bytes, at most {DIRECTORY_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not TOML, or not this schema.
    #[error("directory: {0}")]
    Toml(#[from] toml::de::Error),
    /// Another schema than 1.
    #[error("directory: schema is {0}, this version reads 1")]
    Schema(u32),
    /// One agency twice.
    #[error("directory: agency {0} stands there twice")]
    AgencyTwice(AgencyId),
    /// A recipient that two agencies share: a bundle for one would open for the other.
    #[error("directory: agency {agency} has a recipient that stands there already")]
    RecipientTwice {
        /// The second agency.
        agency: AgencyId,
    },
    /// A recipient, key or validity that cannot be meant.
    #[error("directory: agency {agency}: {why}")]
    Agency {
        /// Its id.
        agency: AgencyId,
        /// What is wrong.
        why: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(rename = "agency", default)]
    agencies: Vec<Agency>,
}

impl Directory {
    /// Parses and checks the exact text that is adopted.
    ///
    /// # Errors
    /// [`DirectoryError`] names the agency and what is wrong.
    pub fn parse(text: &str) -> Result<Self, DirectoryError> {
        if text.len() > DIRECTORY_BYTES_MAX {
            return Err(DirectoryError::TooLong { bytes: text.len() });
        }
        let file: File = toml::from_str(text)?;
        if file.schema != 1 {
            return Err(DirectoryError::Schema(file.schema));
        }
        let mut agencies = BTreeMap::new();
        let mut recipients = BTreeSet::new();
        for agency in file.agencies {
            agency.check()?;
            for recipient in &agency.recipients {
                if !recipients.insert(recipient.age.clone()) {
                    return Err(DirectoryError::RecipientTwice { agency: agency.id });
                }
            }
            let id = agency.id.clone();
            if agencies.insert(id.clone(), agency).is_some() {
                return Err(DirectoryError::AgencyTwice(id));
            }
        }
        Ok(Self { agencies })
    }

    /// Every agency, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// The agency of that id, whether valid or not.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        self.agencies.get(id)
    }
}

impl Agency {
    fn check(&self) -> Result<(), DirectoryError> {
        let wrong = |why| Err(DirectoryError::Agency { agency: self.id.clone(), why });
        let is_line = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let backwards = |from: Timestamp, to: Option<Timestamp>| to.is_some_and(|to| to <= from);
        if self.recipients.len() > AGENCY_RECIPIENTS_MAX {
            return wrong("too many recipients");
        }
        if self.recipients.iter().any(|r| !is_line(&r.age) || r.age.len() > RECIPIENT_BYTES_MAX) {
            return wrong("a recipient is one word of printable ASCII");
        }
        if self.ack_keys.iter().any(|key| key.public().is_none()) {
            return wrong("an ack_key is a line ssh-ed25519 AAAA…");
        }
        let periods = self.recipients.iter().map(|r| (r.valid_from, r.valid_to));
        let periods = periods.chain(self.ack_keys.iter().map(|key| (key.valid_from, key.valid_to)));
        if periods.chain([(self.valid_from, self.valid_to)]).any(|(from, to)| backwards(from, to)) {
            return wrong("valid_to is not after valid_from");
        }
        Ok(())
    }

    /// Whether the agency's registration covers the instant.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        covers(Some(self.valid_from), self.valid_to, at)
    }

    /// The recipients of those readers, current at the instant.
    pub fn recipients_at(&self, readers: Readers, at: Timestamp) -> impl Iterator<Item = &Recipient> {
        let is_meant = move |r: &&Recipient| r.filter_team == (readers == Readers::FilterTeam);
        self.recipients.iter().filter(is_meant).filter(move |r| covers(Some(r.valid_from), r.valid_to, at))
    }

    /// SHA-256 of each of their recipient strings current at the instant, ascending.
    #[must_use]
    pub fn recipient_digests_at(&self, readers: Readers, at: Timestamp) -> BTreeSet<Digest> {
        self.recipients_at(readers, at).map(|recipient| Digest::of(recipient.age.as_bytes())).collect()
    }

    /// The acknowledgement keys current at the instant.
    pub fn ack_keys_at(&self, at: Timestamp) -> impl Iterator<Item = PublicKey> {
        let current = self.ack_keys.iter().filter(move |key| covers(Some(key.valid_from), key.valid_to, at));
        current.filter_map(AckKey::public)
    }
}

impl AckKey {
    fn public(&self) -> Option<PublicKey> {
        let key = PublicKey::from_openssh(self.ssh.trim()).ok()?;
        key.key_data().ed25519().is_some().then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/directory.toml");

    #[test]
    fn the_example_parses_and_validity_is_half_open() {
        let directory = Directory::parse(EXAMPLE).expect("the shipped example parses");
        let agency = directory.agencies().next().expect("an agency");
        let before = agency.valid_from.saturating_add_ms(-1);
        assert!(!agency.is_valid_at(before) && agency.is_valid_at(agency.valid_from));
        let digests = |at| agency.recipient_digests_at(Readers::Investigators, at);
        assert!(digests(before).is_empty());
        assert_eq!(digests(agency.valid_from).len(), 1);
        assert!(agency.recipient_digests_at(Readers::FilterTeam, agency.valid_from).is_empty());
        assert_eq!(agency.ack_keys_at(agency.valid_from).count(), 1);
    }

    #[test]
    fn each_fault_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(EXAMPLE.contains(from), "{from}");
            let error = Directory::parse(&EXAMPLE.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(expected), "{to}: {error}");
        };
        check("schema = 1", "schema = 0", "schema is 0");
        check("id = \"metro-police\"", "id = \"federal-field-office\"", "stands there twice");
        check("age = \"age1", "age = \"age 1", "one word");
        check("ssh = \"ssh-ed25519", "ssh = \"ssh-rsa", "ssh-ed25519");
        check("level = \"federal\"", "level = \"galactic\"", "unknown variant");
        check("confirmed = ", "override = 1\nconfirmed = ", "unknown field");
    }

    /// The example, and an agency after it that begins so.
    fn with_agency(lines: &str) -> String {
        let agency = "[[agency]]\nid = \"other\"\nname = \"Other\"\ncountry = \"US\"\nlevel = \"state\"\n";
        format!("{EXAMPLE}\n{agency}valid_from = \"2026-01-01T00:00:00.000Z\"\n{lines}")
    }

    fn recipient(age: &str) -> String {
        let from = "valid_from = \"2026-01-01T00:00:00.000Z\"";
        format!("[[agency.recipient]]\nage = \"{age}\"\nconfirmed = \"by telephone\"\n{from}\n")
    }

    #[test]
    fn a_directory_is_as_long_as_it_may_be() {
        let padded = |bytes: usize| format!("{EXAMPLE}#{}", "x".repeat(bytes - EXAMPLE.len() - 1));
        Directory::parse(&padded(DIRECTORY_BYTES_MAX)).expect("as long as it may be");
        let error = Directory::parse(&padded(DIRECTORY_BYTES_MAX + 1)).expect_err("longer");
        assert!(matches!(error, DirectoryError::TooLong { bytes } if bytes == DIRECTORY_BYTES_MAX + 1));
    }

    #[test]
    fn an_agency_has_so_many_recipients_and_each_is_so_long() {
        let many = |count: usize| {
            let rows = (0..count).map(|nth| recipient(&format!("age1x{nth}"))).collect::<String>();
            Directory::parse(&with_agency(&rows)).map_err(|error| error.to_string())
        };
        many(AGENCY_RECIPIENTS_MAX).expect("so many");
        assert!(many(AGENCY_RECIPIENTS_MAX + 1).expect_err("one more").contains("too many recipients"));
        let long = |bytes: usize| {
            let text = with_agency(&recipient(&"x".repeat(bytes)));
            Directory::parse(&text).map_err(|error| error.to_string())
        };
        long(RECIPIENT_BYTES_MAX).expect("so long");
        for bytes in [RECIPIENT_BYTES_MAX + 1, 0] {
            assert!(long(bytes).expect_err("longer, or nothing").contains("one word"), "{bytes}");
        }
    }

    #[test]
    fn what_ends_ends_after_it_begins() {
        let (begin, next) = ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z");
        let to = |text: String, end: &str| Directory::parse(&format!("{text}valid_to = \"{end}\"\n"));
        for text in [with_agency(""), with_agency(&recipient("age1x"))] {
            to(text.clone(), next).expect("one millisecond");
            let error = to(text, begin).expect_err("no time at all").to_string();
            assert!(error.contains("valid_to is not after valid_from"), "{error}");
        }
    }

    #[test]
    fn two_agencies_share_no_recipient() {
        let text = with_agency(&format!("{}{}", recipient("age1x"), recipient("age1x")));
        let error = Directory::parse(&text).expect_err("twice").to_string();
        assert!(error.contains("agency other has a recipient that stands there already"), "{error}");
        let both = Directory::parse(&with_agency(&recipient("age1x"))).expect("two");
        let names: Vec<_> = both.agencies().map(|agency| agency.id.as_str()).collect();
        assert!(names.len() > 1 && names.contains(&"other"), "{names:?}");
    }
}
