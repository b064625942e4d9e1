//! Goal: where data is hosted makes the law stricter or leaves it, and never widens it (S-63).
//! Method: the whole cross product as a table that is checked in; the same product compared with
//! the matrix that knows no location; a policy whose regimes ask for more.

use std::fmt::Write as _;

use super::log::POLICY;
use crate::model::class::DataClass;
use crate::practice::Rule;
use crate::practice::policy::{Code, CountryCode, Instrument, Issuer, Policy};
use crate::practice::rules2::reaches_hosted;

const GOLDEN: &str = include_str!("../../../tests/golden/matrix-2.txt");
const GOLDEN_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/matrix-2.txt");
const SWITCHES: [(&str, &str, &str); 4] = [
    ("strict", "", ""),
    ("court_order", "content_min_process = \"warrant\"", "content_min_process = \"court_order\""),
    ("wider_subpoena", "subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true"),
    ("ie_names_epoc", "regime = \"Irish law and EU directives\"", IRISH),
];
/// What a counsel may name: a European order is the weakest for Ireland, an order for the States.
const IRISH: &str = "regime = \"Irish law and EU directives\"\nnoncontent_min = \"eu.epoc.subscriber\"";

fn regimes() -> [Option<CountryCode>; 4] {
    let country = |code| Some(CountryCode::new(code).expect("a code"));
    [None, country("US"), country("IE"), country("LU")]
}

fn policy(from: &str, to: &str) -> Policy {
    assert!(POLICY.contains(from), "{from}");
    Policy::parse(&POLICY.replace(from, to)).expect("sound")
}

/// The first who may issue it, and the first who may not.
fn issuers(instrument: &Instrument) -> impl Iterator<Item = Issuer> {
    let stranger = Issuer::ALL.iter().find(|issuer| !instrument.issuers.contains(issuer));
    instrument.issuers.first().copied().into_iter().chain(stranger.copied())
}

fn table() -> String {
    let mut text = String::from("# switches | instrument | issuer | hosted in |");
    for class in DataClass::ALL {
        write!(text, " {class}").expect("a string takes all");
    }
    text.push('\n');
    for (name, from, to) in SWITCHES {
        let policy = policy(from, to);
        for instrument in &policy.instruments {
            for issuer in issuers(instrument) {
                for hosted in regimes() {
                    let place = hosted.map_or_else(|| "unknown".to_owned(), |country| country.to_string());
                    write!(text, "{name} | {} | {issuer:?} | {place} |", instrument.code).expect("it does");
                    for class in DataClass::ALL {
                        let verdict = reaches_hosted(&policy, instrument, issuer, class, hosted);
                        let cell = verdict.map_or_else(Rule::number, |()| "yes");
                        write!(text, " {cell}").expect("it does");
                    }
                    text.push('\n');
                }
            }
        }
    }
    text
}

#[test]
fn golden_table_of_regimes() {
    let table = table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN_PATH, &table).expect("the golden file can be written");
        return;
    }
    assert!(table == GOLDEN, "the matrix changed; read it, then run with UPDATE_GOLDEN=1");
}

#[test]
fn s_63_a_location_never_turns_a_refusal_into_a_yes() {
    let stricter = POLICY
        .replacen("noncontent_min = \"us.subpoena\"", "noncontent_min = \"us.warrant_2703\"", 1)
        .replacen("regime = \"Irish law", "content_min = \"uk.copo\"\nregime = \"Irish law", 1);
    let mut tightened = 0;
    for text in [POLICY, stricter.as_str()] {
        for (_, from, to) in &SWITCHES[..3] {
            let policy = Policy::parse(&text.replace(from, to)).expect("sound");
            for instrument in &policy.instruments {
                for issuer in issuers(instrument) {
                    for class in DataClass::ALL {
                        let anywhere = reaches_hosted(&policy, instrument, issuer, class, None);
                        let beyond = CountryCode::new("BR").expect("two letters");
                        let beyond = reaches_hosted(&policy, instrument, issuer, class, Some(beyond));
                        assert_eq!(beyond, anywhere, "a country without a regime");
                        for hosted in regimes() {
                            let there = reaches_hosted(&policy, instrument, issuer, class, hosted);
                            assert!(anywhere.is_ok() || there == anywhere, "{} {class}", instrument.code);
                            tightened += u32::from(there != anywhere);
                        }
                    }
                }
            }
        }
    }
    assert!(tightened > 0, "no regime ever asked for more, so nothing was compared");
}

#[test]
fn s_62_s_93_s_94_a_regime_asks_for_its_weakest_instrument_at_least() {
    let text = POLICY.replacen("noncontent_min = \"us.subpoena\"", "noncontent_min = \"us.order_2703d\"", 1);
    let policy = Policy::parse(&text).expect("sound");
    let verdict = |code: &str, issuer, hosted| {
        let instrument = policy.instruments.iter().find(|row| row.code.as_str() == code).expect("listed");
        reaches_hosted(&policy, instrument, issuer, DataClass::Bsi, hosted)
    };
    let [unknown, us, ie, _] = regimes();
    assert_eq!(verdict("us.subpoena", Issuer::GrandJury, us), Err(Rule::S93));
    assert_eq!(verdict("us.order_2703d", Issuer::Judge, us), Ok(()));
    // Another country's place refuses nothing by itself, and helps nobody.
    assert_eq!(verdict("us.subpoena", Issuer::GrandJury, ie), Ok(()));
    assert_eq!(verdict("us.subpoena", Issuer::GrandJury, unknown), Ok(()));
    assert_eq!(verdict("us.subpoena", Issuer::Judge, ie), Err(Rule::S18));
}

#[test]
fn s_26_the_switch_about_content_relaxes_no_regime_about_other_data() {
    let text = POLICY
        .replacen("noncontent_min = \"us.subpoena\"", "noncontent_min = \"us.warrant_2703\"", 1)
        .replacen("content_min_process = \"warrant\"", "content_min_process = \"court_order\"", 1);
    let policy = Policy::parse(&text).expect("sound");
    let by_order = |class| {
        let order = policy.instruments.iter().find(|row| row.code.as_str() == "us.order_2703d");
        reaches_hosted(&policy, order.expect("listed"), Issuer::Judge, class, regimes()[1])
    };
    assert_eq!(by_order(DataClass::ContentStored), Ok(()));
    assert_eq!(by_order(DataClass::Bsi), Err(Rule::S93));
}

#[test]
fn s_93_s_94_s_95_each_country_has_its_statement() {
    let [_, us, ie, lu] = regimes();
    for (country, home, rule) in [("US", us, Rule::S93), ("IE", ie, Rule::S94), ("LU", lu, Rule::S95)] {
        let mut policy = policy("", "");
        let weakest = Code::new("us.warrant_2703").expect("a code");
        let regime = policy.hosting.iter_mut().find(|row| Some(row.country) == home).expect("a regime");
        regime.noncontent_min = Some(weakest);
        let mut domestic =
            policy.instruments.iter().find(|row| row.code.as_str() == "us.subpoena").expect("listed").clone();
        domestic.country = home;
        let verdict = reaches_hosted(&policy, &domestic, Issuer::GrandJury, DataClass::Bsi, home);
        assert_eq!(verdict, Err(rule), "{country}");
    }
}

#[test]
fn s_96_s_97_s_98_the_dictionary_is_the_practices_list() {
    let policy = policy("", "");
    let lists = |class, names: &[&str]| {
        let fields = &policy.fields()[&class];
        names.iter().all(|name| fields.contains(*name))
    };
    let basic = ["email_address", "name", "state", "country", "postal_code", "registration_ip"];
    assert!(lists(DataClass::Bsi, &basic));
    assert!(lists(DataClass::RecordsOther, &["ip_history_full", "gamertag", "purchase_history"]));
    assert!(lists(DataClass::ContentStored, &["message_body", "photo", "document", "file"]));
    assert!(policy.default_unknown_class.is_content());
}
