//! An agency's acknowledgement: its JSON, and the SSHSIG over the exact bytes.
//!
//! **In scope**: the format (docs/FORMATS.md, Acknowledgement), and whether one of some keys
//! signed it.
//! **Out of scope**: which keys are the agency's (the directory), making one (`probity ack`).

use serde::{Deserialize, Serialize};
use ssh_key::{HashAlg, PublicKey, SshSig};

use crate::model::digest::Digest;
use crate::model::id::{ItemId, ProductionId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::tlog::Origin;

/// The SSHSIG namespace of acknowledgements.
pub const ACK_NAMESPACE: &str = "probity-ack";
/// Longest acknowledgement in bytes: room for thousands of customer-held items.
pub const ACK_BYTES_MAX: usize = 1 << 20;
/// Longest armored signature in bytes; an Ed25519 one takes about 300.
pub const SIGNATURE_BYTES_MAX: usize = 4096;
/// Longest code of a failure in bytes.
const CODE_BYTES_MAX: usize = 64;

/// What came of opening a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It opened, and every check passed.
    Opened,
    /// It did not.
    OpenFailed,
}

/// An agency's acknowledgement, version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    v: u8,
    /// The log's name.
    pub origin: Origin,
    /// The bundle's name.
    pub production: ProductionId,
    /// SHA-256 of the file received.
    pub file_sha256: Digest,
    /// SHA-256 of its age payload.
    pub payload_sha256: Digest,
    /// SHA-256 of its tag manifest; null if it did not open.
    pub tagmanifest_sha256: Option<Digest>,
    /// SHA-256 of the recipient string it was opened with.
    pub recipient_sha256: Digest,
    /// What came of it.
    pub result: Outcome,
    /// What went wrong; present exactly if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Customer-held items that were opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<AcknowledgedItem>>,
    /// When, by the agency's clock.
    pub at: Timestamp,
}

/// A customer-held item that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgedItem {
    /// Its name.
    pub item: ItemId,
    /// The commitment to its file key, base64.
    pub fk_commit: String,
}

/// Why bytes are no acknowledgement.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// Longer than [`ACK_BYTES_MAX`].
    #[error("acknowledgement: {0} bytes, at most {ACK_BYTES_MAX}")]
    TooLong(usize),
    /// Not the JSON it should be.
    #[error("acknowledgement: {0}")]
    Json(#[from] json::JsonError),
    /// Another version than 1.
    #[error("acknowledgement: v is {0}, this version reads 1")]
    Version(u8),
    /// `open_failed` without a code, or `opened` with one or without a tag manifest.
    #[error("acknowledgement: code and tagmanifest_sha256 do not fit the result")]
    Result,
}

impl Acknowledgement {
    /// Parses the exact bytes that were signed.
    ///
    /// # Errors
    /// [`AckError`] names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, AckError> {
        if bytes.len() > ACK_BYTES_MAX {
            return Err(AckError::TooLong(bytes.len()));
        }
        let ack: Self = json::parse(bytes)?;
        if ack.v != 1 {
            return Err(AckError::Version(ack.v));
        }
        let has_code = ack.code.as_ref().is_some_and(|code| !code.is_empty() && code.len() <= CODE_BYTES_MAX);
        let fits = match ack.result {
            Outcome::Opened => ack.code.is_none() && ack.tagmanifest_sha256.is_some(),
            Outcome::OpenFailed => has_code && ack.tagmanifest_sha256.is_none(),
        };
        if fits { Ok(ack) } else { Err(AckError::Result) }
    }

    /// Whether the armored signature is one of these keys' over `bytes`, which must be the
    /// bytes this was parsed from. Anything but version 1, ssh-ed25519, sha512 and the exact
    /// namespace is no signature.
    pub fn is_signed(&self, bytes: &[u8], sig: &[u8], mut keys: impl Iterator<Item = PublicKey>) -> bool {
        is_signed(bytes, sig, |sig| keys.any(|key| key.verify(ACK_NAMESPACE, bytes, sig).is_ok()))
    }
}

fn is_signed(bytes: &[u8], sig: &[u8], verify: impl FnOnce(&SshSig) -> bool) -> bool {
    if bytes.len() > ACK_BYTES_MAX || sig.len() > SIGNATURE_BYTES_MAX {
        return false;
    }
    let Ok(sig) = SshSig::from_pem(sig) else { return false };
    let is_ours = sig.version() == 1
        && sig.public_key().ed25519().is_some()
        && sig.hash_alg() == HashAlg::Sha512
        && sig.reserved().is_empty()
        && sig.namespace() == ACK_NAMESPACE;
    is_ours && verify(&sig)
}
