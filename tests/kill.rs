//! Goal: `kill -9` at any moment loses nothing that was acknowledged, and the next start needs
//! no help.
//! Method: one home, many rounds. In each, clients post as fast as they are answered and the
//! daemon is killed at a random moment, now and then while it is still starting. After the next
//! start every acknowledged event is posted again and must be known at the same index; at the
//! end every receipt ever given is held against the exported log. Then the same with disclosures
//! under way: what stands in outbox and staging is exactly what the log says. The seed is printed;
//! `PROBITY_KILL_SEED` repeats a run, `PROBITY_KILL_ROUNDS` makes a longer one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::ops::machine;
use serde_json::{Value, json};

use crate::harness::{Connection, Daemon, Home, PROBITY, events};

const ROUNDS: u64 = 200;
const CLIENTS: u64 = 3;
/// Rounds between two verifications of the whole home.
const VERIFY_EVERY: u64 = 50;

/// An event and, once it was acknowledged, where it stands.
struct Sent {
    event: Value,
    index: Option<u64>,
}

/// The entry's line of a receipt, by index.
type Entries = BTreeMap<u64, String>;

/// xorshift64*: enough to choose moments, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn seed() -> u64 {
    let drawn = || u64::from_be_bytes(machine::random().expect("random bytes"));
    // xorshift stands still at zero.
    setting("PROBITY_KILL_SEED").unwrap_or_else(drawn) | 1
}

/// Posts until the daemon is gone; the last event may be recorded or not.
fn load(socket: &Path, round: u64, client: u64) -> (Vec<Sent>, Entries) {
    let (mut sent, mut entries) = (Vec::new(), Entries::new());
    let Ok(mut connection) = Connection::open(socket) else { return (sent, entries) };
    for nth in 0.. {
        let event = events::received(&format!("R{round}-{client}-{nth}"));
        let answer = connection.post("/v1/events", &event);
        let recorded = answer.ok().map(|answer| answer.expect(201));
        let index = recorded.as_ref().and_then(|recorded| recorded["index"].as_u64());
        if let Some(recorded) = &recorded {
            entries.insert(index.expect("an index"), entry_of(recorded));
        }
        sent.push(Sent { event, index });
        if recorded.is_none() {
            break;
        }
    }
    (sent, entries)
}

/// The entry's text as the receipt has it, in its extra line.
fn entry_of(recorded: &Value) -> String {
    let receipt = recorded["receipt"].as_str().expect("a receipt");
    let line = receipt.lines().find_map(|line| line.strip_prefix("extra "));
    line.unwrap_or_else(|| panic!("no extra line in {receipt}")).to_owned()
}

/// Every event of the last round again: known where it was acknowledged, else recorded now.
fn post_again(daemon: &Daemon, sent: &[Sent]) {
    let mut connection = daemon.connect();
    for Sent { event, index } in sent {
        let answer = events::post(&mut connection, event);
        match index {
            Some(index) => {
                let known = answer.expect(200);
                assert_eq!((&known["index"], &known["repeated"]), (&(*index).into(), &true.into()));
            }
            None => assert!([200, 201].contains(&answer.status), "{}", answer.text()),
        }
    }
}

/// A start that is cut off before anybody could ask for anything.
fn kill_while_starting(home: &Home, wait: Duration) {
    let mut command = Command::new(PROBITY);
    command.args(["serve", "--home"]).arg(&home.root);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the daemon starts");
    thread::sleep(wait);
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// Every entry that a receipt showed is in the export, at its index, byte for byte.
fn check_entries(home: &Home, acknowledged: &Entries) {
    let export = home.export("export-at-the-end");
    let mut records = Vec::new();
    for path in crate::harness::files(&export.join("tile/entries")) {
        records.push((bundle_number(&export, &path), fs::read(path).expect("read")));
    }
    records.sort();
    let bytes: Vec<u8> = records.into_iter().flat_map(|(_, bytes)| bytes).collect();
    let mut entries = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry);
        rest = tail;
    }
    for (index, expected) in acknowledged {
        let entry = entries[usize::try_from(*index).expect("small")];
        assert_eq!(&STANDARD.encode(entry), expected, "entry {index} is another one than its receipt says");
    }
}

/// The number of an entry bundle: its path's groups of three digits.
fn bundle_number(export: &Path, path: &Path) -> u64 {
    let name = path.strip_prefix(export.join("tile/entries")).expect("below").display().to_string();
    let name = name.split(".p/").next().expect("a name").replace(['x', '/'], "");
    name.parse().expect("digits")
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds = setting("PROBITY_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = seed();
    eprintln!("kill: seed {seed}");
    let began = Instant::now();
    let mut random = Random(seed);
    let home = Home::found();
    let (mut last, mut acknowledged) = (Vec::new(), Entries::new());
    for round in 0..rounds {
        if random.below(8) == 0 {
            kill_while_starting(&home, Duration::from_millis(random.below(60)));
        }
        let daemon = Daemon::start(&home);
        post_again(&daemon, &last);
        let wait = Duration::from_micros(random.below(120_000));
        let socket = daemon.socket.clone();
        last = thread::scope(|scope| {
            let socket = &socket;
            let clients: Vec<_> =
                (0..CLIENTS).map(|client| scope.spawn(move || load(socket, round, client))).collect();
            thread::sleep(wait);
            daemon.kill();
            let mut all = Vec::new();
            for client in clients {
                let (sent, entries) = client.join().expect("a client");
                all.extend(sent);
                acknowledged.extend(entries);
            }
            all
        });
        if round % VERIFY_EVERY == VERIFY_EVERY - 1 {
            home.verify(&home.root, &[]).expect(0);
        }
    }
    let daemon = Daemon::start(&home);
    post_again(&daemon, &last);
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
    check_entries(&home, &acknowledged);
    let count = acknowledged.len();
    assert!(
        u64::try_from(count).is_ok_and(|count| count >= rounds),
        "only {count} entries in {rounds} rounds"
    );
    eprintln!("kill: seed {seed}, {rounds} rounds, {count} acknowledged, {:.1?}", began.elapsed());
}

/// Rounds in which a disclosure is under way when the daemon is killed.
const PACKAGING_ROUNDS: u64 = 30;

/// Walks a request to its disclosure and kills the daemon: in even rounds while it collects and
/// packs, in odd ones while the bundle is let out. Returns the disclosure.
fn package(home: &Home, round: u64, random: &mut Random) -> String {
    let daemon = Daemon::start(home);
    let mut connection = daemon.connect();
    let request = format!("REQ-{round}");
    events::walk_to_approved(&mut connection, &request, events::ADA, [&home.reviewer, &home.senior]);
    let body = json!({"id": format!("open-{round}"), "request": request, "actor": "p-operator-1"});
    let opened = connection.post("/v1/disclosures", &body).expect("an answer").expect(202);
    let disclosure = opened["disclosure"].as_str().expect("an id").to_owned();
    if round.is_multiple_of(2) {
        thread::sleep(Duration::from_micros(random.below(60_000)));
        daemon.kill();
    } else {
        let sealed = events::settled(&mut connection, &disclosure);
        assert_eq!(sealed["state"], "sealed", "{sealed}");
        let body = events::release(&mut connection, &request, &home.senior);
        let path = format!("/v1/disclosures/{disclosure}/release");
        let posted = thread::spawn(move || connection.post(&path, &body).map(|answer| answer.status));
        thread::sleep(Duration::from_micros(random.below(120_000)));
        daemon.kill();
        // Answered or cut off: which of the two the log must say.
        let _ = posted.join().expect("a client");
    }
    disclosure
}

/// The names in a directory of the home, sorted.
fn names(home: &Home, dir: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(home.root.join(dir)).expect("reads");
    entries.map(|entry| entry.expect("an entry").file_name().display().to_string()).collect()
}

#[test]
fn no_orphan_and_no_phantom_in_the_outbox() {
    let seed = seed();
    eprintln!("kill: seed {seed}");
    let mut random = Random(seed);
    let home = Home::found();
    let disclosures: Vec<_> = (0..PACKAGING_ROUNDS).map(|round| package(&home, round, &mut random)).collect();

    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    let (mut released, mut waiting) = (BTreeSet::new(), BTreeSet::new());
    for disclosure in &disclosures {
        let status = events::settled(&mut connection, disclosure);
        let production = status["production"].as_str().unwrap_or_default().to_owned();
        match status["state"].as_str() {
            Some("released") => _ = released.insert(production),
            Some("sealed") => _ = waiting.insert(production),
            _ => {}
        }
    }
    daemon.stop();
    assert_eq!(names(&home, "outbox"), released, "what is out is what the log let out");
    assert_eq!(names(&home, "staging"), waiting, "what is staged is what the log has sealed");
    assert_eq!(names(&home, "quarantine"), BTreeSet::new());
    assert!(!released.is_empty() && !waiting.is_empty(), "{released:?} {waiting:?}");
    home.verify(&home.root, &[]).expect(0);
    eprintln!("kill: seed {seed}, {} released, {} sealed", released.len(), waiting.len());
}
