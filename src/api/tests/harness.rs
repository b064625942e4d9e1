//! A daemon under test and its client.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HeaderMap;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::{App, Drained, bind, serve};
use crate::ledger::{
    AnchorLag, Draft, Environment, Founding, Ledger, LedgerConfig, MemoryAnchor, OtherMachine, Poster,
    Running, StartUp, Texts, UnverifiedStore, found,
};
use crate::model::digest::Digest;
use crate::ops::age::{Identities, Identity, Recipients};
use crate::ops::config::{Home, Limits, Peer};
use crate::package::{Packager, Start, Started, Worker};
use crate::practice::vocabulary::PeerRole;
use crate::store::{Family, MemoryStore, View};
use crate::tlog::{LogSigner, Origin, PublicKey, Vkey};

/// Entries that founding makes.
pub(super) const FOUNDING: u64 = 4;
/// Longer than anything here takes, shorter than a person waits.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

fn signer() -> LogSigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    LogSigner::new(Origin::new("log.example/test").expect("an origin"), key).expect("a good key")
}

pub(super) fn vkey() -> Vkey {
    signer().vkey().clone()
}

pub(super) fn texts() -> Texts {
    Texts {
        policy: include_str!("../../../config/policy.toml").to_owned(),
        directory: include_str!("../../../config/directory.toml").to_owned(),
        roles: format!("{}{}", include_str!("../../../config/roles.toml"), deciders()),
    }
}

/// The key of a person whom a test needs to sign.
pub(super) fn key(person: &str) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(Digest::of(person.as_bytes()).as_bytes())
}

/// Two people who may accept a clock.
fn deciders() -> String {
    let person = |(id, role): (&str, &str)| {
        let public = STANDARD.encode(key(id).verifying_key().as_bytes());
        format!(
            "\n[[person]]\nid = \"{id}\"\nroles = [\"{role}\"]\njurisdictions = [\"*\"]\n\
             valid_from = \"2026-01-01T00:00:00.000Z\"\n\n[[person.key]]\npublic = \"{public}\"\n"
        )
    };
    [("p-chief-1", "senior_reviewer"), ("p-counsel-1", "counsel")].map(person).concat()
}

/// What differs between the daemons of these tests.
pub(super) struct Setup {
    /// The roles of this process's uid; none: the configuration does not name it.
    pub(super) roles: Option<BTreeSet<PeerRole>>,
    pub(super) limits: Limits,
    pub(super) ledger: LedgerConfig,
    /// What the log is founded with.
    pub(super) texts: Texts,
    /// Free bytes of the disk.
    pub(super) free: Arc<AtomicU64>,
}

impl Default for Setup {
    fn default() -> Self {
        let limits = Limits { drain_seconds: 5, ..Limits::default() };
        Self {
            roles: Some(everything()),
            limits,
            ledger: LedgerConfig::default(),
            texts: texts(),
            free: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }
}

impl Setup {
    pub(super) fn of_role(role: PeerRole) -> Self {
        Self { roles: Some(BTreeSet::from([role])), ..Self::default() }
    }
}

pub(super) fn everything() -> BTreeSet<PeerRole> {
    BTreeSet::from([PeerRole::ReviewSystem, PeerRole::Operator, PeerRole::Reviewer, PeerRole::Auditor])
}

pub(super) struct Daemon {
    pub(super) store: MemoryStore,
    pub(super) socket: PathBuf,
    ledger: Ledger,
    running: Running,
    worker: Worker,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<Drained>,
    gate: Arc<Gate>,
    _home: tempfile::TempDir,
}

impl Daemon {
    pub(super) fn start(setup: Setup) -> Self {
        let home = tempfile::tempdir().expect("a scratch directory");
        let (store, anchor) = (MemoryStore::new(), MemoryAnchor::new());
        let gate = Arc::new(Gate::default());
        let (ledger, running) = ledger(&store, &anchor, home.path(), &setup, &gate);
        let Started { packager, worker, .. } = Packager::start(Start {
            ledger: ledger.clone(),
            home: Home::new(home.path()),
            organization: "Example Provider".to_owned(),
            sources: None,
            disclosure_key: ed25519_dalek::SigningKey::from_bytes(&[2; 32]),
            log_key: &ed25519_dalek::SigningKey::from_bytes(&[1; 32]),
            at_rest_text: &Identity::generate().to_key_file(),
        })
        .expect("starts");
        let peer = |roles| Peer { uid: rustix::process::getuid().as_raw(), name: "tests".to_owned(), roles };
        let peers: Vec<_> = setup.roles.map(peer).into_iter().collect();
        let socket = home.path().join("run/probity.sock");
        let listener = bind(&socket).expect("binds");
        let app = App::new(ledger.clone(), packager, &peers, setup.limits);
        let (shutdown, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, app, async { drop(stopped.await) }));
        Self { store, socket, ledger, running, worker, shutdown, served, gate, _home: home }
    }

    /// Sets the wall clock ahead; what has passed since boot stays as it is.
    pub(super) fn jump(&self, ms: i64) {
        self.gate.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Stops the sequencer before its next batch, for as long as what this returns lives.
    pub(super) fn hold(&self) -> Closed {
        *self.gate.is_closed.lock().expect("unpoisoned") = true;
        Closed(Arc::clone(&self.gate))
    }

    /// Records an event as a peer with every role would, whoever may use the socket.
    pub(super) async fn record(&self, event: &Value) {
        let poster = Poster::Peer(everything());
        let draft = Draft::parse(event.to_string().as_bytes(), poster).expect("an event");
        self.ledger.submit(draft).await.expect("recorded");
    }

    /// The types of all entries after the founding.
    pub(super) fn types(&self) -> Vec<String> {
        let feed = self.ledger.reader().feed(crate::tlog::LeafIndex::new(FOUNDING), 1_000).expect("readable");
        feed.into_iter().map(|opened| opened.event.type_).collect()
    }

    /// The data of the entry at `index`.
    pub(super) fn data(&self, index: u64) -> Value {
        let opened = self.ledger.reader().open(crate::tlog::LeafIndex::new(index)).expect("readable");
        serde_json::from_str(opened.event.data.get()).expect("JSON")
    }

    pub(super) fn size(&self) -> u64 {
        self.ledger.reader().size().expect("readable").get()
    }

    /// Signed heads so far: as many as there were syncs.
    pub(super) fn syncs(&self) -> usize {
        self.store.scan(Family::Checkpoints, &[]).count()
    }

    /// Ends the daemon and waits for it. The store stays readable.
    pub(super) async fn stop(self) -> (Drained, MemoryStore) {
        self.shutdown.send(()).expect("it serves");
        let drained =
            tokio::time::timeout(PATIENCE, self.served).await.expect("ends in time").expect("no panic");
        drop(self.ledger);
        let (worker, running) = (self.worker, self.running);
        let join = || {
            worker.join();
            running.join()
        };
        tokio::task::spawn_blocking(join).await.expect("no panic").expect("no doubt");
        (drained, self.store)
    }

    /// Ends serving alone: abandoned calls still hold the ledger.
    pub(super) async fn shut_down(self) -> Drained {
        self.shutdown.send(()).expect("it serves");
        tokio::time::timeout(PATIENCE, self.served).await.expect("ends in time").expect("no panic")
    }

    pub(super) async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).await.expect("connects")
    }

    /// Sends `bytes`, closes that side, and returns all that comes back.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("sent");
        stream.shutdown().await.expect("closed");
        read_all(stream).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None, Vec::new()).await
    }

    pub(super) async fn post(&self, body: &Value) -> Answer {
        self.ask("POST", "/v1/events", Some("application/json"), body.to_string().into_bytes()).await
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        media_type: Option<&str>,
        body: Vec<u8>,
    ) -> Answer {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(self.connect().await)).await.expect("speaks HTTP");
        tokio::spawn(async move { connection.await.ok() });
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", "probity");
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        let answered = async {
            let response = sender.send_request(request).await.expect("an answer");
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.into_body().collect().await.expect("whole").to_bytes();
            Answer { status, headers, body: body.to_vec() }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("answers in time")
    }
}

pub(super) async fn read_all(mut stream: UnixStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    drop(read.expect("the daemon closes in time"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn ledger(
    store: &MemoryStore,
    anchor: &MemoryAnchor,
    home: &Path,
    setup: &Setup,
    gate: &Arc<Gate>,
) -> (Ledger, Running) {
    let identity = Identity::generate().to_key_file();
    let identities = || Identities::parse_key_file(identity.as_bytes()).expect("a key file");
    let mut environment = Environment::of_this_machine().expect("a machine");
    environment.machine = Digest::of(b"a machine");
    let disclosure = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
    let at_rest = identities();
    let founding = Founding {
        signer: signer(),
        disclosure: PublicKey::from_bytes(disclosure.as_bytes()).expect("a good key"),
        at_rest: &at_rest,
        recipients: &Recipients::new(at_rest.recipients().collect()).expect("a recipient"),
        texts: &setup.texts,
        home_version: 1,
        kek_dir: &home.join("kek"),
    };
    found(store, &mut anchor.clone(), founding, &environment).expect("founded");
    let (clock, gate) = (Arc::clone(&environment.clock), Arc::clone(gate));
    let free = Arc::clone(&setup.free);
    environment.free_space = Arc::new(move || Ok(free.load(Ordering::SeqCst)));
    environment.clock = Arc::new(move || {
        gate.pass();
        let mut reading = clock()?;
        reading.wall = reading.wall.saturating_add_ms(gate.ahead_ms.load(Ordering::SeqCst));
        Ok(reading)
    });
    let disclosure = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
    let start = StartUp {
        signer: signer(),
        disclosure: PublicKey::from_bytes(disclosure.as_bytes()).expect("a good key"),
        at_rest: identities(),
        kek_dir: home.join("kek"),
        texts: setup.texts.clone(),
        other_machine: OtherMachine::Refused,
        anchor_lag: AnchorLag::Refused,
        evidence_dir: home.join("evidence"),
        environment,
        config: setup.ledger,
    };
    UnverifiedStore::new(Arc::new(store.clone()), Box::new(anchor.clone())).verify(start).expect("starts")
}

/// Where the sequencer waits before a batch, as long as a test wants.
#[derive(Default)]
struct Gate {
    is_closed: Mutex<bool>,
    opened: Condvar,
    /// How far the wall clock stands ahead of the machine's.
    ahead_ms: AtomicI64,
}

impl Gate {
    fn pass(&self) {
        let closed = self.is_closed.lock().expect("unpoisoned");
        drop(self.opened.wait_while(closed, |is_closed| *is_closed).expect("unpoisoned"));
    }
}

/// The gate is closed until this is dropped.
pub(super) struct Closed(Arc<Gate>);

impl Drop for Closed {
    fn drop(&mut self) {
        *self.0.is_closed.lock().expect("unpoisoned") = false;
        self.0.opened.notify_all();
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    /// It is a problem of this status and code.
    #[track_caller]
    pub(super) fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:probity:problem:{code}"), "{problem}");
        assert_eq!(problem["status"], status);
        problem
    }
}

/// `request.received` of request `R-<n>`, with the id `E-<n>`.
pub(super) fn received(n: u64) -> Value {
    json!({
        "v": 1, "id": format!("E-{n}"), "type": "request.received", "request": format!("R-{n}"),
        "actor": "p-intake-1",
        "data": {
            "kind": "legal_demand", "order": {"version": 1, "sha256": Digest::of(&n.to_be_bytes()).to_string()},
            "media_type": "application/pdf", "channel": "portal",
            "received_at": "2026-11-01T00:00:00.000Z", "agency_claimed": null,
        },
    })
}

/// `request.withdrawn` of request `R-<n>`, with the id `W-<n>`.
pub(super) fn withdrawn(n: u64) -> Value {
    json!({
        "v": 1, "id": format!("W-{n}"), "type": "request.withdrawn", "request": format!("R-{n}"),
        "actor": "p-intake-1",
        "data": {
            "document_sha256": Digest::of(b"letter").to_string(), "received_at": "2026-11-01T00:00:00.000Z",
        },
    })
}
