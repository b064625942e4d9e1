//! An event as somebody posts it: not yet numbered, stamped, linked or sealed.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::approval::policy_digest;
use crate::model::digest::Digest;
use crate::model::id::{EventId, RequestId};
use crate::model::json::{self, JsonError};
use crate::practice::DAEMON;
use crate::practice::vocabulary::{EventType, Maker, PeerRole};

/// Who hands a draft in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poster {
    /// Somebody on the socket, with the roles of its uid: never what only the daemon can know.
    Peer(BTreeSet<PeerRole>),
    /// This daemon, about its own doing.
    Daemon,
    /// `init`, about the log's beginning. No handle of the ledger takes it.
    Founding,
}

/// An event on its way to the sequencer.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who hands it in.
    pub poster: Poster,
    /// The client's id: the idempotency key.
    pub id: EventId,
    /// The event's type.
    pub type_: EventType,
    /// The request it is about, if it is about one.
    pub request: Option<RequestId>,
    /// Who acts: a person's or a system's id.
    pub actor: String,
    /// The rule set its maker had in mind; the one in force if it does not say.
    pub rules: Option<u32>,
    /// The policy its maker had in mind; the one in force if it does not say.
    pub policy: Option<Digest>,
    /// What it carries, in the submitted bytes.
    pub data: Box<RawValue>,
    /// Each signed thing, as received.
    pub envelopes: Vec<Vec<u8>>,
}

/// Why bytes are not a draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Not the JSON profile, or not the members of an event.
    #[error("not an event")]
    Json(#[from] JsonError),
    /// `v` is not 1.
    #[error("events have v 1, not {found}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// `type` is not in the vocabulary.
    #[error("no event has this type; the list is in docs/events.md")]
    Type,
    /// `actor` is not an id: sealed, it would be an event that nobody can read again.
    #[error("actor is an id: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit")]
    Actor,
    /// `policy` is not `sha256:` and 64 lower-case hex digits.
    #[error("policy is sha256: and 64 lower-case hex digits")]
    Policy,
    /// An envelope is not padded, canonical base64.
    #[error("envelope {place} is not base64")]
    Envelope {
        /// Which one, from 0.
        place: usize,
    },
}

/// The members of a posted event: those of docs/FORMATS.md §1, without what the daemon knows
/// better where the client has nothing to say about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    v: u32,
    id: EventId,
    #[serde(rename = "type")]
    type_: String,
    #[serde(default)]
    request: Option<RequestId>,
    actor: String,
    #[serde(default)]
    rules: Option<u32>,
    #[serde(default)]
    policy: Option<String>,
    data: Box<RawValue>,
    #[serde(default)]
    envelopes: Vec<String>,
}

impl Draft {
    /// Reads a posted event: the members of an event, where `rules`, `policy`, `request` and
    /// `envelopes` may be left out.
    ///
    /// # Errors
    /// [`DraftError`], by what is wrong. Whether it is admitted is for the sequencer.
    pub fn parse(bytes: &[u8], poster: Poster) -> Result<Self, DraftError> {
        let wire: Posted = json::parse(bytes)?;
        if wire.v != 1 {
            return Err(DraftError::Version { found: wire.v });
        }
        let type_ = wire.type_.parse().map_err(|_| DraftError::Type)?;
        if EventId::new(&wire.actor).is_err() {
            return Err(DraftError::Actor);
        }
        let policy = match &wire.policy {
            Some(text) => Some(policy_digest::parse(text).ok_or(DraftError::Policy)?),
            None => None,
        };
        let decoded = wire.envelopes.iter().enumerate();
        let envelopes = decoded
            .map(|(place, text)| STANDARD.decode(text).map_err(|_| DraftError::Envelope { place }))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            poster,
            id: wire.id,
            type_,
            request: wire.request,
            actor: wire.actor,
            rules: wire.rules,
            policy,
            data: wire.data,
            envelopes,
        })
    }

    /// Whether this poster may post this type at all.
    pub(crate) fn is_allowed(&self) -> bool {
        match &self.poster {
            // The daemon's name is the daemon's alone, whatever a type's rules say of actors.
            Poster::Peer(roles) => {
                self.actor != DAEMON && self.type_.posted_by().iter().any(|role| roles.contains(role))
            }
            Poster::Daemon => self.type_.maker() == Maker::Daemon,
            Poster::Founding => true,
        }
    }

    /// Its size in the queue, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let texts = self.data.get().len() + self.actor.len();
        let envelopes: usize = self.envelopes.iter().map(Vec::len).sum();
        // Ids, type and the envelope's members around them are shorter than this together.
        texts + envelopes + 512
    }
}
