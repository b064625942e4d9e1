//! DSSE envelopes: what people and the daemon sign.
//!
//! ```text
//! {"payloadType":"…","payload":"<base64>","signatures":[{"keyid":"…","sig":"<base64>"}]}
//! signed bytes = "DSSEv1" SP len(type) SP type SP len(payload) SP payload     lengths in ASCII decimal
//! keyid        = hex SHA-256 of the key's SPKI DER
//! ```
//!
//! **In scope**: form, signatures, thresholds over keys. **Out of scope**: whose key it is
//! and what a payload means.
//!
//! Narrower than the public text on purpose: padded standard base64 only, keyid required
//! and registered, no other member, and one failing signature refuses the whole envelope,
//! so that nobody can hide a bad signature behind a good one.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::json::{self, JsonError};

/// Longest envelope in bytes: a scope of the largest order, in base64, fits.
pub const ENVELOPE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most signatures of one envelope.
pub const SIGNATURES_MAX: usize = 32;

/// A parsed envelope. Its payload is not to be believed before [`Envelope::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Clone, PartialEq, Eq)]
struct EnvelopeSignature {
    keyid: Digest,
    signature: Signature,
}

/// Why an envelope proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not the JSON it should be.
    #[error("envelope: {0}")]
    Json(#[from] JsonError),
    /// Longer than [`ENVELOPE_BYTES_MAX`].
    #[error("envelope: longer than {ENVELOPE_BYTES_MAX} bytes")]
    TooLong,
    /// Not padded standard base64.
    #[error("envelope: {member} is not padded standard base64")]
    Base64 {
        /// The member.
        member: &'static str,
    },
    /// A keyid that is not 64 lower-case hex digits, or a signature of another length.
    #[error("envelope: signature {at} has no keyid or not 64 bytes")]
    Signature {
        /// Its position.
        at: usize,
    },
    /// Another number of signatures than the act calls for.
    #[error("envelope: {found} signatures, expected {expected}")]
    Count {
        /// How many the act calls for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Signed as something else.
    #[error("envelope: its payloadType is another one")]
    PayloadType,
    /// The keyid names no registered key.
    #[error("envelope: the key {keyid} is not registered")]
    UnknownKey {
        /// The keyid it gives.
        keyid: Digest,
    },
    /// The signature was not made by that key over these bytes.
    #[error("envelope: the signature by {keyid} does not verify")]
    BadSignature {
        /// The keyid it gives.
        keyid: Digest,
    },
    /// Fewer distinct keys than the threshold.
    #[error("envelope: {found} distinct keys signed, {expected} must")]
    Threshold {
        /// How many must.
        expected: usize,
        /// How many did.
        found: usize,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

/// The name of a key: hex SHA-256 of its SPKI DER.
#[must_use]
pub fn keyid(key: &VerifyingKey) -> Digest {
    let der = key.to_public_key_der().expect("32 bytes always encode");
    Digest::of(der.as_bytes())
}

/// The bytes that are signed (DSSE's pre-authentication encoding).
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Signs a payload with each key.
#[must_use]
pub fn sign(payload_type: &str, payload: &[u8], keys: &[&SigningKey]) -> Envelope {
    let message = pae(payload_type, payload);
    let sign = |key: &&SigningKey| EnvelopeSignature {
        keyid: keyid(&key.verifying_key()),
        signature: key.sign(&message),
    };
    Envelope {
        payload_type: payload_type.to_owned(),
        payload: payload.to_vec(),
        signatures: keys.iter().map(sign).collect(),
    }
}

impl Envelope {
    /// Parses an envelope's bytes; nothing is verified yet.
    ///
    /// # Errors
    /// [`DsseError`] for another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, DsseError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(DsseError::TooLong);
        }
        let wire: Wire = json::parse(bytes)?;
        let found = wire.signatures.len();
        if found == 0 || found > SIGNATURES_MAX {
            return Err(DsseError::Count { expected: 1, found });
        }
        let payload = STANDARD.decode(&wire.payload).map_err(|_| DsseError::Base64 { member: "payload" })?;
        let parse = |(at, signature): (usize, &WireSignature)| {
            let fault = DsseError::Signature { at };
            let keyid = Digest::from_hex(&signature.keyid).map_err(|_| fault.clone())?;
            let bytes = STANDARD.decode(&signature.sig).map_err(|_| DsseError::Base64 { member: "sig" })?;
            let signature = Signature::from_slice(&bytes).map_err(|_| fault)?;
            Ok(EnvelopeSignature { keyid, signature })
        };
        let signatures = wire.signatures.iter().enumerate().map(parse).collect::<Result<_, DsseError>>()?;
        Ok(Self { payload_type: wire.payload_type, payload, signatures })
    }

    /// Prints the envelope; [`Envelope::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> String {
        let print = |signature: &EnvelopeSignature| WireSignature {
            keyid: signature.keyid.to_string(),
            sig: STANDARD.encode(signature.signature.to_bytes()),
        };
        let wire = Wire {
            payload_type: self.payload_type.clone(),
            payload: STANDARD.encode(&self.payload),
            signatures: self.signatures.iter().map(print).collect(),
        };
        serde_json::to_string(&wire).expect("strings always print")
    }

    /// The keyids it names, in order: hints to find registered keys by.
    #[must_use]
    pub fn keyids(&self) -> Vec<Digest> {
        self.signatures.iter().map(|signature| signature.keyid).collect()
    }

    /// Verifies an envelope with exactly one signature, and only then shows the payload.
    ///
    /// # Errors
    /// [`DsseError`].
    pub fn verify(&self, payload_type: &str, key: &VerifyingKey) -> Result<&[u8], DsseError> {
        self.verify_threshold(payload_type, &[*key], 1)
    }

    /// Verifies that every signature is good, each by one of `keys`, and that at least
    /// `threshold` distinct keys signed; for a threshold of one, exactly one signature.
    ///
    /// # Errors
    /// [`DsseError`].
    pub fn verify_threshold(
        &self,
        payload_type: &str,
        keys: &[VerifyingKey],
        threshold: usize,
    ) -> Result<&[u8], DsseError> {
        if self.payload_type != payload_type {
            return Err(DsseError::PayloadType);
        }
        let found = self.signatures.len();
        if threshold <= 1 && found != 1 {
            return Err(DsseError::Count { expected: 1, found });
        }
        let message = pae(&self.payload_type, &self.payload);
        let mut signed = BTreeSet::new();
        for EnvelopeSignature { keyid: named, signature } in &self.signatures {
            let key = keys.iter().find(|key| keyid(key) == *named);
            let key = key.ok_or(DsseError::UnknownKey { keyid: *named })?;
            key.verify_strict(&message, signature).map_err(|_| DsseError::BadSignature { keyid: *named })?;
            signed.insert(*named);
        }
        if signed.len() < threshold {
            return Err(DsseError::Threshold { expected: threshold, found: signed.len() });
        }
        Ok(&self.payload)
    }

    /// The payload before anything was verified: to show a person what was claimed.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a payload is shown only when every signature is good. Method: the shared
    //! vectors, byte-exact when signing; every byte of an envelope altered.

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        let path = format!("{}/tests/vectors/dsse.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
    }

    fn text<'a>(case: &'a Value, member: &str) -> &'a str {
        case[member].as_str().unwrap_or_else(|| panic!("{member} is text"))
    }

    fn bytes32(case: &Value, member: &str) -> [u8; 32] {
        hex::decode(text(case, member)).expect("hex").try_into().expect("32 bytes")
    }

    fn keys(vectors: &Value) -> Vec<SigningKey> {
        let list = vectors["keys"].as_array().expect("a list");
        list.iter().map(|case| SigningKey::from_bytes(&bytes32(case, "seed_hex"))).collect()
    }

    #[test]
    fn encodings_keyids_and_signatures_match() {
        let vectors = vectors();
        for case in vectors["pae_examples"].as_array().expect("a list") {
            let payload = hex::decode(text(case, "payload_hex")).expect("hex");
            assert_eq!(hex::encode(pae(text(case, "type"), &payload)), text(case, "pae_hex"));
        }
        let keys = keys(&vectors);
        for (key, case) in keys.iter().zip(vectors["keys"].as_array().expect("a list")) {
            assert_eq!(keyid(&key.verifying_key()).to_string(), text(case, "keyid"));
        }
        let approval = &vectors["approval"];
        let (kind, payload) = (text(approval, "type"), text(approval, "payload").as_bytes());
        let both: Vec<_> = keys.iter().take(2).collect();
        assert_eq!(sign(kind, payload, &both[..1]).to_json(), text(approval, "envelope"));
        assert_eq!(sign(kind, payload, &both).to_json(), text(approval, "envelope_two_signatures"));
        let envelope = Envelope::parse(text(approval, "envelope").as_bytes()).expect("parses");
        assert_eq!(envelope.verify(kind, &keys[0].verifying_key()), Ok(payload));
    }

    #[test]
    fn bad_vectors_are_refused() {
        let vectors = vectors();
        let cases = vectors["refused"].as_array().expect("a list");
        assert!(cases.len() >= 10);
        for case in cases {
            let bytes = STANDARD.decode(text(case, "envelope_base64")).expect("base64");
            let keys = case["public_hex"].as_array().expect("a list").iter().map(|hex| {
                let bytes = hex::decode(hex.as_str().expect("text")).expect("hex");
                VerifyingKey::from_bytes(&bytes.try_into().expect("32 bytes")).expect("a key")
            });
            let keys: Vec<_> = keys.collect();
            let threshold = usize::try_from(case["m"].as_u64().expect("a number")).expect("small");
            let verified = Envelope::parse(&bytes)
                .and_then(|e| e.verify_threshold(text(case, "type"), &keys, threshold).map(<[u8]>::to_vec));
            assert!(verified.is_err(), "{}", case["name"]);
        }
    }

    #[test]
    fn every_altered_byte_is_found() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let good = sign("application/x", b"{}", &[&key]).to_json().into_bytes();
        for at in 0..good.len() {
            for flip in [0x01, 0x20] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                let verified = Envelope::parse(&bytes)
                    .and_then(|e| e.verify("application/x", &key.verifying_key()).map(<[u8]>::to_vec));
                assert!(verified.is_err(), "byte {at} ^ {flip}");
            }
        }
    }

    proptest! {
        #[test]
        fn parses_what_it_prints(payload: Vec<u8>, kind in "[a-z/.+]{1,40}", seed: [u8; 32]) {
            let key = SigningKey::from_bytes(&seed);
            let envelope = sign(&kind, &payload, &[&key]);
            let parsed = Envelope::parse(envelope.to_json().as_bytes()).expect("printed");
            prop_assert_eq!(parsed.verify(&kind, &key.verifying_key()), Ok(payload.as_slice()));
            prop_assert_eq!(parsed.to_json(), envelope.to_json());
        }
    }
}
