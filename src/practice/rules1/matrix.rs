//! The matrix: instrument × issuer × data class.
//!
//! One question, one answer: which rule stops this item, if any. The first rule in the
//! order below is the one a refusal must name, so that counts of rejections by rule mean
//! the same everywhere: never-list, issuer, strength of process for content, class.

use crate::model::class::DataClass;
use crate::practice::policy::{ContentMinProcess, CountryCode, Instrument, Issuer, Policy, Process};
use crate::practice::rule::Rule;

/// Whether the instrument, issued by `issuer`, reaches the class under this policy.
///
/// # Errors
/// The rule that stops it: I-12, S-18, S-31, S-26, S-05 or S-04.
pub(in crate::practice) fn reaches(
    policy: &Policy,
    instrument: &Instrument,
    issuer: Issuer,
    class: DataClass,
) -> Result<(), Rule> {
    is_disclosable(policy, class)?;
    is_issuer(instrument, issuer)?;
    if class.is_content() {
        is_no_us_subpoena(instrument)?;
        has_content_process(policy, instrument)?;
    } else {
        has_process(instrument)?;
    }
    is_authorised(policy, instrument, class)
}

/// I-12 (S-02): keys and credentials, whatever a policy says.
fn is_disclosable(policy: &Policy, class: DataClass) -> Result<(), Rule> {
    if policy.is_never_disclosable(class) { Err(Rule::I12) } else { Ok(()) }
}

/// S-18: issued by somebody who may.
fn is_issuer(instrument: &Instrument, issuer: Issuer) -> Result<(), Rule> {
    if instrument.issuers.contains(&issuer) { Ok(()) } else { Err(Rule::S18) }
}

/// S-31, Warshak: hard, no policy switches it off.
fn is_no_us_subpoena(instrument: &Instrument) -> Result<(), Rule> {
    let is_us = instrument.country.is_some_and(|country| country.as_str() == US);
    if is_us && instrument.process == Process::Subpoena { Err(Rule::S31) } else { Ok(()) }
}

const US: &str = "US";

/// S-26: a warrant or its equivalent, or what the switch lets stand for it. What a provider
/// may report by itself is judged by its own list.
fn has_content_process(policy: &Policy, instrument: &Instrument) -> Result<(), Rule> {
    let is_enough = match instrument.process {
        Process::Warrant | Process::Voluntary | Process::Statutory => true,
        Process::CourtOrder => policy.switches.content_min_process == ContentMinProcess::CourtOrder,
        Process::Subpoena | Process::Request => false,
    };
    if is_enough { Ok(()) } else { Err(Rule::S26) }
}

/// S-05: a mere request compels nothing.
fn has_process(instrument: &Instrument) -> Result<(), Rule> {
    if instrument.process == Process::Request { Err(Rule::S05) } else { Ok(()) }
}

/// S-04: the table, with what a switch adds to it.
fn is_authorised(policy: &Policy, instrument: &Instrument, class: DataClass) -> Result<(), Rule> {
    let switches = &policy.switches;
    let by_order = switches.content_min_process == ContentMinProcess::CourtOrder
        && instrument.under_court_order.contains(&class);
    let by_practice =
        switches.subpoena_reaches_records_other && instrument.under_wider_subpoena.contains(&class);
    let listed = instrument.authorises.contains(&class) || by_order || by_practice;
    if listed && !instrument.never.contains(&class) { Ok(()) } else { Err(Rule::S04) }
}

/// S-25, S-52: the country is answered, and its authorities use this instrument.
pub(in crate::practice) fn is_countrys(
    policy: &Policy,
    instrument: &Instrument,
    country: CountryCode,
) -> Result<(), Rule> {
    let Some(row) = policy.country(country).filter(|row| row.answered) else { return Err(Rule::S52) };
    match instrument.country {
        Some(home) if row.instruments_of.contains(&home) => Ok(()),
        _ => Err(Rule::S25),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: the whole cross product is what somebody once read and agreed to.
    //! Method: a table checked in, one line per instrument and issuer, one column per class;
    //! and the headline cases of the practice by hand, so that the table itself is checked.

    use std::fmt::Write as _;

    use super::*;
    use crate::practice::policy::Code;

    const DRAFT: &str = include_str!("../../../config/policy.toml");
    const GOLDEN: &str = include_str!("../../../tests/golden/matrix.txt");
    const GOLDEN_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/matrix.txt");

    fn table() -> String {
        let mut text = String::from("# switches | instrument | issuer |");
        for class in DataClass::ALL {
            write!(text, " {class}").expect("a string takes all");
        }
        text.push('\n');
        for (name, from, to) in [
            ("strict", "", ""),
            ("court_order", "content_min_process = \"warrant\"", "content_min_process = \"court_order\""),
            (
                "wider_subpoena",
                "subpoena_reaches_records_other = false",
                "subpoena_reaches_records_other = true",
            ),
        ] {
            let policy = Policy::parse(&DRAFT.replace(from, to)).expect("sound");
            for instrument in &policy.instruments {
                for issuer in Issuer::ALL.iter().filter(|issuer| instrument.issuers.contains(issuer)) {
                    row(&mut text, name, &policy, instrument, *issuer);
                }
                let stranger = Issuer::ALL.iter().find(|issuer| !instrument.issuers.contains(issuer));
                row(&mut text, name, &policy, instrument, *stranger.expect("nobody has every issuer"));
            }
        }
        text
    }

    fn row(text: &mut String, switches: &str, policy: &Policy, instrument: &Instrument, issuer: Issuer) {
        write!(text, "{switches} | {} | {issuer:?} |", instrument.code).expect("a string takes all");
        for class in DataClass::ALL {
            let cell = reaches(policy, instrument, issuer, class).map_or_else(Rule::number, |()| "yes");
            write!(text, " {cell}").expect("a string takes all");
        }
        text.push('\n');
    }

    #[test]
    fn golden_table() {
        let table = table();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(GOLDEN_PATH, &table).expect("the golden file can be written");
            return;
        }
        assert!(table == GOLDEN, "the matrix changed; read it, then run with UPDATE_GOLDEN=1");
    }

    #[test]
    fn strangers_reach_nothing() {
        let policy = Policy::parse(DRAFT).expect("sound");
        for instrument in &policy.instruments {
            for issuer in Issuer::ALL.iter().filter(|issuer| !instrument.issuers.contains(issuer)) {
                for class in DataClass::ALL {
                    assert!(reaches(&policy, instrument, *issuer, class).is_err(), "{}", instrument.code);
                }
            }
        }
    }

    #[test]
    fn headline_cases() {
        use DataClass::{Bsi, ContentLive, ContentStored, Credentials, LocationHistoric, RecordsOther};
        let check = |switch: (&str, &str), code: &str, issuer, class, expected| {
            assert!(switch.0.is_empty() || DRAFT.contains(switch.0));
            let policy = Policy::parse(&DRAFT.replace(switch.0, switch.1)).expect("sound");
            let code = Code::new(code).expect("a code");
            let instrument = policy.instrument(&code).expect("listed");
            assert_eq!(reaches(&policy, instrument, issuer, class), expected, "{code} {issuer:?} {class}");
        };
        let strict = ("", "");
        let lax = ("content_min_process = \"warrant\"", "content_min_process = \"court_order\"");
        let wider = ("records_other = false", "records_other = true");
        let (judge, prosecutor) = (Issuer::Judge, Issuer::Prosecutor);
        check(strict, "us.subpoena", Issuer::GrandJury, Bsi, Ok(()));
        check(strict, "us.subpoena", Issuer::GrandJury, ContentStored, Err(Rule::S31));
        check(lax, "us.subpoena", Issuer::GrandJury, ContentStored, Err(Rule::S31));
        check(strict, "us.subpoena", Issuer::GrandJury, RecordsOther, Err(Rule::S04));
        check(wider, "us.subpoena", Issuer::GrandJury, RecordsOther, Ok(()));
        check(wider, "us.subpoena", Issuer::GrandJury, LocationHistoric, Err(Rule::S04));
        check(strict, "us.subpoena", judge, Bsi, Err(Rule::S18));
        check(strict, "us.order_2703d", judge, RecordsOther, Ok(()));
        check(strict, "us.order_2703d", judge, ContentStored, Err(Rule::S26));
        check(lax, "us.order_2703d", judge, ContentStored, Ok(()));
        check(lax, "us.order_2703d", judge, ContentLive, Err(Rule::S04));
        check(strict, "us.warrant_2703", judge, ContentStored, Ok(()));
        check(strict, "us.warrant_2703", judge, ContentLive, Err(Rule::S04));
        check(strict, "us.warrant_2703", judge, Credentials, Err(Rule::I12));
        check(strict, "us.warrant_2703", prosecutor, ContentStored, Err(Rule::S18));
        check(strict, "us.preservation_2703f", Issuer::GovernmentalEntity, Bsi, Err(Rule::S05));
        check(strict, "eu.epoc.subscriber", prosecutor, Bsi, Ok(()));
        check(strict, "eu.epoc.subscriber", prosecutor, ContentStored, Err(Rule::S26));
        check(strict, "us.nsl_2709", Issuer::FbiDirectorOrDesignee, Bsi, Err(Rule::S04));
        check(strict, "us.civil_subpoena", Issuer::CourtClerk, ContentStored, Err(Rule::S31));
    }
}
