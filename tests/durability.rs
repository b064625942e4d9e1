//! Goal: nothing is acknowledged before it is on the disk and in the anchor.
//! Method: the daemon runs under `strace`, several clients post at once, and the trace is read
//! as what the disk saw: each 2xx with an index must come after a finished `fdatasync` of an
//! anchor whose checkpoint covers that index, which was written only after a finished
//! `fdatasync` of the write-ahead log.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::oracle::tool;
use crate::harness::{Connection, Daemon, Home, PROBITY, events};

/// Clients at once, so that batches hold several events.
const CLIENTS: usize = 4;
/// Events of each.
const EVENTS: usize = 25;

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
    /// Answers with an index.
    answers: usize,
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
        if let Some(index) = acknowledged_index(call) {
            self.answers += 1;
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

/// The index in an answer that leaves through the socket.
fn acknowledged_index(call: &str) -> Option<u64> {
    let is_answer = call.contains("HTTP/1.1 201") || call.contains("HTTP/1.1 200");
    let (_, rest) = call.split_once("\\\"index\\\":").filter(|_| is_answer)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
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

#[test]
fn no_answer_leaves_before_its_syncs() {
    let home = Home::found();
    let trace = home.beside("trace");
    let mut strace = Command::new(tool("strace").get_program());
    // -D: the tracer is the grandchild, so that our child is the daemon and takes our signals.
    strace.args([
        "-D",
        "-f",
        "-y",
        "-s",
        "600",
        "-e",
        "trace=fdatasync,fsync,pwrite64,write,sendto,writev,sendmsg",
    ]);
    strace.arg("-o").arg(&trace).arg(PROBITY);
    let daemon = Daemon::spawn(&home, strace).unwrap_or_else(|ended| panic!("{ended:?}"));
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
    let trace = whole(&trace);
    let disk = judge(&trace).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(disk.answers, CLIENTS * EVENTS, "every answer is in the trace");
    assert!(disk.syncs > 0 && disk.syncs < disk.answers, "{} anchors: events share batches", disk.syncs);

    // The judge objects when either sync is taken out of the same trace.
    for is_dropped in [is_wal, is_anchor] {
        let is_kept = |line: &&str| !(line.contains("sync(") && is_dropped(line));
        let without = trace.lines().filter(is_kept).collect::<Vec<_>>().join("\n");
        assert!(without.len() < trace.len(), "there were syncs");
        assert!(judge(&without).is_err(), "without them nothing is durable");
    }
}
