//! The log's secret key.
//!
//! **In scope**: signing note texts under the origin's name.
//! **Out of scope**: reading the key from a file (PEM), and the promise never to sign two
//! inconsistent checkpoints: the ledger keeps it, which alone knows what was signed before.

use ed25519_dalek::{Signer as _, SigningKey};

use super::{
    note::NoteSignature,
    origin::Origin,
    vkey::{PublicKey, Vkey, VkeyError},
};

/// Signs notes with the Ed25519 key of one log.
///
/// The secret is wiped when this is dropped; there is no `Debug`, no `Clone` and no way to
/// read it back.
pub struct LogSigner {
    origin: Origin,
    vkey: Vkey,
    key: SigningKey,
}

impl LogSigner {
    /// The signer of the log `origin`.
    ///
    /// # Errors
    /// [`VkeyError`] if the public half is not one this crate would accept, which no
    /// honestly made key is.
    pub fn new(origin: Origin, key: SigningKey) -> Result<Self, VkeyError> {
        let vkey = Vkey::new(&origin, PublicKey::from_bytes(key.verifying_key().as_bytes())?);
        Ok(Self { origin, vkey, key })
    }

    /// The log's origin, which is the key's name.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The public half.
    #[must_use]
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Signs the bytes of a note's text.
    pub(super) fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature::new(&self.vkey, &self.key.sign(text.as_bytes()).to_bytes())
    }
}
