//! Numbers that are the same for the same seed, drawn by name and not in turn: one request more
//! changes no other.

use probity::model::digest::Digest;

/// Where the synthetic part comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to and not with `below`.
    pub(super) fn draw(self, name: &str, below: i64) -> i64 {
        let digest = Digest::of(format!("{}/{name}", self.0).as_bytes());
        let word = digest.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let below = u64::try_from(below).unwrap_or(1).max(1);
        i64::try_from(word % below).unwrap_or(0)
    }
}

/// The digest that stands for a document nobody wrote.
pub(super) fn digest(name: &str) -> String {
    Digest::of(name.as_bytes()).to_string()
}
