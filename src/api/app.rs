//! What every handler shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::access::AccessLog;
use super::crowd::Crowd;
use super::peer::Peers;
use super::problem::Problem;
use crate::ledger::{Ledger, ReadError, Reader};
use crate::ops::config::{Limits, Peer};
use crate::package::Packager;

/// The API over one ledger. Clones are cheap and share everything.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    ledger: Ledger,
    packager: Packager,
    access: AccessLog,
    peers: Peers,
    crowd: Crowd,
    limits: Limits,
    in_flight: InFlight,
    stop: watch::Sender<bool>,
    calls: AtomicU64,
}

impl App {
    /// The API over `ledger` and its `packager`, for these peers within these limits.
    #[must_use]
    pub fn new(ledger: Ledger, packager: Packager, peers: &[Peer], limits: Limits) -> Self {
        Self(Arc::new(Shared {
            access: AccessLog::new(ledger.clone()),
            ledger,
            packager,
            peers: Peers::new(peers),
            crowd: Crowd::new(limits.connections),
            limits,
            in_flight: InFlight(watch::Sender::new(0)),
            stop: watch::Sender::new(false),
            calls: AtomicU64::new(1),
        }))
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(super) fn packager(&self) -> &Packager {
        &self.0.packager
    }

    pub(super) fn access(&self) -> &AccessLog {
        &self.0.access
    }

    pub(super) fn peers(&self) -> &Peers {
        &self.0.peers
    }

    pub(super) fn crowd(&self) -> &Crowd {
        &self.0.crowd
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Longest silence of a client.
    pub(super) fn idle(&self) -> Duration {
        Duration::from_secs(self.0.limits.idle_seconds)
    }

    pub(super) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    /// A number for the next call, unique in this process.
    pub(super) fn next_call(&self) -> u64 {
        self.0.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Becomes true when the daemon stops: waits and streams then end by themselves.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    pub(super) fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Reads the ledger where blocking is allowed: rows come from the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let reader = self.ledger().reader().clone();
        let done = tokio::task::spawn_blocking(move || read(&reader)).await;
        Ok(done.map_err(Problem::internal)??)
    }
}

/// Waits until the daemon stops. Cancel safe.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender lives in the App: whoever waits here holds one, or is about to end.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// How many connections and calls there are.
#[derive(Debug)]
pub(super) struct InFlight(watch::Sender<usize>);

/// One of them; gone when dropped.
#[derive(Debug)]
pub(super) struct Alive(watch::Sender<usize>);

impl InFlight {
    pub(super) fn enter(&self) -> Alive {
        self.0.send_modify(|count| *count += 1);
        Alive(self.0.clone())
    }

    pub(super) fn now(&self) -> usize {
        *self.0.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
