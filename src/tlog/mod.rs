//! Transparency-log mathematics and text formats: RFC 6962 and C2SP.
//!
//! **In scope**: leaf and node hashes, compact ranges, inclusion and consistency
//! proofs (made and checked), tiles and their paths, the right edge of a growing
//! tree, origins, signed notes and their keys, checkpoints, the keyring, receipts
//! (tlog-proof).
//! **Out of scope**: what an entry says (here it is bytes), where tiles are kept,
//! files, time, randomness, witnesses and cosignatures: a signature of a type that
//! is not Ed25519 is an unknown one, and unknown ones are ignored.
//!
//! Every parser takes one encoding only and bounds what it reads by a named
//! constant; `print(parse(b)) == b` holds for whatever it accepts. A value named
//! `Verified…` or `Signed…` exists only after its signatures were checked.

pub mod hash;
pub mod size;

pub mod compact;
pub mod node;
pub mod proof;

pub mod edge;
pub mod tile;

pub mod note;
pub mod origin;
pub mod signer;
pub mod vkey;

pub mod checkpoint;
pub mod keyring;
pub mod receipt;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use compact::CompactRange;
pub use edge::RightEdge;
pub use hash::{Hash, leaf_hash, node_hash};
pub use keyring::{Keyring, KeyringChain};
pub use node::Node;
pub use note::{SignedNote, VerifiedNote};
pub use origin::Origin;
pub use receipt::{Receipt, VerifiedReceipt};
pub use signer::LogSigner;
pub use size::{LeafIndex, TreeSize};
pub use tile::{Run, Tile, TileNodes};
pub use vkey::{PublicKey, Vkey};

#[cfg(test)]
mod vectors;
