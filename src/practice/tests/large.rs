//! Goal: an order of 5,000 accounts is walked to its release, each owner owed a notice of their own.
//! Method: the straight path of rule set 2 with that many consumers' accounts under one gag. How long
//! it takes is for the benchmark; here nothing may be left out for being many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cases::DAY_MS;
use super::log::{Log, REQUEST, digest};
use super::screening::ACCOUNT;
use crate::practice::Rule;
use crate::practice::due::{Deadline, of_case};

const ACCOUNTS: usize = 5_000;

fn released() -> Log {
    let others: Vec<String> = (1..ACCOUNTS).map(|nth| format!("b{nth}@example.org")).collect();
    super::narrowings::consumers_released(&others)
}

fn owed(log: &Log) -> BTreeSet<String> {
    let policy = &log.world.policy().expect("founded").value;
    let open = of_case(policy, log.case()).into_iter().filter(|due| due.deadline == Deadline::Notice);
    open.map(|due| due.account.expect("one account's").account).collect()
}

#[test]
fn an_order_of_5_000_accounts_is_released_and_owes_each_owner_a_notice() {
    let mut log = released();
    assert_eq!(owed(&log).len(), ACCOUNTS);
    log.now_ms += 31 * DAY_MS;
    let told = |accounts: Value| {
        json!({"accounts": accounts, "recipient": "owner", "contact_sha256": digest("contact"),
            "notice_sha256": digest("notice"), "sent_at": super::cases::time(&log, 0)})
    };
    let one = told(json!([{"service": "mail", "account": ACCOUNT}]));
    let (stranger, rest) =
        (told(json!([{"service": "mail", "account": "c@example.org"}])), told(Value::Null));
    let refusal = log.post("notice.sent", Some(REQUEST), "p-priv", &stranger).expect_err("nobody's");
    assert_eq!(refusal.rule, Rule::S54);
    log.must("notice.sent", Some(REQUEST), "p-priv", &one);
    let open = owed(&log);
    assert!(open.len() == ACCOUNTS - 1 && !open.contains(ACCOUNT));
    log.must("notice.sent", Some(REQUEST), "p-priv", &rest);
    assert_eq!(owed(&log), BTreeSet::new());
}
