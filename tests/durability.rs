//! Goal: nothing is acknowledged before it is on the disk and in the anchor.
//! Method: the daemon runs under `strace`, several clients post at once, one by one or many events
//! in one stream, and the trace is read as what the disk saw: each 2xx with an index, alone or as
//! a line, must come after a finished `fdatasync` of an anchor whose checkpoint covers that index,
//! which was written only after a finished `fdatasync` of the write-ahead log.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::oracle::tool;
use crate::harness::{Connection, Daemon, Home, PROBITY, events};

/// Clients at once, so that batches hold several events.
const CLIENTS: usize = 4;
/// Events of each.
const EVENTS: usize = 25;

/// Events of each in one stream.
const LINES: usize = 300;

/// What the trace showed, as far as it was read.
#[derive(Default)]
struct Disk {
    /// The log was written to and not synced since.
    wal_dirty: bool,
    /// The log was synced since the anchor was last written.
    wal_synced: bool,
    /// Size of the checkpoint that was last written into the anchor.
    anchor_size: u64,
    /// Size of the checkpoint that is in the anchor for certain.
    durable_size: u64,
    /// Indices that were answered. A call that finds the socket full is made again.
    answered: BTreeSet<u64>,
    /// Syncs of the anchor.
    syncs: usize,
}

impl Disk {
    /// The system call as it begins.
    fn begun(&mut self, call: &str) -> Result<(), String> {
        if is_anchor(call) && call.starts_with("pwrite64(") {
            if self.wal_dirty || !self.wal_synced {
                return Err("the anchor was written before the log was synced".to_owned());
            }
            self.wal_synced = false;
            self.anchor_size = anchored_size(call).ok_or_else(|| format!("no checkpoint in {call}"))?;
        }
        for index in acknowledged(call) {
            self.answered.insert(index);
            if index >= self.durable_size {
                return Err(format!(
                    "entry {index} was acknowledged when {} were durable",
                    self.durable_size
                ));
            }
        }
        Ok(())
    }

    /// The system call when it has come back.
    fn finished(&mut self, call: &str) {
        let is_sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
        match () {
            () if is_wal(call) && is_sync => (self.wal_dirty, self.wal_synced) = (false, true),
            () if is_wal(call) => self.wal_dirty = true,
            () if is_anchor(call) && is_sync => {
                self.durable_size = self.anchor_size;
                self.syncs += 1;
            }
            () => {}
        }
    }
}

/// The file of the call's descriptor (`-y` prints it in brackets).
fn file(call: &str) -> &str {
    call.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path)
}

fn is_wal(call: &str) -> bool {
    file(call).contains("/home/db/") && file(call).ends_with(".log")
}

fn is_anchor(call: &str) -> bool {
    file(call).ends_with("/home/anchor")
}

/// The size in the checkpoint of an anchor's slot: the line after the origin.
fn anchored_size(call: &str) -> Option<u64> {
    let (_, note) = call.split_once("log.example/tests\\n")?;
    note.split("\\n").next()?.parse().ok()
}

/// The indices in the answers that leave through the socket in this call: an answer to one event,
/// or lines of the answer to a stream, of which a call may carry several.
fn acknowledged(call: &str) -> impl Iterator<Item = u64> {
    call.split("\\\"status\\\":20").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("1,").or(rest.strip_prefix("0,"))?;
        let index = rest.strip_prefix("\\\"index\\\":")?;
        index.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

/// Reads a trace of `strace -f -y`; each line is a process id and a call, or a part of one.
fn judge(trace: &str) -> Result<Disk, String> {
    let mut disk = Disk::default();
    let mut unfinished = std::collections::BTreeMap::new();
    for line in trace.lines() {
        let (pid, call) = line.split_once(' ').ok_or("a line without a process id")?;
        let call = call.trim_start();
        if call.starts_with("<... ") {
            if let Some(begun) = unfinished.remove(pid) {
                disk.finished(begun);
            }
        } else {
            disk.begun(call)?;
            if call.ends_with("<unfinished ...>") {
                unfinished.insert(pid, call);
            } else {
                disk.finished(call);
            }
        }
    }
    Ok(disk)
}

/// The trace once its writer is done with the daemon's last process.
fn whole(trace: &Path) -> String {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(trace).expect("a trace");
        if text.lines().last().is_some_and(|line| line.contains("+++ exited with 0 +++")) {
            return text;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the trace does not end");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A daemon under `strace`, and where the trace is written, with the first bytes of what each call
/// transfers.
fn traced(home: &Home, bytes_shown: usize) -> (Daemon, PathBuf) {
    let trace = home.beside("trace");
    let mut strace = Command::new(tool("strace").get_program());
    let calls = "trace=fdatasync,fsync,pwrite64,write,sendto,writev,sendmsg";
    // -D: the tracer is the grandchild, so that our child is the daemon and takes our signals.
    strace.args(["-D", "-f", "-y", "-s", &bytes_shown.to_string(), "-e", calls]);
    strace.arg("-o").arg(&trace).arg(PROBITY);
    (Daemon::spawn(home, strace).unwrap_or_else(|ended| panic!("{ended:?}")), trace)
}

/// The trace holds this many answers, each after its syncs; with either sync taken out of it the
/// judge objects.
fn check(trace: &Path, answers: usize) -> Disk {
    let trace = whole(trace);
    let disk = judge(&trace).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(disk.answered.len(), answers, "every answer is in the trace");
    assert!(
        disk.syncs > 0 && disk.syncs < disk.answered.len(),
        "{} anchors: events share batches",
        disk.syncs
    );
    for is_dropped in [is_wal, is_anchor] {
        let is_kept = |line: &&str| !(line.contains("sync(") && is_dropped(line));
        let without = trace.lines().filter(is_kept).collect::<Vec<_>>().join("\n");
        assert!(without.len() < trace.len(), "there were syncs");
        assert!(judge(&without).is_err(), "without them nothing is durable");
    }
    disk
}

#[test]
fn no_answer_leaves_before_its_syncs() {
    let home = Home::found();
    let (daemon, trace) = traced(&home, 600);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let socket = &daemon.socket;
            scope.spawn(move || {
                let mut connection = Connection::open(socket).expect("connected");
                for nth in 0..EVENTS {
                    events::must(&mut connection, &events::received(&format!("REQ-{client}-{nth}")));
                }
            });
        }
    });
    daemon.stop();
    check(&trace, CLIENTS * EVENTS);
}

#[test]
fn no_line_of_a_stream_leaves_before_its_syncs() {
    let home = Home::found();
    // Whole lines: a call may carry many.
    let (daemon, trace) = traced(&home, 1 << 20);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let socket = &daemon.socket;
            scope.spawn(move || {
                let mut lines: Vec<_> = (0..LINES)
                    .map(|nth| events::received(&format!("REQ-{client}-{nth}")).to_string())
                    .collect();
                // A line that is none, and one that was there: neither changes what holds for the others.
                lines.insert(LINES / 2, "{}".to_owned());
                lines.push(lines[0].clone());
                let body = lines.join("\n");
                let mut connection = Connection::open(socket).expect("connected");
                let answer = connection.call("POST", "/v1/events", "application/x-ndjson", body.as_bytes());
                let text = answer.expect("an answer").text();
                let count = |status: &str| text.lines().filter(|line| line.contains(status)).count();
                assert_eq!(
                    [count("\"status\":201"), count("\"status\":200"), count("\"status\":400")],
                    [LINES, 1, 1]
                );
            });
        }
    });
    daemon.stop();
    let disk = check(&trace, CLIENTS * LINES);
    assert!(disk.syncs >= 2, "a stream is answered while it is read");
}
