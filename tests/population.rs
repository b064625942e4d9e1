//! Goal: the half-year of known figures is a ledger that its auditor finds clean and whose figures
//! are the published ones, whatever noise goes on beside it and whichever way the policy's
//! switches stand; and what a crooked operator plants in it is found, by its number.
//! Method: the population tool makes the ledgers, through the sequencer on RocksDB; `probity
//! verify --identity` audits their exports; a forger who has every key of the operator's goes on
//! writing where the daemon refused, signs it, and is audited too.

#[path = "../examples/populate/population/mod.rs"]
mod populate;

mod forger;
mod planted;

use std::path::Path;

use populate::{Cell, Populated, Settings, claimed};
use probity::practice::figures::{Band, Figure, Group, Table, Value};
use probity::practice::outcome::Outcome;

use crate::harness::{Ended, probity, repository};

const POLICY: &str = include_str!("../config/policy.toml");
const NOISE_LEGAL_DEMANDS: u64 = 15;

fn cells() -> Vec<Cell> {
    let path = repository().join("examples/populate/h1_2022.csv");
    Cell::parse_all(&std::fs::read_to_string(path).expect("the population file")).expect("its columns")
}

fn made(cells: &[Cell], policy: &str, noise: bool, home: &Path) -> Populated {
    let settings = Settings { seed: 2022, noise, policy: policy.to_owned(), keep: false };
    populate::populate(cells, &settings, home, &|_, _| {}).unwrap_or_else(|error| panic!("{error:#}"))
}

fn verified(home: &Path, export: &Path) -> Ended {
    let vkey = home.join("log.vkey").display().to_string();
    let identity = home.join("auditor.age").display().to_string();
    let export = export.display().to_string();
    probity(["verify", &export, "--log-key", &vkey, "--identity", &identity, "--json"])
}

/// The figures that the provider published for January to June 2022.
const PUBLISHED: [(Figure, u64); 11] = [
    (Figure::UsConsumer, 5_560),
    (Figure::UsConsumerAbroad, 96),
    (Figure::UsEnterprise, 41),
    (Figure::UsSecrecyOrders, 1_670),
    (Figure::UsSecrecyFederal, 1_360),
    (Figure::Enterprise, 142),
    (Figure::EnterpriseUndisclosed, 95),
    (Figure::EnterpriseDisclosed, 47),
    (Figure::EnterpriseContent, 16),
    (Figure::EnterpriseNoncontent, 31),
    (Figure::EnterpriseContentUs, 13),
];

#[test]
fn s_64_to_s_82_s_109_to_s_114_the_half_year_has_its_published_figures_amid_noise() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let home = scratch.path().join("home");
    let Populated { figures, entries, .. } = made(&cells(), POLICY, true, &home);

    for (figure, published) in PUBLISHED {
        assert_eq!(figures.value(figure), Value::Count(published), "{}", figure.id());
    }
    assert_eq!(figures.value(Figure::UsEnterpriseAbroad), Value::Part { part: 0, whole: 3 });
    let share = figures.value(Figure::UsSecrecyShare);
    assert_eq!((share, share.percent()), (Value::Part { part: 1_670, whole: 6_185 }, Some(27)));
    let enterprise = figures.requests(Table::LegalDemands, None, Some(Group::Enterprise));
    let none = [Outcome::Rejected, Outcome::Withdrawn, Outcome::NoData, Outcome::Redirected];
    assert_eq!(none.map(|outcome| enterprise.of(outcome)), [30, 14, 14, 37]);

    // What is no legal demand, or not of the half-year, stands in a table or a column of its own.
    let demands = figures.requests(Table::LegalDemands, None, None);
    assert_eq!(demands.of(Outcome::Pending), NOISE_LEGAL_DEMANDS);
    assert_eq!(demands.decided(), 6_286);
    let emergencies = figures.requests(Table::Emergencies, None, None);
    assert_eq!((emergencies.total(), emergencies.of(Outcome::Rejected)), (50, 16));
    let us = figures.countries(Table::Emergencies).into_iter().flatten().find(|code| code.as_str() == "US");
    assert_eq!(figures.requests(Table::Emergencies, us, None).total(), 30);
    assert_eq!(figures.requests(Table::Civil, None, None).total(), 30);
    assert_eq!(figures.requests(Table::Preservations, None, None).total(), 80);
    assert_eq!(figures.value(Figure::Capabilities), Value::Part { part: 0, whole: 4 });
    let Value::Part { part: by_order, whole } = figures.value(Figure::ContentByOrder) else {
        panic!("a part")
    };
    assert!(by_order == 0 && whole > 0, "content by warrant alone: {by_order} of {whole}");

    // As the national-security report of that half-year has them.
    let band = |figure| match figures.value(figure) {
        Value::Count(count) => Band::of(count, 500),
        Value::Part { .. } => panic!("{} is a count", figure.id()),
    };
    let lowest = Band { least: 0, most: 499 };
    assert_eq!(figures.value(Figure::FisaContentAccounts), Value::Count(21_734));
    assert_eq!(band(Figure::FisaContentAccounts), Band { least: 21_500, most: 21_999 });
    for figure in
        [Figure::Nsl, Figure::FisaContentOrders, Figure::FisaNoncontentOrders, Figure::FisaNoncontentAccounts]
    {
        assert_eq!(band(figure), lowest, "{}", figure.id());
    }

    let ended = verified(&home, &home.join("export")).expect(0);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(report["summary"]["size"], entries);
    planted::each_is_found_by_its_number(&home);
}

/// Some of each cell: whether a policy admits them does not depend on how many they are.
fn few() -> Vec<Cell> {
    let mut cells = cells();
    for cell in &mut cells {
        let (n, secret) = (cell.n, cell.secrecy_n);
        cell.n = n.min(4);
        cell.secrecy_n = if secret == n { cell.n } else { secret.min(cell.n / 2) };
    }
    cells
}

#[test]
fn the_population_works_whichever_way_the_switches_stand() {
    let cells = few();
    let switches = [
        ("content_min_process = \"warrant\"", "content_min_process = \"court_order\""),
        ("subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true"),
        ("content_without_dates = \"refused\"", "content_without_dates = \"reviewed\""),
    ];
    for chosen in 0..1 << switches.len() {
        let mut policy = POLICY.to_owned();
        for (at, (strict, wide)) in switches.iter().enumerate() {
            assert!(policy.contains(strict), "the draft is strict");
            if chosen & 1 << at != 0 {
                policy = policy.replacen(strict, wide, 1);
            }
        }
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let home = scratch.path().join("home");
        let Populated { figures, .. } = made(&cells, &policy, false, &home);
        for (figure, count) in claimed(&cells) {
            assert_eq!(figures.value(figure), Value::Count(count), "{} under {chosen:03b}", figure.id());
        }
        verified(&home, &home.join("export")).expect(0);
    }
}
