//! The keyring: every key a log ever used, and from which entry to which.
//!
//! ```text
//! probity/keyring/v1
//! <origin>
//! <serial>
//! <purpose> <from> <to|-> <key>       log (vkey), disclosure (base64), origin (text), in
//!                                     that order, then by from
//! ```
//!
//! **In scope**: the text, the rule that serial n+1 repeats serial n, which key signs a
//! checkpoint of which size, the chain of signed keyrings and how far trust in one key
//! reaches along it.
//! **Out of scope**: the entries that hold a keyring's digest (the auditor compares them),
//! the framing of an export's `keyring` file, custody of the secret keys.
//!
//! A key that changed once never comes back, and no key serves two purposes.

use std::{collections::HashSet, str::FromStr};

mod chain;
mod tenure;

pub use chain::{KEYRING_CHAIN_MAX, KeyringChain};
pub use tenure::{Purpose, Standing, Tenure};

use tenure::{added, check_ranges, succeed};

use super::{
    checkpoint::SignedCheckpoint,
    note::NoteError,
    origin::{Origin, OriginError},
    size::{LeafIndex, TreeSize, parse_decimal},
    vkey::{PublicKey, Vkey, VkeyError},
};

/// First line of a keyring.
const HEADER: &str = "probity/keyring/v1";

/// A keyring whose lines are in order. Who signed it is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    origin: Origin,
    serial: u64,
    log: Vec<Tenure<Vkey>>,
    disclosure: Vec<Tenure<PublicKey>>,
    origins: Vec<Tenure<Origin>>,
}

/// What a new keyring replaces; none = goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// A new log key.
    pub log: Option<PublicKey>,
    /// A new disclosure key.
    pub disclosure: Option<PublicKey>,
    /// A new origin, which needs a new log key with it.
    pub origin: Option<Origin>,
}

/// Who signs a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointKeys<'a> {
    /// The key whose range holds the last entry.
    pub in_force: &'a Tenure<Vkey>,
    /// The key before it, where the last entry is the one that changes the key: it signs too.
    pub outgoing: Option<&'a Tenure<Vkey>>,
}

/// Why a text is not a keyring, or a keyring does not continue a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The checkpoint lacks the signature of the key in force at its size, or of the one
    /// that its last entry retires.
    #[error("the checkpoint of size {size} is not signed by {name}, whose range it is in")]
    CheckpointSigner {
        /// The checkpoint's size.
        size: TreeSize,
        /// Name of the key that should have signed.
        name: String,
    },
    /// No keyring at all.
    #[error("a keyring chain has at least one keyring")]
    EmptyChain,
    /// The range ends before its first entry.
    #[error("the range of a {purpose} line from {from} is empty")]
    EmptyRange {
        /// The line's purpose.
        purpose: Purpose,
        /// Its first entry.
        from: LeafIndex,
    },
    /// The header lines are not format, origin and serial.
    #[error("a keyring begins with the lines {HEADER}, origin and serial")]
    Header,
    /// A key stands on two lines.
    #[error("a public key stands on two lines: none serves two purposes, and none comes back")]
    KeyReused,
    /// The last line of a purpose is closed, or an earlier one open.
    #[error("of the {purpose} lines only the last is open")]
    LastNotOpen {
        /// The purpose.
        purpose: Purpose,
    },
    /// A line is not purpose, from, to and key.
    #[error("keyring line {line} is malformed")]
    Line {
        /// Which one, from 1.
        line: usize,
    },
    /// A line of purpose origin holds none.
    #[error("keyring line {line} holds no origin")]
    LineOrigin {
        /// Which one, from 1.
        line: usize,
        /// Why not.
        #[source]
        source: OriginError,
    },
    /// A line holds no acceptable key.
    #[error("keyring line {line} holds no acceptable key")]
    LineKey {
        /// Which one, from 1.
        line: usize,
        /// Why not.
        #[source]
        source: VkeyError,
    },
    /// A log key is named otherwise than the origin in force over its range.
    #[error("the log key in force from {from} is not named like the origin in force over its range")]
    NameIsNotOrigin {
        /// The key's first entry.
        from: LeafIndex,
    },
    /// Ranges overlap, leave a gap, or do not begin at 0.
    #[error(
        "the {purpose} lines leave a gap or overlap: one should begin at {expected}, it begins at {found}"
    )]
    NotContiguous {
        /// The purpose.
        purpose: Purpose,
        /// Where the line should begin.
        expected: LeafIndex,
        /// Where it begins.
        found: LeafIndex,
    },
    /// Lines in another order.
    #[error("the lines are not in the order log, disclosure, origin")]
    Order,
    /// The origin in the header is not the last one on the lines, or not the checkpoint's.
    #[error("the origin is {found}, but the keyring has {expected}")]
    Origin {
        /// The origin on the lines.
        expected: Origin,
        /// The one elsewhere.
        found: Origin,
    },
    /// The note does not parse or open.
    #[error("the note of keyring {serial} does not open")]
    Note {
        /// Its serial.
        serial: u64,
        /// Why not.
        #[source]
        source: NoteError,
    },
    /// A line of the keyring before was changed or left out.
    #[error("keyring {serial} does not repeat the {purpose} lines of the one before")]
    Rewritten {
        /// Serial of the later keyring.
        serial: u64,
        /// Where they differ.
        purpose: Purpose,
    },
    /// The serial is not the next one, or the first is not 1.
    #[error("the serial should be {expected}, it is {found}")]
    Serial {
        /// The next serial.
        expected: u64,
        /// The one in the text.
        found: u64,
    },
    /// A signature is missing: of the log key in force, or of the one it replaces.
    #[error("keyring {serial} is not signed by {name} ({id}), whose signature it needs", name = vkey.name(), id = vkey.id())]
    Signer {
        /// Its serial.
        serial: u64,
        /// Whose signature is missing.
        vkey: Box<Vkey>,
    },
    /// More keyrings than [`KEYRING_CHAIN_MAX`].
    #[error("a chain has at most {KEYRING_CHAIN_MAX} keyrings")]
    TooLong,
    /// Lines were added at several places, or at none after all before: one keyring records
    /// one change.
    #[error("keyring {serial} does not record one change at one entry after the last one")]
    Unordered {
        /// Serial of the later keyring.
        serial: u64,
    },
}

impl Keyring {
    /// The keyring of a new log.
    ///
    /// # Errors
    /// [`KeyringError::KeyReused`] if both keys are the same.
    pub fn first(origin: Origin, log: PublicKey, disclosure: PublicKey) -> Result<Self, KeyringError> {
        let start = LeafIndex::new(0);
        let ring = Self {
            serial: 1,
            log: vec![Tenure::open(start, Vkey::new(&origin, log))],
            disclosure: vec![Tenure::open(start, disclosure)],
            origins: vec![Tenure::open(start, origin.clone())],
            origin,
        };
        ring.check()
    }

    /// The next keyring: what changes, from the entry at `from` on, which will hold its digest.
    ///
    /// # Errors
    /// [`KeyringError`] if the result is no keyring, or does not follow this one.
    pub fn next(&self, from: LeafIndex, change: KeyChange) -> Result<Self, KeyringError> {
        let mut ring = self.clone();
        ring.serial = ring.serial.saturating_add(1);
        let KeyChange { log, disclosure, origin } = change;
        ring.origin = origin.clone().unwrap_or(ring.origin);
        let log = log.map(|key| Vkey::new(&ring.origin, key));
        succeed(&mut ring.log, from, log);
        succeed(&mut ring.disclosure, from, disclosure);
        succeed(&mut ring.origins, from, origin);
        let ring = ring.check()?;
        ring.changed_at(self)?;
        Ok(ring)
    }

    /// Parses the text of a keyring note.
    ///
    /// # Errors
    /// [`KeyringError`], by what is wrong.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut lines = text.strip_suffix('\n').ok_or(KeyringError::Header)?.split('\n').zip(1..);
        let mut header = || lines.next().map(|(line, _)| line).ok_or(KeyringError::Header);
        let (format, origin, serial) = (header()?, header()?, header()?);
        let serial = parse_decimal(serial).map_err(|_| KeyringError::Header)?;
        if format != HEADER || serial == 0 {
            return Err(KeyringError::Header);
        }
        let origin = Origin::new(origin).map_err(|source| KeyringError::LineOrigin { line: 2, source })?;
        let mut ring = Self { origin, serial, log: Vec::new(), disclosure: Vec::new(), origins: Vec::new() };
        for (text, line) in lines {
            ring.push_line(text, line)?;
        }
        let ring = ring.check()?;
        // The lines were sorted into their purposes; printed again they must come out alike.
        if ring.text() == text { Ok(ring) } else { Err(KeyringError::Order) }
    }

    fn push_line(&mut self, text: &str, line: usize) -> Result<(), KeyringError> {
        let malformed = KeyringError::Line { line };
        let mut parts = text.splitn(4, ' ');
        let (Some(purpose), Some(from), Some(to), Some(key)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed);
        };
        let Ok(from) = from.parse() else { return Err(malformed) };
        let to = match to {
            "-" => None,
            to => Some(LeafIndex::from_str(to).map_err(|_| malformed.clone())?),
        };
        let bad_key = |source| KeyringError::LineKey { line, source };
        match purpose {
            "log" => self.log.push(Tenure { from, to, key: key.parse().map_err(bad_key)? }),
            "disclosure" => {
                self.disclosure.push(Tenure { from, to, key: PublicKey::from_base64(key).map_err(bad_key)? });
            }
            "origin" => {
                let key = Origin::new(key).map_err(|source| KeyringError::LineOrigin { line, source })?;
                self.origins.push(Tenure { from, to, key });
            }
            _ => return Err(malformed),
        }
        Ok(())
    }

    /// Checks everything that one keyring alone must obey.
    fn check(self) -> Result<Self, KeyringError> {
        check_ranges(Purpose::Log, &self.log)?;
        check_ranges(Purpose::Disclosure, &self.disclosure)?;
        check_ranges(Purpose::Origin, &self.origins)?;
        let keys = self.log.iter().map(|line| line.key.public_key());
        let mut seen = HashSet::new();
        if !keys.chain(self.disclosure.iter().map(|line| &line.key)).all(|key| seen.insert(key.as_bytes())) {
            return Err(KeyringError::KeyReused);
        }
        for line in &self.log {
            let named = self.origins.iter().any(|origin| {
                let ends_within = origin.to.is_none_or(|end| line.to.is_some_and(|to| to <= end));
                origin.covers(line.from) && ends_within && origin.key.as_str() == line.key.name()
            });
            if !named {
                return Err(KeyringError::NameIsNotOrigin { from: line.from });
            }
        }
        match self.origins.last() {
            Some(last) if last.key == self.origin => Ok(self),
            Some(last) => Err(KeyringError::Origin { expected: last.key.clone(), found: self.origin }),
            None => Err(KeyringError::LastNotOpen { purpose: Purpose::Origin }),
        }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n{}\n{}\n", self.origin, self.serial);
        text.extend(self.log.iter().map(|line| line.line(Purpose::Log, &line.key)));
        text.extend(self.disclosure.iter().map(|line| line.line(Purpose::Disclosure, &line.key.to_base64())));
        text.extend(self.origins.iter().map(|line| line.line(Purpose::Origin, &line.key)));
        text
    }

    /// Checks that this keyring repeats every line of `previous` and records one change;
    /// returns the entry from which the change holds, which holds this keyring's digest.
    ///
    /// A line added further back would change who signed what long ago.
    ///
    /// # Errors
    /// [`KeyringError::Serial`], [`KeyringError::Rewritten`], [`KeyringError::Unordered`].
    pub fn changed_at(&self, previous: &Self) -> Result<LeafIndex, KeyringError> {
        let serial = self.serial;
        let expected = previous.serial.saturating_add(1);
        if serial != expected {
            return Err(KeyringError::Serial { expected, found: serial });
        }
        let rewritten = |purpose| move |()| KeyringError::Rewritten { serial, purpose };
        let log = added(&previous.log, &self.log).map_err(rewritten(Purpose::Log))?;
        let disclosure =
            added(&previous.disclosure, &self.disclosure).map_err(rewritten(Purpose::Disclosure))?;
        let origin = added(&previous.origins, &self.origins).map_err(rewritten(Purpose::Origin))?;
        let mut places = [log.map(Tenure::from), disclosure.map(Tenure::from), origin.map(Tenure::from)]
            .into_iter()
            .flatten();
        let unordered = KeyringError::Unordered { serial };
        let Some(place) = places.next() else { return Err(unordered) };
        if places.any(|other| other != place) || place <= previous.last_change() {
            return Err(unordered);
        }
        Ok(place)
    }

    /// The entry that holds this keyring's digest: the newest `from` on its lines.
    #[must_use]
    pub fn last_change(&self) -> LeafIndex {
        let log = self.log.iter().map(Tenure::from);
        let disclosure = self.disclosure.iter().map(Tenure::from);
        log.chain(disclosure).max().unwrap_or(LeafIndex::new(0))
    }

    /// The origin in force.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its serial, from 1.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// The log keys, oldest first, the last one in force.
    #[must_use]
    pub fn log_keys(&self) -> &[Tenure<Vkey>] {
        &self.log
    }

    /// The disclosure keys, oldest first, the last one in force.
    #[must_use]
    pub fn disclosure_keys(&self) -> &[Tenure<PublicKey>] {
        &self.disclosure
    }

    /// The origins, oldest first, the last one in force.
    #[must_use]
    pub fn origins(&self) -> &[Tenure<Origin>] {
        &self.origins
    }

    /// Every log key ever used, to open notes of any age with; then ask [`Self::standing`].
    #[must_use]
    pub fn vkeys(&self) -> Vec<Vkey> {
        self.log.iter().map(|line| line.key.clone()).collect()
    }

    /// The origin in force at an entry: part of its payload's context.
    #[must_use]
    pub fn origin_at(&self, index: LeafIndex) -> Option<&Origin> {
        self.origins.iter().find(|line| line.covers(index)).map(Tenure::key)
    }

    /// The disclosure key in force at an entry.
    #[must_use]
    pub fn disclosure_key_at(&self, index: LeafIndex) -> Option<&PublicKey> {
        self.disclosure.iter().find(|line| line.covers(index)).map(Tenure::key)
    }

    /// Who signs a checkpoint of `size`; none for size 0, which nobody signs.
    #[must_use]
    pub fn log_key_for_size(&self, size: TreeSize) -> Option<CheckpointKeys<'_>> {
        let last = size.last_index()?;
        let at = self.log.iter().position(|line| line.covers(last))?;
        let in_force = self.log.get(at)?;
        let before = at.checked_sub(1).and_then(|at| self.log.get(at));
        Some(CheckpointKeys { in_force, outgoing: before.filter(|_| in_force.from == last) })
    }

    /// Checks that a checkpoint was signed by whoever had to at its size, under the origin
    /// in force there; says whether that key is still in force.
    ///
    /// # Errors
    /// [`KeyringError::CheckpointSigner`], [`KeyringError::Origin`].
    pub fn standing(&self, checkpoint: &SignedCheckpoint) -> Result<Standing, KeyringError> {
        let size = checkpoint.size();
        let missing = |vkey: &Vkey| KeyringError::CheckpointSigner { size, name: vkey.name().to_owned() };
        let Some(keys) = self.log_key_for_size(size) else {
            return Err(missing(self.log_in_force()?));
        };
        for tenure in [Some(keys.in_force), keys.outgoing].into_iter().flatten() {
            if !checkpoint.signers().contains(&tenure.key) {
                return Err(missing(&tenure.key));
            }
        }
        match size.last_index().and_then(|last| self.origin_at(last)) {
            Some(expected) if expected != checkpoint.origin() => {
                Err(KeyringError::Origin { expected: expected.clone(), found: checkpoint.origin().clone() })
            }
            _ => Ok(keys.in_force.standing()),
        }
    }

    /// The log key in force.
    fn log_in_force(&self) -> Result<&Vkey, KeyringError> {
        self.log.last().map(Tenure::key).ok_or(KeyringError::LastNotOpen { purpose: Purpose::Log })
    }
}

#[cfg(test)]
mod tests;
