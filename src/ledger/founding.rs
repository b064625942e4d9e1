//! `init`: the log's first batch, and everything that must be on the disk before it.
//!
//! The order makes every crash harmless: the anchor comes last, and a home without an anchor
//! that holds nothing but a founding is begun again, as nobody has a receipt of it.
//!
//! **In scope**: KEK file, keyring, the four founding entries, the anchor. **Out of scope**:
//! the home's directories, key files and configuration.

use std::path::Path;

use serde_json::value::RawValue;

use super::anchor::{AnchorMedium, Slot};
use super::assemble::Assembler;
use super::clock::{ClockReading, LastStamp};
use super::doubt::Doubt;
use super::draft::{Draft, Poster};
use super::environment::{Environment, LedgerConfig};
use super::error::SubmitError;
use super::head::Head;
use super::idempotency::IndexKey;
use super::kek_file::{self, KekFault};
use super::keys::{Epoch, Vault};
use super::recheck::Recheck;
use super::{derived, rows};
use crate::model::anchor;
use crate::model::datakey::Kek;
use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::model::id::EventId;
use crate::ops::age::{Identities, Recipients};
use crate::practice::vocabulary::{Activated, Crypto, EventType, LogCreated};
use crate::practice::world::TextError;
use crate::practice::{self, RuleSet, World};
use crate::store::{Batch, Family, Store, StoreError};
use crate::tlog::keyring::KeyringError;
use crate::tlog::note::NoteError;
use crate::tlog::{Keyring, LogSigner, PublicKey, RightEdge, TreeSize, note};

/// The first epoch of keys.
const FIRST_EPOCH: u32 = 1;
/// Entries that `init` writes: as many may be thrown away when it is begun again.
const FOUNDING_ENTRIES: u64 = 4;

/// The three texts that the practice is enforced by, in full.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The legal tables.
    pub policy: String,
    /// Agencies, recipients, acknowledgement keys.
    pub directory: String,
    /// People, keys, roles.
    pub roles: String,
}

/// What a new log begins with.
pub struct Founding<'a> {
    /// Signs checkpoints and the keyring; names the log.
    pub signer: LogSigner,
    /// The disclosure key's public half.
    pub disclosure: PublicKey,
    /// The daemon's own identity, to see that the KEK file opens.
    pub at_rest: &'a Identities,
    /// Who can open the KEK file: the daemon's identity and the auditors.
    pub recipients: &'a Recipients,
    /// The texts.
    pub texts: &'a Texts,
    /// The layout of the home.
    pub home_version: u32,
    /// Where KEK files are kept.
    pub kek_dir: &'a Path,
}

/// What a founded log gives out.
#[derive(Clone, Debug)]
pub struct Founded {
    /// The first checkpoint.
    pub checkpoint: Vec<u8>,
    /// The first keyring: the signed note.
    pub keyring: Vec<u8>,
}

/// Why no log was founded. Nothing counts as founded until the anchor is there.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// The anchor is there.
    #[error("this home has a ledger already")]
    Exists,
    /// No anchor, but more than a founding.
    #[error(
        "this home has no anchor, but {entries} entries: it is not a new home, and nothing here is thrown away"
    )]
    NotNew {
        /// How many entries it has.
        entries: u64,
    },
    /// A text cannot be adopted.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A founding entry was not admitted.
    #[error("the founding was not admitted")]
    Refused(#[source] Box<SubmitError>),
    /// The KEK file cannot be kept.
    #[error(transparent)]
    Kek(#[from] KekFault),
    /// The keys make no keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring cannot be signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The anchor cannot be read or made.
    #[error("the anchor cannot be made")]
    Anchor(#[source] std::io::Error),
    /// The database or the machine failed.
    #[error(transparent)]
    Doubt(#[from] Doubt),
}

impl From<StoreError> for FoundingError {
    fn from(error: StoreError) -> Self {
        Self::Doubt(error.into())
    }
}

/// Founds a log in an empty store, under the rule set that its policy is written for.
///
/// # Errors
/// [`FoundingError`]. Afterwards it can be tried again.
pub fn found(
    store: &dyn Store,
    medium: &mut dyn AnchorMedium,
    founding: Founding<'_>,
    environment: &Environment,
) -> Result<Founded, FoundingError> {
    if medium.read().map_err(FoundingError::Anchor)?.is_some() {
        return Err(FoundingError::Exists);
    }
    let last = store.last(Family::Entries)?.and_then(|(key, _)| rows::parse_index_key(&key));
    let entries = last.map_or(0, |last| last.saturating_add(1));
    if entries > FOUNDING_ENTRIES {
        return Err(FoundingError::NotNew { entries });
    }
    let origin = founding.signer.origin().clone();
    let texts = founding.texts;
    let world = World::founding(&origin, &texts.policy, &texts.directory, &texts.roles)?;
    let rules = world.rules().expect("a policy that parses is written for a rule set");

    let kek = Kek::from_bytes((environment.random)().map_err(Doubt::from)?);
    let epoch = Epoch { origin: origin.clone(), number: FIRST_EPOCH, kek };
    // If we crash in or after this, a KEK file stands that nothing is wrapped under; the next
    // try replaces it.
    kek_file::keep(founding.kek_dir, &epoch, founding.recipients, founding.at_rest)?;

    let keyring = Keyring::first(origin.clone(), *founding.signer.vkey().public_key(), founding.disclosure)?;
    let signed_keyring = note::sign(&keyring.text(), &[&founding.signer])?.to_bytes();
    wipe(store)?;
    let mut batch = Batch::default();
    let system = epoch.new_key(environment, &mut batch)?;
    let created = LogCreated {
        origin: origin.clone(),
        log_vkey: founding.signer.vkey().to_string(),
        disclosure_key: founding.disclosure.to_base64(),
        keyring_sha256: Digest::of(keyring.text().as_bytes()),
        epoch: FIRST_EPOCH,
        kek_id: epoch.kek.id(),
        system_key_id: system.id.to_string(),
        recipients: founding.recipients.sha256(),
        home_version: founding.home_version,
        crypto: Crypto::current(),
        rules: rules.number(),
    };
    let vault = Vault { epoch, system };
    batch.put(Family::Meta, rows::numbered(rows::KEYRING, 1), signed_keyring.as_slice());
    let mut head = blank_head(founding.signer, environment)?;
    let salt = (environment.random)().map_err(Doubt::from)?;
    batch.put(Family::Meta, rows::INDEX_KEY, derived::seal_index_key(&vault, &head.index_key, salt));

    let reading = (environment.clock)().map_err(Doubt::from)?;
    let config = LedgerConfig::default();
    let mut assembler = Assembler::new(&mut head, &NoRows, &vault, environment, &config);
    *assembler.batch_mut() = batch;
    for draft in drafts(&created, texts, rules) {
        let outcome = assembler.admit(draft, &Ok(reading.wall), &reading)?;
        outcome.map_err(|refusal| FoundingError::Refused(Box::new(refusal)))?;
    }
    let ready = assembler.finish()?.ok_or(Doubt::Panicked)?;
    let checkpoint = ready.committed.checkpoint.to_bytes();
    // If we crash in this, the batch is there whole or not at all; there is no anchor, so the
    // home is begun again either way.
    store.commit(ready.batch)?;
    let slot = anchor::Slot { machine: environment.machine, sequence: ready.sequence, note: checkpoint };
    let mut file = vec![0; anchor::ANCHOR_BYTES];
    let encoded = slot.encode().map_err(|_| Doubt::Row { what: "the anchor" })?;
    let place = Slot::of(ready.sequence).offset();
    file.iter_mut().skip(place).zip(encoded).for_each(|(to, from)| *to = from);
    // The last step: with the anchor, the log exists.
    medium.create(&file).map_err(FoundingError::Anchor)?;
    Ok(Founded { checkpoint: slot.note, keyring: signed_keyring })
}

/// The founding, as drafts: what `log.created` names, then the three texts in full.
fn drafts(created: &LogCreated, texts: &Texts, rules: RuleSet) -> Vec<Draft> {
    let policy = Digest::of(texts.policy.as_bytes());
    let activated = |text: &str| raw(&Activated::founding(text));
    let events = [
        (EventType::LogCreated, raw(created)),
        (EventType::PolicyActivated, activated(&texts.policy)),
        (EventType::DirectoryActivated, activated(&texts.directory)),
        (EventType::RolesActivated, activated(&texts.roles)),
    ];
    let draft = |(type_, data): (EventType, Box<RawValue>)| Draft {
        poster: Poster::Founding,
        id: EventId::new(&format!("founding-{type_}")).expect("types are spelled like ids"),
        type_,
        request: None,
        actor: practice::DAEMON.to_owned(),
        rules: Some(rules.number()),
        policy: Some(policy),
        data,
        envelopes: Vec::new(),
    };
    events.into_iter().map(draft).collect()
}

fn raw(data: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(data).expect("typed event data prints")
}

/// Deletes what an interrupted founding left: at most a handful of rows.
///
/// If we crash in or after this, the store is empty or still holds a founding without an
/// anchor: either is begun again.
fn wipe(store: &dyn Store) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for family in Family::ALL {
        for row in store.scan(family, &[]) {
            batch.delete(family, row?.0);
        }
    }
    if batch.is_empty() { Ok(()) } else { store.commit(batch) }
}

fn blank_head(signer: LogSigner, environment: &Environment) -> Result<Head, Doubt> {
    let ClockReading { wall, .. } = (environment.clock)()?;
    let before = Entry::no_predecessor();
    Ok(Head {
        signer,
        index_key: IndexKey::new((environment.random)()?),
        edge: RightEdge::new(),
        last_leaf: before,
        recheck: Recheck::new(TreeSize::ZERO, [], before),
        last_stamp: LastStamp::of_entry(wall),
        signed: None,
        sequence: 0,
        world: World::blank().into(),
        kept: super::kept::Kept::new(),
    })
}

/// The store as it will be when the founding batch has wiped it.
struct NoRows;

impl crate::store::View for NoRows {
    fn get(&self, _: Family, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn scan(&self, _: Family, _: &[u8]) -> crate::store::Rows<'_> {
        Box::new(std::iter::empty())
    }

    fn last(&self, _: Family) -> Result<Option<crate::store::Row>, StoreError> {
        Ok(None)
    }
}
