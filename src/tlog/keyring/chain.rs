//! The chain of signed keyrings.
//!
//! **In scope**: which signatures each keyring needs, how far trust in one key reaches.
//! **Out of scope**: what one keyring alone must obey ([`Keyring`]).

use super::{Keyring, KeyringError, Standing, Tenure};
use crate::tlog::{note::SignedNote, size::LeafIndex, vkey::Vkey};

/// Most keyrings in a chain: at one change a week it lasts 78 years, and each costs
/// whoever verifies it two signature checks and one parse.
pub const KEYRING_CHAIN_MAX: usize = 4096;

/// Every keyring of a log from serial 1 on, each signed as the one before it demands.
///
/// That makes the chain consistent with itself. Whether to believe it is for
/// [`Self::trust`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringChain {
    rings: Vec<Keyring>,
}

impl KeyringChain {
    /// Opens every keyring of a log, in order of serial.
    ///
    /// # Errors
    /// [`KeyringError`], by the first keyring that does not belong.
    pub fn open<'a>(notes: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, KeyringError> {
        let mut notes = notes.into_iter();
        let first = notes.next().ok_or(KeyringError::EmptyChain)?;
        let mut chain = Self { rings: vec![open_after(first, None)?] };
        notes.try_for_each(|note| chain.push(note))?;
        Ok(chain)
    }

    /// Adds the next keyring.
    ///
    /// # Errors
    /// [`KeyringError`]; the chain is then as it was.
    pub fn push(&mut self, note: &[u8]) -> Result<(), KeyringError> {
        if self.rings.len() >= KEYRING_CHAIN_MAX {
            return Err(KeyringError::TooLong);
        }
        let ring = open_after(note, self.rings.last())?;
        self.rings.push(ring);
        Ok(())
    }

    /// The keyrings by serial, from 1.
    #[must_use]
    pub fn rings(&self) -> &[Keyring] {
        &self.rings
    }

    /// The newest keyring, which holds every line of those before it.
    ///
    /// # Panics
    /// Never: a chain is not empty.
    #[must_use]
    pub fn last(&self) -> &Keyring {
        self.rings.last().expect("a chain is made with its first keyring")
    }

    /// How far the caller's trusted keys reach: trust in any log key of the chain reaches
    /// the last keyring, because every change was signed by the key before it as well. None
    /// if no key of theirs is in the chain.
    ///
    /// A retired key alone is weak ground: whoever has it can sign another chain.
    #[must_use]
    pub fn trust(&self, trusted: &[Vkey]) -> Option<Standing> {
        let mut known = self.last().log_keys().iter().filter(|line| trusted.contains(line.key()));
        // Only the last line is open, so the last one found says the most.
        known.next_back().map(Tenure::standing)
    }
}

/// Parses a keyring's note and checks it against the keyring before it.
fn open_after(bytes: &[u8], previous: Option<&Keyring>) -> Result<Keyring, KeyringError> {
    let serial = previous.map_or(1, |ring| ring.serial.saturating_add(1));
    let failed = |source| KeyringError::Note { serial, source };
    let note = SignedNote::parse(bytes).map_err(failed)?;
    let ring = Keyring::parse(note.text())?;
    match previous {
        Some(previous) => drop(ring.changed_at(previous)?),
        None if ring.serial != serial => {
            return Err(KeyringError::Serial { expected: serial, found: ring.serial });
        }
        // A first keyring with a history would let its last key speak for the earlier ones.
        None if ring.last_change() != LeafIndex::new(0) => return Err(KeyringError::Unordered { serial }),
        None => {}
    }
    let note = note.verify(&ring.vkeys()).map_err(failed)?;
    let replaced = previous.map(Keyring::log_in_force).transpose()?;
    for vkey in [Some(ring.log_in_force()?), replaced].into_iter().flatten() {
        if !note.signers().contains(vkey) {
            return Err(KeyringError::Signer { serial, vkey: Box::new(vkey.clone()) });
        }
    }
    Ok(ring)
}
