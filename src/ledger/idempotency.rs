//! What is taken once: events' ids, and the names that the practice claims.
//!
//! Rows hold HMACs under a key that never leaves this home, so that a copy of the database
//! cannot be asked "is there a request of this name?".
//!
//! ```text
//! HMAC(key, id)                         → u64 BE index ‖ HMAC(key, the event's body)
//! HMAC(key, the claim, e.g. request/R-1) → u64 BE index
//! ```
//! Every claim has a slash in it and no id has one, so the two kinds of row never meet.

use ring::hmac::{self, HMAC_SHA256, Key};
use zeroize::Zeroizing;

use super::rows;
use crate::model::event::Event;
use crate::model::id::EventId;
use crate::practice::Claim;
use crate::tlog::LeafIndex;

/// Bytes of an HMAC-SHA-256.
const TAG_BYTES: usize = 32;

/// The home-local key of the index.
pub(crate) struct IndexKey {
    key: Key,
    bytes: Zeroizing<[u8; 32]>,
}

/// What was recorded under an event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) index: u64,
    pub(crate) body: [u8; TAG_BYTES],
}

impl IndexKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self { key: Key::new(HMAC_SHA256, &bytes), bytes: Zeroizing::new(bytes) }
    }

    /// The key itself, to be sealed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.bytes
    }

    /// The row of an event's id.
    pub(crate) fn id_row(&self, id: &EventId) -> [u8; TAG_BYTES] {
        self.tag(id.as_str().as_bytes())
    }

    /// The row of a claimed name.
    pub(crate) fn claim_row(&self, claim: &Claim) -> [u8; TAG_BYTES] {
        self.tag(&claim.to_key())
    }

    /// What to record about an event at `index`.
    pub(crate) fn record(&self, event: &Event, index: LeafIndex) -> Recorded {
        Recorded { index: index.get(), body: self.tag(&event.submitted_members()) }
    }

    /// Whether `event` is the one that was recorded. In constant time.
    pub(crate) fn is_same(&self, recorded: &Recorded, event: &Event) -> bool {
        hmac::verify(&self.key, &event.submitted_members(), &recorded.body).is_ok()
    }

    fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES] {
        let tag = hmac::sign(&self.key, message);
        tag.as_ref().first_chunk().copied().expect("HMAC-SHA-256 gives 32 bytes")
    }
}

impl Recorded {
    pub(crate) fn to_row(self) -> Vec<u8> {
        [rows::index_key(self.index).as_slice(), &self.body].concat()
    }

    /// `None` if the row is not one this ledger wrote.
    pub(crate) fn parse(row: &[u8]) -> Option<Self> {
        let (index, body) = row.split_first_chunk::<8>()?;
        Some(Self { index: u64::from_be_bytes(*index), body: body.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::RequestId;

    #[test]
    fn an_event_is_the_same_only_byte_for_byte() {
        let key = IndexKey::new([7; 32]);
        let text = r#"{"v":1,"rules":1,"id":"E-1","type":"request.received","request":"R-1","actor":"intake","policy":"sha256:0000000000000000000000000000000000000000000000000000000000000000","data":{"a":1},"envelopes":["e30="]}"#;
        let event = |text: &str| Event::parse(text.as_bytes()).expect("an event");
        let recorded = key.record(&event(text), LeafIndex::new(7));
        assert_eq!(Recorded::parse(&recorded.to_row()), Some(recorded));
        assert_eq!(Recorded::parse(&recorded.to_row()[1..]), None);
        for (from, to, is_same) in [
            ("\"a\":1", "\"a\":1", true),
            ("sha256:0", "sha256:1", true),
            ("intake", "other", true),
            ("\"a\":1", "\"a\": 1", false),
            ("\"R-1\"", "null", false),
            ("request.received", "request.withdrawn", false),
            ("e30=", "e30K", false),
            ("[\"e30=\"]", "[]", false),
        ] {
            let again = event(&text.replace(from, to));
            assert_eq!(key.is_same(&recorded, &again), is_same, "{from} → {to}");
        }
    }

    #[test]
    fn rows_tell_nothing_and_never_meet() {
        let key = IndexKey::new([7; 32]);
        let id = EventId::new("R-1").expect("an id");
        let claim = Claim::Request(RequestId::new("R-1").expect("an id"));
        assert_ne!(key.id_row(&id), key.claim_row(&claim));
        assert_ne!(key.id_row(&id), IndexKey::new([8; 32]).id_row(&id));
    }
}
