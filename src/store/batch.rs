//! One atomic change, as a list: what will be written can be read back before it is.

use super::Family;

/// One row's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// The row's family.
    pub family: Family,
    /// The row's key.
    pub key: Vec<u8>,
    /// The new value; `None` deletes the row.
    pub value: Option<Vec<u8>>,
}

/// Changes that reach the disk together or not at all. Later ones win over earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    ops: Vec<Op>,
}

impl Batch {
    /// Sets a row.
    pub fn put(&mut self, family: Family, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.ops.push(Op { family, key: key.into(), value: Some(value.into()) });
    }

    /// Removes a row, if it is there.
    pub fn delete(&mut self, family: Family, key: impl Into<Vec<u8>>) {
        self.ops.push(Op { family, key: key.into(), value: None });
    }

    /// The changes in the order they were made.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}
