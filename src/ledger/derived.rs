//! What is kept beside the entries to save reading them: cases, the world, the index's key.
//!
//! All of it follows from the entries; `verify` never trusts it, and [`super::rebuild`] makes
//! it again. All of it is sealed, requests under their own key, the rest under the system key.

use serde::de::DeserializeOwned;

use super::doubt::Doubt;
use super::head::OpenCase;
use super::idempotency::IndexKey;
use super::keys::Vault;
use super::{rows, sealed_row};
use crate::model::id::RequestId;
use crate::practice::World;
use crate::store::{Family, View};

/// The row of a request's state.
pub(crate) fn seal_case(open: &OpenCase, request: &RequestId, salt: [u8; 32]) -> Vec<u8> {
    let json = serde_json::to_vec(&open.case).expect("a case prints");
    sealed_row::seal(&open.key, &case_context(request), salt, &json)
}

/// The state of a request; `None` if there is no such request, or its key was destroyed.
pub(crate) fn read_case(
    view: &dyn View,
    vault: &Vault,
    request: &RequestId,
) -> Result<Option<OpenCase>, Doubt> {
    match view.get(Family::Cases, request.as_str().as_bytes())? {
        None => Ok(None),
        Some(row) => open_case(view, vault, request, &row),
    }
}

/// Opens the row of a request's state.
pub(crate) fn open_case(
    view: &dyn View,
    vault: &Vault,
    request: &RequestId,
    row: &[u8],
) -> Result<Option<OpenCase>, Doubt> {
    let doubt = || Doubt::Row { what: "the state of a request" };
    let id = sealed_row::key_id(row).ok_or_else(doubt)?;
    let Some(key) = vault.key(view, id)? else { return Ok(None) };
    let json = sealed_row::open(&key, &case_context(request), row).ok_or_else(doubt)?;
    let case = serde_json::from_slice(&json).map_err(|_| doubt())?;
    Ok(Some(OpenCase { key, case }))
}

/// The row of what is in force.
pub(crate) fn seal_world(vault: &Vault, world: &World, salt: [u8; 32]) -> Vec<u8> {
    let json = serde_json::to_vec(world).expect("a world prints");
    sealed_row::seal(&vault.system, rows::WORLD, salt, &json)
}

/// What is in force, if its row is there and opens.
pub(crate) fn read_world(view: &dyn View, vault: &Vault) -> Result<Option<World>, Doubt> {
    let json = read_system(view, vault, rows::WORLD)?;
    Ok(json.and_then(|json| parse(&json)))
}

/// The row of the home-local key of `idempotency`.
pub(crate) fn seal_index_key(vault: &Vault, key: &IndexKey, salt: [u8; 32]) -> Vec<u8> {
    sealed_row::seal(&vault.system, rows::INDEX_KEY, salt, key.bytes())
}

/// The home-local key of `idempotency`, if its row is there and opens.
pub(crate) fn read_index_key(view: &dyn View, vault: &Vault) -> Result<Option<IndexKey>, Doubt> {
    let bytes = read_system(view, vault, rows::INDEX_KEY)?;
    Ok(bytes.and_then(|bytes| bytes.as_slice().try_into().ok()).map(IndexKey::new))
}

fn read_system(
    view: &dyn View,
    vault: &Vault,
    name: &[u8],
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, Doubt> {
    let row = view.get(Family::Meta, name)?;
    Ok(row.and_then(|row| sealed_row::open(&vault.system, name, &row)))
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

fn case_context(request: &RequestId) -> Vec<u8> {
    [b"cases\n", request.as_str().as_bytes()].concat()
}
