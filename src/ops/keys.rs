//! Key files: Ed25519 as PEM (PKCS#8, SPKI), which openssl makes and checks too.
//!
//! **In scope**: loading with permission and example checks, making, public forms.
//! **Out of scope**: what a key may sign ([`crate::model::dsse`], [`crate::tlog`]);
//! age identities ([`super::age`]).
//!
//! The keys under keys-example/ are public. Outside a demonstration they are refused
//! by fingerprint: somebody, some day, copies an example into production.

use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::files::{self, FileError};
use crate::model::digest::Digest;

/// A PEM file of one Ed25519 key is under 200 bytes; comments get some room.
pub const KEY_FILE_BYTES_MAX: u64 = 4096;

/// SHA-256 of the 32 public bytes of each key, and of each age recipient string, that
/// stands under keys-example/. A test compares this list with those files.
const EXAMPLE_FINGERPRINTS: &[&str] = &include!("../../keys-example/fingerprints.in");

/// Whether the keys that everybody knows may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKeys {
    /// Everywhere but in a demonstration.
    Refused,
    /// The configuration says `demonstration = true`.
    Accepted,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not there, not readable, or readable by others.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not PKCS#8 PEM of an Ed25519 key.
    #[error("{} is not an Ed25519 private key in PEM (PKCS#8); make one with: probity keygen", path.display())]
    Private {
        /// The file.
        path: PathBuf,
    },
    /// Not SPKI PEM of an Ed25519 key.
    #[error("{} is not an Ed25519 public key in PEM (SPKI)", path.display())]
    Public {
        /// The file.
        path: PathBuf,
    },
    /// A small-order public key: anything would verify under it.
    #[error("{} is a weak Ed25519 key; make another with: probity keygen", path.display())]
    Weak {
        /// The file.
        path: PathBuf,
    },
    /// One of the published example keys.
    #[error("{name} is one of the example keys, which everybody knows; make your own with: probity keygen")]
    Example {
        /// The file or the configuration's member.
        name: String,
    },
}

impl ExampleKeys {
    /// Refuses a published key by the SHA-256 of its public bytes or recipient string.
    ///
    /// # Errors
    /// [`KeyError::Example`] outside a demonstration.
    pub fn check(self, public: &[u8], name: &str) -> Result<(), KeyError> {
        let fingerprint = Digest::of(public).to_string();
        if self == Self::Refused && EXAMPLE_FINGERPRINTS.contains(&fingerprint.as_str()) {
            return Err(KeyError::Example { name: name.to_owned() });
        }
        Ok(())
    }
}

/// Loads a private key that nobody else can read.
///
/// # Errors
/// [`KeyError`] names the file; never its contents.
pub fn load_private(path: &Path, examples: ExampleKeys) -> Result<SigningKey, KeyError> {
    files::check_private(path)?;
    let pem = Zeroizing::new(files::read_text(path, KEY_FILE_BYTES_MAX)?);
    let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::Private { path: path.to_owned() })?;
    examples.check(key.verifying_key().as_bytes(), &path.display().to_string())?;
    Ok(key)
}

/// Loads a public key.
///
/// # Errors
/// [`KeyError`] names the file.
pub fn load_public(path: &Path) -> Result<VerifyingKey, KeyError> {
    let pem = files::read_text(path, KEY_FILE_BYTES_MAX)?;
    let key =
        VerifyingKey::from_public_key_pem(&pem).map_err(|_| KeyError::Public { path: path.to_owned() })?;
    if key.is_weak() { Err(KeyError::Weak { path: path.to_owned() }) } else { Ok(key) }
}

/// The PKCS#8 PEM text of a private key.
#[must_use]
pub fn private_pem(key: &SigningKey) -> Zeroizing<String> {
    // PKCS#8 v1, seed only: openssl 3 refuses the v2 form that carries the public key too.
    let bare = ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    bare.to_pkcs8_pem(LineEnding::LF).expect("32 bytes always encode")
}

/// The SPKI PEM text of a public key.
#[must_use]
pub fn public_pem(key: &VerifyingKey) -> String {
    key.to_public_key_pem(LineEnding::LF).expect("32 bytes always encode")
}

/// The OpenSSH line of a public key, `ssh-ed25519 AAAA…`, without comment.
#[must_use]
pub fn openssh_line(key: &VerifyingKey) -> String {
    let public = ssh_key::PublicKey::from(ssh_key::public::Ed25519PublicKey(key.to_bytes()));
    public.to_openssh().expect("32 bytes always encode")
}

/// Writes a new private key (0600) and, beside it, `<path>.pub.pem` and `<path>.pub`.
///
/// # Errors
/// [`KeyError::File`], also if one of them exists: a key is never overwritten.
pub fn write_pair(path: &Path, key: &SigningKey) -> Result<(), KeyError> {
    files::write_new(path, private_pem(key).as_bytes(), files::PRIVATE_MODE)?;
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let public = key.verifying_key();
    files::write_new(&beside(".pub.pem"), public_pem(&public).as_bytes(), files::PUBLIC_MODE)?;
    let line = format!("{}\n", openssh_line(&public));
    files::write_new(&beside(".pub"), line.as_bytes(), files::PUBLIC_MODE)?;
    Ok(())
}

/// Writes a new private key in OpenSSH's format (0600) and, beside it, `<path>.pub`.
///
/// # Errors
/// [`KeyError::File`], also if one of them exists.
pub fn write_openssh_pair(path: &Path, key: &SigningKey) -> Result<(), KeyError> {
    let pair = ssh_key::private::Ed25519Keypair::from(key);
    let private = ssh_key::PrivateKey::from(pair);
    let pem = private.to_openssh(ssh_key::LineEnding::LF).expect("an unencrypted Ed25519 key always encodes");
    files::write_new(path, pem.as_bytes(), files::PRIVATE_MODE)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let line = format!("{}\n", openssh_line(&key.verifying_key()));
    files::write_new(Path::new(&beside), line.as_bytes(), files::PUBLIC_MODE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let dir = tempfile::tempdir().expect("a scratch directory");
        let path = dir.path().join("person.pem");
        let key = SigningKey::from_bytes(&[7; 32]);
        write_pair(&path, &key).expect("written");
        assert_eq!(load_private(&path, ExampleKeys::Refused).expect("loads").to_bytes(), [7; 32]);
        let public = load_public(&dir.path().join("person.pem.pub.pem")).expect("loads");
        assert_eq!(public, key.verifying_key());
        assert!(matches!(write_pair(&path, &key), Err(KeyError::File(_))), "never overwrites");
        assert!(matches!(load_public(&path), Err(KeyError::Public { .. })), "a private key is no public key");
    }

    #[test]
    fn example_keys_are_known_and_refused() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir).expect("keys-example is there") {
            let path = entry.expect("readable").path();
            let text = std::fs::read_to_string(&path).expect("text");
            if let Ok(key) = SigningKey::from_pkcs8_pem(&text) {
                let public = key.verifying_key();
                found.push(Digest::of(public.as_bytes()).to_string());
                assert!(matches!(
                    ExampleKeys::Refused.check(public.as_bytes(), "x"),
                    Err(KeyError::Example { .. })
                ));
                ExampleKeys::Accepted.check(public.as_bytes(), "x").expect("in a demonstration");
            } else if let Some(recipient) = text.lines().find_map(|l| l.strip_prefix("# public key: ")) {
                found.push(Digest::of(recipient.as_bytes()).to_string());
            }
        }
        found.sort();
        assert_eq!(
            found, EXAMPLE_FINGERPRINTS,
            "keys-example/fingerprints.in lists exactly the keys beside it"
        );
    }
}
