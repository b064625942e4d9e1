//! First figures: what the program does, each beside the limit measured in the same run.
//!
//! docs/BENCHMARKS.md says what each line means. Nothing here asserts a time: machines differ and
//! are shared, so that only the ratios inside one run say anything.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use probity::api::{App, bind, serve};
use probity::audit::{self, Outcome, Request, Source, Trust};
use probity::bundle::bag::BagInfo;
use probity::bundle::documents::{Custody, Order, OrderVersion, Withheld};
use probity::bundle::pack::{Contents, Member, pack};
use probity::ledger::{
    AnchorLag, Draft, Environment, ExportSet, FileAnchor, Founding, Ledger, LedgerConfig, OtherMachine,
    Poster, Running, StartUp, Texts, UnverifiedStore, export_view, found,
};
use probity::model::digest::Digest;
use probity::model::id::{DisclosureId, EventId, ProductionId, RequestId};
use probity::ops::age::{self, Identities, Identity, Recipients};
use probity::ops::config::{Home, Limits, Peer};
use probity::ops::export_dir::ExportDir;
use probity::ops::machine;
use probity::package::{Packager, Start, Started};
use probity::practice::EventType;
use probity::practice::vocabulary::PeerRole;
use probity::store::{Batch, Family, RocksStore, Store};
use probity::tlog::{LogSigner, Origin, PublicKey};
use sha2::{Digest as _, Sha256};

/// Bytes of a record where a limit is measured without the program.
const RECORD_BYTES: usize = 600;
/// Bytes of a chunk of an age file.
const CHUNK_BYTES: usize = 64 * 1024;
/// A verification on one thread, to hold the one on all cores against.
const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// How much is measured.
struct Sizes {
    /// What the counts of the append lines are divided by.
    divisor: u64,
    entries: u64,
    bundle_bytes: u64,
}

impl Sizes {
    /// `--quick`, `--entries N`, `--bytes N`; what cargo adds (`--bench`) is passed over.
    fn from_args() -> Self {
        let args: Vec<_> = std::env::args().skip(1).collect();
        let number = |name: &str| {
            let at = args.iter().position(|arg| arg == name)?;
            Some(args.get(at + 1).and_then(|n| n.parse().ok()).expect("a number after --entries or --bytes"))
        };
        let is_quick = args.iter().any(|arg| arg == "--quick");
        let (divisor, entries, bytes) =
            if is_quick { (10, 20_000, 64 << 20) } else { (1, 1_000_000, 1 << 30) };
        Self {
            divisor,
            entries: number("--entries").unwrap_or(entries),
            bundle_bytes: number("--bytes").unwrap_or(bytes),
        }
    }
}

fn main() {
    let sizes = Sizes::from_args();
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    // First, so that the peak of memory is the bundle's own.
    bundle(sizes.bundle_bytes);
    syncs(scratch.path(), 2_000 / sizes.divisor);
    rocks(scratch.path(), sizes.divisor);
    let log = Log::start(&scratch.path().join("home"));
    let next = log.in_process(&sizes);
    log.through_socket(&sizes, next);
    log.verify(sizes.entries);
    log.stop();
}

/// How many a second.
fn rate(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1_000_000_000 / elapsed.as_nanos().max(1)
}

fn line(what: &str, figure: impl std::fmt::Display) {
    println!("{what:<58} {figure}");
}

fn timed(count: u64, mut work: impl FnMut(u64)) -> (u128, Vec<Duration>) {
    let (begun, mut each) = (Instant::now(), Vec::new());
    for n in 0..count {
        let at = Instant::now();
        work(n);
        each.push(at.elapsed());
    }
    (rate(count, begun.elapsed()), each)
}

fn percentiles(mut each: Vec<Duration>) -> String {
    each.sort_unstable();
    let at = |percent: usize| each.get(each.len() * percent / 100).map_or(0, Duration::as_micros);
    format!("p50 {} µs, p99 {} µs", at(50), at(99))
}

/// What one sync of the disk costs.
fn syncs(dir: &Path, count: u64) {
    let block = [7; 4096];
    for (name, bytes_ahead) in [("growing", 0), ("preallocated", count * 4096)] {
        let path = dir.join(name);
        let file = OpenOptions::new().create_new(true).write(true).open(path).expect("a new file");
        for n in 0..bytes_ahead / 4096 {
            file.write_all_at(&[0; 4096], n * 4096).expect("written");
        }
        file.sync_all().expect("synced");
        let (rate, each) = timed(count, |n| {
            file.write_all_at(&block, n * 4096).expect("written");
            file.sync_data().expect("synced");
        });
        line(&format!("fdatasync of 4 KiB, {name}"), format!("{rate}/s, {}", percentiles(each)));
    }
}

/// What the store does with nothing above it.
fn rocks(dir: &Path, divisor: u64) {
    let store = RocksStore::create(&dir.join("rocks")).expect("a new database");
    let mut key = 0_u64;
    for (records, batches) in [(1_u64, 2_000), (100, 500), (1_000, 200)] {
        let (rate, each) = timed(batches / divisor, |_| {
            let mut batch = Batch::default();
            for _ in 0..records {
                batch.put(Family::Entries, key.to_be_bytes(), [7; RECORD_BYTES]);
                key += 1;
            }
            store.commit(batch).expect("committed");
        });
        let rate = rate * u128::from(records);
        line(
            &format!("synced RocksDB batches of {records}"),
            format!("{rate} records/s, {}", percentiles(each)),
        );
    }
}

/// A log in RocksDB with its anchor in a file, as a daemon has it.
struct Log {
    ledger: Ledger,
    running: Running,
    store: Arc<dyn Store>,
    home: Home,
    root: std::path::PathBuf,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn signer() -> LogSigner {
    LogSigner::new(Origin::new("log.example/figures").expect("an origin"), key(1)).expect("a good key")
}

fn texts() -> Texts {
    Texts {
        policy: include_str!("../config/policy.toml").to_owned(),
        directory: include_str!("../config/directory.toml").to_owned(),
        roles: include_str!("../config/roles.toml").to_owned(),
    }
}

fn order_data(n: u64) -> String {
    let sha256 = Digest::of(&n.to_be_bytes());
    format!(
        r#"{{"kind":"legal_demand","order":{{"version":1,"sha256":"{sha256}"}},"media_type":"application/pdf","channel":"portal","received_at":"2026-11-01T00:00:00.000Z","agency_claimed":null}}"#
    )
}

fn draft(n: u64) -> Draft {
    Draft {
        poster: Poster::Peer(BTreeSet::from([PeerRole::ReviewSystem])),
        id: EventId::new(&format!("E-{n}")).expect("an id"),
        type_: EventType::RequestReceived,
        request: Some(RequestId::new(&format!("R-{n}")).expect("an id")),
        actor: "p-intake-1".to_owned(),
        rules: None,
        policy: None,
        data: serde_json::value::RawValue::from_string(order_data(n)).expect("JSON"),
        envelopes: Vec::new(),
    }
}

impl Log {
    fn start(root: &Path) -> Self {
        std::fs::create_dir_all(root).expect("made");
        let at_rest_text = Identity::generate().to_key_file();
        let identities = || Identities::parse_key_file(at_rest_text.as_bytes()).expect("a key file");
        let store: Arc<dyn Store> = Arc::new(RocksStore::create(&root.join("db")).expect("a new database"));
        let anchor = || FileAnchor::new(&root.join("anchor"));
        let environment = Environment::of_this_machine().expect("a machine");
        let at_rest = identities();
        let founding = Founding {
            signer: signer(),
            disclosure: PublicKey::from_bytes(key(2).verifying_key().as_bytes()).expect("a good key"),
            at_rest: &at_rest,
            recipients: &Recipients::new(at_rest.recipients().collect()).expect("a recipient"),
            texts: &texts(),
            home_version: 1,
            kek_dir: &root.join("kek"),
        };
        found(&*store, &mut anchor(), founding, &environment).expect("founded");
        let start = StartUp {
            signer: signer(),
            disclosure: PublicKey::from_bytes(key(2).verifying_key().as_bytes()).expect("a good key"),
            at_rest: identities(),
            kek_dir: root.join("kek"),
            texts: texts(),
            other_machine: OtherMachine::Refused,
            anchor_lag: AnchorLag::Refused,
            evidence_dir: root.join("evidence"),
            environment,
            config: LedgerConfig::default(),
        };
        let unverified = UnverifiedStore::new(Arc::clone(&store), Box::new(anchor()));
        let (ledger, running) = unverified.verify(start).expect("started");
        Self { ledger, running, store, home: Home::new(root), root: root.to_owned() }
    }

    /// Appends from this process; returns the first number that is free.
    fn in_process(&self, sizes: &Sizes) -> u64 {
        let mut next = 0;
        for (in_flight, count) in [(1, 2_000), (32, 20_000), (128, 40_000), (1_000, 100_000)] {
            let count = count / sizes.divisor;
            let begun = Instant::now();
            self.append(next..next + count, in_flight);
            let rate = rate(count, begun.elapsed());
            line(&format!("durable appends in process, {in_flight} in flight"), format!("{rate}/s"));
            next += count;
        }
        next
    }

    fn append(&self, numbers: std::ops::Range<u64>, in_flight: usize) {
        self.ledger.submit_many_blocking(numbers.map(draft), in_flight, |ack| drop(ack.expect("recorded")));
    }

    /// Appends by clients on the socket, each with one connection and one event at a time.
    fn through_socket(&self, sizes: &Sizes, first: u64) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let _inside = runtime.enter();
        let Started { packager, worker, .. } = Packager::start(Start {
            ledger: self.ledger.clone(),
            home: Home::new(&self.root),
            organization: "Example Provider".to_owned(),
            sources: None,
            disclosure_key: key(2),
            log_key: &key(1),
            at_rest_text: &Identity::generate().to_key_file(),
        })
        .expect("starts");
        let roles = BTreeSet::from([PeerRole::ReviewSystem]);
        let peer = Peer { uid: rustix::process::getuid().as_raw(), name: "figures".to_owned(), roles };
        let socket = self.root.join("run/probity.sock");
        let listener = bind(&socket).expect("binds");
        let app = App::new(self.ledger.clone(), packager, &[peer], Limits::default());
        let (shutdown, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = runtime.spawn(serve(listener, app, async { drop(stopped.await) }));
        let mut next = first;
        for (connections, each) in [(1, 2_000), (32, 1_000), (128, 500)] {
            let each = each / sizes.divisor;
            let begun = Instant::now();
            let clients: Vec<_> = (0..connections)
                .map(|client| {
                    let (socket, from) = (socket.clone(), next + client * each);
                    std::thread::spawn(move || post(&socket, from..from + each))
                })
                .collect();
            let waits = clients.into_iter().flat_map(|client| client.join().expect("a client"));
            let waits: Vec<_> = waits.collect();
            let rate = rate(connections * each, begun.elapsed());
            let what = format!("durable appends through the socket, {connections} connections");
            line(&what, format!("{rate}/s, {}", percentiles(waits)));
            next += connections * each;
        }
        shutdown.send(()).expect("it serves");
        runtime.block_on(served).expect("no panic");
        worker.join();
    }

    /// Fills the log up to `entries`, exports it and verifies the export.
    fn verify(&self, entries: u64) {
        let size = || self.ledger.reader().size().expect("readable").get();
        let missing = entries.saturating_sub(size());
        // Numbers that no line above used.
        self.append(1 << 40..(1 << 40) + missing, 1_000);
        let dir = self.root.join("export");
        let vkey = signer().vkey().clone();
        let (view, kek) = (&*self.store, self.home.kek());
        export_view(view, &vkey, &kek, ExportSet::Auditor, &dir).expect("exported");
        let listed = ExportDir::list(&dir).expect("listed");
        let open = |name: &str| listed.open(name);
        let is_hashed = |name: &&String| name.starts_with("tile/entries/") || name.starts_with("payload/");
        let files = listed.names().iter().filter(is_hashed).map(|name| dir.join(name));
        let bytes: u64 = files.map(|path| path.metadata().expect("there").len()).sum();
        line("entry and sealed payload, bytes on average", bytes / size());
        let cores = std::thread::available_parallelism().unwrap_or(ONE);
        for threads in BTreeSet::from([ONE, cores]) {
            let request = Request {
                source: Source { names: listed.names().clone(), open: &open },
                trust: Trust::new(vec![vkey.clone()]),
                given: Vec::new(),
                threads,
                progress: &|_, _| {},
            };
            let begun = Instant::now();
            let integrity = audit::verify(&request);
            let elapsed = begun.elapsed();
            assert_eq!(
                integrity.report.outcome(),
                Outcome::Clean,
                "a figure of a failed verification is none"
            );
            let figure = format!("{}/s of {}", rate(size(), elapsed), size());
            line(&format!("verify, {threads} threads"), figure);
        }
        let (rate, _) = timed(1_000_000, |_| {
            std::hint::black_box(Digest::of(&[7; RECORD_BYTES]));
        });
        line("SHA-256 of 600 bytes, 1 thread", format!("{rate}/s"));
    }

    fn stop(self) {
        let Self { ledger, running, store, .. } = self;
        drop(ledger);
        running.join().expect("no doubt");
        drop(store);
    }
}

/// Posts each event and waits for its answer; how long each took.
fn post(socket: &Path, numbers: std::ops::Range<u64>) -> Vec<Duration> {
    let stream = UnixStream::connect(socket).expect("connects");
    let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    let answered = numbers.map(|n| {
        let body = format!(
            r#"{{"v":1,"id":"E-{n}","type":"request.received","request":"R-{n}","actor":"p-intake-1","data":{}}}"#,
            order_data(n)
        );
        let head = "POST /v1/events HTTP/1.1\r\nhost: probity\r\ncontent-type: application/json";
        let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).expect("sent");
        read_answer(&mut answers);
        begun.elapsed()
    });
    answered.collect()
}

/// Reads one answer, which must be a success.
fn read_answer(answers: &mut impl BufRead) {
    let mut head = String::new();
    let mut body_bytes = 0;
    loop {
        let mut header = String::new();
        answers.read_line(&mut header).expect("an answer");
        if header.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            body_bytes = value.trim().parse().expect("a number");
        }
        head.push_str(&header);
    }
    let mut body = vec![0; body_bytes];
    answers.read_exact(&mut body).expect("whole");
    assert!(head.starts_with("HTTP/1.1 2"), "{head}{}", String::from_utf8_lossy(&body));
}

/// Both reads of a bundle of one large file, sealed to nowhere; then its two limits.
fn bundle(bytes: u64) {
    let chunk: Vec<u8> = (0..=u8::MAX).cycle().take(CHUNK_BYTES).collect();
    let chunks = bytes / 65_536;
    let mb = |elapsed| rate(chunks * 65_536, elapsed) / 1_000_000;
    let each_chunk = |out: &mut dyn Write| (0..chunks).try_for_each(|_| out.write_all(&chunk));
    let identity = Identities::from(Identity::generate());
    let recipients = Recipients::new(identity.recipients().collect()).expect("one");

    let begun = Instant::now();
    let mut hash = Sha256::new();
    each_chunk(&mut hash).expect("hashed");
    let sha256 = Digest::from_bytes(hash.finalize().into());
    let hashed = begun.elapsed();
    let content = Box::new(|out: &mut dyn Write| Ok(each_chunk(out)?));
    let member = Member::payload("A001/mail.mbox", chunks * 65_536, sha256, content).expect("a good path");
    let packed = pack(contents(&recipients, member), &key(2)).expect("packed");
    let out = age::encrypt_to(&recipients, io::sink()).expect("begun");
    packed.write(out, |_| {}).expect("written").finish().expect("finished");
    let both = begun.elapsed();
    line("bundle, both reads, to nowhere", format!("{} MB/s, peak memory {}", mb(both), peak_memory()));
    line("bundle, second read alone", format!("{} MB/s", mb(both.saturating_sub(hashed))));
    line("SHA-256, 64 KiB at a time", format!("{} MB/s", mb(hashed)));

    let begun = Instant::now();
    let mut out = age::encrypt_to(&recipients, io::sink()).expect("begun");
    each_chunk(&mut out).expect("sealed");
    out.finish().expect("finished");
    line("age with its two digests, to nowhere", format!("{} MB/s", mb(begun.elapsed())));

    let algorithm = &ring::aead::CHACHA20_POLY1305;
    let sealing = ring::aead::LessSafeKey::new(
        ring::aead::UnboundKey::new(algorithm, &[3; 32]).expect("32 bytes are a key"),
    );
    let mut buffer = chunk.clone();
    let begun = Instant::now();
    for n in 0..chunks {
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
        let nonce = ring::aead::Nonce::assume_unique_for_key(nonce);
        let tag = sealing.seal_in_place_separate_tag(nonce, ring::aead::Aad::empty(), &mut buffer);
        let _tag = std::hint::black_box(tag.expect("a chunk is short"));
    }
    line("ring ChaCha20-Poly1305, 64 KiB at a time", format!("{} MB/s", mb(begun.elapsed())));
}

fn contents<'a>(recipients: &Recipients, member: Member<'a>) -> Contents<'a> {
    let production = ProductionId::new("PRD-2026-7QK4M2XA").expect("an id");
    let request = RequestId::new("REQ-1").expect("an id");
    let time = machine::now().expect("a clock");
    Contents {
        info: BagInfo {
            organization: "Example Provider".to_owned(),
            production: production.clone(),
            disclosure: DisclosureId::new("DIS-1").expect("an id"),
            request: request.clone(),
            ordinal: 1,
            packed_at: time,
        },
        order: Order {
            v: 1,
            production: production.clone(),
            origin: Origin::new("log.example/figures").expect("an origin"),
            request,
            order: OrderVersion { version: 1, sha256: Digest::of(b"order") },
            issuer: "Example Court".to_owned(),
            served_at: time,
            scope: String::new(),
            accounts: BTreeMap::new(),
            recipients: recipients.sha256(),
            supersedes: None,
        },
        withheld: Withheld { v: 1, production: production.clone(), records: Vec::new(), parts: Vec::new() },
        custody: Custody { v: 1, production, steps: Vec::new() },
        provenance: Box::new(|_| Ok(())),
        decision_receipt: Vec::new(),
        decision_opening: Vec::new(),
        log_vkey: format!("{}\n", signer().vkey()),
        payload: vec![member],
    }
}

/// The most memory this process has had, as the kernel counts it.
fn peak_memory() -> String {
    let status = BufReader::new(File::open("/proc/self/status").expect("Linux"));
    let mut lines = status.lines().map_while(Result::ok);
    lines.find_map(|line| line.strip_prefix("VmHWM:").map(|kib| kib.trim().to_owned())).expect("a line VmHWM")
}
