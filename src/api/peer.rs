//! Who is at the other end: the kernel's word for the uid, the configuration's for the rest.
//!
//! Nothing a peer says about itself is heard. There is no role for a requester (S-01), and a uid
//! that the configuration does not name gets one constant answer to everything.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::ops::config;
use crate::practice::vocabulary::PeerRole;

/// Peers that may read what the log says about requests: all that have a role.
pub(super) const READERS: &[PeerRole] =
    &[PeerRole::ReviewSystem, PeerRole::Operator, PeerRole::Reviewer, PeerRole::Auditor];
/// Peers that may post events; which ones each may post is the vocabulary's to say.
pub(super) const POSTERS: &[PeerRole] = &[PeerRole::ReviewSystem, PeerRole::Operator, PeerRole::Reviewer];

/// Peers that may start a collection.
pub(super) const COLLECTORS: &[PeerRole] = &[PeerRole::ReviewSystem, PeerRole::Operator];

/// Somebody the configuration names.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Its uid, as the kernel says.
    pub(super) uid: u32,
    /// Its name in logs: an id, never a person's name.
    pub(super) name: Arc<str>,
    /// What it may do.
    pub(super) roles: Arc<BTreeSet<PeerRole>>,
}

impl Caller {
    /// Whether it has one of these roles.
    pub(super) fn has_one_of(&self, roles: &[PeerRole]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    /// Named by the configuration.
    Known(Caller),
    /// Not named.
    Unknown {
        /// Its uid; none if the kernel would not say.
        uid: Option<u32>,
    },
}

impl Peer {
    /// Its uid, if the kernel said.
    pub(super) fn uid(&self) -> Option<u32> {
        match self {
            Self::Known(caller) => Some(caller.uid),
            Self::Unknown { uid } => *uid,
        }
    }
}

/// Everybody the configuration names, by uid.
#[derive(Debug)]
pub(super) struct Peers(HashMap<u32, Caller>);

impl Peers {
    /// From the configuration, which names no uid twice.
    pub(super) fn new(peers: &[config::Peer]) -> Self {
        let caller = |peer: &config::Peer| Caller {
            uid: peer.uid,
            name: peer.name.as_str().into(),
            roles: Arc::new(peer.roles.clone()),
        };
        Self(peers.iter().map(|peer| (peer.uid, caller(peer))).collect())
    }

    /// The peer with this uid.
    pub(super) fn find(&self, uid: Option<u32>) -> Peer {
        let known = uid.and_then(|uid| self.0.get(&uid)).cloned();
        known.map_or(Peer::Unknown { uid }, Peer::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configuration_gives_roles() {
        let reviewer = config::Peer {
            uid: 1001,
            name: "reviews".to_owned(),
            roles: BTreeSet::from([PeerRole::Reviewer]),
        };
        let bare = config::Peer { uid: 1002, name: "bare".to_owned(), roles: BTreeSet::new() };
        let peers = Peers::new(&[reviewer, bare]);
        let check = |uid, roles: &[PeerRole], expected| {
            let found = matches!(peers.find(uid), Peer::Known(caller) if caller.has_one_of(roles));
            assert_eq!(found, expected, "{uid:?} {roles:?}");
        };
        check(Some(1001), READERS, true);
        check(Some(1001), POSTERS, true);
        check(Some(1001), COLLECTORS, false);
        check(Some(1002), READERS, false);
        // root is a uid like any other.
        check(Some(0), READERS, false);
        check(None, READERS, false);
    }
}
