//! Who looked, written into the log: `access.read` and `access.denied`, coalesced.
//!
//! The first look of a peer at a request within ten minutes is an entry **before** the peer gets
//! its answer. Later ones are counted, and the count becomes an entry when the window ends or
//! the daemon stops. So reading leaves a trace that cannot be outrun, and a client that polls
//! does not fill the log.
//!
//! **In scope**: windows and their entries. **Out of scope**: what counts as a look
//! (the handlers), who is refused ([`super::frame`], [`super::routes`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{OnceCell, watch};

use super::app::stopped;
use super::problem::Problem;
use crate::ledger::{Draft, Ledger, Poster, SubmitError};
use crate::model::id::{EventId, RequestId};
use crate::model::time::Timestamp;
use crate::ops::machine::{self, MachineError};
use crate::practice::DAEMON;
use crate::practice::vocabulary::{AccessDenied, AccessRead, EventType};

/// How long looks of one peer at one thing are one (S-01).
const WINDOW: Duration = Duration::from_mins(10);
/// How often ended windows are looked for: they end at most this much late.
const SWEEP: Duration = Duration::from_secs(20);
/// Windows kept at once, some 20 MiB. Beyond, every look is an entry of its own: none is lost.
const WINDOWS_MAX: usize = 65_536;

/// What a peer did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Act {
    /// Read sealed material: of a request, or of several or of the log itself.
    Read(Option<RequestId>),
    /// Asked for what it may not have: a method and a route, without parameters.
    Denied(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    uid: u32,
    act: Act,
}

/// Looks that are not in the log yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Tally {
    const fn one(at: Timestamp) -> Self {
        Self { count: 1, first_at: at, last_at: at }
    }

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            first_at: self.first_at.min(other.first_at),
            last_at: self.last_at.max(other.last_at),
        }
    }
}

/// Set once the window's first look is in the log.
type First = Arc<OnceCell<()>>;

struct Window {
    opened: Instant,
    first: First,
    later: Option<Tally>,
}

/// Every open window.
#[derive(Default)]
struct Windows(HashMap<Key, Window>);

impl Windows {
    /// The first look of the window that is open for `key`; opens one if none is.
    fn enter(&mut self, key: &Key, now: Instant) -> First {
        if let Some(window) = self.0.get(key) {
            return Arc::clone(&window.first);
        }
        let first = First::default();
        if self.0.len() < WINDOWS_MAX {
            let window = Window { opened: now, first: Arc::clone(&first), later: None };
            self.0.insert(key.clone(), window);
        }
        first
    }

    /// Adds to the tally of the window that `first` belongs to; false if it ended meanwhile.
    fn count(&mut self, key: &Key, first: &First, tally: Tally) -> bool {
        let window = self.0.get_mut(key).filter(|window| Arc::ptr_eq(&window.first, first));
        let is_open = window.is_some();
        if let Some(window) = window {
            window.later = Some(window.later.map_or(tally, |later| later.and(tally)));
        }
        is_open
    }

    /// Keeps looks that could not be recorded for the next sweep, whatever the bound: they are
    /// few, and nothing else knows of them.
    fn put_back(&mut self, key: Key, tally: Tally, now: Instant) {
        let fresh = || Window { opened: now, first: First::default(), later: None };
        let window = self.0.entry(key).or_insert_with(fresh);
        window.later = Some(window.later.map_or(tally, |later| later.and(tally)));
    }

    /// Ends the windows that opened before `until`, and returns what they counted.
    fn end(&mut self, until: Option<Instant>) -> Vec<(Key, Tally)> {
        let mut counted = Vec::new();
        self.0.retain(|key, window| {
            let is_open = until.is_some_and(|until| window.opened > until);
            if !is_open {
                counted.extend(window.later.map(|tally| (key.clone(), tally)));
            }
            is_open
        });
        counted
    }
}

/// Why a look could not be recorded.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Machine(#[from] MachineError),
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Submit(error) => error.into(),
            RecordError::Machine(error) => Self::internal(error),
        }
    }
}

/// Records looks in the ledger.
pub(super) struct AccessLog {
    ledger: Ledger,
    windows: Mutex<Windows>,
}

impl AccessLog {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self { ledger, windows: Mutex::default() }
    }

    /// Notes that `uid` is about to be shown sealed material of `subject`. Show it only after
    /// this came back.
    ///
    /// While the clock is in doubt (docs/FORMATS.md, Clock rule) or the disk nearly full nothing
    /// can be recorded, and reading must go on: the look is then counted, and recorded afterwards.
    ///
    /// # Errors
    /// The look could not be recorded; nothing may be shown.
    pub(super) async fn read(&self, uid: u32, subject: Option<RequestId>) -> Result<(), Problem> {
        let key = Key { uid, act: Act::Read(subject) };
        let at = machine::now().map_err(Problem::internal)?;
        match self.note(&key, at).await {
            Err(RecordError::Submit(doubt @ (SubmitError::Clock(_) | SubmitError::DiskLow { .. }))) => {
                // Beyond the bound nothing is shown that nobody would know of.
                if self.put_back(key, at) { Ok(()) } else { Err(Problem::from(doubt)) }
            }
            noted => Ok(noted?),
        }
    }

    /// Notes that `uid` was refused. It is refused whether this can be recorded or not.
    pub(super) async fn denied(&self, uid: Option<u32>, verb: String) {
        let (Some(uid), Ok(at)) = (uid, machine::now()) else { return };
        let key = Key { uid, act: Act::Denied(verb) };
        if self.note(&key, at).await.is_err() {
            self.put_back(key, at);
        }
    }

    /// Ends windows in time until `stopping` says true. One `select!`, cancel safe in both arms.
    pub(super) async fn sweep(&self, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                () = stopped(&mut stopping) => return,
            }
            // A machine that is up for less than a window has no window that ended.
            if let Some(until) = Instant::now().checked_sub(WINDOW) {
                self.record(Some(until)).await;
            }
        }
    }

    /// Records everything that is only counted so far: the last thing before the ledger closes.
    pub(super) async fn close(&self) {
        self.record(None).await;
        for (key, tally) in self.lock().end(None) {
            tracing::error!(
                peer_uid = key.uid,
                count = tally.count,
                "access could not be recorded before the end"
            );
        }
    }

    async fn note(&self, key: &Key, at: Timestamp) -> Result<(), RecordError> {
        loop {
            let first = self.lock().enter(key, Instant::now());
            let mut is_first = false;
            // Whoever comes while the first look is being recorded waits for it too.
            let recorded = first.get_or_try_init(|| {
                is_first = true;
                self.submit(key, Tally::one(at))
            });
            recorded.await?;
            // If the window ended between the two, the look belongs to the next one.
            if is_first || self.lock().count(key, &first, Tally::one(at)) {
                return Ok(());
            }
        }
    }

    /// `until`: windows that opened later go on; none: every window ends.
    async fn record(&self, until: Option<Instant>) {
        let ended = self.lock().end(until);
        for (key, tally) in ended {
            if let Err(error) = self.submit(&key, tally).await {
                tracing::warn!(peer_uid = key.uid, %error, "access is counted, but not recorded yet");
                self.lock().put_back(key, tally, Instant::now());
            }
        }
    }

    async fn submit(&self, key: &Key, tally: Tally) -> Result<(), RecordError> {
        self.ledger.submit(draft(key, tally)?).await?;
        Ok(())
    }

    /// False if there is no room for another look.
    fn put_back(&self, key: Key, at: Timestamp) -> bool {
        let mut windows = self.lock();
        let has_room = windows.0.len() < WINDOWS_MAX || windows.0.contains_key(&key);
        if has_room {
            windows.put_back(key, Tally::one(at), Instant::now());
        }
        has_room
    }

    fn lock(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().expect("no holder of this lock panics")
    }
}

fn draft(key: &Key, tally: Tally) -> Result<Draft, MachineError> {
    let Tally { count, first_at, last_at } = tally;
    let peer_uid = key.uid;
    let (type_, data) = match key.act.clone() {
        Act::Read(subject) => {
            (EventType::AccessRead, raw(&AccessRead { peer_uid, subject, count, first_at, last_at }))
        }
        Act::Denied(verb) => {
            (EventType::AccessDenied, raw(&AccessDenied { peer_uid, verb, count, first_at, last_at }))
        }
    };
    let id = EventId::new(&format!("access-{}", hex::encode(machine::random::<16>()?)));
    Ok(Draft {
        poster: Poster::Daemon,
        id: id.expect("a word and 32 hex digits are an id"),
        type_,
        request: None,
        actor: DAEMON.to_owned(),
        rules: None,
        policy: None,
        data,
        envelopes: Vec::new(),
    })
}

fn raw(data: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(data).expect("numbers, ids and times print")
}

#[cfg(test)]
mod tests {
    //! Goal: no look is lost, none is recorded twice. Method: the windows alone, with times as
    //! arguments; what reaches the log is tested over the socket.

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms).expect("in range")
    }

    fn key(uid: u32) -> Key {
        Key { uid, act: Act::Read(None) }
    }

    #[test]
    fn later_looks_are_counted_until_the_window_ends() {
        let mut windows = Windows::default();
        let start = Instant::now();
        let first = windows.enter(&key(1), start);
        assert!(Arc::ptr_eq(&first, &windows.enter(&key(1), start)), "one window");
        assert!(!Arc::ptr_eq(&first, &windows.enter(&key(2), start)), "one per peer");
        assert!(windows.count(&key(1), &first, Tally::one(at(5))));
        assert!(windows.count(&key(1), &first, Tally::one(at(3))));
        assert_eq!(windows.end(start.checked_sub(WINDOW)), [], "nothing ended yet");
        let expected = Tally { count: 2, first_at: at(3), last_at: at(5) };
        assert_eq!(windows.end(Some(start)), [(key(1), expected)]);
        assert!(!windows.count(&key(1), &first, Tally::one(at(6))), "the window ended");
        assert_eq!(windows.end(None), []);
    }

    #[test]
    fn what_could_not_be_recorded_is_kept() {
        let mut windows = Windows::default();
        let tally = Tally { count: 7, first_at: at(1), last_at: at(9) };
        windows.put_back(key(1), tally, Instant::now());
        windows.put_back(key(1), Tally::one(at(12)), Instant::now());
        assert_eq!(windows.end(None), [(key(1), Tally { count: 8, first_at: at(1), last_at: at(12) })]);
    }

    #[test]
    fn a_full_table_makes_every_look_an_entry() {
        let mut windows = Windows::default();
        let now = Instant::now();
        for uid in 0..u32::try_from(WINDOWS_MAX).expect("fits") {
            windows.enter(&key(uid), now);
        }
        let first = windows.enter(&key(u32::MAX), now);
        assert!(
            !Arc::ptr_eq(&first, &windows.enter(&key(u32::MAX), now)),
            "no window, so every look is a first"
        );
    }
}
