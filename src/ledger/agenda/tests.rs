//! Goal: the agenda has what the cases have open, whatever order they are read and changed in.
//! Method: deadlines made here, given as cases and batches would give them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn request(n: u64) -> RequestId {
    RequestId::new(&format!("R-{n}")).expect("an id")
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

fn due(ms: i64, owner: Option<u64>, set_by: u64) -> Due {
    Due::new(at(ms), Deadline::Notice, owner.map(request), LeafIndex::new(set_by))
}

/// Nothing passed yet.
fn opened(due: Vec<Due>) -> Vec<OpenDeadline> {
    open(due, &BTreeSet::new())
}

fn agenda(open_max: usize) -> Agenda {
    Agenda::bounded(Deadlines::default(), open_max)
}

fn times(page: &DuePage) -> Vec<i64> {
    page.open.iter().map(|open| open.due.at.as_ms()).collect()
}

#[test]
fn pages_go_through_everything_once_in_the_order_of_time() {
    let agenda = agenda(100);
    let mut all = Vec::new();
    for n in 0..7 {
        let of_one: Vec<_> =
            (0..3).map(|k| due(i64::try_from((n * 5 + k * 3) % 8).expect("small"), Some(n), n)).collect();
        agenda.replace(Some(&request(n)), opened(of_one), Origin::Batch);
    }
    // Several of one entry at one time, as for several accounts; and one of the log itself.
    agenda.replace(Some(&request(9)), opened(vec![due(4, Some(9), 9); 5]), Origin::Batch);
    agenda.replace(None, opened(vec![due(-1, None, 3)]), Origin::Batch);
    let mut after = None;
    loop {
        let page = agenda.page(after.as_ref(), None, 4);
        all.extend(times(&page));
        let Some(next) = page.next else { break };
        let text = next.to_string();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{text} fits a URL");
        after = Some(text.parse::<DueCursor>().expect("reads back"));
        assert_eq!(after, Some(next));
    }
    assert_eq!(all.len(), 27);
    assert!(all.is_sorted());
    assert_eq!(
        times(&agenda.page(None, Some(at(1)), 100)),
        all.iter().copied().filter(|ms| *ms < 1).collect::<Vec<_>>()
    );
    for wrong in ["", "1~2~notice~0", "1~2~nothing~0~R-1", "x~2~notice~0~R-1", "1~2~notice~0~no id"] {
        assert_eq!(wrong.parse::<DueCursor>(), Err(CursorError), "{wrong}");
    }
}

#[test]
fn what_is_over_is_told_once_for_each_entry_and_until_it_is_confirmed() {
    let agenda = agenda(100);
    let open_ones = || vec![due(5, Some(1), 7), due(5, Some(1), 7), due(9, Some(1), 8), due(20, Some(1), 9)];
    agenda.replace(Some(&request(1)), opened(open_ones()), Origin::Batch);
    let over = |now, limit| {
        let (over, next) = agenda.overdue(at(now), limit);
        (over.iter().map(|due| due.set_by.get()).collect::<Vec<_>>(), next.map(Timestamp::as_ms))
    };
    assert_eq!(over(4, 9), (vec![], Some(5)));
    assert_eq!(over(5, 9), (vec![7], Some(9)));
    assert_eq!(over(10, 9), (vec![7, 8], Some(20)));
    assert_eq!(over(10, 1), (vec![7], Some(20)));
    assert_eq!(over(30, 9), (vec![7, 8, 9], None));
    // What the same entry set for another instant is another deadline.
    let passed = BTreeSet::from([due(5, Some(1), 7).name(), due(6, Some(1), 8).name()]);
    agenda.replace(Some(&request(1)), open(open_ones(), &passed), Origin::Batch);
    assert_eq!(over(10, 9), (vec![8], Some(20)));
    let page = agenda.page(None, None, 9);
    assert_eq!(page.open.iter().map(|open| open.is_passed).collect::<Vec<_>>(), [true, true, false, false]);
}

#[test]
fn what_a_batch_changed_is_newer_than_what_was_stored() {
    let agenda = agenda(100);
    assert!(!agenda.is_read());
    let reading = agenda.begin();
    agenda.replace(Some(&request(1)), opened(vec![due(2, Some(1), 1)]), Origin::Batch);
    agenda.replace(Some(&request(1)), opened(vec![due(1, Some(1), 1)]), reading.origin());
    agenda.replace(Some(&request(2)), opened(vec![due(3, Some(2), 1)]), reading.origin());
    assert!(reading.end());
    assert_eq!(times(&agenda.page(None, None, 9)), [2, 3]);

    // Another policy while it is read: what was read counts no more.
    let reading = agenda.begin();
    agenda.forget();
    agenda.replace(Some(&request(3)), opened(vec![due(4, Some(3), 1)]), reading.origin());
    assert!(!reading.end());
    assert!(!agenda.is_read());
    assert!(times(&agenda.page(None, None, 9)).is_empty());
}

#[test]
fn beyond_the_bound_the_earliest_are_kept_and_the_rest_is_read_again() {
    let agenda = agenda(4);
    let reading = agenda.begin();
    for n in 0..6 {
        let one = due(10 - i64::try_from(n).expect("small"), Some(n), n);
        agenda.replace(Some(&request(n)), opened(vec![one]), reading.origin());
    }
    assert!(reading.end());
    let page = agenda.page(None, None, 9);
    assert_eq!((times(&page), page.kept_until), (vec![5, 6, 7, 8], Some(at(9))));
    agenda.replace(Some(&request(7)), opened(vec![due(9, Some(7), 7), due(1, Some(7), 7)]), Origin::Batch);
    let page = agenda.page(None, None, 9);
    assert_eq!((times(&page), page.kept_until), (vec![1, 5, 6, 7], Some(at(8))));
    for n in [3, 4] {
        agenda.replace(Some(&request(n)), Vec::new(), Origin::Batch);
        assert!(agenda.is_read());
    }
    agenda.replace(Some(&request(7)), Vec::new(), Origin::Batch);
    assert!(!agenda.is_read(), "half of the room is free");
}

#[test]
fn nothing_is_due_under_rule_set_1() {
    fn always(_: &World) -> Vec<Due> {
        vec![due(1, None, 0)]
    }
    fn of_a_case(_: &Policy, case: &Case) -> Vec<Due> {
        vec![Due::new(at(1), Deadline::Notice, Some(case.request.clone()), case.last)]
    }
    let texts = crate::ledger::tests::harness::texts();
    let origin = crate::tlog::Origin::new(crate::ledger::tests::harness::ORIGIN).expect("an origin");
    let world =
        |policy: &str| World::founding(&origin, policy, &texts.directory, &texts.roles).expect("texts");
    let one = texts.policy.replacen("rules = 2\n", "", 1);
    for (policy, expected) in [(&one, 0), (&texts.policy, 1)] {
        let agenda = Agenda::new(Deadlines { of_case: of_a_case, of_world: always });
        agenda.world_changed(&world(policy));
        assert_eq!(agenda.page(None, None, 9).open.len(), expected);
    }
}

proptest! {
    /// Whatever changes come, the agenda is the union of what each owner has open.
    #[test]
    fn it_is_what_all_have_open(changes in prop::collection::vec((0..5_u64, prop::collection::vec((0..9_i64, 0..3_u64), 0..4)), 0..40)) {
        let agenda = agenda(1_000);
        let mut naive = std::collections::BTreeMap::new();
        for (owner, open) in changes {
            let open: Vec<_> = open.into_iter().map(|(ms, set_by)| due(ms, Some(owner), set_by)).collect();
            agenda.replace(Some(&request(owner)), opened(open.clone()), Origin::Batch);
            naive.insert(owner, open);
        }
        let mut expected: Vec<_> = naive.into_values().flatten().collect();
        let mut found: Vec<_> = agenda.page(None, None, 1_000).open.into_iter().map(|open| open.due).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
