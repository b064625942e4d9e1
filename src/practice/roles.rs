//! The people: who may review, approve and govern, with which keys, for which countries.
//!
//! **In scope**: the typed schema of roles.toml, and look-ups by key at an instant (I-08).
//! **Out of scope**: which socket peer may post (the daemon's configuration), and signatures
//! themselves ([`crate::model::dsse`]).
//!
//! People are told apart by their id, not by their key: one person with two keys is one person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::policy::CountryCode;
use crate::model::digest::Digest;
use crate::model::dsse::{self, keyid};
use crate::model::id::PersonId;
use crate::model::time::Timestamp;

/// Longest roles text in bytes: a thousand people with two keys each.
pub const ROLES_BYTES_MAX: usize = 1 << 20;
/// Most people: bounds the look-ups of one approval.
pub const PEOPLE_MAX: usize = 4096;

/// What a person may do in the practice (PRACTICE §6.1). `operator` has no power over requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes demands in.
    Intake,
    /// Reviews and approves.
    Reviewer,
    /// Reviews, approves, releases.
    SeniorReviewer,
    /// Advises, narrows, challenges; approves changes of policy, directory and roles.
    Counsel,
    /// Decides on notice.
    PrivacyOfficer,
    /// Runs the data systems.
    Collector,
    /// Reads and verifies.
    Auditor,
    /// Runs the daemon.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::Intake,
        Self::Reviewer,
        Self::SeniorReviewer,
        Self::Counsel,
        Self::PrivacyOfficer,
        Self::Collector,
        Self::Auditor,
        Self::Operator,
    ];

    /// The spelling in roles.toml and in approvals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Reviewer => "reviewer",
            Self::SeniorReviewer => "senior_reviewer",
            Self::Counsel => "counsel",
            Self::PrivacyOfficer => "privacy_officer",
            Self::Collector => "collector",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    /// The role spelt so, if there is one.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is registered; only [`Roles::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    people: BTreeMap<PersonId, Person>,
    keys: BTreeMap<Digest, PersonId>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The opaque id that stands in events.
    pub id: PersonId,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// The countries whose demands they are qualified to review (S-50); `["*"]` is all.
    pub jurisdictions: Vec<Jurisdiction>,
    /// From when, inclusive.
    pub valid_from: Timestamp,
    /// Until when, exclusive.
    pub valid_to: Option<Timestamp>,
    /// Their keys.
    #[serde(rename = "key", default)]
    pub keys: Vec<PersonKey>,
}

/// Countries a person is qualified for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jurisdiction {
    /// `*`.
    Every,
    /// One country.
    Of(CountryCode),
}

/// One Ed25519 key of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonKey {
    /// The public half: an SPKI PEM, or base64 of the 32 bytes.
    #[serde(deserialize_with = "public_key")]
    pub public: VerifyingKey,
    /// From when, inclusive; absent: as long as the person.
    pub valid_from: Option<Timestamp>,
    /// Until when, exclusive.
    pub valid_to: Option<Timestamp>,
}

/// Why a text cannot be adopted as roles.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    /// Longer than [`ROLES_BYTES_MAX`].
    #[error("roles: {bytes} bytes, at most {ROLES_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not TOML, or not this schema.
    #[error("roles: {0}")]
    Toml(#[from] toml::de::Error),
    /// Another schema than 1.
    #[error("roles: schema is {0}, this version reads 1")]
    Schema(u32),
    /// More than [`PEOPLE_MAX`].
    #[error("roles: {0} people, at most {PEOPLE_MAX}")]
    TooMany(usize),
    /// One person twice.
    #[error("roles: person {0} stands there twice")]
    PersonTwice(PersonId),
    /// A person without a role, without a jurisdiction, or whose validity ends before it begins.
    #[error("roles: person {person}: {why}")]
    Person {
        /// Their id.
        person: PersonId,
        /// What is wrong.
        why: &'static str,
    },
    /// Two registrations of one key: it would no longer say who signed.
    #[error("roles: the key {keyid} is registered twice, the second time for {person}")]
    KeyTwice {
        /// Its keyid.
        keyid: Digest,
        /// The second holder.
        person: PersonId,
    },
    /// Nobody could ever approve anything under these roles.
    #[error("roles: two people with keys, one of them a senior_reviewer, are the least; found {0}")]
    TooFew(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(rename = "person")]
    people: Vec<Person>,
}

impl Roles {
    /// Parses and checks the exact text that is adopted.
    ///
    /// # Errors
    /// [`RolesError`] names the person or key and what is wrong.
    pub fn parse(text: &str) -> Result<Self, RolesError> {
        if text.len() > ROLES_BYTES_MAX {
            return Err(RolesError::TooLong { bytes: text.len() });
        }
        let file: File = toml::from_str(text)?;
        if file.schema != 1 {
            return Err(RolesError::Schema(file.schema));
        }
        if file.people.len() > PEOPLE_MAX {
            return Err(RolesError::TooMany(file.people.len()));
        }
        let mut roles = Self { people: BTreeMap::new(), keys: BTreeMap::new() };
        file.people.into_iter().try_for_each(|person| roles.register(person))?;
        let able = roles.people.values().filter(|person| !person.keys.is_empty());
        let (senior, others): (Vec<_>, Vec<_>) =
            able.partition(|person| person.roles.contains(&Role::SeniorReviewer));
        if senior.is_empty() || senior.len() + others.len() < 2 {
            return Err(RolesError::TooFew(senior.len() + others.len()));
        }
        Ok(roles)
    }

    fn register(&mut self, person: Person) -> Result<(), RolesError> {
        let wrong = |why| Err(RolesError::Person { person: person.id.clone(), why });
        if person.roles.is_empty() {
            return wrong("has no role");
        }
        if person.jurisdictions.is_empty() {
            return wrong("has no jurisdiction; [\"*\"] is every one");
        }
        if person.valid_to.is_some_and(|to| to <= person.valid_from) {
            return wrong("valid_to is not after valid_from");
        }
        for key in &person.keys {
            let keyid = keyid(&key.public);
            if self.keys.insert(keyid, person.id.clone()).is_some() {
                return Err(RolesError::KeyTwice { keyid, person: person.id.clone() });
            }
        }
        let id = person.id.clone();
        match self.people.insert(id.clone(), person) {
            None => Ok(()),
            Some(_) => Err(RolesError::PersonTwice(id)),
        }
    }

    /// Everybody, by id.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// The person of that id.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The holder of a key and the key, whether valid or not.
    #[must_use]
    pub fn holder(&self, keyid: &Digest) -> Option<(&Person, &PersonKey)> {
        let person = self.people.get(self.keys.get(keyid)?)?;
        let key = person.keys.iter().find(|key| dsse::keyid(&key.public) == *keyid)?;
        Some((person, key))
    }
}

impl Person {
    /// Whether the person's registration covers the instant.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        covers(Some(self.valid_from), self.valid_to, at)
    }

    /// Whether the person is qualified for the country (S-50).
    #[must_use]
    pub fn is_qualified_for(&self, country: CountryCode) -> bool {
        self.jurisdictions.iter().any(|j| *j == Jurisdiction::Every || *j == Jurisdiction::Of(country))
    }
}

impl PersonKey {
    /// Whether the key's registration covers the instant.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        covers(self.valid_from, self.valid_to, at)
    }
}

/// Half-open, either end open if absent.
pub(super) fn covers(from: Option<Timestamp>, to: Option<Timestamp>, at: Timestamp) -> bool {
    from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to)
}

impl<'de> Deserialize<'de> for Jurisdiction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "*" {
            return Ok(Self::Every);
        }
        CountryCode::new(&text)
            .map(Self::Of)
            .map_err(|_| serde::de::Error::custom("a jurisdiction is two capital letters, or * for all"))
    }
}

fn public_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifyingKey, D::Error> {
    use serde::de::Error as _;
    let text = String::deserialize(deserializer)?;
    let key = if text.trim_start().starts_with("-----BEGIN") {
        VerifyingKey::from_public_key_pem(text.trim()).ok()
    } else {
        let bytes = BASE64.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
    };
    // A weak key verifies signatures nobody made.
    key.filter(|key| !key.is_weak()).ok_or_else(|| {
        D::Error::custom("a key is an Ed25519 SPKI PEM or base64 of its 32 bytes, and not weak")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/roles.toml");

    #[test]
    fn the_example_parses_and_finds_people_by_key() {
        let roles = Roles::parse(EXAMPLE).expect("the shipped example parses");
        let person = roles.people().find(|person| !person.keys.is_empty()).expect("somebody has a key");
        let key = person.keys.first().expect("a key");
        let (holder, _) = roles.holder(&keyid(&key.public)).expect("a key finds its holder");
        assert_eq!(holder.id, person.id);
        assert!(roles.holder(&Digest::of(b"nobody")).is_none());
    }

    #[test]
    fn each_fault_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(EXAMPLE.contains(from), "{from}");
            let error = Roles::parse(&EXAMPLE.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(expected), "{to}: {error}");
        };
        let keys: Vec<_> = EXAMPLE.lines().filter(|line| line.starts_with("public")).collect();
        let [first, second, ..] = keys.as_slice() else { panic!("the example has two keys") };
        check(second, first, "registered twice");
        check(second, "public = \"AAAA\"", "not weak");
        check(second, "public = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "not weak");
        check("schema = 1", "schema = 3", "schema is 3");
        check("\"reviewer\"", "\"boss\"", "unknown variant");
        check("jurisdictions = [\"*\"]", "jurisdictions = []", "no jurisdiction");
        check("senior_reviewer", "reviewer", "one of them a senior_reviewer");
    }

    #[test]
    fn roles_are_as_long_and_have_as_many_people_as_they_may() {
        let padded = |bytes: usize| format!("{EXAMPLE}#{}", "x".repeat(bytes - EXAMPLE.len() - 1));
        Roles::parse(&padded(ROLES_BYTES_MAX)).expect("as long as they may be");
        let error = Roles::parse(&padded(ROLES_BYTES_MAX + 1)).expect_err("longer");
        assert!(matches!(error, RolesError::TooLong { bytes } if bytes == ROLES_BYTES_MAX + 1));
        let here = Roles::parse(EXAMPLE).expect("the shipped example parses").people().count();
        let further = |nth: usize| {
            let valid = "valid_from = \"2026-01-01T00:00:00.000Z\"";
            format!("[[person]]\nid = \"x-{nth}\"\nroles = [\"intake\"]\njurisdictions = [\"*\"]\n{valid}\n")
        };
        let many = |count: usize| format!("{EXAMPLE}\n{}", (here..count).map(further).collect::<String>());
        assert_eq!(Roles::parse(&many(PEOPLE_MAX)).expect("so many").people().count(), PEOPLE_MAX);
        let error = Roles::parse(&many(PEOPLE_MAX + 1)).expect_err("one more");
        assert!(matches!(error, RolesError::TooMany(count) if count == PEOPLE_MAX + 1));
    }

    #[test]
    fn two_who_can_sign_are_the_least_and_one_is_senior() {
        let nobody_senior = EXAMPLE.replace("senior_reviewer", "reviewer");
        let able = Roles::parse(EXAMPLE).expect("the shipped example parses");
        let able = able.people().filter(|person| !person.keys.is_empty()).count();
        let error = Roles::parse(&nobody_senior).expect_err("nobody is senior");
        assert!(matches!(error, RolesError::TooFew(found) if found == able), "{error}");
    }

    #[test]
    fn a_person_is_there_for_a_time_and_once() {
        let begin = "valid_from = \"2026-01-01T00:00:00.000Z\"\n";
        let with = |end: &str| {
            let person = "[[person]]\nid = \"x\"\nroles = [\"intake\"]\njurisdictions = [\"US\"]\n";
            Roles::parse(&format!("{EXAMPLE}\n{person}{begin}valid_to = \"2026-01-01T00:00:00.{end}Z\"\n"))
        };
        with("001").expect("one millisecond");
        assert!(with("000").expect_err("no time at all").to_string().contains("not after valid_from"));
    }
}
