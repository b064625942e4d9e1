//! Cases in memory, as they are in the store: only to save reading them.
//!
//! **In scope**: what is kept and how much of it. One case can hold tens of megabytes, all of
//! a caller's making, so a count alone is no bound. A case counts as long as its sealed row:
//! not its exact size in memory, but in proportion to it.
//! **Out of scope**: which cases a batch changes. Those must stay until its rows are written,
//! so the bounds are enforced between batches, and while one runs for what is only read.

use std::collections::HashMap;

use super::environment::LedgerConfig;
use crate::model::id::RequestId;

/// What is kept of each request; `C` is [`super::head::OpenCase`].
pub(crate) struct Kept<C> {
    cases: HashMap<RequestId, Weighed<C>>,
    /// The sum of the row lengths of `cases`.
    bytes: usize,
}

struct Weighed<C> {
    case: C,
    bytes: usize,
}

impl<C> Kept<C> {
    pub(crate) fn new() -> Self {
        Self { cases: HashMap::new(), bytes: 0 }
    }

    pub(crate) fn case(&self, request: &RequestId) -> Option<&C> {
        self.cases.get(request).map(|weighed| &weighed.case)
    }

    /// Keeps a case that was read, if there is room: it can be read again.
    pub(crate) fn keep_read(&mut self, request: &RequestId, case: C, bytes: usize, config: &LedgerConfig) {
        if self.bytes.saturating_add(bytes) <= config.cases_kept_bytes_max {
            self.put(request.clone(), Weighed { case, bytes });
        }
    }

    /// Keeps a case that the batch changed, room or not: the store does not have it yet.
    /// [`Kept::measured`] follows when its row is sealed.
    pub(crate) fn keep_changed(&mut self, request: RequestId, case: C) {
        let bytes = self.cases.get(&request).map_or(0, |before| before.bytes);
        self.put(request, Weighed { case, bytes });
    }

    /// Takes note of the length of a case's new row.
    pub(crate) fn measured(&mut self, request: &RequestId, bytes: usize) {
        if let Some(weighed) = self.cases.get_mut(request) {
            self.bytes = self.bytes - weighed.bytes + bytes;
            weighed.bytes = bytes;
        }
    }

    /// Drops cases, whichever come first, until both bounds are met. Only between batches.
    pub(crate) fn evict(&mut self, config: &LedgerConfig) {
        let mut count = self.cases.len();
        let bytes = &mut self.bytes;
        self.cases.retain(|_, weighed| {
            let fits = count <= config.cases_kept_max && *bytes <= config.cases_kept_bytes_max;
            if !fits {
                count -= 1;
                *bytes -= weighed.bytes;
            }
            fits
        });
    }

    fn put(&mut self, request: RequestId, weighed: Weighed<C>) {
        self.bytes += weighed.bytes;
        if let Some(before) = self.cases.insert(request, weighed) {
            self.bytes -= before.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(at: usize) -> RequestId {
        RequestId::new(&format!("R-{at}")).expect("an id")
    }

    /// Both bounds small enough to meet.
    fn config(cases: usize, bytes: usize) -> LedgerConfig {
        LedgerConfig { cases_kept_max: cases, cases_kept_bytes_max: bytes, ..LedgerConfig::default() }
    }

    fn total<C>(kept: &Kept<C>) -> usize {
        kept.cases.values().map(|weighed| weighed.bytes).sum()
    }

    #[test]
    fn keeps_what_fits_both_bounds() {
        let check = |cases: usize, bytes: usize, left: usize| {
            let mut kept = Kept::new();
            for at in 0..10 {
                kept.keep_changed(id(at), at);
                kept.measured(&id(at), 100);
            }
            assert_eq!((kept.cases.len(), kept.bytes), (10, 1_000), "a changed case is never refused");
            kept.evict(&config(cases, bytes));
            assert_eq!((kept.cases.len(), kept.bytes), (left, left * 100));
            for (request, weighed) in &kept.cases {
                assert_eq!(*request, id(weighed.case));
            }
        };
        check(10, 1_000, 10);
        check(4, 1_000, 4);
        check(10, 999, 9);
        check(10, 300, 3);
        check(2, 300, 2);
        check(10, 99, 0);
        check(0, 1_000, 0);
    }

    #[test]
    fn counts_each_case_once_and_as_it_is_now() {
        let config = config(10, 100);
        let mut kept = Kept::new();
        kept.keep_read(&id(1), "read", 60, &config);
        kept.keep_read(&id(2), "no room", 41, &config);
        assert_eq!((kept.case(&id(1)), kept.case(&id(2)), kept.bytes), (Some(&"read"), None, 60));
        kept.keep_changed(id(1), "changed");
        assert_eq!((kept.case(&id(1)), kept.bytes), (Some(&"changed"), 60));
        kept.measured(&id(1), 70);
        kept.measured(&id(3), 1_000);
        assert_eq!((kept.bytes, total(&kept)), (70, 70));
        kept.measured(&id(1), 10);
        kept.keep_read(&id(2), "room", 90, &config);
        assert_eq!((kept.case(&id(2)), kept.bytes, total(&kept)), (Some(&"room"), 100, 100));
    }
}
