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

#[cfg(test)]
mod tests {
    //! Goal: an acknowledgement fits its result, and a signature is one of exactly our form.
    //! Method: one member changed; signatures put together member by member, so that each differs
    //! from ours in one; both documents at their longest, and a byte longer.

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;

    fn digest() -> String {
        Digest::of(b"a file").to_string()
    }

    fn acknowledges(result: &str, code: Option<&str>, tagmanifest: bool) -> Vec<u8> {
        let mut ack = json!({
            "v": 1, "origin": "probity.example/log", "production": "PRD-1", "file_sha256": digest(),
            "payload_sha256": digest(), "tagmanifest_sha256": tagmanifest.then(digest),
            "recipient_sha256": digest(), "result": result, "at": "2026-11-18T00:00:00.000Z"});
        if let Some(code) = code {
            ack["code"] = json!(code);
        }
        ack.to_string().into_bytes()
    }

    #[test]
    fn a_code_and_a_tag_manifest_fit_the_result() {
        let long = "x".repeat(CODE_BYTES_MAX + 1);
        let longest = &long[1..];
        for (result, code, tagmanifest, fits) in [
            ("opened", None, true, true),
            ("opened", None, false, false),
            ("opened", Some("cannot_unwrap"), true, false),
            ("opened", Some("cannot_unwrap"), false, false),
            ("open_failed", Some("x"), false, true),
            ("open_failed", Some(longest), false, true),
            ("open_failed", Some(&long), false, false),
            ("open_failed", Some(""), false, false),
            ("open_failed", Some("x"), true, false),
            ("open_failed", None, false, false),
            ("open_failed", None, true, false),
        ] {
            let parsed = Acknowledgement::parse(&acknowledges(result, code, tagmanifest)).map(drop);
            let expected = if fits { Ok(()) } else { Err(AckError::Result) };
            assert_eq!(parsed, expected, "{result}, {code:?}, {tagmanifest}");
        }
    }

    #[test]
    fn an_acknowledgement_is_of_version_1_and_as_long_as_it_may_be() {
        let mut bytes = acknowledges("opened", None, true);
        let mut two: Value = serde_json::from_slice(&bytes).expect("JSON");
        two["v"] = json!(2);
        assert_eq!(Acknowledgement::parse(two.to_string().as_bytes()), Err(AckError::Version(2)));
        bytes.resize(ACK_BYTES_MAX, b' ');
        Acknowledgement::parse(&bytes).expect("as long as it may be");
        bytes.push(b' ');
        assert_eq!(Acknowledgement::parse(&bytes), Err(AckError::TooLong(ACK_BYTES_MAX + 1)));
    }

    /// A string of the SSH wire format.
    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
    }

    /// An armored signature with these members, which nobody made.
    fn armored(version: u32, key: &str, namespace: &str, reserved: &[u8], hash: &str) -> Vec<u8> {
        let is_token = key.starts_with("sk-");
        let application = if is_token { string(b"ssh:") } else { Vec::new() };
        let counter: &[u8] = if is_token { &[1, 0, 0, 0, 1] } else { &[] };
        let public = [string(key.as_bytes()), string(&[7; 32]), application].concat();
        let made = [&string(key.as_bytes())[..], &string(&[9; 64]), counter].concat();
        let blob = [
            b"SSHSIG".to_vec(),
            version.to_be_bytes().to_vec(),
            string(&public),
            string(namespace.as_bytes()),
            string(reserved),
            string(hash.as_bytes()),
            string(&made),
        ]
        .concat();
        let base64 = STANDARD.encode(blob);
        let lines = base64.as_bytes().chunks(70).map(|line| [line, b"\n"].concat()).collect::<Vec<_>>();
        let (begin, end) = (b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n");
        [&begin[..], &lines.concat(), end].concat()
    }

    const KEY: &str = "ssh-ed25519";

    #[test]
    fn another_form_is_no_signature_whatever_the_key_says() {
        let is = |sig: &[u8]| is_signed(b"an acknowledgement", sig, |_| true);
        assert!(is(&armored(1, KEY, ACK_NAMESPACE, b"", "sha512")));
        for (member, other) in [
            ("version", armored(0, KEY, ACK_NAMESPACE, b"", "sha512")),
            ("version", armored(2, KEY, ACK_NAMESPACE, b"", "sha512")),
            ("key", armored(1, "sk-ssh-ed25519@openssh.com", ACK_NAMESPACE, b"", "sha512")),
            ("namespace", armored(1, KEY, "file", b"", "sha512")),
            ("reserved", armored(1, KEY, ACK_NAMESPACE, b"x", "sha512")),
            ("hash", armored(1, KEY, ACK_NAMESPACE, b"", "sha256")),
        ] {
            assert!(SshSig::from_pem(&other).is_ok_and(|sig| sig.version() < 2) || member == "version");
            assert!(!is(&other), "another {member}");
        }
        assert!(!is(b"no armor"));
        assert!(!is_signed(b"", &armored(1, KEY, ACK_NAMESPACE, b"", "sha512"), |_| false));
    }

    #[test]
    fn what_is_signed_and_its_signature_are_as_long_as_they_may_be() {
        let sig = armored(1, KEY, ACK_NAMESPACE, b"", "sha512");
        let is = |bytes: usize, padded: usize| {
            let sig = [vec![b'\n'; padded - sig.len()], sig.clone()].concat();
            is_signed(&vec![b'x'; bytes], &sig, |_| true)
        };
        assert!(is(ACK_BYTES_MAX, SIGNATURE_BYTES_MAX));
        assert!(!is(ACK_BYTES_MAX + 1, sig.len()));
        assert!(!is(0, SIGNATURE_BYTES_MAX + 1));
    }
}
