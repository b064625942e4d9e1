//! The names of what is delivered, and the receipt file beside a bundle.
//!
//! **In scope**: production ids, file names, `PRD-….receipt.json`: a DSSE envelope by the
//! disclosure key that carries the log's proof for `bundle.sealed`.
//! **Out of scope**: whether that proof holds (when it is opened).

use crate::model::id::ProductionId;

/// Crockford's base32: no I, L, O or U, which are misread.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Random bytes of one id: eight characters of five bits.
pub const PRODUCTION_RANDOM_BYTES: usize = 5;

/// Makes a production id, `PRD-<year>-<8 characters>`: random, because a number that
/// counts tells every agency how many deliveries there were.
///
/// # Panics
/// Never: every such text is an id.
#[must_use]
pub fn production_id(year: u16, random: [u8; PRODUCTION_RANDOM_BYTES]) -> ProductionId {
    let bits = random.into_iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(byte));
    let characters = (0..8).rev().filter_map(|at| {
        let value = usize::try_from((bits >> (5 * at)) & 31).ok()?;
        CROCKFORD.get(value).copied().map(char::from)
    });
    let text = format!("PRD-{year:04}-{}", characters.collect::<String>());
    ProductionId::new(&text).expect("letters, digits and hyphens")
}

/// The bundle's file name.
#[must_use]
pub fn bundle_name(production: &ProductionId) -> String {
    format!("{production}.tar.age")
}

/// The receipt's file name.
#[must_use]
pub fn receipt_name(production: &ProductionId) -> String {
    format!("{production}.receipt.json")
}
