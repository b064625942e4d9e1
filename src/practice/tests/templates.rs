//! Goal: what people are given to sign is what the rules then take.
//! Method: templates signed as they come, and those of another state refused.

use serde_json::json;

use super::log::{Log, REQUEST, digest};
use crate::model::approval::Kind;
use crate::model::time::Timestamp;
use crate::practice::vocabulary::RequestKind;
use crate::practice::{approvable, approvable_act, approvable_act_of};
use crate::tlog::LeafIndex;

#[test]
fn an_act_upon_a_request_is_approved_by_its_template() {
    let mut log = Log::at2("review.completed");
    let data = json!({"source": "mail-1", "item_sha256": digest("item"), "reason": "a test vector"});
    let proposal = log.propose_act("scan.clear", "scan.cleared", Some(REQUEST), &data).expect("proposed");
    for (person, role) in [("p-chief", "senior_reviewer"), ("p-cou", "counsel")] {
        let template = approvable_act_of(&log.world, log.case(), proposal.index).expect("an open act");
        assert_eq!((template.act.kind, template.act.context), (Kind::ScanClear, proposal));
        let event = log.approval(template.act, person, 0, role);
        log.try_post(&event).expect("approved");
    }
    approvable_act(&log.world, proposal.index).expect_err("it is no proposal upon the log");
    approvable_act_of(&log.world, log.case(), LeafIndex::new(0)).expect_err("that is no proposal");
    log.must("scan.cleared", Some(REQUEST), "p-rev", &data);
    approvable_act_of(&log.world, log.case(), proposal.index).expect_err("it is used up");
}

#[test]
fn an_emergency_has_a_template_of_its_own() {
    let log = Log::at2("review.completed");
    let at = Timestamp::from_ms(log.now_ms).expect("a time");
    let mut case = log.case().clone();
    approvable(&log.world, &case, Kind::Emergency, at).expect_err("a legal demand is no emergency");
    case.received.kind = RequestKind::Emergency;
    let emergency = approvable(&log.world, &case, Kind::Emergency, at).expect("a reviewed emergency").act;
    let disclose = approvable(&log.world, &case, Kind::Disclose, at).expect("a reviewed emergency").act;
    assert_eq!(emergency.kind, Kind::Emergency);
    assert_eq!(crate::model::approval::Act { kind: Kind::Disclose, ..emergency }, disclose);
}

#[test]
fn what_cannot_be_approved_says_why() {
    let log = Log::at2("review.completed");
    let at = Timestamp::from_ms(log.now_ms).expect("a time");
    let reason = |kind| approvable(&log.world, log.case(), kind, at).expect_err("nothing to approve").reason;
    assert_eq!(reason(Kind::Emergency), "the request is no emergency");
    assert_eq!(reason(Kind::Release), "no sealed bundle waits for its release");
    assert_eq!(reason(Kind::Policy), "no approval of that kind is about a request");
}
