//! Goal: what reports count is what the cases are, each request once, in one table and one cell.
//! Method: cases of the straight path of rule set 2, changed in the one fact that a figure looks
//! at, are counted; the known half-year is counted in tests/population.rs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::log::{Log, POLICY, REQUEST, digest, item, scope};
use super::path2::{consumer, enterprise, order};
use crate::model::id::SecrecyId;
use crate::model::time::Timestamp;
use crate::practice::directory::Level;
use crate::practice::figures::{
    Band, Figure, Figures, Group, Location, Period, Row, SecurityRow, Table, Unit, Value as Counted,
};
use crate::practice::outcome::Outcome;
use crate::practice::policy::{CountryCode, Policy, Process, ReportCategory};
use crate::practice::vocabulary::AccountRef;
use crate::practice::{Case, Directory};

fn agencies() -> Directory {
    Directory::parse(&super::log::directory("age1agency")).expect("a directory")
}

fn policy() -> Policy {
    Policy::parse(POLICY).expect("the draft")
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// The half-year in which the straight path's demand is received.
fn period() -> Period {
    Period { from: time("2026-07-01T00:00:00.000Z"), to: time("2027-01-01T00:00:00.000Z") }
}

fn us() -> CountryCode {
    CountryCode::new("US").expect("a country")
}

fn row(case: &Case) -> Row {
    Row::of(&policy(), &agencies(), case)
}

fn count(rows: &[Row]) -> Figures {
    Figures::count(rows, period(), time("2028-01-01T00:00:00.000Z"))
}

/// A case whose one account is this, up to its profile.
fn profiled(account: &Value) -> Case {
    let mut log = Log::at2("interval.stated");
    log.must("accounts.profiled", Some(REQUEST), "p-rev", &json!({"order": order(), "accounts": [account]}));
    log.case().clone()
}

fn with_outcome(account: &Value, outcome: Outcome) -> Row {
    Row { outcome, ..row(&profiled(account)) }
}

#[test]
fn s_12_the_time_to_the_answer_is_counted_from_receipt() {
    let case = Log::at2("delivery.acknowledged").case().clone();
    let sealed = case.disclosures[0].sealed.as_ref().expect("sealed").at;
    let ms = sealed.as_ms() - case.received.received_at.as_ms();
    let one = row(&case);
    assert_eq!(one.answered_ms, Some(ms));
    let unanswered = row(Log::at2("review.completed").case());
    assert_eq!(unanswered.answered_ms, None);
    let times = |factor: i64| Row { answered_ms: Some(ms * factor), ..one.clone() };
    let figures = count(&[times(1), times(2), times(3), times(10), unanswered]);
    let within = |percent| figures.answered_within_ms(Table::LegalDemands, percent);
    assert_eq!([within(50), within(75), within(95)], [Some(ms * 2), Some(ms * 3), Some(ms * 10)]);
    assert_eq!([within(0), within(1)], [Some(ms); 2]);
    assert_eq!(figures.answered_within_ms(Table::Civil, 50), None);
}

#[test]
fn s_49_s_104_emergencies_and_litigants_have_tables_of_their_own() {
    let demand = with_outcome(&consumer("a@example.org"), Outcome::Rejected);
    let other = |table| Row { table, ..demand.clone() };
    let before = count(std::slice::from_ref(&demand));
    let tables = Table::ALL.into_iter().filter(|table| *table != Table::LegalDemands);
    let rows: Vec<Row> = tables.map(other).chain([demand.clone()]).collect();
    let figures = count(&rows);
    for table in Table::ALL {
        assert_eq!(figures.requests(table, None, None).total(), 1, "{table:?}");
    }
    assert_eq!(figures.value(Figure::Emergencies), Counted::Count(1));
    assert_eq!(figures.value(Figure::Civil), Counted::Count(1));
    let of_tables = [Figure::Emergencies, Figure::Civil, Figure::Capabilities];
    assert_eq!(figures.value(Figure::Capabilities), Counted::Part { part: 0, whole: 1 });
    for figure in Figure::ALL.iter().filter(|figure| !of_tables.contains(figure)) {
        assert_eq!(figures.value(*figure), before.value(*figure), "{}", figure.id());
    }
}

#[test]
fn s_26_content_by_a_courts_order_is_of_all_that_content_was_disclosed_on() {
    let demand = with_outcome(&consumer("a@example.org"), Outcome::DisclosedContent);
    let by = |process, outcome| Row { outcome, process, ..demand.clone() };
    let rows = [
        by(Some(Process::Warrant), Outcome::DisclosedContent),
        by(Some(Process::CourtOrder), Outcome::DisclosedContent),
        by(Some(Process::CourtOrder), Outcome::DisclosedNoncontent),
        by(Some(Process::CourtOrder), Outcome::Pending),
        by(None, Outcome::DisclosedContent),
    ];
    assert_eq!(count(&rows).value(Figure::ContentByOrder), Counted::Part { part: 1, whole: 3 });
    let litigants = rows.map(|row| Row { table: Table::Civil, ..row });
    assert_eq!(count(&litigants).value(Figure::ContentByOrder), Counted::Part { part: 0, whole: 0 });
}

#[test]
fn s_03_capabilities_that_were_complied_with_are_told_of_all() {
    let demand = with_outcome(&consumer("a@example.org"), Outcome::Rejected);
    let ended = |outcome| Row { table: Table::Capabilities, outcome, ..demand.clone() };
    let figures = |rows: &[Row]| count(rows).value(Figure::Capabilities);
    let rejected = [ended(Outcome::Rejected), ended(Outcome::Withdrawn), ended(Outcome::Pending)];
    assert_eq!(figures(&rejected), Counted::Part { part: 0, whole: 3 });
    let complied = [ended(Outcome::DisclosedNoncontent), ended(Outcome::Rejected)];
    assert_eq!(figures(&complied), Counted::Part { part: 1, whole: 2 }, "a number, not a promise");
}

#[test]
fn s_64_a_request_is_of_the_period_in_which_it_was_received() {
    let at =
        |text| Row { received_at: time(text), ..with_outcome(&consumer("a@example.org"), Outcome::Rejected) };
    let counted = |text| count(&[at(text)]).value(Figure::UsConsumer);
    for outside in ["2026-06-30T23:59:59.999Z", "2027-01-01T00:00:00.000Z"] {
        assert_eq!(counted(outside), Counted::Count(0), "{outside}");
    }
    for inside in ["2026-07-01T00:00:00.000Z", "2026-12-31T23:59:59.999Z"] {
        assert_eq!(counted(inside), Counted::Count(1), "{inside}");
    }
    // What goes on is in a column of its own, and counts once it is decided.
    let pending = count(&[with_outcome(&consumer("a@example.org"), Outcome::Pending)]);
    assert_eq!(pending.value(Figure::UsConsumer), Counted::Count(0));
    assert_eq!(pending.requests(Table::LegalDemands, Some(us()), None).of(Outcome::Pending), 1);
}

#[test]
fn s_65_warrants_count_by_where_the_content_that_they_seek_lies() {
    let lying = |country: Value| {
        let mut account = consumer("a@example.org");
        account["hosted_in"] = country;
        with_outcome(&account, Outcome::Rejected)
    };
    let figures = count(&[lying(json!("IE")), lying(json!("US")), lying(Value::Null), lying(json!("LU"))]);
    assert_eq!(figures.value(Figure::UsConsumerAbroad), Counted::Count(2), "sought, though rejected");
    assert_eq!(figures.warrants_seeking_content(us(), Location::Unknown), 1);
    assert_eq!(figures.warrants_seeking_content(us(), Location::Domestic), 1);
}

#[test]
fn s_66_s_78_an_enterprise_has_more_than_fifty_seats_at_receipt() {
    for (seats, group) in [(50, Group::Commercial), (51, Group::Enterprise)] {
        let row = row(&profiled(&enterprise("a@example.org", seats)));
        assert_eq!(row.group, group);
    }
    assert_eq!(row(&profiled(&consumer("a@example.org"))).group, Group::Consumer);
    assert_eq!(row(Log::at2("interval.stated").case()).group, Group::Unprofiled);
    let enterprise = with_outcome(&enterprise("a@example.org", 51), Outcome::Redirected);
    let elsewhere = Row { country: CountryCode::new("GB").ok(), ..enterprise.clone() };
    let figures = count(&[enterprise, elsewhere]);
    assert_eq!(figures.value(Figure::UsEnterprise), Counted::Count(1));
    assert_eq!(figures.value(Figure::Enterprise), Counted::Count(2));
    assert_eq!(figures.value(Figure::EnterpriseUndisclosed), Counted::Count(2));
}

#[test]
fn f_4_content_of_customers_abroad_counts_with_all_demands_about_them() {
    let mut account = enterprise("a@example.org", 51);
    account["customer_country"] = json!("IE");
    account["us_person"] = json!(false);
    account["hosted_in"] = json!("IE");
    let rows = [Outcome::Redirected, Outcome::DisclosedNoncontent, Outcome::DisclosedContent]
        .map(|outcome| with_outcome(&account, outcome));
    let part = |rows: &[Row]| count(rows).value(Figure::UsEnterpriseAbroad);
    assert_eq!(part(&rows[..2]), Counted::Part { part: 0, whole: 2 });
    assert_eq!(part(&rows), Counted::Part { part: 1, whole: 3 });
    account["hosted_in"] = json!("US");
    assert_eq!(
        part(&[with_outcome(&account, Outcome::DisclosedContent)]),
        Counted::Part { part: 0, whole: 0 }
    );
}

fn secret(orders: &[(&str, Level)]) -> Row {
    let orders = orders.iter().map(|(id, level)| (SecrecyId::new(id).expect("an id"), *level));
    let row = with_outcome(&consumer("a@example.org"), Outcome::DisclosedContent);
    Row { secrecy: orders.collect(), ..row }
}

#[test]
fn s_69_s_70_s_71_an_order_on_many_demands_is_one_order() {
    let figures = count(&[
        secret(&[("S-1", Level::Federal), ("S-2", Level::State)]),
        secret(&[("S-1", Level::Federal)]),
        secret(&[("S-3", Level::Local)]),
        secret(&[]),
    ]);
    let secrecy = figures.secrecy(us());
    assert_eq!((secrecy.total(), secrecy.demands), (3, 3));
    assert_eq!(secrecy.orders.values().sum::<u64>(), secrecy.total());
    assert_eq!(figures.value(Figure::UsSecrecyOrders), Counted::Count(3));
    assert_eq!(figures.value(Figure::UsSecrecyFederal), Counted::Count(1));
    assert_eq!(figures.value(Figure::UsSecrecyShare), Counted::Part { part: 3, whole: 4 });
    assert_eq!(figures.value(Figure::UsUnderSecrecy), Counted::Part { part: 3, whole: 4 });
    assert_eq!(figures.value(Figure::UsUnderSecrecy).percent(), Some(75));
    assert_eq!(Counted::Part { part: 1, whole: 200 }.percent(), Some(1), "half up");
    assert_eq!(Counted::Part { part: 0, whole: 0 }.percent(), None);
    // The case itself carries the order's level.
    let mut log = Log::at2("accounts.profiled");
    let recorded = json!({"secrecy": "S-9", "code": "ndo.2705b", "level": "federal", "issuer": "a court",
        "docket": "1", "document_sha256": digest("secrecy"), "grounds": [], "judge_approved": true,
        "individual_necessity": true, "accounts": null, "from": "2026-11-10T00:00:00.000Z", "to": null});
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &recorded);
    let levels: BTreeSet<_> = row(log.case()).secrecy.into_iter().map(|(_, level)| level).collect();
    assert_eq!(levels, BTreeSet::from([Level::Federal]));
}

#[test]
fn s_82_the_share_of_consumers_has_both_numbers() {
    let rows = [
        with_outcome(&consumer("a@example.org"), Outcome::NoData),
        with_outcome(&consumer("a@example.org"), Outcome::Rejected),
        with_outcome(&enterprise("a@example.org", 5), Outcome::Rejected),
    ];
    assert_eq!(count(&rows).value(Figure::ConsumerShare), Counted::Part { part: 2, whole: 3 });
}

#[test]
fn s_109_s_110_the_categories_of_fisa_are_those_of_its_sections() {
    let policy = policy();
    let in_category = |category| -> Vec<&str> {
        let rows = policy.instruments.iter().filter(|row| row.report_category == Some(category));
        rows.map(|row| row.code.as_str()).collect()
    };
    assert_eq!(in_category(ReportCategory::FisaContent), ["us.fisa_1805", "us.fisa_1824", "us.fisa_1881a"]);
    assert_eq!(in_category(ReportCategory::FisaNoncontent), ["us.fisa_1861", "us.fisa_1842"]);
    assert_eq!(in_category(ReportCategory::Nsl), ["us.nsl_2709"]);
}

fn fisa(from: &str, to: Option<&str>, accounts: &[&str]) -> Row {
    let account =
        |name: &&str| AccountRef { service: "mail".parse().expect("a service"), account: (*name).to_owned() };
    let security = SecurityRow {
        category: Some(ReportCategory::FisaContent),
        selectors: 1,
        accounts: accounts.iter().map(account).collect(),
        from: time(from),
        to: to.map(time),
        delayed_until: None,
    };
    let row = with_outcome(&consumer("a@example.org"), Outcome::DisclosedContent);
    Row { table: Table::NationalSecurity, received_at: time(from), security: Some(security), ..row }
}

#[test]
fn s_111_s_112_an_order_counts_in_each_period_in_which_it_is_active_and_an_account_once() {
    let rows = [
        fisa("2026-01-01T00:00:00.000Z", Some("2026-07-01T00:00:00.000Z"), &["over"]),
        fisa("2026-01-01T00:00:00.000Z", Some("2026-07-01T00:00:00.001Z"), &["a", "b"]),
        fisa("2026-12-31T23:59:59.999Z", None, &["b", "c"]),
        fisa("2027-01-01T00:00:00.000Z", None, &["later"]),
    ];
    let found = count(&rows).security(Some(ReportCategory::FisaContent));
    assert_eq!((found.orders, found.accounts, found.selectors), (2, 3, 2));
    assert_eq!(Band::of(0, 500), Band { least: 0, most: 499 });
    assert_eq!(Band::of(499, 500), Band { least: 0, most: 499 });
    assert_eq!(Band::of(500, 500), Band { least: 500, most: 999 });
}

#[test]
fn s_111_s_114_what_nobody_could_classify_counts_where_it_was_received() {
    let mut log = Log::founded2();
    let (actor, mut data) = log.data("request.received");
    data["kind"] = json!("national_security");
    log.must("request.received", Some(REQUEST), actor, &data);
    log.step("request.authenticated");
    log.step("request.rejected");
    let found = count(&[row(log.case())]);
    assert_eq!(found.security(None).orders, 1);
    assert_eq!(found.value(Figure::SecurityUnclassified), Counted::Count(1));
    let next = Period { from: period().to, to: time("2027-07-01T00:00:00.000Z") };
    assert_eq!(
        Figures::count(&[row(log.case())], next, next.to).security(None).orders,
        0,
        "it is not in force"
    );
    // A letter that is classified has its category, recorded or not; no other demand is in any.
    let letter = count(&[row(super::special::letter().case())]);
    assert_eq!(letter.value(Figure::Nsl), Counted::Count(1));
    assert_eq!(letter.security(None).orders, 0);
    let demand = count(&[with_outcome(&consumer("a@example.org"), Outcome::Rejected)]);
    assert_eq!(demand.security(None).orders, 0);
}

#[test]
fn s_112_the_accounts_are_those_that_the_order_was_recorded_to_concern() {
    let mut log = super::special::letter();
    let (actor, mut data) = log.data("request.classified");
    data["instrument"] = json!("us.nsl_2709");
    data["issuer"] = json!("fbi_director_or_designee");
    data["nature"] = json!("national_security");
    data["identifiers"].as_array_mut().expect("a list").push(json!({"kind": "email",
        "value": "b@example.org", "service": "mail", "account": "b@example.org"}));
    data["scope"] = json!(scope(&[item("a@example.org", "bsi"), item("b@example.org", "bsi")]));
    log.must("request.classified", Some(REQUEST), actor, &data);
    let accounts = |log: &Log| count(&[row(log.case())]).security(Some(ReportCategory::Nsl)).accounts;
    assert_eq!(accounts(&log), 0, "nothing is recorded yet");
    let counted = super::special::counted(&log);
    log.must("security.recorded", Some(REQUEST), "p-rev", &counted);
    assert_eq!(accounts(&log), 1, "the scope has two, the order concerns one");
}

#[test]
fn s_113_s_116_each_figure_says_what_it_counts_and_what_must_be_said_beside_it() {
    let mut ids = BTreeSet::new();
    for figure in Figure::ALL {
        assert!(ids.insert(figure.id()), "{} names one figure", figure.id());
        assert!(figure.definition().ends_with('.'), "{}", figure.id());
        let overstates = figure.unit() == Unit::Accounts;
        let says = figure.caveat().is_some_and(|caveat| caveat.contains("number of people is likely lower"));
        assert_eq!(says, overstates, "{}: a number of accounts overstates people", figure.id());
    }
}

#[test]
fn s_114_secrecy_takes_no_request_out_of_the_figures() {
    let open = [secret(&[]), secret(&[]), with_outcome(&enterprise("a@example.org", 51), Outcome::Rejected)];
    let gag = |(nth, row): (usize, &Row)| Row {
        secrecy: BTreeSet::from([(SecrecyId::new(&format!("S-{nth}")).expect("an id"), Level::Federal)]),
        ..row.clone()
    };
    let gagged: Vec<Row> = open.iter().enumerate().map(gag).collect();
    let (before, after) = (count(&open), count(&gagged));
    assert_eq!((before.received(), after.received()), (3, 3));
    let about_secrecy =
        [Figure::UsSecrecyOrders, Figure::UsSecrecyFederal, Figure::UsSecrecyShare, Figure::UsUnderSecrecy];
    for figure in Figure::ALL.iter().filter(|figure| !about_secrecy.contains(figure)) {
        assert_eq!(before.value(*figure), after.value(*figure), "{}", figure.id());
    }
    for table in Table::ALL {
        assert_eq!(before.requests(table, None, None), after.requests(table, None, None));
    }
}

#[test]
fn s_78_s_79_outcomes_are_added_up_by_what_became_of_them() {
    let all = [
        (Outcome::Pending, 1),
        (Outcome::ChallengedPending, 2),
        (Outcome::DisclosedContent, 3),
        (Outcome::DisclosedNoncontent, 4),
        (Outcome::Rejected, 5),
    ];
    let base = with_outcome(&consumer("a@example.org"), Outcome::Pending);
    let rows =
        all.iter().flat_map(|(outcome, count)| vec![Row { outcome: *outcome, ..base.clone() }; *count]);
    let requests = count(&rows.collect::<Vec<_>>()).requests(Table::LegalDemands, Some(us()), None);
    assert_eq!((requests.total(), requests.decided()), (15, 12));
    assert_eq!((requests.disclosed(), requests.undisclosed()), (7, 5));
}

#[test]
fn i_45_a_demand_before_a_court_is_pending_there_until_it_is_decided() {
    let mut log = Log::at2("rights.screened");
    super::screening::file(&mut log, "quash", true).expect("filed");
    assert_eq!(row(log.case()).outcome, Outcome::ChallengedPending);
    super::screening::decide(&mut log, "upheld").expect("decided");
    assert_eq!(row(log.case()).outcome, Outcome::Pending);
}

#[test]
fn s_64_the_countries_of_a_table_are_those_whose_authorities_sent_something_for_it() {
    let one = with_outcome(&consumer("a@example.org"), Outcome::Rejected);
    let gb = CountryCode::new("GB").ok();
    let rows = [
        one.clone(),
        Row { country: gb, ..one.clone() },
        Row { table: Table::Emergencies, country: None, ..one },
    ];
    let figures = count(&rows);
    assert_eq!(figures.countries(Table::LegalDemands), BTreeSet::from([gb, Some(us())]));
    assert_eq!(figures.countries(Table::Emergencies), BTreeSet::from([None]));
    assert_eq!(figures.countries(Table::Civil), BTreeSet::new());
}

#[test]
fn case_43_a_treaty_request_counts_once_and_is_told_of_under_both_countries() {
    let one = with_outcome(&consumer("a@example.org"), Outcome::DisclosedNoncontent);
    let br = CountryCode::new("BR").expect("a country");
    let treaty = Row { foreign_origin: Some(br), ..one.clone() };
    let civil = Row { table: Table::Civil, outcome: Outcome::Rejected, ..treaty.clone() };
    let figures = count(&[one, treaty, civil]);
    assert_eq!(figures.received(), 3);
    assert_eq!(figures.requests(Table::LegalDemands, Some(us()), None).total(), 2);
    assert_eq!(figures.requests(Table::LegalDemands, Some(br), None).total(), 0, "its authority sent none");
    assert_eq!(figures.treaty_countries(Table::LegalDemands), BTreeSet::from([br]));
    assert_eq!(figures.treaty_countries(Table::Emergencies), BTreeSet::new());
    let asked = figures.by_treaty(Table::LegalDemands, br);
    assert_eq!((asked.total(), asked.disclosed()), (1, 1));
    assert_eq!(figures.by_treaty(Table::Civil, br).of(Outcome::Rejected), 1);
    assert_eq!(figures.by_treaty(Table::LegalDemands, us()).total(), 0);
}

#[test]
fn s_65_warrants_about_consumers_alone_are_asked_where_the_content_lies() {
    let warrant = Row {
        location: Location::Abroad,
        ..with_outcome(&consumer("a@example.org"), Outcome::DisclosedContent)
    };
    let counted = |row: Row| count(&[row]).warrants_seeking_content(us(), Location::Abroad);
    assert_eq!(counted(warrant.clone()), 1);
    assert_eq!(counted(Row { group: Group::Enterprise, ..warrant.clone() }), 0);
    assert_eq!(counted(Row { process: Some(Process::Subpoena), ..warrant }), 0);
}

#[test]
fn s_65_what_is_known_to_lie_abroad_outweighs_what_nobody_knows() {
    const OTHER: &str = "b@example.org";
    let lying = |places: [Value; 2]| {
        let log = super::screening::to_review_with(|step, data| match step {
            "request.classified" => {
                let mut other = data["identifiers"][0].clone();
                (other["value"], other["account"]) = (json!(OTHER), json!(OTHER));
                data["identifiers"].as_array_mut().expect("a list").push(other);
                let items = ["a@example.org", OTHER].map(|account| item(account, "content_stored"));
                data["scope"] = json!(scope(&items));
            }
            "interval.stated" => {
                let mut first = data["items"][0].clone();
                first["item"] = json!(0);
                data["items"].as_array_mut().expect("a list").insert(0, first);
            }
            "accounts.profiled" => {
                let mut accounts = ["a@example.org", OTHER].map(consumer);
                for (account, place) in accounts.iter_mut().zip(&places) {
                    account["hosted_in"] = place.clone();
                }
                data["accounts"] = json!(accounts);
            }
            _ => {}
        });
        row(log.case()).location
    };
    let (here, abroad, unknown) = (json!("US"), json!("IE"), Value::Null);
    for (places, expected) in [
        ([&here, &here], Location::Domestic),
        ([&here, &abroad], Location::Abroad),
        ([&here, &unknown], Location::Unknown),
        ([&abroad, &unknown], Location::Abroad),
    ] {
        let [one, two] = places.map(Clone::clone);
        assert_eq!(lying([one.clone(), two.clone()]), expected, "{one}, {two}");
        assert_eq!(lying([two.clone(), one.clone()]), expected, "{two}, {one}");
    }
}
