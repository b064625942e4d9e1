//! The second path: the root once more, from the bytes that are about to be written.
//!
//! A bit that flips between hashing and storing ends a log: one stored entry no longer matches
//! its signed leaf, and nothing can be done about it afterwards. So before anything is signed,
//! the encoded batch is read back and hashed by another implementation (ring instead of the
//! tree's), with peaks of its own that never meet the first path's.
//!
//! **In scope**: entries, their chain, their payloads and the root, from encoded rows.
//! **Out of scope**: what the first path computed; the caller compares.

use ring::digest::{Context, SHA256, digest};

use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::store::{Batch, Family, Op};
use crate::tlog::{Hash, TreeSize};

/// What the second path knows of the tree: its size, the peaks, the last leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recheck {
    size: u64,
    peaks: Vec<Option<[u8; 32]>>,
    last_leaf: [u8; 32],
}

/// What the second path found wrong with a batch. Always a fault of this machine.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecheckFault {
    /// An entry's row has the wrong key, or does not parse, or its index is another.
    #[error("the encoded batch has no good entry {index}")]
    Entry {
        /// The index expected there.
        index: u64,
    },
    /// An entry's `prev` is not the leaf before it.
    #[error("the encoded entry {index} does not follow the entry before it")]
    Chain {
        /// The entry's index.
        index: u64,
    },
    /// A payload's row is missing, or its digest is not the one in the entry.
    #[error("the encoded payload {index} does not match its entry")]
    Payload {
        /// The entry's index.
        index: u64,
    },
}

impl Recheck {
    /// Starts from a tree of `size` leaves, given its peaks with their levels.
    pub(crate) fn new(size: TreeSize, peaks: impl IntoIterator<Item = (u8, Hash)>, last_leaf: Hash) -> Self {
        let mut recheck = Self { size: size.get(), peaks: Vec::new(), last_leaf: *last_leaf.as_bytes() };
        for (level, peak) in peaks {
            let place = usize::from(level);
            if recheck.peaks.len() <= place {
                recheck.peaks.resize(place + 1, None);
            }
            recheck.peaks.get_mut(place).into_iter().for_each(|to| *to = Some(*peak.as_bytes()));
        }
        recheck
    }

    /// Reads a batch's entries and payloads back and takes them in.
    ///
    /// # Errors
    /// [`RecheckFault`] names the first index at which the encoded bytes are not right.
    pub(crate) fn take_in(&mut self, batch: &Batch) -> Result<(), RecheckFault> {
        let of = |family| batch.ops().iter().filter(move |op| op.family == family);
        let mut payloads = of(Family::Payloads);
        for op in of(Family::Entries) {
            self.take_entry(op, payloads.next())?;
        }
        match payloads.next() {
            None => Ok(()),
            Some(_) => Err(RecheckFault::Payload { index: self.size }),
        }
    }

    fn take_entry(&mut self, op: &Op, payload: Option<&Op>) -> Result<(), RecheckFault> {
        let index = self.size;
        let key = index.to_be_bytes();
        let bytes = op.value.as_deref().filter(|_| op.key == key).ok_or(RecheckFault::Entry { index })?;
        let entry = Entry::parse(bytes).map_err(|_| RecheckFault::Entry { index })?;
        if entry.index.get() != index {
            return Err(RecheckFault::Entry { index });
        }
        if *entry.prev.as_bytes() != self.last_leaf {
            return Err(RecheckFault::Chain { index });
        }
        let sealed = payload.filter(|op| op.key == key).and_then(|op| op.value.as_deref());
        let is_sealed = sealed.is_some_and(|sealed| {
            let found = digest(&SHA256, sealed);
            Digest::from_bytes(array(found.as_ref())) == entry.payload
        });
        if !is_sealed {
            return Err(RecheckFault::Payload { index });
        }
        self.last_leaf = hash(&[&[0], bytes]);
        self.push(self.last_leaf);
        Ok(())
    }

    fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        self.size += 1;
        for peak in &mut self.peaks {
            match peak.take() {
                None => {
                    *peak = Some(node);
                    return;
                }
                Some(left) => node = hash(&[&[1], &left, &node]),
            }
        }
        self.peaks.push(Some(node));
    }

    /// The root over everything taken in.
    pub(crate) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().flatten();
        let root = match peaks.next() {
            None => hash(&[]),
            Some(first) => peaks.fold(*first, |right, left| hash(&[&[1], left, &right])),
        };
        Hash::from_bytes(root)
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    array(context.finish().as_ref())
}

fn array(bytes: &[u8]) -> [u8; 32] {
    bytes.first_chunk().copied().expect("SHA-256 gives 32 bytes")
}
