//! A home, a log, its people, and requests on their way.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::ledger::*;
use crate::model::approval::{APPROVAL_TYPE, Act, Approval, Decision, Kind, Nonce};
use crate::model::digest::Digest;
use crate::model::dsse;
use crate::model::id::{DisclosureId, EventId, PersonId, RequestId};
use crate::model::time::Timestamp;
use crate::ops::age::{Identities, Identity, Recipients};
use crate::ops::config::Home;
use crate::ops::{files, machine};
use crate::package::workbench::Workbench;
use crate::package::*;
use crate::practice::vocabulary::PeerRole;
use crate::practice::{Case, DAEMON, EventType, RuleSet, approvable, approvable_act_of};
use crate::store::MemoryStore;
use crate::tlog::{LogSigner, Origin, PublicKey, Vkey};

pub(super) const ADA: &str = "ada.example@mail.example";
const FROM: &str = "valid_from = \"2026-01-01T00:00:00.000Z\"";

pub(super) fn key(of: &str) -> SigningKey {
    SigningKey::from_bytes(Digest::of(of.as_bytes()).as_bytes())
}

pub(super) fn item(account: &str, class: &str) -> Value {
    let (from, to) = match class {
        "bsi" => (Value::Null, Value::Null),
        _ => (json!("2026-03-01T00:00:00.000Z"), json!("2026-04-01T00:00:00.000Z")),
    };
    json!({"account": account, "service": "mail", "class": class, "from": from, "to": to, "fields": null})
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Everything that survives a process, and the process.
pub(super) struct Bed {
    store: MemoryStore,
    anchor: MemoryAnchor,
    pub(super) dir: tempfile::TempDir,
    at_rest: String,
    pub(super) agency: String,
    pub(super) filter_team: String,
    pub(super) running: Option<(Ledger, Running)>,
}

impl Bed {
    /// A founded log that runs, and the example sources.
    pub(super) fn new() -> Self {
        let secret = || Identity::generate().to_key_file().to_string();
        let mut bed = Self {
            store: MemoryStore::new(),
            anchor: MemoryAnchor::new(),
            dir: tempfile::tempdir().expect("a scratch directory"),
            at_rest: secret(),
            agency: secret(),
            filter_team: secret(),
            running: None,
        };
        copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sources"), &bed.sources());
        let at_rest = identities(&bed.at_rest);
        let recipients = Recipients::new(at_rest.recipients().collect()).expect("one");
        let disclosure = PublicKey::from_bytes(key("disclosure").verifying_key().as_bytes()).expect("good");
        let texts = bed.texts();
        let founding = Founding {
            signer: signer(),
            disclosure,
            at_rest: &at_rest,
            recipients: &recipients,
            texts: &texts,
            home_version: 1,
            kek_dir: &bed.dir.path().join("kek"),
        };
        let environment = Environment::of_this_machine().expect("Linux");
        found(&bed.store, &mut bed.anchor.clone(), founding, &environment).expect("founded");
        bed.boot();
        bed
    }

    fn texts(&self) -> Texts {
        let person = |(id, role): (&str, &str)| {
            let public = STANDARD.encode(key(id).verifying_key().as_bytes());
            format!(
                "[[person]]\nid = \"{id}\"\nroles = [\"{role}\"]\njurisdictions = [\"*\"]\n{FROM}\n\
                 [[person.key]]\npublic = \"{public}\"\n"
            )
        };
        let people = [
            ("p-rev", "reviewer"),
            ("p-sen", "senior_reviewer"),
            ("p-in", "intake"),
            ("p-col", "collector"),
            ("p-priv", "privacy_officer"),
        ];
        let recipient = |key_file: &str| identities(key_file).recipients().next().expect("one");
        let (agency, filter_team) = (recipient(&self.agency), recipient(&self.filter_team));
        Texts {
            policy: policy(),
            directory: format!(
                "schema = 1\n[[agency]]\nid = \"ag-1\"\nname = \"Agency\"\ncountry = \"US\"\nlevel = \"federal\"\n{FROM}\n\
                 [[agency.recipient]]\nage = \"{agency}\"\nconfirmed = \"by telephone\"\n{FROM}\n\
                 [[agency.recipient]]\nage = \"{filter_team}\"\nfilter_team = true\nconfirmed = \"by letter\"\n{FROM}\n"
            ),
            roles: format!("schema = 1\n{}", people.map(person).concat()),
        }
    }

    pub(super) fn sources(&self) -> PathBuf {
        self.dir.path().join("sources")
    }

    pub(super) fn home(&self) -> Home {
        Home::new(self.dir.path())
    }

    /// Starts the ledger.
    fn boot(&mut self) {
        let start = StartUp {
            signer: signer(),
            disclosure: PublicKey::from_bytes(key("disclosure").verifying_key().as_bytes()).expect("good"),
            at_rest: identities(&self.at_rest),
            kek_dir: self.dir.path().join("kek"),
            texts: self.texts(),
            other_machine: OtherMachine::Refused,
            anchor_lag: AnchorLag::Refused,
            evidence_dir: self.dir.path().join("evidence"),
            environment: Environment::of_this_machine().expect("Linux"),
            config: LedgerConfig::default(),
        };
        let unverified = UnverifiedStore::new(Arc::new(self.store.clone()), Box::new(self.anchor.clone()));
        self.running = Some(unverified.verify(start).expect("started"));
    }

    /// Ends the process, whatever it was at, and starts the ledger again.
    pub(super) fn crash(&mut self) {
        let (ledger, running) = self.running.take().expect("running");
        drop(ledger);
        running.join().expect("the sequencer does not panic");
        drop(self.store.reopen());
        self.boot();
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.running.as_ref().expect("running").0
    }

    fn start(&self, log_key: &SigningKey, with: impl FnOnce(Start<'_>)) {
        with(Start {
            ledger: self.ledger().clone(),
            home: self.home(),
            organization: "Example Provider".to_owned(),
            sources: Some(self.sources().join("sources.toml")),
            disclosure_key: key("disclosure"),
            log_key,
            at_rest_text: &self.at_rest,
        });
    }

    pub(super) fn packager(&self) -> Started {
        let mut started = None;
        self.start(&key("log"), |start| started = Some(Packager::start(start).expect("started")));
        started.expect("started")
    }

    pub(super) fn workbench(&self) -> Workbench {
        let mut bench = None;
        self.start(&key("log"), |start| bench = Some(Workbench::new(start).expect("a workbench")));
        bench.expect("a workbench")
    }

    pub(super) fn case(&self, request: &str) -> Case {
        self.ledger().reader().case(&RequestId::new(request).expect("an id")).expect("there")
    }

    /// The data of a request's only event of that type.
    pub(super) fn only(&self, request: &str, kind: EventType) -> Value {
        let reader = self.ledger().reader();
        let entries = reader.timeline(&RequestId::new(request).expect("an id"), 1_000).expect("readable");
        let events = entries.into_iter().map(|index| reader.open(index).expect("readable").event);
        let found: Vec<_> = events.filter(|event| event.type_ == kind.as_str()).collect();
        let [event] = found.as_slice() else { panic!("{} of {}", found.len(), kind.as_str()) };
        serde_json::from_str(event.data.get()).expect("JSON")
    }

    pub(super) fn post(
        &self,
        request: &str,
        kind: EventType,
        actor: &str,
        data: &Value,
        envelopes: Vec<Vec<u8>>,
    ) {
        self.submit(poster(), Some(request), kind, actor, data, envelopes);
    }

    /// What is about no single request.
    pub(super) fn post_of_log(&self, kind: EventType, actor: &str, data: &Value) {
        self.submit(poster(), None, kind, actor, data, Vec::new());
    }

    /// What the daemon records of itself.
    pub(super) fn record(&self, request: &str, kind: EventType, data: &Value) {
        self.submit(Poster::Daemon, Some(request), kind, DAEMON, data, Vec::new());
    }

    fn submit(
        &self,
        poster: Poster,
        request: Option<&str>,
        kind: EventType,
        actor: &str,
        data: &Value,
        envelopes: Vec<Vec<u8>>,
    ) {
        let draft = Draft {
            poster,
            id: event_id(),
            type_: kind,
            request: request.map(|id| RequestId::new(id).expect("an id")),
            actor: actor.to_owned(),
            rules: None,
            policy: None,
            data: serde_json::value::to_raw_value(data).expect("prints"),
            envelopes,
        };
        self.ledger().submit_blocking(draft).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }

    /// A request with two approvals, for these items.
    pub(super) fn approved(&self, request: &str, items: &[Value]) {
        self.approved_after(request, items, Vec::new());
    }

    /// The same, with more found out before the review.
    pub(super) fn approved_after(
        &self,
        request: &str,
        items: &[Value],
        found: Vec<(EventType, &'static str, Value)>,
    ) {
        use EventType as E;
        let order = json!({"version": 1, "sha256": digest(&format!("the order of {request}"))});
        let scope = STANDARD.encode(json!({"v": 1, "items": items}).to_string());
        let accounts: BTreeSet<_> = items.iter().filter_map(|item| item["account"].as_str()).collect();
        let identifiers: Vec<_> = accounts
            .iter()
            .map(|a| json!({"kind": "email", "value": a, "service": "mail", "account": a}))
            .collect();
        let mut steps = vec![
            (
                E::RequestReceived,
                "p-in",
                json!({"kind": "legal_demand", "order": order, "media_type": "application/pdf",
                    "channel": "portal", "received_at": days_ago(1), "agency_claimed": "ag-1"}),
            ),
            (
                E::RequestAuthenticated,
                "p-rev",
                json!({"agency": "ag-1", "method": "call_back", "evidence": [digest("call")]}),
            ),
            (
                E::RequestClassified,
                "p-rev",
                json!({"order": order, "instrument": "us.warrant_2703", "issuer": "judge", "level": "federal",
                    "country": "US", "nature": "criminal", "entity": "provider-us",
                    "issued_at": days_ago(3), "expires_at": null,
                    "signature": {"kind": "handwritten", "verified": "issuer_confirmed"},
                    "identifiers": identifiers, "scope": scope}),
            ),
        ];
        if self.rules() >= RuleSet::Two {
            steps.extend(screened(&order, items, &accounts));
        }
        steps.extend(found);
        steps.push((
            E::ReviewCompleted,
            "p-rev",
            json!({"reviewer": "p-rev", "order": order, "legality": {"law": ["18 USC 2703(a)"],
                "procedure": ["FRCrP 41"], "note_sha256": digest("note")}, "scope": scope, "refused": []}),
        ));
        for (kind, actor, data) in steps {
            self.post(request, kind, actor, &data, Vec::new());
        }
        for (person, role) in [("p-rev", "reviewer"), ("p-sen", "senior_reviewer")] {
            let (envelope, data) = self.sign(request, Kind::Disclose, person, role);
            self.post(request, E::ApprovalGiven, person, &data, vec![envelope]);
        }
        if self.rules() >= RuleSet::Two {
            let data = json!({"customer_held": [], "answer_sha256": digest("key service")});
            self.post(request, E::CustodyChecked, "p-col", &data, Vec::new());
        }
    }

    /// The rule set in force.
    fn rules(&self) -> RuleSet {
        let world = self.ledger().reader().world().expect("runs");
        world.rules().expect("founded")
    }

    /// Under rule set 2: the customer is told once, before anybody approves a release.
    fn tell_the_customer(&self, request: &str) {
        let reader = self.ledger().reader();
        let entries = reader.timeline(&RequestId::new(request).expect("an id"), 1_000).expect("readable");
        let is_notice = |index| reader.open(index).is_ok_and(|opened| opened.event.type_ == "notice.sent");
        if self.rules() < RuleSet::Two || entries.into_iter().any(is_notice) {
            return;
        }
        let data = json!({"accounts": null, "recipient": "owner", "contact_sha256": digest("contact"),
            "notice_sha256": digest("notice"), "sent_at": machine::now().expect("a clock")});
        self.post(request, EventType::NoticeSent, "p-priv", &data, Vec::new());
    }

    /// A signed approval of what can be approved now, and the data of its event.
    pub(super) fn sign(&self, request: &str, kind: Kind, person: &str, role: &str) -> (Vec<u8>, Value) {
        self.decide(request, kind, Decision::Approve, person, role)
    }

    pub(super) fn decide(
        &self,
        request: &str,
        kind: Kind,
        decision: Decision,
        person: &str,
        role: &str,
    ) -> (Vec<u8>, Value) {
        if kind == Kind::Release {
            self.tell_the_customer(request);
        }
        let now = machine::now().expect("a clock");
        let world = self.ledger().reader().world().expect("runs");
        let mut act = approvable(&world, &self.case(request), kind, now).expect("something to approve").act;
        act.decision = decision;
        signed(act, person, role)
    }

    /// Two people decide, word by word, that an item is no key material.
    pub(super) fn clear(&self, request: &str, data: &Value) {
        let text = format!("{{\"type\":\"scan.cleared\",\"data\":{data}}}");
        let act = json!({"kind": "scan.clear", "text": text, "sha256": digest(&text), "reason": "looked at"});
        self.post(request, EventType::ActProposed, "p-rev", &act, Vec::new());
        let entry = self.case(request).last;
        for (person, role) in [("p-rev", "reviewer"), ("p-sen", "senior_reviewer")] {
            let world = self.ledger().reader().world().expect("runs");
            let act = approvable_act_of(&world, &self.case(request), entry).expect("an open proposal").act;
            let (envelope, data) = signed(act, person, role);
            self.post(request, EventType::ApprovalGiven, person, &data, vec![envelope]);
        }
        self.post(request, EventType::ScanCleared, "p-rev", data, Vec::new());
    }

    pub(super) fn release(&self, request: &str, person: &str, role: &str) -> Release {
        let (envelope, _) = self.sign(request, Kind::Release, person, role);
        Release { poster: poster(), id: event_id(), actor: PersonId::new(person).expect("an id"), envelope }
    }
}

/// A person's signed decision about an act, and the data of its event.
fn signed(act: Act, person: &str, role: &str) -> (Vec<u8>, Value) {
    let now = machine::now().expect("a clock");
    let nonce = Nonce::from_bytes(machine::random().expect("randomness"));
    let approval = Approval::new(act, role.to_owned(), now, now.saturating_add_ms(3_600_000), nonce);
    let payload = approval.clone().sign_ready().expect("whole");
    let signer = key(person);
    let data = json!({"kind": approval.kind, "person": person, "keyid": dsse::keyid(&signer.verifying_key()),
        "context": approval.context, "approval_sha256": Digest::of(&payload)});
    (dsse::sign(APPROVAL_TYPE, &payload, &[&signer]).to_json().into_bytes(), data)
}

/// A warrant grows old: what a test says of its days counts from the machine's own.
fn days_ago(days: i64) -> Timestamp {
    machine::now().expect("a clock").saturating_add_ms(-days * 24 * 3_600_000)
}

/// The draft, or the tables that `PROBITY_TEST_POLICY` names, but for the days between notice and
/// release: no test waits a week.
fn policy() -> String {
    let draft = || include_str!("../../../config/policy.toml").to_owned();
    let named = std::env::var_os("PROBITY_TEST_POLICY");
    let text = named.map_or_else(draft, |path| fs::read_to_string(path).expect("legal tables"));
    let mut tables: toml::Table = text.parse().expect("TOML");
    let times = tables.entry("times").or_insert_with(|| toml::Table::new().into());
    times.as_table_mut().expect("a table").insert("notice_wait_days".to_owned(), 0.into());
    toml::to_string(&tables).expect("prints")
}

/// What rule set 2 adds between classification and review.
fn screened(
    order: &Value,
    items: &[Value],
    accounts: &BTreeSet<&str>,
) -> Vec<(EventType, &'static str, Value)> {
    use EventType as E;
    let day = |date: &str| json!({"date": date, "time": null, "offset": "+00:00"});
    let dated = items.iter().enumerate().filter(|(_, item)| !item["from"].is_null());
    let stated: Vec<_> = dated
        .map(|(at, _)| {
            json!({"item": at, "from": day("2026-03-01"), "to": day("2026-03-31"), "to_is_inclusive": true})
        })
        .collect();
    let profile = |account: &&str| {
        json!({"service": "mail", "account": account, "segment": "consumer", "seats": null, "customer": null,
            "customer_country": "US", "us_person": true, "hosted_in": "US", "controller": "provider-us",
            "custody": "provider", "owned_from": null, "owned_to": null, "excluded": []})
    };
    let profiles: Vec<_> = accounts.iter().map(profile).collect();
    let read = |cite: &str| json!([{"cite": cite, "version": "2026-01-01T00:00:00.000Z"}]);
    let law = json!({"order": order, "country": "US", "reviewer": "p-rev", "law": read("18 USC 2703(a)"),
        "procedure": read("FRCrP 41"), "followed": true, "served_by": null, "note_sha256": digest("legality")});
    let rights = json!({"order": order, "tier": "low", "subjects": [], "note_sha256": digest("rights")});
    let mut steps = Vec::new();
    if !stated.is_empty() {
        steps.push((E::IntervalStated, "p-rev", json!({"order": order, "items": stated})));
    }
    steps.push((E::AccountsProfiled, "p-rev", json!({"order": order, "accounts": profiles})));
    steps.push((E::LegalityReviewed, "p-rev", law));
    steps.push((E::RightsScreened, "p-rev", rights));
    steps
}

/// The files below a directory, by their relative paths.
pub(super) fn files_in(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk(dir, &mut |path| found.push(path.strip_prefix(dir).expect("below").display().to_string()));
    found.sort();
    found
}

pub(super) fn open(packager: &Packager, request: &str) -> Result<DisclosureId, PackageError> {
    let request = RequestId::new(request).expect("an id");
    packager.open(&request, &PersonId::new("p-col").expect("an id"), event_id())
}

/// Waits until the worker is done with it.
pub(super) fn settled(packager: &Packager, disclosure: &DisclosureId) -> Status {
    let begun = Instant::now();
    loop {
        let status = packager.status(disclosure).expect("known");
        if matches!(status.state, State::Sealed | State::Released | State::NothingFound | State::Failed) {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "still {:?}", status.state);
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn end(started: Started) {
    drop(started.packager);
    started.worker.join();
}

pub(super) fn event_id() -> EventId {
    let random: [u8; 8] = machine::random().expect("randomness");
    EventId::new(&format!("t-{}", hex::encode(random))).expect("an id")
}

pub(super) fn poster() -> Poster {
    Poster::Peer(BTreeSet::from([PeerRole::ReviewSystem]))
}

fn signer() -> LogSigner {
    LogSigner::new(Origin::new("log.example/packaging").expect("an origin"), key("log")).expect("a good key")
}

pub(super) fn vkey() -> Vkey {
    signer().vkey().clone()
}

pub(super) fn identities(key_file: &str) -> Identities {
    Identities::parse_key_file(key_file.as_bytes()).expect("a key file")
}

pub(super) fn walk(dir: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { walk(&path, visit) } else { visit(&path) }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    walk(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("below"));
        files::make_dir(target.parent().expect("a parent"), 0o700).expect("made");
        fs::copy(path, target).expect("copied");
    });
}
