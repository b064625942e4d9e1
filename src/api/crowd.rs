//! Shares of the connections: no peer takes the whole socket from the others.
//!
//! A review system that leaks connections, or that somebody took over, must not keep an operator
//! from looking or a reviewer from revoking.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peer::Peer;

/// One known peer's connections; `None`: those of everybody else.
type Uid = Option<u32>;

/// Who holds how many connections.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    /// Most for one known peer: three quarters.
    share: usize,
    /// Most for all uids together that are not named: a sixteenth; they get one constant answer.
    strangers: usize,
    open: Arc<Mutex<HashMap<Uid, usize>>>,
    /// Whether somebody was told to come back: the log has it once.
    is_told: Arc<AtomicBool>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    open: Arc<Mutex<HashMap<Uid, usize>>>,
    uid: Uid,
}

impl Crowd {
    /// Shares of `connections` in all.
    pub(super) fn new(connections: usize) -> Self {
        let share = (connections.saturating_mul(3) / 4).max(1);
        let strangers = (connections / 16).max(1);
        Self { share, strangers, open: Arc::default(), is_told: Arc::default() }
    }

    /// A place for one more connection of this peer, if its share is not used up.
    pub(super) fn enter(&self, peer: &Peer) -> Option<Place> {
        let (uid, most) = match peer {
            Peer::Known(caller) => (Some(caller.uid), self.share),
            Peer::Unknown { .. } => (None, self.strangers),
        };
        let mut open = lock(&self.open);
        let held = open.entry(uid).or_default();
        if *held >= most {
            drop(open);
            if !self.is_told.swap(true, Ordering::Relaxed) {
                tracing::warn!(peer_uid = peer.uid(), most, "a peer has its share of the connections open");
            }
            return None;
        }
        *held += 1;
        Some(Place { open: Arc::clone(&self.open), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(held) = open.get_mut(&self.uid) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                open.remove(&self.uid);
            }
        }
    }
}

/// A count is right at every moment, so a panic elsewhere spoils nothing.
fn lock(open: &Mutex<HashMap<Uid, usize>>) -> MutexGuard<'_, HashMap<Uid, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    //! Goal: one uid fills its share and no more; others still get in; places come back.

    use super::*;

    fn stranger(uid: u32) -> Peer {
        Peer::Unknown { uid: Some(uid) }
    }

    fn known(uid: u32) -> Peer {
        Peer::Known(super::super::peer::Caller { uid, name: "p".into(), roles: Arc::default() })
    }

    #[test]
    fn a_peer_has_its_share_and_leaves_the_rest() {
        let crowd = Crowd::new(32);
        let held: Vec<_> = std::iter::from_fn(|| crowd.enter(&known(1))).collect();
        assert_eq!(held.len(), 24);
        let mut uids = 2..;
        let strangers: Vec<_> =
            std::iter::from_fn(|| crowd.enter(&stranger(uids.next().expect("many")))).collect();
        assert_eq!(strangers.len(), 2, "however many accounts they come from");
        assert!(crowd.enter(&known(3)).is_some(), "another peer gets in");
        drop(held);
        assert!(crowd.enter(&known(1)).is_some(), "and the first again, once it let go");
        drop(strangers);
        assert!(lock(&crowd.open).is_empty(), "nobody is remembered");
    }

    #[test]
    fn everybody_has_one_at_least() {
        for (connections, share) in [(1, 1), (2, 1), (3, 2), (4, 3)] {
            let crowd = Crowd::new(connections);
            let held: Vec<_> = std::iter::from_fn(|| crowd.enter(&known(1))).collect();
            assert_eq!(held.len(), share, "of {connections}");
            assert!(crowd.enter(&stranger(2)).is_some());
        }
    }
}
