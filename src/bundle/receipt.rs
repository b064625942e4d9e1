//! The names of what is delivered, and the receipt file beside a bundle.
//!
//! **In scope**: production ids, file names, `PRD-….receipt.json`: a DSSE envelope by the
//! disclosure key that carries the log's proof for `bundle.sealed`.
//! **Out of scope**: whether that proof holds (when it is opened).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::digest::Digest;
use crate::model::dsse::{self, DsseError, Envelope};
use crate::model::id::ProductionId;
use crate::model::json::{self, JsonError};
use crate::ops::age::Sealed;
use crate::tlog::Origin;

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

/// DSSE payload type of a receipt file.
pub const RECEIPT_TYPE: &str = "application/vnd.probity.bundle-receipt.v1+json";
/// Longest receipt file in bytes: a receipt and an opening, each in base64, twice over.
pub const RECEIPT_FILE_BYTES_MAX: u64 = 8 << 20;

/// Why a receipt file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptFileError {
    /// Not an envelope, or not signed by the disclosure key.
    #[error("the receipt file's envelope is refused")]
    Envelope(#[from] DsseError),
    /// The payload is not what it should be.
    #[error("the receipt file's payload is refused")]
    Payload(#[from] JsonError),
    /// Another version than 1.
    #[error("the receipt file has version {0}, this version reads 1")]
    Version(u8),
    /// `tlog_proof` is not padded standard base64.
    #[error("the receipt file's proof is not base64")]
    Proof,
}

/// What a receipt file says of its bundle.
#[derive(Debug)]
pub struct BundleReceipt {
    /// The log's name.
    pub origin: Origin,
    /// The production.
    pub production: ProductionId,
    /// The bundle's file name.
    pub file: String,
    /// The bundle's digests.
    pub sealed: Sealed,
    /// The receipt of `bundle.sealed`: a tlog-proof's bytes.
    pub tlog_proof: Vec<u8>,
    /// Its opening's bytes.
    pub opening: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    origin: Origin,
    production: ProductionId,
    file: String,
    file_sha256: Digest,
    file_bytes: u64,
    payload_sha256: Digest,
    tlog_proof: String,
    opening: Box<RawValue>,
}

impl BundleReceipt {
    /// The receipt file's bytes, signed with the disclosure key.
    ///
    /// # Errors
    /// [`ReceiptFileError::Payload`] if the opening is not JSON.
    ///
    /// # Panics
    /// Never: strings, numbers and raw JSON always print.
    pub fn sign(&self, disclosure_key: &SigningKey) -> Result<Vec<u8>, ReceiptFileError> {
        let opening: Box<RawValue> = json::parse(&self.opening)?;
        let wire = Wire {
            v: 1,
            origin: self.origin.clone(),
            production: self.production.clone(),
            file: self.file.clone(),
            file_sha256: self.sealed.file_sha256,
            file_bytes: self.sealed.file_bytes,
            payload_sha256: self.sealed.payload_sha256,
            tlog_proof: STANDARD.encode(&self.tlog_proof),
            opening,
        };
        let payload = serde_json::to_vec(&wire).expect("strings, numbers and raw JSON always print");
        let mut file = dsse::sign(RECEIPT_TYPE, &payload, &[disclosure_key]).to_json().into_bytes();
        file.push(b'\n');
        Ok(file)
    }

    /// Checks the envelope's signature, then reads what it says.
    ///
    /// # Errors
    /// [`ReceiptFileError`].
    pub fn verify(file: &[u8], disclosure_key: &VerifyingKey) -> Result<Self, ReceiptFileError> {
        let envelope = Envelope::parse(file)?;
        let payload = envelope.verify(RECEIPT_TYPE, disclosure_key)?;
        let wire: Wire = json::parse(payload)?;
        if wire.v != 1 {
            return Err(ReceiptFileError::Version(wire.v));
        }
        Ok(Self {
            origin: wire.origin,
            production: wire.production,
            file: wire.file,
            sealed: Sealed {
                file_sha256: wire.file_sha256,
                file_bytes: wire.file_bytes,
                payload_sha256: wire.payload_sha256,
            },
            tlog_proof: STANDARD.decode(&wire.tlog_proof).map_err(|_| ReceiptFileError::Proof)?,
            opening: wire.opening.get().as_bytes().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_ids_use_every_bit() {
        assert_eq!(production_id(2026, [0; 5]).as_str(), "PRD-2026-00000000");
        assert_eq!(production_id(2026, [0xff; 5]).as_str(), "PRD-2026-ZZZZZZZZ");
        assert_eq!(production_id(2026, [0x00, 0x44, 0x32, 0x14, 0xc7]).as_str(), "PRD-2026-01234567");
    }
}
