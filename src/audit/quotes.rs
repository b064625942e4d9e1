//! What entries say that their own log was (I-46), held against its entries.
//!
//! A report names the signed head that it is computed from. The practice takes that as stated; only
//! who has the entries can see whether the log ever had that root.

use super::finding::{Code, Finding, Location};
use super::records;
use super::report::Report;
use super::run::entries_name;
use super::source::Source;
use crate::model::entry::ENTRY_BYTES_MAX;
use crate::practice::{Quoted, Rule};
use crate::tlog::tile::Run;
use crate::tlog::{CompactRange, LeafIndex, TreeSize, leaf_hash};

/// Reads the entries up to the largest size that is quoted once more, if any is.
pub(super) fn check(
    source: &Source<'_>,
    size: TreeSize,
    quotes: &[(LeafIndex, Quoted)],
    report: &mut Report,
) {
    let mut quotes = quotes.to_vec();
    // The practice admits none that is later than its own entry.
    quotes.sort_by_key(|(_, quoted)| quoted.size);
    let mut quotes = quotes.as_slice();
    let bytes_max = u64::try_from(ENTRY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut tree = CompactRange::new();
    for run in Run::all(size.get()) {
        if quotes.is_empty() {
            return;
        }
        // Files that cannot be read were reported; from there on every quote fails, as it should.
        let Ok(mut stream) = source.stream(&entries_name(run)) else { break };
        let each = |_: u16, bytes: &[u8]| {
            tree.push(leaf_hash(bytes));
            while let Some(((index, quoted), rest)) = quotes.split_first()
                && quoted.size == tree.size()
            {
                if quoted.root != tree.root() {
                    report.add(finding(*index, *quoted, &tree.root().to_string()));
                }
                quotes = rest;
            }
        };
        drop(records::for_each::<2>(&mut *stream, run.width(), bytes_max, &mut Vec::new(), each));
    }
    for (index, quoted) in quotes {
        report.add(finding(*index, *quoted, "entries that could not be read"));
    }
}

fn finding(index: LeafIndex, quoted: Quoted, found: &str) -> Finding {
    let mut location = Location::entry(index.get());
    location.rule = Some(Rule::I46.to_string());
    let expected = format!("root {} at size {}", quoted.root, quoted.size);
    Finding::new(Code::Rule, location, expected, found.to_owned())
}

#[cfg(test)]
mod tests {
    //! Goal: a report that names a head which this log never had is found at its entry.
    //! Method: a small log; quote every size rightly, then each wrongly, then without the file.

    use super::*;
    use crate::audit::specimen::{Specimen, with_request};
    use crate::tlog::Hash;

    const SIZE: u64 = 300;

    fn found(files: &crate::audit::specimen::Files, quotes: &[(LeafIndex, Quoted)]) -> Vec<u64> {
        let mut report = Report::default();
        with_request(files, Vec::new(), Vec::new(), 1, |request| {
            check(&request.source, TreeSize::new(SIZE), quotes, &mut report);
        });
        assert!(report.findings().iter().all(|found| found.location.rule.as_deref() == Some("I-46")));
        let index = |found: &Finding| found.location.index.expect("an entry").get();
        report.findings().iter().map(index).collect()
    }

    #[test]
    fn i_46_a_quoted_root_is_the_logs_own() {
        let log = Specimen::grow(SIZE, 7, |_| {});
        let files = log.export(&[]);
        let mut tree = CompactRange::new();
        let mut quotes = vec![];
        for entry in &log.entries {
            tree.push(leaf_hash(entry));
            let quoted = Quoted { size: tree.size(), root: tree.root() };
            quotes.push((LeafIndex::new(1000 - tree.size().get()), quoted));
        }
        assert!(found(&files, &quotes).is_empty());
        assert!(found(&files, &[]).is_empty());
        for at in [0, 7, 255, 256, 299] {
            let mut wrong = quotes.clone();
            wrong[at].1.root = Hash::ZERO;
            assert_eq!(found(&files, &wrong), [999 - u64::try_from(at).expect("small")]);
        }
        let mut lost = files;
        lost.remove("tile/entries/001.p/44");
        assert_eq!(found(&lost, &quotes).len(), 44, "those past the first 256");
    }
}
