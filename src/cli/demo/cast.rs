//! Who takes part, with keys made for this one demonstration, and where the data is.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;

use crate::cli::exit::{Exit, Failure};
use crate::cli::init::{self, InitArgs};
use crate::model::id::PersonId;
use crate::ops::age::Identity;
use crate::ops::config::Config;
use crate::ops::{files, keys, machine};
use crate::practice::{Policy, RuleSet};

/// The name of the demonstration's log.
pub(super) const ORIGIN: &str = "log.example/probity-demo";

/// The data sources that come with the program: invented customers.
const SOURCES: &[(&str, &[u8])] = &include!("sources.in");

/// A person with a key.
pub(super) struct Reviewer {
    pub(super) id: PersonId,
    pub(super) key: PathBuf,
    pub(super) role: &'static str,
}

/// Everybody and everything the story needs.
pub(super) struct Cast {
    pub(super) socket: PathBuf,
    /// The rule set that the log is founded under.
    pub(super) rules: RuleSet,
    pub(super) reviewer: Reviewer,
    pub(super) senior: Reviewer,
    pub(super) collector: PersonId,
    pub(super) log_vkey: PathBuf,
    pub(super) agency_identity: PathBuf,
    pub(super) agency_ack_key: PathBuf,
    pub(super) auditor_identity: PathBuf,
}

impl Cast {
    /// Makes the keys, the texts, the sources and the home, under these legal tables.
    pub(super) fn found(dir: &Path, tables: &str) -> Result<Self, Failure> {
        let tables = without_waiting(tables);
        let rules = Policy::parse(&tables).map_err(Failure::with(Exit::Data))?.rule_set();
        for part in ["", "people", "agency", "auditor", "orders"] {
            files::make_dir(&dir.join(part), files::PRIVATE_DIR_MODE)
                .map_err(Failure::with(Exit::CannotCreate))?;
        }
        write_sources(&dir.join("sources"))?;
        let reviewer = new_reviewer(dir, "p-reviewer-1", "reviewer")?;
        let senior = new_reviewer(dir, "p-senior-1", "senior_reviewer")?;
        let agency_identity = dir.join("agency/key.txt");
        let agency = age_key(&agency_identity)?;
        let agency_ack_key = dir.join("agency/ack_ed25519");
        keys::write_openssh_pair(&agency_ack_key, &new_key()?).map_err(Failure::with(Exit::CannotCreate))?;
        let ack_line = files::read_text(&dir.join("agency/ack_ed25519.pub"), 4096)
            .map_err(Failure::with(Exit::NoInput))?;
        let auditor_identity = dir.join("auditor/key.txt");
        let auditor = age_key(&auditor_identity)?;

        let directory = dir.join("agencies.toml");
        write(&directory, &directory_text(&agency, ack_line.trim_end()))?;
        let roles = dir.join("people.toml");
        write(&roles, &roles_text(&[(&reviewer, &public(&reviewer)?), (&senior, &public(&senior)?)]))?;
        let policy = dir.join("tables.toml");
        write(&policy, &tables)?;
        let args = InitArgs {
            origin: ORIGIN.to_owned(),
            organization: "Example Provider (demonstration)".to_owned(),
            at_rest: dir.join("at-rest.age"),
            insecure_colocated: true,
            policy: Some(policy),
            directory,
            roles,
            sources: Some(dir.join("sources/sources.toml")),
            auditors: vec![auditor],
            demonstration: true,
        };
        init::init(&args, dir)?;
        let config = Config::load(dir).map_err(Failure::with(Exit::Config))?;
        Ok(Self {
            socket: config.socket.path,
            rules: rules.unwrap_or(RuleSet::One),
            reviewer,
            senior,
            collector: PersonId::new("p-operator-1").map_err(Failure::with(Exit::Config))?,
            log_vkey: dir.join("log.vkey"),
            agency_identity,
            agency_ack_key,
            auditor_identity,
        })
    }
}

/// The tables but for the days between notice and release, which nobody can watch. What an
/// instrument itself demands stays.
fn without_waiting(tables: &str) -> String {
    const NONE: &str = "notice_wait_days = 0\n";
    let Some((before, times)) = tables.split_once("\n[times]\n") else {
        return tables.replacen("\n[limits]\n", &format!("\n[times]\n{NONE}\n[limits]\n"), 1);
    };
    let (times, rest) = times.split_at(times.find("\n[").map_or(times.len(), |end| end + 1));
    let is_stated = |line: &&str| line.starts_with("notice_wait_days");
    let times: String = times.split_inclusive('\n').filter(|line| !is_stated(line)).collect();
    format!("{before}\n[times]\n{NONE}{times}{rest}")
}

fn write_sources(dir: &Path) -> Result<(), Failure> {
    for (name, bytes) in SOURCES {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            files::make_dir(parent, files::PRIVATE_DIR_MODE).map_err(Failure::with(Exit::CannotCreate))?;
        }
        fs::write(&path, bytes).map_err(Failure::with(Exit::CannotCreate))?;
    }
    Ok(())
}

fn new_key() -> Result<SigningKey, Failure> {
    Ok(SigningKey::from_bytes(&machine::random().map_err(Failure::with(Exit::Config))?))
}

fn new_reviewer(dir: &Path, id: &str, role: &'static str) -> Result<Reviewer, Failure> {
    let key = dir.join("people").join(format!("{id}.pem"));
    keys::write_pair(&key, &new_key()?).map_err(Failure::with(Exit::CannotCreate))?;
    Ok(Reviewer { id: PersonId::new(id).map_err(Failure::with(Exit::Config))?, key, role })
}

fn public(reviewer: &Reviewer) -> Result<String, Failure> {
    let key = keys::load_private(&reviewer.key, keys::ExampleKeys::Accepted)
        .map_err(Failure::with(Exit::Config))?;
    Ok(STANDARD.encode(key.verifying_key().as_bytes()))
}

fn age_key(path: &Path) -> Result<String, Failure> {
    let identity = Identity::generate();
    files::write_new(path, identity.to_key_file().as_bytes(), files::PRIVATE_MODE)
        .map_err(Failure::with(Exit::CannotCreate))?;
    Ok(identity.recipient().to_string())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    files::write_new(path, text.as_bytes(), files::PUBLIC_MODE).map_err(Failure::with(Exit::CannotCreate))
}

fn directory_text(recipient: &str, ack_line: &str) -> String {
    format!(
        r#"schema = 1

[[agency]]
id = "metro-police"
name = "City police department (invented)"
country = "US"
level = "local"
valid_from = "2026-01-01T00:00:00.000Z"

[[agency.recipient]]
age = "{recipient}"
confirmed = "in person, for this demonstration"
valid_from = "2026-01-01T00:00:00.000Z"

[[agency.ack_key]]
ssh = "{ack_line}"
valid_from = "2026-01-01T00:00:00.000Z"
"#
    )
}

fn roles_text(reviewers: &[(&Reviewer, &String)]) -> String {
    let mut text = String::from("schema = 1\n");
    let mut person = |id: &str, role: &str, key: Option<&str>| {
        let head = format!("\n[[person]]\nid = \"{id}\"\nroles = [{role}]\njurisdictions = [\"*\"]\n");
        text.push_str(&head);
        text.push_str("valid_from = \"2026-01-01T00:00:00.000Z\"\n");
        if let Some(key) = key {
            text.extend(["\n[[person.key]]\npublic = \"", key, "\"\n"]);
        }
    };
    person("p-intake-1", "\"intake\"", None);
    for (reviewer, key) in reviewers {
        person(reviewer.id.as_str(), &format!("\"{}\"", reviewer.role), Some(key));
    }
    person("p-privacy-1", "\"privacy_officer\"", None);
    person("p-operator-1", "\"operator\", \"collector\"", None);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_the_tables_waits_for_nobody() {
        let draft = include_str!("../../../config/policy.toml");
        let stated = "\n[times]\nnotice_wait_days = 7\nfollowup_days = 5\n\n[limits]\n";
        let other = "\n[times]\nfollowup_days = 5\n\n[limits]\n";
        for tables in
            [draft, &draft.replacen("\n[limits]\n", stated, 1), &draft.replacen("\n[limits]\n", other, 1)]
        {
            let policy = Policy::parse(&without_waiting(tables)).expect("sound");
            assert_eq!(policy.times.notice_wait_days, 0);
        }
    }
}
