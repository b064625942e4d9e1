//! What published figures tell beside what they say (case 57).
//!
//! A table is published with its sums. A figure that the law puts in a band, or that is withheld
//! because a gag would show through it, must not follow from the others by adding and subtracting.
//!
//! **In scope**: each sum by itself, over and over, until no figure gets narrower.
//! **Out of scope**: several equations solved together, which may tell more; which figures to
//! withhold so that none is told.

use super::Band;

/// A figure as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The number.
    Exact(u64),
    /// A range.
    Within(Band),
    /// Nothing.
    Withheld,
}

/// One figure of a table is the sum of others, by their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The sum.
    pub whole: usize,
    /// What it is the sum of.
    pub parts: Vec<usize>,
}

/// From and to, both included. Wide enough for sums of any counts; those of a table that does not add up
/// grow with each round, and end at the type's.
type Range = (i128, i128);

/// The figures that the table gives away: a range that is narrower than its band, or one number where
/// nothing is shown. Each round costs the length of the sums; there are at most 64,
/// so what follows only through a longer chain of withheld figures is not found.
#[must_use]
pub fn revealed(shown: &[Shown], sums: &[Sum]) -> Vec<usize> {
    let mut ranges: Vec<Range> = shown.iter().map(|figure| first(*figure)).collect();
    for _ in 0..ROUNDS_MAX {
        let before = ranges.clone();
        sums.iter().for_each(|sum| narrow(&mut ranges, sum));
        if ranges == before {
            break;
        }
    }
    let is_told = |(figure, range): (&Shown, &Range)| match figure {
        Shown::Exact(_) => false,
        Shown::Within(_) => *range != first(*figure),
        Shown::Withheld => range.0 >= range.1,
    };
    let told = shown.iter().zip(&ranges).enumerate().filter(|(_, pair)| is_told(*pair));
    told.map(|(at, _)| at).collect()
}

/// Rounds after which a band that still gets narrower was found narrower long ago.
const ROUNDS_MAX: usize = 64;

const fn first(figure: Shown) -> Range {
    match figure {
        Shown::Exact(count) => (count as i128, count as i128),
        Shown::Within(Band { least, most }) => (least as i128, most as i128),
        Shown::Withheld => (0, u64::MAX as i128),
    }
}

/// The sum lies between those of its parts' ends; a part, between what the others leave of it.
fn narrow(ranges: &mut [Range], sum: &Sum) {
    let of = |ranges: &[Range], at: usize| ranges.get(at).copied().unwrap_or_default();
    let ends = |ranges: &[Range]| {
        sum.parts
            .iter()
            .map(|at| of(ranges, *at))
            .fold((0_i128, 0_i128), |all, part| (all.0.saturating_add(part.0), all.1.saturating_add(part.1)))
    };
    let within = |range: &mut Range, other: Range| *range = (range.0.max(other.0), range.1.min(other.1));
    let all = ends(ranges);
    if let Some(whole) = ranges.get_mut(sum.whole) {
        within(whole, all);
    }
    for at in &sum.parts {
        let (all, whole, own) = (ends(ranges), of(ranges, sum.whole), of(ranges, *at));
        let others = (all.0.saturating_sub(own.0), all.1.saturating_sub(own.1));
        if let Some(part) = ranges.get_mut(*at) {
            within(part, (whole.0.saturating_sub(others.1), whole.1.saturating_sub(others.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a banded or withheld figure that follows from the others is found, and none that does not.
    //! Method: small tables with their sums; random ones against every table that they may be.

    use proptest::prelude::*;

    use super::Shown::{Exact, Withheld, Within};
    use super::*;

    fn sum(whole: usize, parts: &[usize]) -> Sum {
        Sum { whole, parts: parts.to_vec() }
    }

    fn band(figure: u64) -> Shown {
        Within(Band::of(figure, 500))
    }

    #[test]
    fn case_57_a_banded_figure_follows_from_a_total_and_the_other_tables() {
        let sums = [sum(0, &[1, 2, 3])];
        let all = [Exact(6_400), Exact(6_286), Exact(80), band(34)];
        assert_eq!(revealed(&all, &sums), [3], "34 letters");
        // In a band itself, the total tells less, and still that there are no more than 133.
        assert_eq!(revealed(&[band(6_400), Exact(6_286), Exact(80), band(34)], &sums), [0, 3]);
        // A total over what is counted exactly says nothing of the rest.
        assert_eq!(revealed(&[Exact(6_366), Exact(6_286), Exact(80), band(34)], &[sum(0, &[1, 2])]), [0; 0]);
        assert_eq!(revealed(&[Withheld, Exact(6_286), Exact(80), band(34)], &sums), [0; 0]);
    }

    #[test]
    fn case_57_a_countrys_one_request_is_not_hidden_by_leaving_it_out_alone() {
        // Rows are countries, columns outcomes; 8 and 9 are the columns' sums.
        let sums = [sum(2, &[0, 1]), sum(5, &[3, 4]), sum(8, &[0, 3]), sum(9, &[1, 4])];
        let table = |hidden: &[usize]| -> Vec<Shown> {
            let counts = [7, 5, 12, 1, 0, 1, 0, 0, 8, 5];
            let show = |(at, count)| if hidden.contains(&at) { Withheld } else { Exact(count) };
            counts.into_iter().enumerate().map(show).collect()
        };
        assert_eq!(revealed(&table(&[3]), &sums), [3], "by its row and by its column");
        assert_eq!(revealed(&table(&[3, 4]), &sums), [3, 4], "by the columns");
        assert_eq!(revealed(&table(&[0, 1, 3, 4]), &sums), [0; 0], "a square of four tells nothing");
        assert_eq!(revealed(&table(&[]), &sums), [0; 0]);
    }

    #[test]
    fn a_table_that_does_not_add_up_ends_the_search_without_overflow() {
        let sums = [sum(0, &[1, 1]), sum(1, &[0, 0])];
        assert_eq!(revealed(&[Exact(1), Withheld], &sums), [1]);
    }

    proptest! {
        /// What is called revealed is one number in each table that the reader may be looking at.
        #[test]
        fn what_is_revealed_is_the_same_in_every_table_that_fits(
            counts in prop::array::uniform3(0_u64..5),
            hidden in prop::array::uniform4(any::<bool>()),
        ) {
            let total: u64 = counts.iter().sum();
            let table = [counts[0], counts[1], counts[2], total];
            let shown: Vec<_> =
                table.iter().zip(hidden).map(|(count, hide)| if hide { Withheld } else { Exact(*count) }).collect();
            let found = revealed(&shown, &[sum(3, &[0, 1, 2])]);
            let mut seen = vec![std::collections::BTreeSet::new(); 4];
            for (a, b, c) in (0..15).flat_map(|a| (0..15).flat_map(move |b| (0..15).map(move |c| (a, b, c)))) {
                let other = [a, b, c, a + b + c];
                let fits = other.iter().zip(&shown).all(|(count, shown)| match shown {
                    Exact(exact) => exact == count,
                    _ => true,
                });
                if fits {
                    other.iter().zip(&mut seen).for_each(|(count, seen)| seen.extend([*count]));
                }
            }
            let told: Vec<usize> = (0..4).filter(|at| hidden[*at] && seen[*at].len() == 1).collect();
            prop_assert_eq!(found, told);
        }
    }
}
