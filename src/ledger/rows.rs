//! What stands in which row: the keys and small values of the ledger's families.

use std::sync::LazyLock;

use super::clock::LastStamp;
use crate::model::digest::Digest;
use crate::model::id::RequestId;
use crate::practice::case::FORM;
use crate::store::{Batch, Family, Row, StoreError, View};
use crate::tlog::Tile;
use crate::tlog::checkpoint::CHECKPOINT_KEY_BYTES;

/// `meta`: the moment of the last stamp, JSON.
pub(crate) const LAST_STAMP: &[u8] = b"last-stamp";
/// `meta`: how many entries `cases` and `idempotency` reflect, u64 BE, and the digest of their form.
pub(crate) const DERIVED_SIZE: &[u8] = b"derived-size";
/// Rows of another form, which another version of this program wrote, are made again.
static DERIVED_FORM: LazyLock<Digest> = LazyLock::new(|| Digest::of(FORM.as_bytes()));
/// `meta`: the home-local key of `idempotency`, sealed under the system key.
pub(crate) const INDEX_KEY: &[u8] = b"index-key";
/// `meta`: what is in force, sealed under the system key.
pub(crate) const WORLD: &[u8] = b"world";
/// `meta`: prefix of the keyrings; a u64 BE serial follows.
pub(crate) const KEYRING: &[u8] = b"keyring/";

/// `meta`: prefix of the entries about requests; id, slash and u64 BE index follow.
pub(crate) const TIMELINE: &[u8] = b"timeline/";

/// The key of entry or payload `index`.
pub(crate) const fn index_key(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

/// The index in a key of `entries` or `payloads`.
pub(crate) fn parse_index_key(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The key of a full hash tile: level, u64 BE place.
pub(crate) fn tile_key(tile: Tile) -> Vec<u8> {
    [[tile.level()].as_slice(), &tile.run().index().to_be_bytes()].concat()
}

/// The size in a checkpoint's key.
pub(crate) fn checkpoint_size(key: &[u8]) -> Option<u64> {
    if key.len() != CHECKPOINT_KEY_BYTES {
        return None;
    }
    key.first_chunk().copied().map(u64::from_be_bytes)
}

/// A prefix of `meta` with a number behind it, in ascending order of the number.
pub(crate) fn numbered(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, &number.to_be_bytes()].concat()
}

/// `meta`: that entry `index` is about a request. Derived.
pub(crate) fn timeline_key(request: &RequestId, index: u64) -> Vec<u8> {
    [timeline_of(request).as_slice(), &index.to_be_bytes()].concat()
}

/// `meta`: prefix of the entries about a request. No id has a slash in it.
pub(crate) fn timeline_of(request: &RequestId) -> Vec<u8> {
    [TIMELINE, request.as_str().as_bytes(), b"/"].concat()
}

/// Every row of `family` whose key begins with `prefix`.
pub(crate) fn with_prefix<'v>(
    view: &'v dyn View,
    family: Family,
    prefix: &'v [u8],
) -> impl Iterator<Item = Result<Row, StoreError>> + 'v {
    view.scan(family, prefix).take_while(move |row| match row {
        Ok((key, _)) => key.starts_with(prefix),
        Err(_) => true,
    })
}

/// Sets the last stamp.
pub(crate) fn put_last_stamp(batch: &mut Batch, stamp: &LastStamp) {
    let json = serde_json::to_vec(stamp).expect("a struct of a text, a number and a time prints");
    batch.put(Family::Meta, LAST_STAMP, json);
}

/// The last stamp, if its row is there and parses: it can be done without.
pub(crate) fn last_stamp(view: &dyn View) -> Result<Option<LastStamp>, StoreError> {
    let row = view.get(Family::Meta, LAST_STAMP)?;
    Ok(row.and_then(|json| serde_json::from_slice(&json).ok()))
}

/// Says how many entries the derived rows reflect.
pub(crate) fn put_derived_size(batch: &mut Batch, size: u64) {
    batch.put(Family::Meta, DERIVED_SIZE, [index_key(size).as_slice(), DERIVED_FORM.as_bytes()].concat());
}

/// How many entries the derived rows reflect; none if they are of another form than ours.
pub(crate) fn derived_size(view: &dyn View) -> Result<Option<u64>, StoreError> {
    let row = view.get(Family::Meta, DERIVED_SIZE)?;
    Ok(row.and_then(|row| row.strip_suffix(DERIVED_FORM.as_bytes().as_slice()).and_then(parse_index_key)))
}
