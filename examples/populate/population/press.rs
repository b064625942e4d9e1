//! The ledger that a population is written into, with the clock it is stamped by.
//!
//! A tick is six hours. What happens in one tick is queued together and awaited together, so that
//! the sequencer writes it in few batches, as it would under load.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use probity::ledger::{
    AnchorLag, ClockReading, Draft, Environment, ExportSet, FileAnchor, Founding, Ledger, LedgerConfig,
    OtherMachine, Poster, Running, StartUp, Texts, UnverifiedStore, export, found,
};
use probity::model::approval::{APPROVAL_TYPE, Approval, Kind, Nonce};
use probity::model::digest::Digest;
use probity::model::dsse;
use probity::model::id::EventId;
use probity::model::time::Timestamp;
use probity::ops::age::{Identities, Identity, Recipients};
use probity::ops::config::{self, CONFIG_FILE, Config, HOME_VERSION, Home};
use probity::ops::{files, keys, machine};
use probity::practice::acknowledgement::ACK_NAMESPACE;
use probity::practice::figures::Period;
use probity::practice::vocabulary::{DeadlinePassed, EventType, Maker, PeerRole};
use probity::practice::{Case, DAEMON, World, approvable};
use probity::store::{RocksStore, Store};
use probity::tlog::{LeafIndex, LogSigner, Origin, PublicKey, Vkey};
use serde_json::{Value, json};
use ssh_key::{HashAlg, LineEnding};

use super::seed::digest;
use super::tale::{Step, Tale};
use super::{Told, people};

/// Milliseconds in a tick.
pub(super) const TICK_MS: i64 = 6 * 3_600_000;
/// 2021-11-01T00:00:00Z, when the log is founded: tick 0.
const START_MS: i64 = 1_635_724_800_000;
/// The tick at 2022-01-01T00:00:00Z.
pub(super) const HALF_YEAR_TICK: i64 = 61 * 4;
/// Ticks from there to 2022-07-01T00:00:00Z.
pub(super) const TICKS_IN_HALF_YEAR: i64 = 181 * 4;
/// When the clock stops: every tale is over by then.
pub(super) const END_TICK: i64 = 345 * 4;
/// Longest life of an approval here.
const APPROVAL_MS: i64 = 7 * 86_400_000;
const ORIGIN: &str = "log.example/population";
/// Deadlines confirmed in one tick at most; the rest waits for the next.
const PAGE: usize = 1_000;

/// A running ledger and its clock.
pub(super) struct Press {
    home: Home,
    store: Arc<dyn Store>,
    vkey: Vkey,
    running: Option<(Ledger, Running)>,
    clock: Arc<AtomicI64>,
    tick: i64,
}

impl Press {
    /// Founds a ledger in a new home.
    pub(super) fn found(root: &Path, policy: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(!root.exists(), "{} exists; name a new directory", root.display());
        let home = Home::new(root);
        for dir in [root.to_owned(), root.join("keys"), home.kek(), home.staging(), home.outbox()] {
            files::make_dir(&dir, files::PRIVATE_DIR_MODE)?;
        }
        let texts =
            Texts { policy: policy.to_owned(), directory: people::directory()?, roles: people::roles() };
        for (name, text) in [
            ("policy.toml", &texts.policy),
            ("directory.toml", &texts.directory),
            ("roles.toml", &texts.roles),
        ] {
            files::replace(&root.join(name), text.as_bytes(), files::PUBLIC_MODE)?;
        }
        let (log_key, disclosure) = (new_key(root, "log.pem")?, new_key(root, "disclosure.pem")?);
        let at_rest = new_identity(&root.join("keys/at-rest.age"))?;
        let auditor = new_identity(&root.join("auditor.age"))?;
        let recipients =
            Recipients::new(at_rest.recipients().chain(auditor.recipients()).collect::<Vec<_>>())?;
        let auditors = auditor.recipients().map(|recipient| recipient.to_string()).collect();
        files::replace(&root.join(CONFIG_FILE), configuration(auditors)?.as_bytes(), files::PUBLIC_MODE)?;
        let signer = || LogSigner::new(Origin::new(ORIGIN).expect("it is written out"), log_key.clone());
        let vkey = signer()?.vkey().clone();
        files::replace(&home.log_vkey(), format!("{vkey}\n").as_bytes(), files::PUBLIC_MODE)?;

        let clock = Arc::new(AtomicI64::new(START_MS));
        let environment = environment(&clock)?;
        let store: Arc<dyn Store> = Arc::new(RocksStore::create(&home.database())?);
        let founding = Founding {
            signer: signer()?,
            disclosure: PublicKey::from_bytes(disclosure.verifying_key().as_bytes())?,
            at_rest: &at_rest,
            recipients: &recipients,
            texts: &texts,
            home_version: HOME_VERSION,
            kek_dir: &home.kek(),
        };
        found(&*store, &mut FileAnchor::new(&home.anchor()), founding, &environment)?;
        let start = StartUp {
            signer: signer()?,
            disclosure: PublicKey::from_bytes(disclosure.verifying_key().as_bytes())?,
            at_rest,
            kek_dir: home.kek(),
            texts,
            other_machine: OtherMachine::Refused,
            anchor_lag: AnchorLag::Refused,
            evidence_dir: root.join("evidence"),
            environment,
            config: LedgerConfig { queue_events_max: 65_536, ..LedgerConfig::default() },
        };
        let unverified = UnverifiedStore::new(Arc::clone(&store), Box::new(FileAnchor::new(&home.anchor())));
        let running = Some(unverified.verify(start)?);
        Ok(Self { home, store, vkey, running, clock, tick: 0 })
    }

    pub(super) const fn tick(&self) -> i64 {
        self.tick
    }

    fn ledger(&self) -> &Ledger {
        &self.running.as_ref().expect("it runs until it is closed").0
    }

    pub(super) fn world(&self) -> anyhow::Result<Arc<World>> {
        Ok(self.ledger().reader().world()?)
    }

    /// Looks at every case.
    pub(super) fn cases<T>(&self, look: impl Fn(&Case) -> T) -> anyhow::Result<Vec<T>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.ledger().reader().requests(after.as_ref(), PAGE)?;
            found.extend(page.iter().map(&look));
            match page.last() {
                Some(last) => after = Some(last.request.clone()),
                None => return Ok(found),
            }
        }
    }

    /// Every entry, as it stands in the store.
    pub(super) fn told(&self) -> anyhow::Result<Vec<Told>> {
        let reader = self.ledger().reader();
        let told = (0..reader.size()?.get()).map(|index| {
            let opened = reader.open(LeafIndex::new(index))?;
            Ok((opened.entry.time, opened.entry.leaf_hash(), opened.event))
        });
        told.collect()
    }

    /// One tick: what the daemon's clock confirms, then what every tale does in it, and what that
    /// made due.
    pub(super) fn turn(&mut self, tales: &mut [Tale]) -> anyhow::Result<()> {
        self.clock.store(time_of(self.tick), Ordering::SeqCst);
        self.confirm()?;
        let world = self.world()?;
        let mut drafts = Vec::new();
        for tale in tales.iter_mut() {
            for step in tale.take(self.tick) {
                drafts.push(self.draft(&world, tale, step)?);
            }
        }
        drafts.extend(calendar(self.tick).into_iter().map(|(id, type_, data)| plain(&id, type_, &data)));
        self.post(drafts)?;
        if self.tick == HALF_YEAR_TICK + TICKS_IN_HALF_YEAR {
            for series in ["law_enforcement", "national_security"] {
                self.publish_as(series, "h2-2021", "2021-07-01T00:00:00.000Z", "2022-01-01T00:00:00.000Z")?;
            }
        }
        self.confirm()?;
        self.tick += 1;
        Ok(())
    }

    /// The report on the half-year: at the log's size, under its root.
    pub(super) fn publish(&self, period: &Period) -> anyhow::Result<()> {
        self.clock.store(time_of(END_TICK), Ordering::SeqCst);
        self.confirm()?;
        self.publish_as("law_enforcement", "h1-2022", &period.from.to_string(), &period.to.to_string())
    }

    fn publish_as(&self, series: &str, name: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let signed = self.ledger().reader().checkpoint()?;
        let checkpoint = signed.checkpoint();
        let is_banded = series == "national_security";
        let id = format!("report-{name}-{series}");
        let data = json!({
            "report": id, "series": series, "period_from": from, "period_to": to,
            "size": checkpoint.size(), "root": checkpoint.root(), "report_sha256": digest(&id),
            "band_width": is_banded.then_some(500), "published_at": self.now(),
        });
        self.post(vec![plain(&id, EventType::ReportPublished, &data)])
    }

    /// Stops, exports the auditor's set, and says how many entries there are.
    pub(super) fn close(mut self) -> anyhow::Result<u64> {
        let size = self.ledger().reader().size()?.get();
        if let Some((ledger, running)) = self.running.take() {
            drop(ledger);
            running.join().context("the sequencer stopped")?;
        }
        let dir = self.home.root().join("export");
        export(&*self.store, &self.vkey, &self.home.kek(), ExportSet::Auditor, &dir)?;
        Ok(size)
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.clock.load(Ordering::SeqCst)).expect("a time of these years")
    }

    /// Queues everything, then waits for everything.
    fn post(&self, drafts: Vec<Draft>) -> anyhow::Result<()> {
        let mut queued = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let id = draft.id.clone();
            queued.push((id.clone(), self.ledger().enqueue(draft).with_context(|| id.to_string())?));
        }
        for (id, queued) in queued {
            queued.acknowledged_blocking().with_context(|| id.to_string())?;
        }
        Ok(())
    }

    /// What the daemon's own clock does: it confirms what has passed.
    fn confirm(&self) -> anyhow::Result<()> {
        let now = self.now();
        let (mut drafts, mut after) = (Vec::new(), None);
        let mut named = BTreeSet::new();
        loop {
            let page = self.ledger().reader().due(after.as_ref(), Some(now), PAGE)?;
            for open in page.open.iter().filter(|open| !open.is_passed) {
                let due = &open.due;
                if !named.insert((due.request.clone(), due.name())) {
                    continue;
                }
                let data =
                    json!(DeadlinePassed { deadline: due.deadline, set_by: due.set_by, due_at: due.at });
                let id = format!("due-{:?}-{}-{}", due.deadline, due.set_by, drafts.len()).to_lowercase();
                drafts.push(Draft {
                    poster: Poster::Daemon,
                    actor: DAEMON.to_owned(),
                    request: due.request.clone(),
                    ..plain(&id, EventType::DeadlinePassed, &data)
                });
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return self.post(drafts),
            }
        }
    }

    fn draft(&self, world: &World, tale: &mut Tale, step: Step) -> anyhow::Result<Draft> {
        let request = tale.request();
        let id = format!("{}-{}", tale.name().to_lowercase(), tale.next());
        let case = || -> anyhow::Result<Case> {
            let request = request.as_ref().context("the step is about a request")?;
            self.ledger().reader().case(request).with_context(|| id.clone())
        };
        let draft = match step {
            Step::Say { type_, actor, data } => Draft { actor: actor.to_owned(), ..plain(&id, type_, &data) },
            Step::Approve { kind, person, role } => {
                self.approval(world, &case()?, &id, (kind, person, role))?
            }
            Step::Open => {
                let case = case()?;
                let review = case.review.as_ref().with_context(|| format!("{id}: no review"))?;
                let data = json!({
                    "disclosure": format!("D-{}", tale.name()), "collector": people::COLLECTOR,
                    "order": case.order, "review": review.context, "scope_sha256": review.scope.sha256(),
                });
                plain(&id, EventType::DisclosureOpened, &data)
            }
            Step::Seal { mut data } => {
                let act =
                    approvable(world, &case()?, Kind::Disclose, self.now()).with_context(|| id.clone())?.act;
                data["recipients"] = json!(act.recipients);
                plain(&id, EventType::BundleSealed, &data)
            }
            Step::Release => {
                let case = case()?;
                let released = case.approvals.iter().rev().find(|given| given.kind == Kind::Release);
                let decision = released.with_context(|| format!("{id}: no release is approved"))?.entry;
                let data = json!({
                    "production": format!("PRD-{}", tale.name()), "disclosure": format!("D-{}", tale.name()),
                    "decision": decision, "file_sha256": digest(&format!("{} file", tale.name())),
                });
                plain(&id, EventType::BundleReleased, &data)
            }
            Step::Acknowledge { agency } => {
                let data = self.acknowledgement(&case()?, agency)?;
                Draft { actor: agency.to_owned(), ..plain(&id, EventType::DeliveryAcknowledged, &data) }
            }
        };
        // What a collection does is the daemon's to say; here the tool stands for it.
        let draft = match draft.type_.maker() {
            Maker::Daemon => Draft { poster: Poster::Daemon, actor: DAEMON.to_owned(), ..draft },
            _ => draft,
        };
        Ok(Draft { request, ..draft })
    }

    fn approval(
        &self,
        world: &World,
        case: &Case,
        id: &str,
        (kind, person, role): (Kind, &'static str, &'static str),
    ) -> anyhow::Result<Draft> {
        let now = self.now();
        let act = approvable(world, case, kind, now).with_context(|| id.to_owned())?.act;
        let exp = now.saturating_add_ms(APPROVAL_MS);
        let nonce = Digest::of(id.as_bytes()).as_bytes().first_chunk().copied().unwrap_or_default();
        let approval = Approval::new(act, role.to_owned(), now, exp, Nonce::from_bytes(nonce));
        let (kind, context) = (approval.kind, approval.context);
        let payload = approval.sign_ready()?;
        let signer = people::signing_key(person);
        let data = json!({
            "kind": kind, "person": person, "keyid": dsse::keyid(&signer.verifying_key()),
            "context": context, "approval_sha256": Digest::of(&payload),
        });
        let envelope = dsse::sign(APPROVAL_TYPE, &payload, &[&signer]);
        Ok(Draft {
            actor: person.to_owned(),
            envelopes: vec![envelope.to_json().into_bytes()],
            ..plain(id, EventType::ApprovalGiven, &data)
        })
    }

    fn acknowledgement(&self, case: &Case, agency: &str) -> anyhow::Result<Value> {
        let sealed = case.live_disclosure().and_then(|live| live.sealed.as_ref());
        let bundle = &sealed.context("nothing is sealed")?.bundle;
        let ack = json!({
            "v": 1, "origin": ORIGIN, "production": bundle.production, "file_sha256": bundle.file_sha256,
            "payload_sha256": bundle.payload_sha256, "tagmanifest_sha256": bundle.tagmanifest_sha256,
            "recipient_sha256": bundle.recipients.first(), "result": "opened", "at": self.now(),
        });
        let bytes = ack.to_string();
        let key = people::acknowledging_key(agency)?;
        let sig = key.sign(ACK_NAMESPACE, HashAlg::Sha512, bytes.as_bytes())?.to_pem(LineEnding::LF)?;
        Ok(json!({
            "production": bundle.production, "ack": STANDARD.encode(bytes), "sig": STANDARD.encode(sig),
        }))
    }
}

/// The clock's reading at a tick, in milliseconds.
pub(super) const fn time_of(tick: i64) -> i64 {
    START_MS + tick * TICK_MS
}

/// What the provider does by the calendar.
fn calendar(tick: i64) -> Vec<(String, EventType, Value)> {
    if tick != HALF_YEAR_TICK + 109 * 4 {
        return Vec::new();
    }
    let data = json!({"covers_human_rights": true, "report_sha256": digest("process review")});
    vec![("process-review-1".to_owned(), EventType::ProcessReviewed, data)]
}

/// An event about no request, of the review system for the senior reviewer.
fn plain(id: &str, type_: EventType, data: &Value) -> Draft {
    Draft {
        poster: Poster::Peer(BTreeSet::from([PeerRole::ReviewSystem, PeerRole::Operator])),
        id: EventId::new(id).expect("ids here are short and plain"),
        type_,
        request: None,
        actor: people::SENIOR.to_owned(),
        rules: None,
        policy: None,
        data: serde_json::value::to_raw_value(data).expect("JSON prints"),
        envelopes: Vec::new(),
    }
}

/// This machine's randomness, and a clock that the tool sets: wall and boot time go together.
fn environment(clock: &Arc<AtomicI64>) -> anyhow::Result<Environment> {
    let clock = Arc::clone(clock);
    let read = move || {
        let ms = clock.load(Ordering::SeqCst);
        let wall = Timestamp::from_ms(ms).expect("a time of these years");
        Ok(ClockReading { wall, boot_id: "population".to_owned(), boottime_ms: ms - START_MS })
    };
    Ok(Environment { clock: Arc::new(read), ..Environment::of_this_machine()? })
}

fn new_key(root: &Path, name: &str) -> anyhow::Result<SigningKey> {
    let key = SigningKey::from_bytes(&machine::random()?);
    keys::write_pair(&root.join("keys").join(name), &key)?;
    Ok(key)
}

fn new_identity(path: &Path) -> anyhow::Result<Identities> {
    let key_file = Identity::generate().to_key_file();
    files::write_new(path, key_file.as_bytes(), files::PRIVATE_MODE)?;
    Ok(Identities::parse_key_file(key_file.as_bytes())?)
}

/// A configuration with which the home can be served, to look at its cases.
fn configuration(auditors: Vec<String>) -> anyhow::Result<String> {
    let uid = rustix::process::getuid().as_raw();
    let roles = BTreeSet::from([PeerRole::Auditor, PeerRole::Operator]);
    let config = Config {
        home_version: HOME_VERSION,
        origin: ORIGIN.to_owned(),
        demonstration: true,
        organization: "Example Provider (synthetic population)".to_owned(),
        keys: config::Keys {
            log: PathBuf::from("keys/log.pem"),
            disclosure: PathBuf::from("keys/disclosure.pem"),
            at_rest: PathBuf::from("keys/at-rest.age"),
            insecure_colocated: true,
            auditors,
        },
        practice: config::Practice {
            policy: PathBuf::from("policy.toml"),
            directory: PathBuf::from("directory.toml"),
            roles: PathBuf::from("roles.toml"),
        },
        socket: config::Socket::default(),
        peers: vec![config::Peer { uid, name: "founder".to_owned(), roles }],
        sources: None,
        limits: config::Limits::default(),
    };
    Ok(toml::to_string(&config)?)
}
