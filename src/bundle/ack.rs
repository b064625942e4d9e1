//! An agency's acknowledgement of a delivery: made here, checked by the daemon.
//!
//! **In scope**: the two files, `PRD-….ack.json` and its SSHSIG. **Out of scope**: which
//! keys are the agency's, and what a delivery that failed leads to
//! ([`crate::practice`]).

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::Serialize;

use super::open::Opened;
use super::sshsig::{self, Namespace, SshsigError};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::model::time::Timestamp;
use crate::ops::age::Sealed;
use crate::practice::acknowledgement::{AckError, Acknowledgement, Outcome};
use crate::tlog::Origin;

/// Why an acknowledgement proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum AckFault {
    /// Not the JSON it should be.
    #[error(transparent)]
    Form(#[from] AckError),
    /// Not signed as it should be.
    #[error("the acknowledgement's signature is refused")]
    Signature(#[from] SshsigError),
    /// Signed by a key that is not the agency's.
    #[error("the acknowledgement is signed by {fingerprint}, which is not a key of the agency")]
    Key {
        /// As `ssh-keygen -l` prints it.
        fingerprint: String,
    },
}

/// The acknowledgement's file name.
#[must_use]
pub fn ack_name(production: &ProductionId) -> String {
    format!("{production}.ack.json")
}

/// A delivery that could not be opened, as far as the agency knows it.
pub struct Failed<'a> {
    /// The log's name, from the receipt file.
    pub origin: &'a Origin,
    /// The production.
    pub production: &'a ProductionId,
    /// Digests of the file received.
    pub sealed: Sealed,
    /// The recipient it should have opened as.
    pub recipient_sha256: Digest,
    /// What went wrong, as a stable code.
    pub code: &'a str,
}

/// In the order of docs/FORMATS.md; what is null there is printed as null.
#[derive(Serialize)]
struct Wire<'a> {
    v: u8,
    origin: &'a Origin,
    production: &'a ProductionId,
    file_sha256: Digest,
    payload_sha256: Digest,
    tagmanifest_sha256: Option<Digest>,
    recipient_sha256: Digest,
    result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    at: Timestamp,
}

impl Wire<'_> {
    fn print(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("plain data always prints");
        bytes.push(b'\n');
        bytes
    }
}

/// The bytes to sign for a bundle that opened.
///
/// # Panics
/// Never: plain data always prints.
#[must_use]
pub fn opened(opened: &Opened, at: Timestamp) -> Vec<u8> {
    let wire = Wire {
        v: 1,
        origin: &opened.origin,
        production: &opened.production,
        file_sha256: opened.sealed.file_sha256,
        payload_sha256: opened.sealed.payload_sha256,
        tagmanifest_sha256: Some(opened.tagmanifest_sha256),
        recipient_sha256: opened.recipient_sha256,
        result: Outcome::Opened,
        code: None,
        at,
    };
    wire.print()
}

/// The bytes to sign for a bundle that did not open.
///
/// # Panics
/// Never: plain data always prints.
#[must_use]
pub fn failed(failed: &Failed<'_>, at: Timestamp) -> Vec<u8> {
    let wire = Wire {
        v: 1,
        origin: failed.origin,
        production: failed.production,
        file_sha256: failed.sealed.file_sha256,
        payload_sha256: failed.sealed.payload_sha256,
        tagmanifest_sha256: None,
        recipient_sha256: failed.recipient_sha256,
        result: Outcome::OpenFailed,
        code: Some(failed.code),
        at,
    };
    wire.print()
}

/// Signs the bytes; `ssh-keygen -Y sign -n probity-ack` makes the same kind of signature.
#[must_use]
pub fn sign(bytes: &[u8], key: &SigningKey) -> String {
    sshsig::sign(key, Namespace::Acknowledgement, bytes)
}

/// Checks an acknowledgement against the agency's keys: signature first, then the form.
///
/// # Errors
/// [`AckFault`].
pub fn check(bytes: &[u8], signature: &[u8], keys: &[VerifyingKey]) -> Result<Acknowledgement, AckFault> {
    let signer = sshsig::verify(signature, Namespace::Acknowledgement, bytes)?;
    if !keys.contains(&signer) {
        return Err(AckFault::Key { fingerprint: sshsig::fingerprint(&signer) });
    }
    Ok(Acknowledgement::parse(bytes)?)
}
