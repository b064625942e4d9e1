//! The times that one cell of a scope covers, field by field.
//!
//! **In scope**: the union of intervals, built once, asked often, both in O(n log n):
//! the sequencer asks it on behalf of a caller who chooses both sides.
//! **Out of scope**: which fields an item has ([`super::ScopeItem`]).
//!
//! Items with every field are united once for all fields, never once per field named:
//! thousands of them next to thousands of names would be a quadratic number of intervals.

use std::collections::BTreeMap;

use super::Interval;

/// The union of the items of one (service, account, class), being gathered.
#[derive(Default)]
pub(super) struct Gathering<'a> {
    every: Vec<Interval>,
    named: BTreeMap<&'a str, Vec<Interval>>,
}

/// The same, united: sorted intervals of which no two touch.
pub(super) struct Cover<'a> {
    /// Covered for every field, also for those that no list names.
    every: Vec<Interval>,
    /// Covered for one field by items that name it, each grown by what of `every` it touches.
    named: BTreeMap<&'a str, Vec<Interval>>,
}

impl<'a> Gathering<'a> {
    /// Adds an item; without `fields`, one that has every field.
    pub(super) fn add(&mut self, fields: Option<&'a [String]>, interval: Interval) {
        match fields {
            None => self.every.push(interval),
            Some(fields) => {
                for field in fields {
                    self.named.entry(field).or_default().push(interval);
                }
            }
        }
    }

    pub(super) fn unite(self) -> Cover<'a> {
        let every = united(self.every);
        let grow = |intervals: Vec<Interval>| {
            // Two that touch the same one of `every` meet in it, so uniting again joins them.
            united(united(intervals).into_iter().map(|interval| grown(interval, &every)).collect())
        };
        let named = self.named.into_iter().map(|(field, intervals)| (field, grow(intervals))).collect();
        Cover { every, named }
    }
}

impl Cover<'_> {
    /// Whether all of `whole` is covered for the field; `None` stands for the fields that no list names.
    ///
    /// What has no gap lies in one piece of the union, and each piece is, whole, in `every`
    /// or in the field's own list: two searches decide.
    pub(super) fn covers(&self, field: Option<&str>, whole: Interval) -> bool {
        let own = field.and_then(|field| self.named.get(field));
        is_in_one(&self.every, whole) || own.is_some_and(|own| is_in_one(own, whole))
    }
}

/// Sorts and joins what overlaps or touches.
fn united(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut joined: Vec<Interval> = Vec::new();
    for (from, to) in intervals {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The interval with those of `every` that its two ends touch; those between are inside it.
fn grown((from, to): Interval, every: &[Interval]) -> Interval {
    let starts_by = |at: i64| every.partition_point(|&(start, _)| start <= at).checked_sub(1);
    let touching = |at: i64| starts_by(at).and_then(|place| every.get(place)).filter(|piece| at <= piece.1);
    (touching(from).map_or(from, |piece| piece.0), touching(to).map_or(to, |piece| piece.1.max(to)))
}

fn is_in_one(united: &[Interval], (from, to): Interval) -> bool {
    let place = united.partition_point(|&(start, _)| start <= from).checked_sub(1);
    place.and_then(|place| united.get(place)).is_some_and(|piece| to <= piece.1)
}

#[cfg(test)]
mod tests {
    //! Goal: the union is exact, and stays small whatever is put together.
    //! Method: a brute-force model over small integers; counts of intervals, not times.

    use proptest::prelude::*;

    use super::*;

    fn cover(items: &[(Option<Vec<String>>, Interval)]) -> Cover<'_> {
        let mut gathering = Gathering::default();
        for (fields, interval) in items {
            gathering.add(fields.as_deref(), *interval);
        }
        gathering.unite()
    }

    fn intervals(cover: &Cover<'_>) -> usize {
        cover.every.len() + cover.named.values().map(Vec::len).sum::<usize>()
    }

    #[test]
    fn is_never_larger_than_what_was_put_in() {
        let name = |at: i64| Some(vec![format!("field{at}")]);
        let check = |item: fn(i64) -> Interval, fields: &dyn Fn(i64) -> Option<Vec<String>>, expected| {
            let items: Vec<_> = (0..20_000).map(|at| (fields(at), item(at))).collect();
            assert_eq!(intervals(&cover(&items)), expected);
        };
        // Overlapping, touching, and with gaps between them.
        check(|at| (at, at + 5), &|_| None, 1);
        check(|at| (at, at + 1), &|_| None, 1);
        check(|at| (2 * at, 2 * at + 1), &|_| None, 20_000);
        // Half of them with every field, half with a field of their own: one each, no product.
        check(|at| (2 * at, 2 * at + 1), &|at| if at % 2 == 0 { None } else { name(at) }, 20_000);
        check(|at| (at, at + 5), &|at| if at % 2 == 0 { None } else { name(at) }, 10_001);
    }

    fn items() -> impl Strategy<Value = Vec<(Option<Vec<String>>, Interval)>> {
        let fields = prop_oneof![
            Just(None),
            proptest::sample::subsequence(vec!["x".to_owned(), "y".to_owned()], 1..=2).prop_map(Some),
        ];
        proptest::collection::vec((fields, (0i64..24, 1i64..6).prop_map(|(at, n)| (at, at + n))), 0..12)
    }

    proptest! {
        #[test]
        fn covers_what_its_items_cover(items in items(), from in 0i64..26, length in 1i64..12) {
            let cover = cover(&items);
            for field in [None, Some("x"), Some("y"), Some("z")] {
                let has = |fields: &Option<Vec<String>>| match (fields, field) {
                    (None, _) => true,
                    (Some(names), Some(field)) => names.iter().any(|name| name == field),
                    (Some(_), None) => false,
                };
                let expected = (from..from + length)
                    .all(|at| items.iter().any(|(fields, i)| has(fields) && i.0 <= at && at < i.1));
                prop_assert_eq!(cover.covers(field, (from, from + length)), expected, "{:?}", field);
            }
        }
    }
}
