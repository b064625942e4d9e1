//! What another policy would change: member by member, and what each instrument reaches.
//!
//! **In scope**: two sound policies, compared by what they mean: a default that is stated and
//! one that is left out are the same. **Out of scope**: the order of rows and the comments of
//! the texts; their digests differ nevertheless, and approvals name digests (I-10).
//!
//! The comparison walks the typed policy as data, so that a member added later cannot be
//! forgotten here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Instrument, Policy};
use crate::model::class::DataClass;
use crate::practice::rules1::matrix;

/// The members by which a row of a table is known.
const NAMES: [&str; 2] = ["code", "id"];
/// Members that no rule reads.
const PROSE: [&str; 2] = ["note", "name"];

/// Everything in which one policy differs from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Members and rows, in the order of their tables.
    pub members: Vec<Difference>,
    /// What instruments reach, under the switches of each policy.
    pub reach: Vec<Reach>,
}

/// One member, or one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table, as the text names it; `policy` for what stands outside any.
    pub table: String,
    /// The row, by its code or id; for hosting by its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The member; none if the whole row came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// How it changed.
    pub change: Alteration,
}

/// How something changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// A row is new.
    Added,
    /// A row is gone.
    Removed,
    /// A value is another.
    Set {
        /// What it was.
        from: Value,
        /// What it would be.
        to: Value,
    },
    /// A list has other words.
    Words {
        /// Those that are new.
        added: BTreeSet<String>,
        /// Those that are gone.
        removed: BTreeSet<String>,
    },
    /// Words for people, which no rule reads.
    Prose,
}

/// The data classes that an instrument would reach, or no longer reach, by process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Its code.
    pub instrument: String,
    /// Reached then and not now.
    pub gained: BTreeSet<DataClass>,
    /// Reached now and not then.
    pub lost: BTreeSet<DataClass>,
}

impl Differences {
    /// What `to` says otherwise than `from`.
    #[must_use]
    pub fn between(from: &Policy, to: &Policy) -> Self {
        let mut members = Vec::new();
        compare("policy", None, &members_of(from), &members_of(to), &mut members);
        Self { members, reach: reach(from, to) }
    }

    /// Whether both mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.reach.is_empty()
    }
}

fn members_of(policy: &Policy) -> Map<String, Value> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(members)) => members,
        _ => unreachable!("a policy has members, and their names are strings"),
    }
}

/// Compares two tables, or two rows of one, and what is nested in them.
fn compare(
    table: &str,
    row: Option<&str>,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let absent = Value::Null;
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for name in names {
        let (old, new) = (from.get(name).unwrap_or(&absent), to.get(name).unwrap_or(&absent));
        if old == new {
            continue;
        }
        let inner = if table == "policy" { name.clone() } else { format!("{table}.{name}") };
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => compare(&inner, None, old, new, found),
            (Value::Array(old), Value::Array(new)) if is_table(old) || is_table(new) => {
                compare_rows(&inner, old, new, found);
            }
            _ => found.push(Difference {
                table: table.to_owned(),
                row: row.map(str::to_owned),
                member: Some(name.clone()),
                change: alteration(name, old, new),
            }),
        }
    }
}

fn is_table(rows: &[Value]) -> bool {
    rows.first().is_some_and(Value::is_object)
}

fn compare_rows(table: &str, from: &[Value], to: &[Value], found: &mut Vec<Difference>) {
    let (from, to) = (by_name(from), by_name(to));
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for name in names {
        let whole =
            |change| Difference { table: table.to_owned(), row: Some(name.clone()), member: None, change };
        match (from.get(name), to.get(name)) {
            (Some(old), Some(new)) => compare(table, Some(name), old, new, found),
            (None, Some(_)) => found.push(whole(Alteration::Added)),
            (_, None) => found.push(whole(Alteration::Removed)),
        }
    }
}

/// The rows of a table; hosting has one for each country and no other name.
fn by_name(rows: &[Value]) -> BTreeMap<String, &Map<String, Value>> {
    let name = |row: &Map<String, Value>| {
        let value = NAMES.iter().find_map(|name| row.get(*name)).or_else(|| row.get("country"));
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let rows = rows.iter().filter_map(Value::as_object);
    rows.map(|row| (name(row).unwrap_or_default(), row)).collect()
}

fn alteration(name: &str, from: &Value, to: &Value) -> Alteration {
    if PROSE.contains(&name) {
        return Alteration::Prose;
    }
    match (words(from), words(to)) {
        (Some(old), Some(new)) if old != new => {
            let but = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
                these.difference(those).cloned().collect()
            };
            Alteration::Words { added: but(&new, &old), removed: but(&old, &new) }
        }
        _ => Alteration::Set { from: from.clone(), to: to.clone() },
    }
}

fn words(value: &Value) -> Option<BTreeSet<String>> {
    value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
}

fn reach(from: &Policy, to: &Policy) -> Vec<Reach> {
    let codes: BTreeSet<_> =
        from.instruments.iter().chain(&to.instruments).map(|instrument| &instrument.code).collect();
    let reached = |policy: &Policy, code| {
        policy.instrument(code).map_or_else(BTreeSet::new, |instrument| reached_by(policy, instrument))
    };
    let compared = codes.into_iter().map(|code| {
        let (old, new) = (reached(from, code), reached(to, code));
        let but = |these: &BTreeSet<DataClass>, those| these.difference(those).copied().collect();
        Reach { instrument: code.to_string(), gained: but(&new, &old), lost: but(&old, &new) }
    });
    compared.filter(|reach| !reach.gained.is_empty() || !reach.lost.is_empty()).collect()
}

/// What the instrument reaches if one of its issuers issues it: the rules' own answer.
fn reached_by(policy: &Policy, instrument: &Instrument) -> BTreeSet<DataClass> {
    let by_any = |class: &DataClass| {
        let mut issuers = instrument.issuers.iter();
        issuers.any(|issuer| matrix::reaches(policy, instrument, *issuer, *class).is_ok())
    };
    DataClass::ALL.into_iter().filter(by_any).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: every kind of change is found and named, and nothing else. Method: replacements in
    //! the shipped text, one at a time.

    use super::*;

    const DRAFT: &str = include_str!("../../../config/policy.toml");

    fn policy(text: &str) -> Policy {
        Policy::parse(text).expect("sound")
    }

    /// The draft against itself with `from` replaced.
    fn changed(from: &str, to: &str) -> Differences {
        assert!(DRAFT.contains(from), "{from}");
        Differences::between(&policy(DRAFT), &policy(&DRAFT.replacen(from, to, 1)))
    }

    /// The one member that differs, as `table row member change`.
    fn only(differences: &Differences) -> String {
        let [one] = differences.members.as_slice() else { panic!("{differences:#?}") };
        let change = serde_json::to_string(&one.change).expect("prints");
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        format!("{} {} {} {change}", one.table, dash(&one.row), dash(&one.member))
    }

    #[test]
    fn a_policy_is_the_same_as_itself_with_its_defaults_written_out() {
        assert!(changed("schema = 1", "schema = 1").is_empty());
        let stated = changed("[limits]", "[times]\nnotice_wait_days = 7\n\n[limits]");
        assert!(stated.is_empty(), "{stated:?}");
    }

    #[test]
    fn each_kind_of_change_is_named() {
        for (from, to, expected) in [
            (
                "[limits]",
                "[times]\nnotice_wait_days = 0\n\n[limits]",
                "times - notice_wait_days {\"set\":{\"from\":7,\"to\":0}}",
            ),
            (
                "approval_age_hours_max = 336",
                "approval_age_hours_max = 24",
                "limits - approval_age_hours_max {\"set\":{\"from\":336,\"to\":24}}",
            ),
            (
                "policy_id = \"probity-law-2026-11\"",
                "policy_id = \"other\"",
                "policy - policy_id {\"set\":{\"from\":\"probity-law-2026-11\",\"to\":\"other\"}}",
            ),
            (
                "issuers = [\"judge\", \"magistrate\", \"military_judge\"]",
                "issuers = [\"judge\"]",
                "instrument us.warrant_2703 issuers {\"words\":{\"added\":[],\"removed\":[\"magistrate\",\"military_judge\"]}}",
            ),
            (
                "execute_within_days = 14",
                "execute_within_days = 10",
                "instrument us.warrant_2703 execute_within_days {\"set\":{\"from\":14,\"to\":10}}",
            ),
            ("note = \"Basic subscriber", "note = \"The basic subscriber", "data_class bsi note \"prose\""),
            (
                "motion_within_days = 14",
                "motion_within_days = 7",
                "comity us.2703h motion_within_days {\"set\":{\"from\":14,\"to\":7}}",
            ),
            (
                "regime = \"ECPA\"",
                "regime = \"SCA\"",
                "hosting US regime {\"set\":{\"from\":\"ECPA\",\"to\":\"SCA\"}}",
            ),
            (
                "charged_at_most_incurred = true",
                "charged_at_most_incurred = false",
                "reimbursement - charged_at_most_incurred {\"set\":{\"from\":true,\"to\":false}}",
            ),
        ] {
            assert_eq!(only(&changed(from, to)), expected);
        }
    }

    #[test]
    fn words_for_people_alone_are_a_difference_too() {
        let found = changed("note = \"Basic subscriber", "note = \"The basic subscriber");
        assert!(found.reach.is_empty() && !found.is_empty());
    }

    #[test]
    fn the_same_words_in_another_order_are_another_value() {
        let (from, to) = ("\"18 USC 2703(c)(2)\", \"FRCrP 17\"", "\"FRCrP 17\", \"18 USC 2703(c)(2)\"");
        let found = changed(from, to);
        let [one] = found.members.as_slice() else { panic!("{found:#?}") };
        assert!(matches!(one.change, Alteration::Set { .. }), "{one:?}");
    }

    #[test]
    fn a_whole_table_comes_and_goes_by_rows() {
        let (before, rest) = DRAFT.split_once("[[comity]]").expect("a table");
        let (_, after) = rest.split_once("\n[reimbursement]").expect("the next one");
        let without = policy(&format!("{before}\n[reimbursement]{after}"));
        for (from, to, change) in [
            (policy(DRAFT), without.clone(), Alteration::Removed),
            (without, policy(DRAFT), Alteration::Added),
        ] {
            let found = Differences::between(&from, &to);
            let rows: Vec<_> = found.members.iter().map(|one| (one.row.as_deref(), &one.change)).collect();
            assert_eq!(rows, [(Some("us.2703h"), &change)]);
        }
    }

    #[test]
    fn rows_come_and_go() {
        let without = DRAFT.replacen("code = \"GB\"\nanswered = true", "code = \"NO\"\nanswered = true", 1);
        let found = Differences::between(&policy(DRAFT), &policy(&without));
        let rows: Vec<_> = found.members.iter().map(|one| (one.row.as_deref(), &one.change)).collect();
        assert_eq!(rows, [(Some("GB"), &Alteration::Removed), (Some("NO"), &Alteration::Added)]);
    }

    #[test]
    fn a_switch_shows_what_it_opens() {
        let found =
            changed("subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true");
        assert_eq!(
            only(&found),
            "switches - subpoena_reaches_records_other {\"set\":{\"from\":false,\"to\":true}}"
        );
        let gained: Vec<_> =
            found.reach.iter().map(|reach| (reach.instrument.as_str(), &reach.gained)).collect();
        assert!(gained.contains(&("us.subpoena", &BTreeSet::from([DataClass::RecordsOther]))), "{gained:?}");
        assert!(found.reach.iter().all(|reach| reach.lost.is_empty()), "{found:?}");
        let lost = changed("authorises = [\"existence\", \"bsi\"]", "authorises = [\"existence\"]");
        let [reach] = lost.reach.as_slice() else { panic!("{lost:?}") };
        assert_eq!(
            (reach.instrument.as_str(), &reach.lost),
            ("us.subpoena", &BTreeSet::from([DataClass::Bsi]))
        );
    }

    #[test]
    fn another_rule_set_is_a_change() {
        let found = changed("rules = 2\n", "");
        assert_eq!(only(&found), "policy - rules {\"set\":{\"from\":2,\"to\":1}}");
        assert_eq!(found.reach, []);
    }
}
