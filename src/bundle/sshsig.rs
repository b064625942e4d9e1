//! SSHSIG, the signature format of `ssh-keygen -Y sign`, narrowed to one algorithm.
//!
//! **In scope**: Ed25519 over SHA-512 in the two namespaces that Probity uses; OpenSSH
//! forms of keys. **Out of scope**: which key may sign what.
//!
//! The format allows five algorithms, two hashes and a reserved field; each choice that
//! is left open is one an attacker makes. Here version 1, ssh-ed25519, an empty reserved
//! field, sha512 and the exact namespace are accepted and nothing else.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

/// Longest armoured signature that is read, in bytes: one of Ed25519 takes about 300.
pub const SSHSIG_BYTES_MAX: usize = 4096;
/// Longest OpenSSH key line that is read, in bytes; the comment is free text.
pub const KEY_LINE_BYTES_MAX: usize = 1024;
/// The identity under which `allowed_signers` lists the provider.
pub const PROVIDER: &str = "provider";

/// What a signature is for: part of what is signed, so that none serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The provider's, over a bag's tag manifest: `probity-disclosure`.
    Disclosure,
    /// An agency's, over an acknowledgement: `probity-ack`.
    Acknowledgement,
}

impl Namespace {
    /// The text that is signed along.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disclosure => "probity-disclosure",
            Self::Acknowledgement => "probity-ack",
        }
    }
}

/// Why a signature or a key in OpenSSH form was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshsigError {
    /// Not an armoured SSHSIG in its one encoding.
    #[error("not an SSH signature (-----BEGIN SSH SIGNATURE-----)")]
    Form,
    /// Another version, algorithm, hash, or something in the reserved field.
    #[error("the SSH signature is not version 1, ssh-ed25519, sha512 with an empty reserved field")]
    Profile,
    /// Made for another purpose.
    #[error("the SSH signature is of another namespace than {0}")]
    Namespace(&'static str),
    /// A key under which anything would verify.
    #[error("the signing key is a weak Ed25519 key")]
    WeakKey,
    /// The signature is not over these bytes by that key.
    #[error("the SSH signature does not verify")]
    Signature,
    /// Not an `ssh-ed25519 AAAA…` line.
    #[error("not an ssh-ed25519 public key line")]
    PublicKey,
    /// Not an OpenSSH private key file of an Ed25519 key.
    #[error("not an OpenSSH private key file of an Ed25519 key")]
    PrivateKey,
    /// Protected by a passphrase, which would have to be typed.
    #[error("the private key has a passphrase; sign with: ssh-keygen -Y sign")]
    Passphrase,
}

/// Signs `message`; the text is what `ssh-keygen -Y verify` reads.
///
/// # Panics
/// Never: the fields have fixed lengths that always encode.
#[must_use]
pub fn sign(key: &SigningKey, namespace: Namespace, message: &[u8]) -> String {
    let public = KeyData::Ed25519(Ed25519PublicKey(key.verifying_key().to_bytes()));
    let signed = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, message)
        .expect("a namespace that is not empty always encodes");
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, key.sign(&signed).to_bytes().to_vec())
        .expect("an Ed25519 signature has 64 bytes");
    SshSig::new(public, namespace.as_str(), HashAlg::Sha512, signature)
        .and_then(|sshsig| sshsig.to_pem(LineEnding::LF))
        .expect("fields of fixed length always encode")
}

/// Checks an armoured signature over `message` and returns the key that made it. Whether
/// that key is one to trust is the caller's question.
///
/// # Errors
/// [`SshsigError`]; the signature is checked last.
pub fn verify(armored: &[u8], namespace: Namespace, message: &[u8]) -> Result<VerifyingKey, SshsigError> {
    if armored.len() > SSHSIG_BYTES_MAX {
        return Err(SshsigError::Form);
    }
    let text = std::str::from_utf8(armored).map_err(|_| SshsigError::Form)?.replace("\r\n", "\n");
    let sshsig = SshSig::from_pem(&text).map_err(|_| SshsigError::Form)?;
    // The decoder tolerates lengths that do not add up; what it read must print as it was.
    if sshsig.to_pem(LineEnding::LF).ok().as_deref() != Some(text.as_str()) {
        return Err(SshsigError::Form);
    }
    let KeyData::Ed25519(public) = sshsig.public_key() else { return Err(SshsigError::Profile) };
    let in_profile = sshsig.version() == SshSig::VERSION
        && sshsig.algorithm() == Algorithm::Ed25519
        && sshsig.hash_alg() == HashAlg::Sha512
        && sshsig.reserved().is_empty();
    if !in_profile {
        return Err(SshsigError::Profile);
    }
    if sshsig.namespace() != namespace.as_str() {
        return Err(SshsigError::Namespace(namespace.as_str()));
    }
    let key = strong_key(*public).ok_or(SshsigError::WeakKey)?;
    let signature = Signature::from_slice(sshsig.signature_bytes()).map_err(|_| SshsigError::Signature)?;
    let signed = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, message)
        .map_err(|_| SshsigError::Signature)?;
    key.verify_strict(&signed, &signature).map_err(|_| SshsigError::Signature)?;
    Ok(key)
}

fn strong_key(public: Ed25519PublicKey) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&public.0).ok().filter(|key| !key.is_weak())
}

/// Parses `ssh-ed25519 AAAA…`, with or without a comment: how an acknowledgement key is
/// registered.
///
/// # Errors
/// [`SshsigError::PublicKey`] for another type, [`SshsigError::WeakKey`] for a weak one.
pub fn parse_public_key(line: &str) -> Result<VerifyingKey, SshsigError> {
    if line.len() > KEY_LINE_BYTES_MAX || line.contains(['\n', '\r']) {
        return Err(SshsigError::PublicKey);
    }
    let public = PublicKey::from_openssh(line).map_err(|_| SshsigError::PublicKey)?;
    let KeyData::Ed25519(public) = public.key_data() else { return Err(SshsigError::PublicKey) };
    strong_key(*public).ok_or(SshsigError::WeakKey)
}

/// Parses an OpenSSH private key file without passphrase, as `ssh-keygen -t ed25519 -N ''`
/// writes it.
///
/// # Errors
/// [`SshsigError::Passphrase`] if it has one, [`SshsigError::PrivateKey`] for another type.
pub fn parse_private_key(pem: &str) -> Result<SigningKey, SshsigError> {
    let private = PrivateKey::from_openssh(pem).map_err(|_| SshsigError::PrivateKey)?;
    if private.is_encrypted() {
        return Err(SshsigError::Passphrase);
    }
    let pair = private.key_data().ed25519().ok_or(SshsigError::PrivateKey)?;
    SigningKey::try_from(pair).map_err(|_| SshsigError::PrivateKey)
}

/// One line of `allowed_signers` or `signers`, with its line feed, for a disclosure key.
///
/// # Panics
/// Never: 32 bytes always encode.
#[must_use]
pub fn signers_line(key: &VerifyingKey) -> String {
    let public = PublicKey::from(Ed25519PublicKey(key.to_bytes()));
    let public = public.to_openssh().expect("32 bytes always encode");
    format!("{PROVIDER} namespaces=\"{}\" {public}\n", Namespace::Disclosure.as_str())
}

/// The fingerprint `ssh-keygen -l` prints: `SHA256:` and 43 characters of base64.
#[must_use]
pub fn fingerprint(key: &VerifyingKey) -> String {
    KeyData::Ed25519(Ed25519PublicKey(key.to_bytes())).fingerprint(HashAlg::Sha256).to_string()
}

#[cfg(test)]
mod tests;
