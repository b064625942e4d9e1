//! The keys against the log: entry 0 says which they must be.

use super::StartUp;
use super::refusal::RecoveryError;
use crate::ledger::founding::Texts;
use crate::ledger::keys::{Epoch, Vault};
use crate::ledger::{kek_file, rows};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::payload::SealedPayload;
use crate::practice::World;
use crate::practice::vocabulary::{Data, EventType};
use crate::practice::world::Active;
use crate::store::{Family, Store};
use crate::tlog::LeafIndex;

/// The only epoch that this version opens; later ones are opened by entries.
const FIRST_EPOCH: u32 = 1;

/// Opens the KEK file and the system key, and compares both with what entry 0 says.
pub(super) fn open_vault(store: &dyn Store, start: &StartUp) -> Result<Vault, RecoveryError> {
    let beginning = |what| RecoveryError::Beginning { what };
    let origin = start.signer.origin();
    let kek = kek_file::read(&start.kek_dir, origin, FIRST_EPOCH, &start.at_rest)?;
    let epoch = Epoch { origin: origin.clone(), number: FIRST_EPOCH, kek };

    let first = LeafIndex::new(0);
    let sealed = store.get(Family::Payloads, &rows::index_key(0))?.ok_or(RecoveryError::Empty)?;
    let sealed = SealedPayload::from_bytes(sealed);
    let id = sealed.key_id().map_err(|_| beginning("its payload"))?;
    let system = epoch.key(store, id)?.ok_or(beginning("its data key"))?;
    let event = sealed.open(&system.key, origin, first).map_err(|_| beginning("its payload"))?;
    let event = Event::parse(&event).map_err(|_| beginning("its event"))?;
    let Ok(Data::LogCreated(created)) = EventType::LogCreated.read(&event.data) else {
        return Err(beginning("its type"));
    };
    let differing = [
        (created.origin == *origin, "the origin"),
        (created.log_vkey == start.signer.vkey().to_string(), "the log key"),
        (created.disclosure_key == start.disclosure.to_base64(), "the disclosure key"),
        (created.system_key_id == system.id.to_string(), "the system key"),
        (created.epoch == FIRST_EPOCH, "the epoch"),
    ];
    if let Some((_, what)) = differing.into_iter().find(|(is_same, _)| !is_same) {
        return Err(beginning(what));
    }
    let found = epoch.kek.id();
    if created.kek_id != found {
        return Err(RecoveryError::KekId { expected: created.kek_id, found });
    }
    Ok(Vault { epoch, system })
}

/// The files must be the texts in force: otherwise the daemon would enforce what nobody adopted.
pub(super) fn check_texts(world: &World, texts: &Texts) -> Result<(), RecoveryError> {
    check_text("policy", world.policy(), &texts.policy)?;
    check_text("directory", world.directory(), &texts.directory)?;
    check_text("roles", world.roles(), &texts.roles)
}

fn check_text<T>(what: &'static str, active: Option<&Active<T>>, text: &str) -> Result<(), RecoveryError> {
    let expected = active.ok_or(RecoveryError::Beginning { what })?.sha256;
    let found = Digest::of(text.as_bytes());
    if expected == found { Ok(()) } else { Err(RecoveryError::Text { what, expected, found }) }
}
