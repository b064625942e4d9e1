//! Openings: showing one entry to somebody, and nothing else.
//!
//! ```text
//! {"v":1,"origin":"…","index":41,"sealed":"<base64>","ek":"<base64>"}
//! ```
//!
//! **In scope**: the format; [`verify_receipt`], the one way to check a receipt of this log;
//! [`check`], which proves the plaintext of one entry; [`Logged`], the evidence that an
//! event was recorded as it was submitted. **Out of scope**: which keys are trusted.
//!
//! A receipt alone proves that *something* was recorded. Only receipt and opening together
//! prove what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::digest::Digest;
use super::entry::{Entry, EntryError};
use super::event::{Event, EventError};
use super::id::EventId;
use super::json::{self, JsonError};
use super::payload::{EntryKey, KEY_BYTES, PayloadFault, SEALED_BYTES_MAX, SealedPayload};
use crate::tlog::receipt::ReceiptError;
use crate::tlog::{LeafIndex, Origin, Receipt, VerifiedReceipt, Vkey};

/// Media type of an opening.
pub const OPENING_TYPE: &str = "application/vnd.probity.opening.v1+json";
/// Longest opening in bytes: the largest payload in base64, and its members.
pub const OPENING_BYTES_MAX: usize = SEALED_BYTES_MAX / 3 * 4 + 1024;

/// What shows one entry. Who has it can read that entry: it is given to the parties of that
/// entry only.
#[derive(Clone)]
pub struct Opening {
    origin: Origin,
    index: LeafIndex,
    sealed: SealedPayload,
    key: EntryKey,
}

/// An entry whose place and plaintext are both proved.
#[derive(Clone)]
pub struct OpenedEntry {
    receipt: VerifiedReceipt,
    entry: Entry,
    event: Event,
    event_bytes: Vec<u8>,
}

impl std::fmt::Debug for OpenedEntry {
    /// The event's bytes are left out: they may hold personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedEntry({} {:?})", self.entry.index.get(), self.event)
    }
}

/// Evidence that `T` was recorded: its receipt *and* its opening were checked against what
/// was submitted. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct Logged<T> {
    value: T,
    opened: OpenedEntry,
}

/// Why an opening proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// Longer than [`OPENING_BYTES_MAX`].
    #[error("opening: longer than {OPENING_BYTES_MAX} bytes")]
    TooLong,
    /// Not the JSON it should be.
    #[error("opening: {0}")]
    Json(#[from] JsonError),
    /// Another version than 1.
    #[error("opening: v is {0}, this version reads 1")]
    Version(u8),
    /// A member that is not what it should be.
    #[error("opening: {member} is not padded standard base64 of the right length")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// The receipt's bytes or proof are not good.
    #[error("{0}")]
    Receipt(#[from] ReceiptError),
    /// The receipt's entry is not one.
    #[error("{0}")]
    Entry(#[from] EntryError),
    /// The opening is for another log.
    #[error("opening: it is for another log than the receipt")]
    Origin,
    /// The opening is for another entry.
    #[error("opening: it is for entry {found}, the receipt for entry {expected}")]
    Index {
        /// The receipt's.
        expected: u64,
        /// The opening's.
        found: u64,
    },
    /// The payload is not the entry's, or does not open.
    #[error("{0}")]
    Payload(#[from] PayloadFault),
    /// What it shows is no event.
    #[error("{0}")]
    Event(#[from] EventError),
    /// It shows another event than the one that was submitted.
    #[error("the entry holds another event than the one submitted")]
    OtherEvent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    origin: Origin,
    index: LeafIndex,
    sealed: String,
    ek: String,
}

impl Opening {
    /// The opening of the entry at `index`, whose sealed payload and key these are.
    #[must_use]
    pub fn new(origin: &Origin, index: LeafIndex, sealed: &[u8], key: &EntryKey) -> Self {
        let sealed = SealedPayload::from_bytes(sealed.to_vec());
        Self { origin: origin.clone(), index, sealed, key: key.clone() }
    }

    /// Prints the opening.
    #[must_use]
    pub fn to_json(&self) -> String {
        let wire = Wire {
            v: 1,
            origin: self.origin.clone(),
            index: self.index,
            sealed: STANDARD.encode(self.sealed.as_bytes()),
            ek: STANDARD.encode(self.key.as_bytes()),
        };
        serde_json::to_string(&wire).expect("strings and numbers always print")
    }

    /// Parses an opening; nothing is proved yet.
    ///
    /// # Errors
    /// [`OpeningError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningError> {
        if bytes.len() > OPENING_BYTES_MAX {
            return Err(OpeningError::TooLong);
        }
        let wire: Wire = json::parse(bytes)?;
        if wire.v != 1 {
            return Err(OpeningError::Version(wire.v));
        }
        let sealed = STANDARD.decode(&wire.sealed).map_err(|_| OpeningError::Member { member: "sealed" })?;
        let member = || OpeningError::Member { member: "ek" };
        let key = Zeroizing::new(STANDARD.decode(&wire.ek).map_err(|_| member())?);
        let key: [u8; KEY_BYTES] = key.as_slice().try_into().map_err(|_| member())?;
        Ok(Self {
            origin: wire.origin,
            index: wire.index,
            sealed: SealedPayload::from_bytes(sealed),
            key: EntryKey::from_bytes(key),
        })
    }

    /// The entry it is for, as it says.
    #[must_use]
    pub const fn index(&self) -> LeafIndex {
        self.index
    }
}

/// Checks a receipt of ours: signature, path, and that the entry names its own place.
///
/// # Errors
/// [`OpeningError::Receipt`].
pub fn verify_receipt(bytes: &[u8], keys: &[Vkey]) -> Result<VerifiedReceipt, OpeningError> {
    Ok(Receipt::parse(bytes)?.verify(keys, Entry::index_of)?)
}

/// Proves the plaintext of the receipt's entry. Index and origin come from the receipt; the
/// opening's must equal them.
///
/// # Errors
/// [`OpeningError`].
pub fn check(receipt: &VerifiedReceipt, opening: &Opening) -> Result<OpenedEntry, OpeningError> {
    let origin = receipt.checkpoint().origin();
    let index = receipt.index();
    if opening.origin != *origin {
        return Err(OpeningError::Origin);
    }
    if opening.index != index {
        return Err(OpeningError::Index { expected: index.get(), found: opening.index.get() });
    }
    let entry = Entry::parse(receipt.entry())?;
    // [`verify_receipt`] has compared them, but a receipt may have been verified another way.
    if entry.index != index {
        return Err(OpeningError::Index { expected: index.get(), found: entry.index.get() });
    }
    let found: Digest = opening.sealed.digest();
    if found != entry.payload {
        return Err(PayloadFault::Hash { expected: entry.payload, found }.into());
    }
    let event_bytes = opening.sealed.open_with_entry_key(&opening.key, origin, index)?;
    let event = Event::parse(&event_bytes)?;
    Ok(OpenedEntry { receipt: receipt.clone(), entry, event, event_bytes })
}

impl OpenedEntry {
    /// The receipt that proves its place.
    #[must_use]
    pub const fn receipt(&self) -> &VerifiedReceipt {
        &self.receipt
    }

    /// The entry.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The event it holds.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// The event's exact bytes.
    #[must_use]
    pub fn event_bytes(&self) -> &[u8] {
        &self.event_bytes
    }
}

impl<T> Logged<T> {
    /// Accepts an acknowledgement for `value`, which was submitted as the event of this id with
    /// these members ([`Event::submitted_members`]). The id is unique in the log, so that an
    /// older entry of equal members does not acknowledge a newer one.
    ///
    /// # Errors
    /// [`OpeningError`]: a receipt for something else is no acknowledgement.
    pub fn check(
        value: T,
        id: &EventId,
        submitted_members: &[u8],
        receipt: &[u8],
        opening: &[u8],
        keys: &[Vkey],
    ) -> Result<Self, OpeningError> {
        let receipt = verify_receipt(receipt, keys)?;
        let opened = check(&receipt, &Opening::parse(opening)?)?;
        if opened.event.id != *id || opened.event.submitted_members() != submitted_members {
            return Err(OpeningError::OtherEvent);
        }
        Ok(Self { value, opened })
    }

    /// What was recorded.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was recorded, given up.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The entry that records it.
    #[must_use]
    pub const fn opened(&self) -> &OpenedEntry {
        &self.opened
    }
}

#[cfg(test)]
mod tests {
    //! Goal: nothing is believed that receipt and opening do not both prove. Method: the
    //! shared vectors; an acknowledgement offered for another event.

    use serde_json::Value;

    use super::*;

    fn file(name: &str) -> Vec<u8> {
        let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).expect("the vectors are there")
    }

    fn vectors() -> Value {
        serde_json::from_slice(&file("opening.json")).expect("JSON")
    }

    fn text<'a>(case: &'a Value, member: &str) -> &'a str {
        case[member].as_str().unwrap_or_else(|| panic!("{member} is text"))
    }

    fn opened(case: &Value) -> Result<OpenedEntry, OpeningError> {
        let keys = [text(case, "vkey").parse::<Vkey>().expect("a vkey")];
        let receipt = verify_receipt(&file(text(case, "receipt")), &keys)?;
        let opening = STANDARD.decode(text(case, "opening_base64")).expect("base64");
        check(&receipt, &Opening::parse(&opening)?)
    }

    #[test]
    fn good_vectors_show_their_event() {
        for case in vectors()["good"].as_array().expect("a list") {
            let event = STANDARD.decode(text(case, "event_base64")).expect("base64");
            let opened = opened(case).expect("a good vector");
            assert_eq!(opened.event_bytes(), event);
            let opening = STANDARD.decode(text(case, "opening_base64")).expect("base64");
            assert_eq!(Opening::parse(&opening).expect("parses").to_json().as_bytes(), opening);
        }
    }

    #[test]
    fn bad_vectors_are_refused() {
        let vectors = vectors();
        let cases = vectors["refused"].as_array().expect("a list");
        assert!(cases.len() >= 9);
        for case in cases {
            assert!(opened(case).is_err(), "{}", case["name"]);
        }
    }

    #[test]
    fn an_acknowledgement_for_something_else_is_none() {
        let vectors = vectors();
        let case = &vectors["good"][0];
        let keys = [text(case, "vkey").parse::<Vkey>().expect("a vkey")];
        let (receipt, opening) =
            (file(text(case, "receipt")), STANDARD.decode(text(case, "opening_base64")).expect("base64"));
        let opened = opened(case).expect("good");
        let (id, members) = (&opened.event().id, opened.event().submitted_members());
        assert!(Logged::check((), id, &members, &receipt, &opening, &keys).is_ok());
        let other_id = EventId::new("another").expect("an id");
        let other_members = [members.as_slice(), b" "].concat();
        for (id, members) in [(&other_id, &members), (id, &other_members)] {
            let refused = Logged::check((), id, members, &receipt, &opening, &keys);
            assert!(matches!(refused, Err(OpeningError::OtherEvent)));
        }
    }
}
