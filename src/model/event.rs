//! The event: what a payload holds, and what a client's id stands for.
//!
//! ```text
//! {"v":1,"rules":1,"id":"…","type":"request.received","request":"…"|null,"actor":"…",
//!  "policy":"sha256:…","data":{…},"envelopes":["<base64>"]}
//! ```
//!
//! **In scope**: the envelope of every event. **Out of scope**: what `data` holds for each
//! type ([`crate::practice`]).
//!
//! `data` keeps the submitted bytes: what was hashed or signed is never serialised again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::approval::policy_digest;
use super::digest::Digest;
use super::id::{EventId, RequestId};
use super::json::{self, JsonError};

/// Most signed things one event carries.
pub const ENVELOPES_MAX: usize = 16;
/// Longest type, in bytes.
pub const TYPE_BYTES_MAX: usize = 64;

/// One event, as it is sealed.
#[derive(Clone)]
pub struct Event {
    /// The rule set it is judged under.
    pub rules: u32,
    /// The client's id: the idempotency key, unique in the log.
    pub id: EventId,
    /// Its type, e.g. `request.received`.
    pub type_: String,
    /// The request it is about, if it is about one.
    pub request: Option<RequestId>,
    /// Who acts: the id of a person, a system or the daemon.
    pub actor: String,
    /// The policy in force.
    pub policy: Digest,
    /// What it carries, in the submitted bytes.
    pub data: Box<RawValue>,
    /// Each signed thing, as received.
    pub envelopes: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Event {
    /// Ids only: what an event carries must not reach a log through `Debug`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({} {} {:?})", self.id, self.type_, self.request)
    }
}

/// Why bytes are not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not the JSON it should be.
    #[error("event: {0}")]
    Json(#[from] JsonError),
    /// Another version than 1.
    #[error("event: v is {0}, this version reads 1")]
    Version(u8),
    /// A member beyond its bound or in another spelling.
    #[error("event: {member}: {rule}")]
    Member {
        /// The member.
        member: &'static str,
        /// What must hold.
        rule: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: u8,
    rules: u32,
    id: EventId,
    #[serde(rename = "type")]
    type_: String,
    #[serde(deserialize_with = "json::nullable")]
    request: Option<RequestId>,
    actor: String,
    policy: String,
    #[serde(borrow)]
    data: &'a RawValue,
    envelopes: Vec<String>,
}

impl Event {
    /// Parses a payload's plaintext.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        json::check(bytes)?;
        let wire: Wire<'_> = match serde_json::from_slice(bytes) {
            Ok(wire) => wire,
            // The typed reader of owned members words the fault with its place.
            Err(_) => return Err(shape(bytes)),
        };
        if wire.v != 1 {
            return Err(EventError::Version(wire.v));
        }
        let policy = policy_digest::parse(&wire.policy).ok_or(EventError::Member {
            member: "policy",
            rule: "is sha256: and 64 lower-case hex digits",
        })?;
        let envelopes = wire.envelopes.iter().map(|text| STANDARD.decode(text)).collect::<Result<_, _>>();
        let event = Self {
            rules: wire.rules,
            id: wire.id,
            type_: wire.type_,
            request: wire.request,
            actor: wire.actor,
            policy,
            data: wire.data.to_owned(),
            envelopes: envelopes.map_err(|_| EventError::Member {
                member: "envelopes",
                rule: "are padded standard base64",
            })?,
        };
        event.check()?;
        Ok(event)
    }

    /// Prints the event as it is sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            v: 1,
            rules: self.rules,
            id: self.id.clone(),
            type_: self.type_.clone(),
            request: self.request.clone(),
            actor: self.actor.clone(),
            policy: policy_digest::print(&self.policy),
            data: &self.data,
            envelopes: self.envelopes.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
        };
        serde_json::to_vec(&wire).expect("strings, numbers and raw JSON always print")
    }

    /// What the client's id stands for: the members type, request, data and envelopes,
    /// printed compactly in that order as they stand in the sealed event. The same id with
    /// other members is a conflict, not a repeat.
    #[must_use]
    pub fn submitted_members(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Submitted<'a> {
            #[serde(rename = "type")]
            type_: &'a str,
            request: &'a Option<RequestId>,
            data: &'a RawValue,
            envelopes: Vec<String>,
        }
        let submitted = Submitted {
            type_: &self.type_,
            request: &self.request,
            data: &self.data,
            envelopes: self.envelopes.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
        };
        serde_json::to_vec(&submitted).expect("strings and raw JSON always print")
    }

    fn check(&self) -> Result<(), EventError> {
        let is_id = EventId::new(&self.actor).is_ok();
        let is_type = !self.type_.is_empty() && self.type_.len() <= TYPE_BYTES_MAX;
        let rules = [
            (!is_id, "actor", "is an id: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit"),
            (!is_type, "type", "is one of the vocabulary, docs/events.md"),
            (!self.data.get().starts_with('{'), "data", "is an object"),
            (self.envelopes.len() > ENVELOPES_MAX, "envelopes", "are at most 16"),
        ];
        match rules.into_iter().find(|(is_broken, ..)| *is_broken) {
            Some((_, member, rule)) => Err(EventError::Member { member, rule }),
            None => Ok(()),
        }
    }
}

/// Reads the event again, member by member owned, for an error that names its place.
fn shape(bytes: &[u8]) -> EventError {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Owned {
        v: u8,
        rules: u32,
        id: EventId,
        #[serde(rename = "type")]
        type_: String,
        #[serde(deserialize_with = "json::nullable")]
        request: Option<RequestId>,
        actor: String,
        policy: String,
        data: Box<RawValue>,
        envelopes: Vec<String>,
    }
    match json::parse::<Owned>(bytes) {
        Err(error) => EventError::Json(error),
        Ok(_) => EventError::Member { member: "data", rule: "is an object" },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(data: &str, envelopes: Vec<Vec<u8>>) -> Event {
        Event {
            rules: 1,
            id: EventId::new("ev-1").expect("an id"),
            type_: "request.received".into(),
            request: RequestId::new("REQ-1").ok(),
            actor: "intake".into(),
            policy: Digest::of(b"policy"),
            data: RawValue::from_string(data.into()).expect("JSON"),
            envelopes,
        }
    }

    #[test]
    fn data_keeps_its_bytes() {
        let data = "{ \"b\" : 1,\n\"a\":\"\\u0041\" }";
        let bytes = event(data, vec![]).to_bytes();
        let parsed = Event::parse(&bytes).expect("parses");
        assert_eq!(parsed.data.get(), data);
        assert_eq!(parsed.to_bytes(), bytes);
        let members = String::from_utf8(parsed.submitted_members()).expect("text");
        let expected =
            format!(r#"{{"type":"request.received","request":"REQ-1","data":{data},"envelopes":[]}}"#);
        assert_eq!(members, expected);
    }

    #[test]
    fn each_fault_names_its_member() {
        let good = String::from_utf8(event("{}", vec![]).to_bytes()).expect("text");
        let check = |from: &str, to: &str, says: &str| {
            let text = good.replace(from, to);
            assert_ne!(text, good);
            let error = Event::parse(text.as_bytes()).expect_err(says).to_string();
            assert!(error.contains(says), "{error} should say {says}");
        };
        check("\"v\":1", "\"v\":2", "this version reads 1");
        check("\"intake\"", "\"A B\"", "actor");
        check("\"data\":{}", "\"data\":[]", "data");
        check("sha256:", "sha-256:", "policy");
        check("\"envelopes\":[]", "\"envelopes\":[\"a\"]", "envelopes");
        check("\"envelopes\":[]", "\"envelopes\":[],\"more\":1", "unknown field `more`");
        check("\"rules\":1", "\"rules\":\"1\"", "/rules");
        check("\"request\":\"REQ-1\",", "", "missing field `request`");
        check("\"data\":{}", "\"data\":{\"a\":1,\"a\":2}", "/data/a stands twice");
    }

    #[test]
    fn debug_shows_ids_only() {
        let shown = format!("{:?}", event("{\"name\":\"canary\"}", vec![b"canary".to_vec()]));
        assert_eq!(shown, "Event(ev-1 request.received Some(RequestId(REQ-1)))");
    }

    proptest! {
        #[test]
        fn parses_what_it_prints(text: String, envelopes in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
            let data = serde_json::json!({"text": text}).to_string();
            let bytes = event(&data, envelopes).to_bytes();
            prop_assert_eq!(Event::parse(&bytes).expect("printed").to_bytes(), bytes);
        }
    }
}
