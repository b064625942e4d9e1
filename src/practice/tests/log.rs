//! A log in memory, with its people and their keys.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use crate::model::approval::{Act, Approval, Decision, Kind, Nonce};
use crate::model::digest::Digest;
use crate::model::dsse;
use crate::model::event::Event;
use crate::model::id::{EventId, RequestId};
use crate::model::time::Timestamp;
use crate::practice::acknowledgement::ACK_NAMESPACE;
use crate::practice::vocabulary::{Activated, Crypto, LeafRef};
use crate::practice::{
    Case, Claim, DAEMON, Head, Refusal, RuleSet, Stamp, State, Verdict, World, apply, approvable,
    approvable_act,
};
use crate::tlog::{Hash, LeafIndex, leaf_hash};

pub(super) const POLICY: &str = include_str!("../../../config/policy.toml");
pub(super) const ORIGIN: &str = "probity.example/log";
pub(super) const REQUEST: &str = "REQ-1";
const START_MS: i64 = 1_795_000_000_000;
pub(super) const MINUTE_MS: i64 = 60_000;

/// Who is registered: id, roles, jurisdictions, number of keys.
pub(super) const PEOPLE: [(&str, &str, &str, u8); 9] = [
    ("p-rev", "\"reviewer\"", "*", 2),
    ("p-sen", "\"senior_reviewer\", \"counsel\", \"collector\"", "*", 1),
    ("p-in", "\"intake\", \"reviewer\"", "*", 1),
    ("p-col", "\"collector\", \"reviewer\"", "*", 1),
    ("p-de", "\"reviewer\"", "DE", 1),
    ("p-chief", "\"senior_reviewer\"", "*", 1),
    ("p-op", "\"operator\", \"collector\"", "*", 0),
    ("p-priv", "\"privacy_officer\"", "*", 1),
    ("p-cou", "\"counsel\"", "*", 1),
];

pub(super) fn key(person: &str, nth: u8) -> SigningKey {
    SigningKey::from_bytes(Digest::of(format!("{person}/{nth}").as_bytes()).as_bytes())
}

pub(super) fn roles() -> String {
    let person = |(id, roles, jurisdiction, keys): (&str, &str, &str, u8)| {
        let keys = (0..keys).map(|nth| {
            let public = STANDARD.encode(key(id, nth).verifying_key().as_bytes());
            format!("[[person.key]]\npublic = \"{public}\"\n")
        });
        format!(
            "[[person]]\nid = \"{id}\"\nroles = [{roles}]\njurisdictions = [\"{jurisdiction}\"]\n\
             valid_from = \"2026-01-01T00:00:00.000Z\"\n{}",
            keys.collect::<String>()
        )
    };
    format!("schema = 1\n{}", PEOPLE.map(person).concat())
}

fn ack_key(agency: &str) -> PrivateKey {
    let seed = *Digest::of(agency.as_bytes()).as_bytes();
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed)), "").expect("a key")
}

pub(super) fn directory(recipient: &str) -> String {
    let ssh = ack_key("ag-1").public_key().to_openssh().expect("a line");
    let from = "valid_from = \"2026-01-01T00:00:00.000Z\"";
    format!(
        "schema = 1\n[[agency]]\nid = \"ag-1\"\nname = \"Agency\"\ncountry = \"US\"\nlevel = \"federal\"\n{from}\n\
         [[agency.recipient]]\nage = \"{recipient}\"\nconfirmed = \"by telephone\"\n{from}\n\
         [[agency.ack_key]]\nssh = \"{ssh}\"\n{from}\n\
         [[agency.call_back]]\nnumber = \"+1 202 555 0100\"\nsource = \"in print\"\n\
         confirmed_at = \"2026-09-01T00:00:00.000Z\"\n"
    )
}

/// The log, its state, and everything it admitted.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) rules: RuleSet,
    pub(super) world: World,
    pub(super) cases: BTreeMap<RequestId, Case>,
    pub(super) claims: BTreeSet<Claim>,
    pub(super) entries: Vec<(Timestamp, Hash, Event)>,
    pub(super) now_ms: i64,
    /// Whether the daemon's clock runs: it does, unless a test stops it.
    pub(super) has_clock: bool,
    pub(super) drawn: u64,
}

pub(super) fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

pub(super) fn base64(value: &Value) -> String {
    STANDARD.encode(value.to_string())
}

pub(super) fn item(account: &str, class: &str) -> Value {
    let (from, to) = match class {
        "bsi" | "existence" => (Value::Null, Value::Null),
        _ => (json!("2026-03-01T00:00:00.000Z"), json!("2026-04-01T00:00:00.000Z")),
    };
    json!({"account": account, "service": "mail", "class": class, "from": from, "to": to, "fields": null})
}

pub(super) fn scope(items: &[Value]) -> String {
    base64(&json!({"v": 1, "items": items}))
}

impl Log {
    pub(super) fn blank() -> Self {
        Self {
            rules: RuleSet::One,
            world: World::blank(),
            cases: BTreeMap::new(),
            claims: BTreeSet::new(),
            entries: Vec::new(),
            now_ms: START_MS,
            has_clock: true,
            drawn: 0,
        }
    }

    pub(super) fn founded() -> Self {
        Self::founded_under(RuleSet::One, &POLICY.replacen("rules = 2\n", "", 1))
    }

    pub(super) fn founded_under(rules: RuleSet, policy: &str) -> Self {
        let mut log = Self { rules, ..Self::blank() };
        let created = json!({
            "origin": ORIGIN, "log_vkey": "probity.example/log+00000000+AAAA", "disclosure_key": "AAAA",
            "keyring_sha256": digest("keyring"), "epoch": 1, "kek_id": digest("kek"),
            "system_key_id": "0".repeat(32), "recipients": [digest("auditor")], "home_version": 1,
            "crypto": Crypto::current(), "rules": rules.number(),
        });
        let mut event = log.event("log.created", None, DAEMON, &created);
        event.policy = Digest::of(policy.as_bytes());
        log.try_post(&event).unwrap_or_else(|refusal| panic!("{refusal}"));
        let texts =
            [("policy", policy.to_owned()), ("directory", directory("age1agency")), ("roles", roles())];
        for (name, text) in texts {
            let data = serde_json::to_value(Activated::founding(&text)).expect("prints");
            log.must(&format!("{name}.activated"), None, DAEMON, &data);
        }
        log
    }

    pub(super) fn event(&mut self, kind: &str, request: Option<&str>, actor: &str, data: &Value) -> Event {
        self.drawn += 1;
        Event {
            rules: self.rules.number(),
            id: EventId::new(&format!("e-{}", self.drawn)).expect("an id"),
            type_: kind.to_owned(),
            request: request.map(|id| RequestId::new(id).expect("an id")),
            actor: actor.to_owned(),
            policy: self.world.policy_sha256().unwrap_or_else(|| Digest::of(POLICY.as_bytes())),
            data: serde_json::value::to_raw_value(data).expect("prints"),
            envelopes: Vec::new(),
        }
    }

    pub(super) fn stamp(&self) -> Stamp {
        let head = self.entries.last().map(|(time, leaf, _)| Head { leaf: *leaf, time: *time });
        let index = LeafIndex::new(u64::try_from(self.entries.len()).expect("few"));
        Stamp { index, time: Timestamp::from_ms(self.now_ms).expect("a time"), head }
    }

    /// Judges as the daemon does, and keeps what is admitted. `Ok(None)`: recorded before.
    pub(super) fn try_post(&mut self, event: &Event) -> Result<Option<LeafRef>, Refusal> {
        if self.has_clock {
            self.tick(event);
        }
        self.record(event)
    }

    pub(super) fn record(&mut self, event: &Event) -> Result<Option<LeafRef>, Refusal> {
        let event = Event::parse(&event.to_bytes()).expect("an event reads back");
        let stamp = self.stamp();
        let case = event.request.as_ref().and_then(|request| self.cases.get(request));
        let change = match apply(self.rules, State { world: &self.world, case }, &event, stamp)? {
            Verdict::Admitted(change) => change,
            Verdict::AlreadyRecorded(_) => return Ok(None),
        };
        if let Some(taken) = change.claims().iter().find(|claim| self.claims.contains(*claim)) {
            return Err(taken.refusal());
        }
        if let Some(missing) = change.references().iter().find(|named| !self.claims.contains(&named.name)) {
            return Err(missing.refusal());
        }
        self.claims.extend(change.claims().iter().cloned());
        let leaf = leaf_hash(format!("{}{:?}", stamp.index, event.id).as_bytes());
        let next = change.recorded(leaf);
        if let Some(case) = next.case {
            // The rows of `cases` are stored and read back.
            let row = serde_json::to_vec(&case).expect("a case prints");
            let case: Case = serde_json::from_slice(&row).expect("a case reads back");
            self.cases.insert(case.request.clone(), case);
        }
        if let Some(world) = next.world {
            let row = serde_json::to_vec(&world).expect("a world prints");
            let read: World = serde_json::from_slice(&row).expect("a world reads back");
            assert_eq!(read, world);
            self.world = world;
        }
        self.entries.push((stamp.time, leaf, event));
        self.now_ms += MINUTE_MS;
        Ok(Some(LeafRef { index: stamp.index, leaf }))
    }

    pub(super) fn post(
        &mut self,
        kind: &str,
        request: Option<&str>,
        actor: &str,
        data: &Value,
    ) -> Result<Option<LeafRef>, Refusal> {
        let event = self.event(kind, request, actor, data);
        self.try_post(&event)
    }

    pub(super) fn must(&mut self, kind: &str, request: Option<&str>, actor: &str, data: &Value) -> LeafRef {
        let posted = self.post(kind, request, actor, data);
        posted.unwrap_or_else(|refusal| panic!("{kind}: {refusal}")).expect("new")
    }

    /// Another request, with a document of its own, received and no more.
    pub(super) fn another(&mut self, request: &str) {
        let (actor, mut data) = self.data("request.received");
        data["order"]["sha256"] = json!(digest(&format!("the order of {request}")));
        self.must("request.received", Some(request), actor, &data);
    }

    pub(super) fn case(&self) -> &Case {
        self.cases.get(REQUEST).expect("the request is there")
    }

    pub(super) fn act(&self, kind: Kind) -> Act {
        let at = Timestamp::from_ms(self.now_ms).expect("a time");
        approvable(&self.world, self.case(), kind, at).expect("something to approve").act
    }

    pub(super) fn proposed(&self, at: LeafRef) -> Act {
        approvable_act(&self.world, at.index).expect("an open proposal").act
    }

    /// The approval of an act as its event, signed by the person's nth key.
    pub(super) fn approval(&mut self, act: Act, person: &str, nth: u8, role: &str) -> Event {
        let times = (self.now_ms, self.now_ms + 600 * MINUTE_MS);
        self.approval_at(act, person, nth, role, times)
    }

    pub(super) fn approval_at(
        &mut self,
        act: Act,
        person: &str,
        nth: u8,
        role: &str,
        (iat_ms, exp_ms): (i64, i64),
    ) -> Event {
        let time = |ms| Timestamp::from_ms(ms).expect("a time");
        let seed = Digest::of(format!("nonce {}", self.drawn).as_bytes());
        let nonce = Nonce::from_bytes(*seed.as_bytes().first_chunk().expect("32 bytes"));
        let (request, decision) = (act.request.clone(), act.decision);
        let approval = Approval::new(act, role.to_owned(), time(iat_ms), time(exp_ms), nonce);
        let payload = approval.clone().sign_ready().expect("a whole approval");
        let signer = key(person, nth);
        let data = json!({
            "kind": approval.kind, "person": person, "keyid": dsse::keyid(&signer.verifying_key()),
            "context": approval.context, "approval_sha256": Digest::of(&payload),
        });
        let kind = match decision {
            Decision::Approve => "approval.given",
            Decision::Refuse => "approval.refused",
            Decision::Revoke => "approval.revoked",
        };
        let mut event = self.event(kind, request.as_ref().map(RequestId::as_str), person, &data);
        let envelope = dsse::sign(crate::model::approval::APPROVAL_TYPE, &payload, &[&signer]);
        event.envelopes = vec![envelope.to_json().into_bytes()];
        event
    }

    pub(super) fn must_approve(&mut self, kind: Kind, person: &str, role: &str) -> LeafRef {
        let event = self.approval(self.act(kind), person, 0, role);
        self.try_post(&event).unwrap_or_else(|refusal| panic!("{refusal}")).expect("new")
    }

    /// A step's own data, posted as it is.
    pub(super) fn post_data(&mut self, name: &str) -> Result<Option<LeafRef>, Refusal> {
        let (actor, data) = self.data(name);
        self.post(name, Some(REQUEST), actor, &data)
    }

    pub(super) fn propose(&mut self, name: &str, text: &str) -> LeafRef {
        let kind = if name == "roles" { "role" } else { name };
        let data = json!({"kind": kind, "text": text, "sha256": digest(text), "reason": "as discussed"});
        self.must("act.proposed", None, "p-sen", &data)
    }

    /// Proposes a text, has two people approve it, and puts it in force.
    pub(super) fn activate(&mut self, name: &str, text: &str) {
        let proposal = self.propose(name, text);
        for person in ["p-sen", "p-chief"] {
            let event = self.approval(self.proposed(proposal), person, 0, "senior_reviewer");
            self.try_post(&event).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        let data = serde_json::to_value(Activated::proposed(text, proposal.index)).expect("prints");
        self.must(&format!("{name}.activated"), None, "p-sen", &data);
    }

    pub(super) fn acknowledgement(&self, opened: bool, signer: &str, origin: &str) -> Value {
        let bundle = sealed("PRD-1");
        let mut ack = json!({
            "v": 1, "origin": origin, "production": "PRD-1", "file_sha256": bundle["file_sha256"],
            "payload_sha256": bundle["payload_sha256"], "tagmanifest_sha256": bundle["tagmanifest_sha256"],
            "recipient_sha256": digest("age1agency"), "result": "opened",
            "at": Timestamp::from_ms(self.now_ms).expect("a time"),
        });
        if !opened {
            ack["result"] = json!("open_failed");
            ack["code"] = json!("cannot_unwrap");
            ack["tagmanifest_sha256"] = Value::Null;
        }
        let bytes = ack.to_string();
        let sig = ack_key(signer).sign(ACK_NAMESPACE, HashAlg::Sha512, bytes.as_bytes()).expect("signs");
        let pem = sig.to_pem(LineEnding::LF).expect("armors");
        json!({"production": "PRD-1", "ack": STANDARD.encode(bytes), "sig": STANDARD.encode(pem)})
    }

    /// The straight path up to and with the nth step; see [`STEPS`].
    pub(super) fn at(step: &str) -> Self {
        let mut log = Self::founded();
        for name in STEPS {
            log.step(name);
            if name == step {
                return log;
            }
        }
        panic!("no step {step}");
    }

    pub(super) fn step(&mut self, name: &str) {
        if name == "the customer could act" {
            self.now_ms += 8 * 24 * 60 * MINUTE_MS;
            return;
        }
        let posted = match name {
            "reviewer approves" => self.approval(self.act(Kind::Disclose), "p-rev", 0, "reviewer"),
            "senior approves" => self.approval(self.act(Kind::Disclose), "p-sen", 0, "senior_reviewer"),
            "senior releases" => self.approval(self.act(Kind::Release), "p-sen", 0, "senior_reviewer"),
            _ => {
                let (actor, data) = self.data(name);
                self.event(name, Some(REQUEST), actor, &data)
            }
        };
        self.try_post(&posted).unwrap_or_else(|refusal| panic!("{name}: {refusal}")).expect("new");
    }

    /// Actor and data of a step of the straight path, as the state is now.
    pub(super) fn data(&self, name: &str) -> (&'static str, Value) {
        let order = json!({"version": 1, "sha256": digest("order 1")});
        let review = self.cases.get(REQUEST).and_then(|case| case.review.as_ref());
        let scope_sha256 = review.map(|review| review.scope.sha256());
        let both = scope(&[item("a@example.org", "bsi"), item("a@example.org", "content_stored")]);
        let decision =
            self.cases.get(REQUEST).and_then(|case| case.approvals.last()).map(|given| given.entry);
        match name {
            "request.received" => (
                "p-in",
                json!({
                "kind": "legal_demand", "order": order, "media_type": "application/pdf", "channel": "portal",
                "received_at": "2026-11-18T00:00:00.000Z", "agency_claimed": "ag-1"}),
            ),
            "request.authenticated" => (
                "p-rev",
                json!({
                "agency": "ag-1", "method": "call_back", "evidence": [digest("call")]}),
            ),
            "request.classified" => (
                "p-rev",
                json!({
                "order": order, "instrument": "us.warrant_2703", "issuer": "judge", "level": "federal",
                "country": "US", "nature": "criminal", "entity": "provider-us",
                "issued_at": "2026-11-10T00:00:00.000Z", "expires_at": null,
                "signature": {"kind": "handwritten", "verified": "issuer_confirmed"},
                "identifiers": [{"kind": "email", "value": "a@example.org", "service": "mail",
                    "account": "a@example.org"}],
                "scope": both}),
            ),
            "review.completed" => (
                "p-rev",
                json!({
                "reviewer": "p-rev", "order": order,
                "legality": {"law": ["18 USC 2703(a)"], "procedure": ["FRCrP 41"], "note_sha256": digest("note")},
                "scope": both, "refused": []}),
            ),
            "disclosure.opened" => (
                DAEMON,
                json!({
                "disclosure": "D-1", "collector": "p-col", "order": order,
                "review": review.map(|review| review.context), "scope_sha256": scope_sha256}),
            ),
            "data.received" => (
                DAEMON,
                json!({
                "disclosure": "D-1",
                "sources": [{"source": "mail-1", "records": 10, "bytes": 1000, "sha256": digest("source")}]}),
            ),
            "data.planned" => (
                DAEMON,
                json!({
                "disclosure": "D-1", "scope_sha256": scope_sha256, "files": 3, "bytes": 400,
                "manifest_sha256": digest("manifest")}),
            ),
            "data.filtered" => (
                DAEMON,
                json!({
                "disclosure": "D-1", "records": 10, "kept": 4,
                "withheld": [{"rule": "outside_interval", "count": 6}]}),
            ),
            "bundle.provenance" => (
                DAEMON,
                json!({
                "disclosure": "D-1", "production": "PRD-1", "hmac_key": STANDARD.encode([7; 32]),
                "provenance_sha256": digest("provenance"),
                "sources": [{"source": "mail-1", "sha256": digest("source"), "bytes": 1000, "kept": [[0, 400]]}]}),
            ),
            "bundle.sealed" => (DAEMON, sealed("PRD-1")),
            "bundle.released" => (
                DAEMON,
                json!({
                "production": "PRD-1", "disclosure": "D-1", "decision": decision,
                "file_sha256": digest("file")}),
            ),
            "bundle.destroyed" => (
                DAEMON,
                json!({
                "disclosure": "D-1", "production": null, "reason": "ordered"}),
            ),
            "delivery.acknowledged" => ("ag-1", self.acknowledgement(true, "ag-1", ORIGIN)),
            "delivery.failed" => ("ag-1", self.acknowledgement(false, "ag-1", ORIGIN)),
            "order.amended" => (
                "p-in",
                json!({
                "order": {"version": 2, "sha256": digest("order 2")}, "media_type": "application/pdf",
                "channel": "email", "received_at": "2026-11-18T00:00:00.000Z"}),
            ),
            "request.rejected" => (
                "p-rev",
                json!({
                "reasons": [{"code": "overly_broad", "item": null, "detail": null}]}),
            ),
            "request.withdrawn" => (
                "p-in",
                json!({
                "document_sha256": digest("letter"), "received_at": "2026-11-18T00:00:00.000Z"}),
            ),
            _ => super::path2::data(name),
        }
    }
}

fn sealed(production: &str) -> Value {
    json!({
        "production": production, "disclosure": "D-1", "file_sha256": digest("file"), "file_bytes": 4096,
        "payload_sha256": digest("payload"), "tagmanifest_sha256": digest("tags"),
        "recipients": [digest("age1agency")]})
}

/// The straight path after the founding.
pub(super) const STEPS: [&str; 15] = [
    "request.received",
    "request.authenticated",
    "request.classified",
    "review.completed",
    "reviewer approves",
    "senior approves",
    "disclosure.opened",
    "data.received",
    "data.planned",
    "data.filtered",
    "bundle.provenance",
    "bundle.sealed",
    "senior releases",
    "bundle.released",
    "delivery.acknowledged",
];
