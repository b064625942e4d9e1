//! Where each delivered record came from: `probity/provenance.ndjson`, and what of it is logged.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::collect::Plan;
use crate::practice::vocabulary::SourceFile;

/// Most byte ranges that one `bundle.provenance` lists, so that it fits an event: 200,000 take
/// some 4 MiB. Beyond, it lists none and the digest of the provenance, which holds them all,
/// stands for them.
const RANGES_MAX: usize = 200_000;

/// The lines of `provenance.ndjson`, one a delivered record; the same ones at every call.
pub(super) fn write_lines<W: Write + ?Sized>(plan: &Plan, out: &mut W) -> io::Result<()> {
    plan.provenance().try_for_each(|row| {
        let mut line = serde_json::to_vec(&row)?;
        line.push(b'\n');
        out.write_all(&line)
    })
}

/// The sources that were read. A source of one file has its kept ranges; one of several files
/// has a digest over them together, to which ranges would say nothing: the provenance, whose
/// digest is logged, names the part of each.
pub(super) fn sources(plan: &Plan) -> Vec<SourceFile> {
    let mut kept: BTreeMap<_, Vec<(u64, u64)>> = BTreeMap::new();
    let mut ranges = 0;
    for row in plan.provenance() {
        let of_source = kept.entry(row.source.clone()).or_default();
        of_source.push((row.from, row.to));
        ranges += 1;
        if ranges > RANGES_MAX {
            kept.clear();
            break;
        }
    }
    for row in plan.provenance().filter(|row| row.part > 0) {
        kept.remove(row.source);
    }
    let read = plan.sources.iter().filter_map(|report| Some((&report.source, report.fingerprint?)));
    let file =
        |(source, fingerprint): (&crate::model::id::SourceId, crate::collect::Fingerprint)| SourceFile {
            source: source.clone(),
            sha256: fingerprint.sha256,
            bytes: fingerprint.bytes,
            kept: joined(kept.get(source).cloned().unwrap_or_default()),
        };
    read.map(file).collect()
}

/// Ascending, touching and overlapping ranges joined: one record may go into several files.
fn joined(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_ascend() {
        for (given, expected) in [
            (vec![], vec![]),
            (vec![(5, 9), (0, 5)], vec![(0, 9)]),
            (vec![(0, 4), (5, 9)], vec![(0, 4), (5, 9)]),
            (vec![(0, 9), (2, 3), (2, 3), (8, 12)], vec![(0, 12)]),
        ] {
            assert_eq!(joined(given), expected);
        }
    }
}
