//! A home, from its configuration to what a ledger needs to start.

use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::exit::{Exit, Failure};
use crate::ledger::{
    AnchorLag, Environment, FileAnchor, Ledger, LedgerConfig, OtherMachine, RecoveryError, Running, StartUp,
    Texts, UnverifiedStore,
};
use crate::ops::age::{self, Identities, Recipients};
use crate::ops::config::{Config, Home};
use crate::ops::{files, keys};
use crate::practice::{Directory, World};
use crate::store::{HomeLock, RocksStore, StoreError};
use crate::tlog::{LogSigner, Origin, PublicKey};

/// Longest text of policy, directory or roles in bytes: it must fit an entry's payload.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A home whose configuration was read and whose keys were loaded.
pub(super) struct LoadedHome {
    pub(super) home: Home,
    pub(super) config: Config,
    pub(super) origin: Origin,
    pub(super) log_key: SigningKey,
    pub(super) disclosure_key: SigningKey,
    pub(super) at_rest: Identities,
    /// The at-rest key file's text, so that a bundle it occurs in can be refused.
    pub(super) at_rest_text: Zeroizing<String>,
    pub(super) texts: Texts,
}

impl LoadedHome {
    /// Reads configuration, keys and texts, and checks all of them.
    pub(super) fn load(root: &Path) -> Result<Self, Failure> {
        let config = Config::load(root).map_err(|error| {
            let failure = Failure::new(Exit::Config, error);
            if root.join(crate::ops::config::CONFIG_FILE).exists() {
                return failure;
            }
            failure.hint(format!("make a home with: probity init --home {}", root.display()))
        })?;
        let examples = config.example_keys();
        let origin = Origin::new(config.origin.clone()).map_err(Failure::with(Exit::Config))?;
        let log_key = keys::load_private(&config.keys.log, examples).map_err(Failure::with(Exit::Config))?;
        let disclosure_key =
            keys::load_private(&config.keys.disclosure, examples).map_err(Failure::with(Exit::Config))?;
        let (at_rest, at_rest_text) = load_identities(&config.keys.at_rest)?;
        for recipient in at_rest.recipients() {
            examples
                .check(recipient.as_str().as_bytes(), "keys.at_rest")
                .map_err(Failure::with(Exit::Config))?;
        }
        for recipient in &config.keys.auditors {
            examples.check(recipient.as_bytes(), "keys.auditors").map_err(Failure::with(Exit::Config))?;
        }
        let read = |path: &Path| files::read_text(path, TEXT_BYTES_MAX).map_err(Failure::with(Exit::Config));
        let texts = Texts {
            policy: read(&config.practice.policy)?,
            directory: read(&config.practice.directory)?,
            roles: read(&config.practice.roles)?,
        };
        let home = Home::new(root);
        let loaded = Self { home, config, origin, log_key, disclosure_key, at_rest, at_rest_text, texts };
        loaded.check_keys_differ()?;
        Ok(loaded)
    }

    /// One key, one use: a signature made for one purpose must mean nothing for another.
    fn check_keys_differ(&self) -> Result<(), Failure> {
        let texts = &self.texts;
        let world = World::founding(&self.origin, &texts.policy, &texts.directory, &texts.roles)
            .map_err(Failure::with(Exit::Config))?;
        let log = self.log_key.verifying_key();
        let disclosure = self.disclosure_key.verifying_key();
        let roles = world.roles().map(|active| &active.value);
        let examples = self.config.example_keys();
        if let Some(roles) = roles {
            for (person, key) in
                roles.people().flat_map(|person| person.keys.iter().map(move |key| (person, key)))
            {
                let public = key.public;
                examples.check(public.as_bytes(), person.id.as_str()).map_err(Failure::with(Exit::Config))?;
                if public == log || public == disclosure {
                    let error = anyhow::anyhow!("the key of {} is also one of the daemon's keys", person.id);
                    return Err(Failure::new(Exit::Config, error).hint("give every purpose a key of its own"));
                }
            }
        }
        // Attack: a bundle encrypted to a key whose private half everybody has.
        let directory = world.directory().map(|active| &active.value);
        for agency in directory.into_iter().flat_map(Directory::agencies) {
            for recipient in &agency.recipients {
                let checked = examples.check(recipient.age.as_bytes(), agency.id.as_str());
                checked.map_err(Failure::with(Exit::Config))?;
            }
        }
        if log == disclosure {
            let error = anyhow::anyhow!("keys.log and keys.disclosure are the same key");
            return Err(Failure::new(Exit::Config, error).hint("give every purpose a key of its own"));
        }
        Ok(())
    }

    /// The log's signer.
    pub(super) fn signer(&self) -> Result<LogSigner, Failure> {
        LogSigner::new(self.origin.clone(), self.log_key.clone()).map_err(Failure::with(Exit::Config))
    }

    /// Who can open the key-encryption keys: the daemon and the auditors.
    pub(super) fn recipients(&self) -> Result<Recipients, Failure> {
        let own = self.at_rest.recipients().map(|recipient| recipient.to_string());
        let all: Vec<String> = own.chain(self.config.keys.auditors.iter().cloned()).collect();
        Recipients::parse(all.iter().map(String::as_str)).map_err(Failure::with(Exit::Config))
    }

    /// Takes the home for this process; held until dropped.
    pub(super) fn lock(&self) -> Result<HomeLock, Failure> {
        lock(self.home.root())
    }

    /// Opens the store, holds it against the anchor and starts the sequencer.
    pub(super) fn start(&self, machine: OtherMachine, lag: AnchorLag) -> Result<(Ledger, Running), Failure> {
        let store = RocksStore::open(&self.home.database()).map_err(store_failure)?;
        let anchor = FileAnchor::new(&self.home.anchor());
        let limits = &self.config.limits;
        let start = StartUp {
            signer: self.signer()?,
            disclosure: PublicKey::from_bytes(self.disclosure_key.verifying_key().as_bytes())
                .map_err(Failure::with(Exit::Config))?,
            at_rest: load_identities(&self.config.keys.at_rest)?.0,
            kek_dir: self.home.kek(),
            texts: self.texts.clone(),
            other_machine: machine,
            anchor_lag: lag,
            evidence_dir: self.home.root().join("evidence"),
            environment: Environment::of_this_machine()
                .map_err(Failure::with(Exit::Config))?
                .with_space_of(self.home.root()),
            config: LedgerConfig {
                queue_events_max: limits.queue_events,
                queue_bytes_max: limits.queue_bytes,
                event_bytes_max: limits.event_bytes,
                low_water_bytes: limits.disk_low_water_mib.saturating_mul(1 << 20),
                ..LedgerConfig::default()
            },
        };
        UnverifiedStore::new(Arc::new(store), Box::new(anchor)).verify(start).map_err(recovery_failure)
    }
}

/// Loads the daemon's own identity, and its text.
fn load_identities(path: &Path) -> Result<(Identities, Zeroizing<String>), Failure> {
    files::check_private(path).map_err(Failure::with(Exit::Config))?;
    let bytes_max = u64::try_from(age::KEY_FILE_BYTES_MAX).map_err(Failure::with(Exit::Config))?;
    let text = Zeroizing::new(files::read_text(path, bytes_max).map_err(Failure::with(Exit::Config))?);
    let identities = Identities::parse_key_file(text.as_bytes())
        .map_err(|error| Failure::new(Exit::Config, error).hint(format!("look at {}", path.display())))?;
    Ok((identities, text))
}

/// Takes a home for this process, before anything in it is touched.
pub(super) fn lock(root: &Path) -> Result<HomeLock, Failure> {
    HomeLock::acquire(root).map_err(|error| {
        let hint = "a daemon runs on this home; stop it first";
        store_failure(error).hint(hint)
    })
}

/// A store that cannot be opened may be in use; anything else is doubt.
fn store_failure(error: StoreError) -> Failure {
    match error {
        StoreError::Locked { .. } => Failure::new(Exit::Config, error),
        StoreError::File { .. } => Failure::new(Exit::NoInput, error),
        _ => Failure::new(Exit::Storage, error)
            .hint("nothing was written; keep the home as it is, and look at docs/OPERATIONS.md"),
    }
}

/// What recovery refuses is never repaired on the side.
fn recovery_failure(error: RecoveryError) -> Failure {
    let exit = match error {
        RecoveryError::OtherMachine
        | RecoveryError::AnchorMissing
        | RecoveryError::Empty
        | RecoveryError::Text { .. } => Exit::Config,
        _ => Exit::Storage,
    };
    Failure::new(exit, error)
}
