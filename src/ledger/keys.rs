//! Data keys: one per request, one system key per epoch, all wrapped by the epoch's KEK.
//!
//! **In scope**: making, wrapping and unwrapping data keys. **Out of scope**: the encodings
//! ([`crate::model::datakey`]), age, the KEK file ([`super::kek_file`]).
//!
//! Destroying a request's data key must make everything derived from it unreadable; so nothing
//! of a request is kept under any other key, and none in clear.

use super::doubt::Doubt;
use super::environment::Environment;
use crate::model::datakey::{Kek, KeyLine, WrapContext, WrappedKey};
use crate::model::payload::{DataKey, KeyId};
use crate::store::{Batch, Family, View};
use crate::tlog::Origin;

/// A data key with its name.
#[derive(Clone)]
pub(crate) struct NamedKey {
    pub(crate) id: KeyId,
    pub(crate) key: DataKey,
}

/// The open epoch: what new keys are wrapped under.
pub(crate) struct Epoch {
    /// The origin that its KEK file names.
    pub(crate) origin: Origin,
    /// From 1.
    pub(crate) number: u32,
    pub(crate) kek: Kek,
}

/// The open epoch with its system key, for events of no request.
pub(crate) struct Vault {
    pub(crate) epoch: Epoch,
    pub(crate) system: NamedKey,
}

impl Epoch {
    /// Draws a new data key and puts its first wrapped copy into `batch`, which must be the one
    /// with the first payload sealed under it.
    pub(crate) fn new_key(&self, environment: &Environment, batch: &mut Batch) -> Result<NamedKey, Doubt> {
        let draw = || (environment.random)();
        let key = DataKey::from_bytes(draw()?);
        let names = draw()?;
        let (id, rest) = names.split_first_chunk().expect("32 bytes have a first 16");
        let nonce = rest.first_chunk().expect("16 bytes have a first 12");
        let id = KeyId::from_bytes(*id);
        let wrapped = WrappedKey::wrap(&self.kek, &key, &self.context(id), *nonce);
        let line = KeyLine::Wrapped { key_id: id, wrapped };
        batch.put(Family::Keys, *id.as_bytes(), line.to_json());
        Ok(NamedKey { id, key })
    }

    /// The data key named `id`; `None` if it was erased.
    pub(crate) fn key(&self, view: &dyn View, id: KeyId) -> Result<Option<NamedKey>, Doubt> {
        let doubt = || Doubt::Row { what: "a data key" };
        let line = view.get(Family::Keys, id.as_bytes())?.ok_or_else(doubt)?;
        match KeyLine::parse(&line).map_err(|_| doubt())? {
            KeyLine::Wrapped { key_id, wrapped } if key_id == id => {
                let key = wrapped.unwrap(&self.kek, &self.context(id)).map_err(|_| doubt())?;
                Ok(Some(NamedKey { id, key }))
            }
            KeyLine::Erased { key_id, .. } if key_id == id => Ok(None),
            _ => Err(doubt()),
        }
    }

    fn context(&self, key_id: KeyId) -> WrapContext<'_> {
        WrapContext { origin: &self.origin, key_id, epoch: self.number }
    }
}

impl Vault {
    /// The log's name.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.epoch.origin
    }

    /// The data key named `id`; `None` if it was erased.
    pub(crate) fn key(&self, view: &dyn View, id: KeyId) -> Result<Option<NamedKey>, Doubt> {
        if id == self.system.id { Ok(Some(self.system.clone())) } else { self.epoch.key(view, id) }
    }
}
