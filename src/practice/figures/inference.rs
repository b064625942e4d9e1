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

/// Why nothing can be said of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A sum names a figure that the table does not have.
    #[error("sum {sum} is of figure {figure}, and the table has {figures}")]
    NoFigure {
        /// The sum, by its position.
        sum: usize,
        /// What it names.
        figure: usize,
        /// How many figures there are.
        figures: usize,
    },
    /// No numbers add up so, whatever the bands and the withheld figures are.
    #[error("figure {figure} can be no number: the sums do not add up")]
    DoesNotAddUp {
        /// One that is left with none.
        figure: usize,
    },
}

/// From and to, both included; wide enough for sums of any counts. A table that adds up keeps each within
/// what it shows; in one that does not, ends cross, which ends the search.
type Range = (i128, i128);

/// The figures that the table gives away: a range that is narrower than its band, or one number where
/// nothing is shown.
///
/// Each round costs the length of the sums. There are as many as figures, and some more: what one sum
/// tells reaches the end of the longest chain in as many rounds, and what is narrowed step by step, a
/// band by a band, was found narrower in the first.
///
/// # Errors
/// [`TableError`]: a table that says nothing true gives nothing away that could be relied upon.
pub fn revealed(shown: &[Shown], sums: &[Sum]) -> Result<Vec<usize>, TableError> {
    for (at, sum) in sums.iter().enumerate() {
        let stray = sum.parts.iter().chain([&sum.whole]).find(|figure| **figure >= shown.len());
        if let Some(figure) = stray.copied() {
            return Err(TableError::NoFigure { sum: at, figure, figures: shown.len() });
        }
    }
    let mut ranges: Vec<Range> = shown.iter().map(|figure| first(*figure)).collect();
    for _ in 0..shown.len().saturating_add(ROUNDS_MORE) {
        let before = ranges.clone();
        sums.iter().for_each(|sum| narrow(&mut ranges, sum));
        if let Some(figure) = ranges.iter().position(|range| range.0 > range.1) {
            return Err(TableError::DoesNotAddUp { figure });
        }
        if ranges == before {
            break;
        }
    }
    let is_told = |(figure, range): (&Shown, &Range)| match figure {
        Shown::Exact(_) => false,
        Shown::Within(_) => *range != first(*figure),
        Shown::Withheld => range.0 == range.1,
    };
    let told = shown.iter().zip(&ranges).enumerate().filter(|(_, pair)| is_told(*pair));
    Ok(told.map(|(at, _)| at).collect())
}

/// Rounds beside those of the longest chain.
const ROUNDS_MORE: usize = 64;

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
    let within = |range: &mut Range, other: Range| *range = (range.0.max(other.0), range.1.min(other.1));
    let mut all = sum.parts.iter().map(|at| of(ranges, *at)).fold((0, 0), plus);
    if let Some(whole) = ranges.get_mut(sum.whole) {
        within(whole, all);
    }
    for at in &sum.parts {
        let (whole, own) = (of(ranges, sum.whole), of(ranges, *at));
        let others = plus(all, (-own.0, -own.1));
        if let Some(part) = ranges.get_mut(*at) {
            within(part, (whole.0.saturating_sub(others.1), whole.1.saturating_sub(others.0)));
            all = plus(others, *part);
        }
    }
}

const fn plus(one: Range, other: Range) -> Range {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

#[cfg(test)]
mod tests {
    //! Goal: a banded or withheld figure that follows from the others is found, and none that does not.
    //! Method: small tables with their sums; random ones against every table that they may be.

    use proptest::prelude::*;

    use super::Shown::{Exact, Withheld, Within};
    use super::*;

    fn revealed(shown: &[Shown], sums: &[Sum]) -> Vec<usize> {
        super::revealed(shown, sums).expect("the table adds up")
    }

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
    fn a_table_that_does_not_add_up_is_said_to() {
        let says =
            |shown: &[Shown], sums: &[Sum]| super::revealed(shown, sums).expect_err("it tells nothing");
        let sums = |error| matches!(error, TableError::DoesNotAddUp { .. });
        assert!(sums(says(&[Exact(3), Exact(1), Exact(1)], &[sum(0, &[1, 2])])));
        assert!(sums(says(&[Withheld, Withheld, Exact(1)], &[sum(0, &[1, 1]), sum(1, &[0, 2])])));
        assert!(sums(says(&[Exact(1), Withheld], &[sum(0, &[1, 1]), sum(1, &[0, 0])])));
        // An empty sum is none, and cannot be of something.
        assert!(sums(says(&[Exact(1)], &[sum(0, &[])])));
        for stray in [sum(2, &[0]), sum(0, &[1, 2])] {
            let expected = TableError::NoFigure { sum: 1, figure: 2, figures: 2 };
            assert_eq!(says(&[Withheld, Withheld], &[sum(0, &[1]), stray]), expected);
        }
    }

    /// Each withheld figure is the one before and one more: the first gives all of them away.
    #[test]
    fn a_long_chain_of_withheld_figures_is_followed_to_its_end() {
        const LINKS: usize = 300;
        let mut shown = vec![Exact(1); LINKS];
        shown.extend([Withheld; LINKS]);
        shown.push(Exact(7));
        // Written against the direction in which it is followed.
        let link =
            |nth: usize| sum(LINKS + nth, &[nth, if nth + 1 < LINKS { LINKS + nth + 1 } else { 2 * LINKS }]);
        let sums: Vec<_> = (0..LINKS).map(link).collect();
        assert_eq!(revealed(&shown, &sums), (LINKS..2 * LINKS).collect::<Vec<_>>());
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

        /// Of rows, columns and a grand total, nothing is called revealed that could be another number.
        #[test]
        fn nothing_is_called_revealed_that_could_be_another_number(
            counts in prop::array::uniform4(0_u64..4),
            hidden in prop::array::uniform9(any::<bool>()),
        ) {
            let table = |[a, b, c, d]: [u64; 4]| [a, b, c, d, a + b, c + d, a + c, b + d, a + b + c + d];
            let sums =
                [sum(4, &[0, 1]), sum(5, &[2, 3]), sum(6, &[0, 2]), sum(7, &[1, 3]), sum(8, &[4, 5]), sum(8, &[6, 7])];
            let figures = table(counts);
            let shown: Vec<_> =
                figures.iter().zip(hidden).map(|(count, hide)| if hide { Withheld } else { Exact(*count) }).collect();
            let found = revealed(&shown, &sums);
            let others = (0..6_u64.pow(4)).map(|n| table([n % 6, n / 6 % 6, n / 36 % 6, n / 216]));
            for other in others {
                let fits = other.iter().zip(&shown).all(|(count, shown)| *shown == Withheld || *shown == Exact(*count));
                for at in found.iter().filter(|_| fits) {
                    prop_assert_eq!(other[*at], figures[*at]);
                }
            }
            prop_assert!(found.iter().all(|at| hidden[*at]));
        }
    }
}
