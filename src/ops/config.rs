//! `probity.toml`: what an operator sets, with everything it may say and nothing else.
//!
//! **In scope**: the schema, its defaults and its checks. **Out of scope**: whether the
//! files it names are good; their readers say so. Relative paths are relative to the home.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use super::keys::ExampleKeys;
use crate::practice::vocabulary::PeerRole;
use crate::tlog::Origin;

/// The layout of a home that this version reads and writes.
pub const HOME_VERSION: u32 = 1;
/// Name of the configuration inside a home.
pub const CONFIG_FILE: &str = "probity.toml";
/// Longest configuration in bytes; it is read whole.
pub const CONFIG_BYTES_MAX: u64 = 256 * 1024;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Layout of the home, [`HOME_VERSION`].
    pub home_version: u32,
    /// The log's name: schema-less URL, e.g. `log.example/probity`. Never changes.
    pub origin: String,
    /// Accept the published example keys. Only for a demonstration.
    #[serde(default)]
    pub demonstration: bool,
    /// What the bundles name as Source-Organization.
    pub organization: String,
    /// Key files.
    pub keys: Keys,
    /// The texts that the practice is enforced by.
    pub practice: Practice,
    /// The local socket.
    #[serde(default)]
    pub socket: Socket,
    /// Who may connect, by uid; everybody else is answered 403.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// The declaration of sources that data is collected from; none: no disclosures.
    #[serde(default)]
    pub sources: Option<PathBuf>,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// Where the keys are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Signs checkpoints and the keyring (Ed25519, PKCS#8 PEM, 0600).
    pub log: PathBuf,
    /// Signs bundles and their receipts (Ed25519, PKCS#8 PEM, 0600).
    pub disclosure: PathBuf,
    /// The daemon's age identity that opens the ledger's data keys. Outside the home:
    /// otherwise a backup of the home is a backup of its key.
    pub at_rest: PathBuf,
    /// Allow `at_rest` inside the home, knowing that.
    #[serde(default)]
    pub insecure_colocated: bool,
    /// age recipients of the auditors, who can read the whole log.
    #[serde(default)]
    pub auditors: Vec<String>,
}

/// The files whose full text stands in the log.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Practice {
    /// The legal tables.
    pub policy: PathBuf,
    /// Agencies, their recipients and acknowledgement keys.
    pub directory: PathBuf,
    /// People, their keys and roles.
    pub roles: PathBuf,
}

/// The Unix socket.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Socket {
    /// Its path; its directory is made 0750, itself 0660.
    pub path: PathBuf,
}

impl Default for Socket {
    fn default() -> Self {
        Self { path: PathBuf::from("run/probity.sock") }
    }
}

/// A local account that may connect. The kernel tells its uid; nothing it says counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Numeric user id.
    pub uid: u32,
    /// A name for logs and `access.*` entries; an id, not a person's name.
    pub name: String,
    /// What it may do. There is no role for a requester (S-01).
    pub roles: BTreeSet<PeerRole>,
}

/// Bounds; each has a default that fits one machine.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most events waiting for the sequencer; full is answered 503 with Retry-After.
    pub queue_events: usize,
    /// Most bytes waiting for the sequencer.
    pub queue_bytes: usize,
    /// Longest single event, or line of NDJSON, in bytes.
    pub event_bytes: usize,
    /// Longest long poll in seconds.
    pub poll_seconds: u64,
    /// Most connections at once.
    pub connections: usize,
    /// Longest a connection may stay silent, in seconds.
    pub idle_seconds: u64,
    /// Time that running requests get at shutdown, in seconds.
    pub drain_seconds: u64,
    /// Free space of the home's file system, in MiB, below which nothing new is recorded: 507, and
    /// reads go on. 0 turns it off; then a full disk fails a write, and that stops the daemon.
    pub disk_low_water_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_events: 4096,
            queue_bytes: 64 * 1024 * 1024,
            event_bytes: 8 * 1024 * 1024,
            poll_seconds: 60,
            connections: 512,
            idle_seconds: 120,
            drain_seconds: 10,
            disk_low_water_mib: 512,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not readable.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not the schema.
    #[error("{}: {source}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A home that another version made.
    #[error("{}: home_version is {found}, this program reads {HOME_VERSION}; run the version that made this home", path.display())]
    HomeVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
    },
    /// The origin is not one.
    #[error("{}: origin: {source}", path.display())]
    Origin {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: crate::tlog::origin::OriginError,
    },
    /// A member that contradicts the rest.
    #[error("{}: {member}: {rule}", path.display())]
    Member {
        /// The file.
        path: PathBuf,
        /// JSON-pointer-like name of the member.
        member: &'static str,
        /// What must hold.
        rule: &'static str,
    },
}

impl Config {
    /// Reads and checks `probity.toml` of a home; paths become absolute.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and the member.
    pub fn load(home: &Path) -> Result<Self, ConfigError> {
        let path = home.join(CONFIG_FILE);
        let text = files::read_text(&path, CONFIG_BYTES_MAX)?;
        let mut config = Self::parse(&text, &path)?;
        config.make_absolute(home);
        config.check(home, &path)?;
        Ok(config)
    }

    /// Parses the text; paths stay as written.
    ///
    /// # Errors
    /// [`ConfigError::Schema`] or [`ConfigError::HomeVersion`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        /// Read first, so that a home of tomorrow is named as such and not as a wrong schema.
        #[derive(Deserialize)]
        struct Version {
            home_version: u32,
        }
        let schema = |source| ConfigError::Schema { path: path.to_owned(), source: Box::new(source) };
        let Version { home_version } = toml::from_str(text).map_err(schema)?;
        if home_version != HOME_VERSION {
            return Err(ConfigError::HomeVersion { path: path.to_owned(), found: home_version });
        }
        toml::from_str(text).map_err(schema)
    }

    /// Whether the published example keys pass.
    #[must_use]
    pub fn example_keys(&self) -> ExampleKeys {
        if self.demonstration { ExampleKeys::Accepted } else { ExampleKeys::Refused }
    }

    fn make_absolute(&mut self, home: &Path) {
        let paths = [
            &mut self.keys.log,
            &mut self.keys.disclosure,
            &mut self.keys.at_rest,
            &mut self.practice.policy,
            &mut self.practice.directory,
            &mut self.practice.roles,
            &mut self.socket.path,
        ];
        for path in paths.into_iter().chain(self.sources.as_mut()) {
            *path = home.join(&*path);
        }
    }

    fn check(&self, home: &Path, path: &Path) -> Result<(), ConfigError> {
        Origin::new(&self.origin).map_err(|source| ConfigError::Origin { path: path.to_owned(), source })?;
        let uids: BTreeSet<_> = self.peers.iter().map(|peer| peer.uid).collect();
        let refused = [
            (
                self.keys.at_rest.starts_with(home) && !self.keys.insecure_colocated,
                "keys.at_rest",
                "lies inside the home, so that a backup of the home is a backup of its key; move it out, \
                 or set keys.insecure_colocated = true",
            ),
            (uids.len() != self.peers.len(), "peers", "names a uid twice"),
            (
                self.limits.queue_events == 0 || self.limits.connections == 0,
                "limits",
                "queue_events and connections are at least 1",
            ),
            (
                self.limits.queue_bytes < self.limits.event_bytes,
                "limits.queue_bytes",
                "must hold at least one event of limits.event_bytes",
            ),
        ];
        match refused.into_iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, member, rule)) => Err(ConfigError::Member { path: path.to_owned(), member, rule }),
            None => Ok(()),
        }
    }
}

/// The places inside a home.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// A home at `root`; nothing is touched.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// RocksDB's directory.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The anchor file.
    #[must_use]
    pub fn anchor(&self) -> PathBuf {
        self.root.join("anchor")
    }

    /// The wrapped key-encryption keys.
    #[must_use]
    pub fn kek(&self) -> PathBuf {
        self.root.join("kek")
    }

    /// The keyring, every serial in one file.
    #[must_use]
    pub fn keyring(&self) -> PathBuf {
        self.root.join("keyring")
    }

    /// The log's verifier key.
    #[must_use]
    pub fn log_vkey(&self) -> PathBuf {
        self.root.join("log.vkey")
    }

    /// Bundles that are not released yet.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// Released bundles.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.root.join("outbox")
    }

    /// Files found in the outbox without a record of their release.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        home_version = 1
        origin = "log.example/probity"
        organization = "Example Provider"
        [keys]
        log = "keys/log.pem"
        disclosure = "keys/disclosure.pem"
        at_rest = "/etc/probity/at-rest.age"
        [practice]
        policy = "policy.toml"
        directory = "directory.toml"
        roles = "roles.toml"
    "#;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a scratch directory");
        std::fs::write(dir.path().join(CONFIG_FILE), text).expect("written");
        Config::load(dir.path())
    }

    #[test]
    fn the_least_one_loads() {
        let config = load(GOOD).expect("loads");
        assert!(config.keys.log.is_absolute());
        assert_eq!(config.example_keys(), ExampleKeys::Refused);
    }

    #[test]
    fn each_fault_names_its_member() {
        let check = |from: &str, to: &str, says: &str| {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "the replacement happens");
            let error = load(&text).expect_err("refused").to_string();
            assert!(error.contains(says), "{error} should say {says}");
        };
        check("home_version = 1", "home_version = 2", "run the version that made this home");
        check("log.example/probity", "https://log.example", "origin");
        check("/etc/probity/at-rest.age", "at-rest.age", "keys.at_rest");
        check("[practice]", "extra = 1\n[practice]", "extra");
        check("[practice]", "[limits]\nqueue_events = 0\n[practice]", "limits");
        check(
            "[practice]",
            "[[peers]]\nuid = 1\nname = \"a\"\nroles = []\n[[peers]]\nuid = 1\nname = \"b\"\nroles = []\n[practice]",
            "peers",
        );
    }
}
