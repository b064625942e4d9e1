//! What is not packed, and what the log says of it.

use std::fs;

use serde_json::json;

use super::bed::*;
use crate::ledger::SubmitError;
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::id::{PersonId, RequestId};
use crate::package::{PackageError, State};
use crate::practice::case::{Stage, Step};
use crate::practice::vocabulary::DestroyReason;
use crate::practice::{EventType, Rule};

fn fails(bed: &Bed, code: &str, reason: DestroyReason) {
    let started = bed.packager();
    let disclosure = open(&started.packager, "R-1").expect("opened");
    let status = settled(&started.packager, &disclosure);
    assert_eq!(status.state, State::Failed);
    assert_eq!(status.problem.expect("why").code, code);
    let case = bed.case("R-1");
    assert_eq!((case.disclosures[0].destroyed, case.disclosures[0].sealed.is_none()), (Some(reason), true));
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    end(started);
}

#[test]
fn nothing_found_is_said_and_sealed_is_nothing() {
    let bed = Bed::new();
    bed.approved("R-1", &[item("nobody@mail.example", "bsi")]);
    let started = bed.packager();
    let disclosure = open(&started.packager, "R-1").expect("opened");
    assert_eq!(settled(&started.packager, &disclosure).state, State::NothingFound);
    end(started);
    let tallied = bed.only("R-1", EventType::DataTallied);
    assert_eq!(tallied["kept"], json!([]));
    // A restart leaves it to the reviewer, who says to the agency that there is nothing.
    let started = bed.packager();
    assert_eq!(settled(&started.packager, &disclosure).state, State::NothingFound);
    let received = bed.only("R-1", EventType::DataReceived);
    let searched = received["sources"].as_array().expect("an array").iter().map(|row| &row["source"]);
    let certified = json!({"disclosure": disclosure, "searched": searched.collect::<Vec<_>>(),
        "statement_sha256": Digest::of(b"nothing")});
    bed.post("R-1", EventType::NoDataCertified, "p-rev", &certified, Vec::new());
    let case = bed.case("R-1");
    assert_eq!((case.stage, case.disclosures[0].sealed.is_none()), (Stage::NoData, true));
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    end(started);
}

#[test]
fn our_own_key_does_not_leave() {
    let secrets = [hex::encode(key("log").to_bytes()), hex::encode(key("disclosure").to_bytes())];
    for secret in secrets {
        let bed = Bed::new();
        bed.approved("R-1", &[item(ADA, "records_other")]);
        let path = bed.sources().join("account-events.ndjson");
        let text = fs::read_to_string(&path).expect("read");
        let line = format!(
            "{{\"account\": \"{ADA}\", \"at\": \"2026-03-05T00:00:00Z\", \"event\": \"{secret}\"}}\n"
        );
        fs::write(&path, text + &line).expect("written");
        fails(&bed, "own-key", DestroyReason::KeyFound);
    }
}

#[test]
fn s_02_an_item_that_only_looks_like_a_key_leaves_once_two_people_cleared_it() {
    let secret = format!(
        "{{\"account\": \"{ADA}\", \"at\": \"2026-03-05T00:00:00Z\", \"event\": \"AGE-SECRET-KEY-1QEXAMPLE\"}}\n"
    );
    let collect = |is_cleared: bool| {
        let bed = Bed::new();
        bed.approved("R-1", &[item(ADA, "records_other")]);
        let path = bed.sources().join("account-events.ndjson");
        let text = fs::read_to_string(&path).expect("read");
        fs::write(&path, text + &secret).expect("written");
        let (source, item_sha256) = ("account-events", Digest::of(secret.as_bytes()));
        if is_cleared {
            let data = json!({"source": source, "item_sha256": item_sha256, "reason": "from a manual"});
            bed.clear("R-1", &data);
        }
        let started = bed.packager();
        let disclosure = open(&started.packager, "R-1").expect("opened");
        let status = settled(&started.packager, &disclosure);
        assert_eq!(status.state, State::Sealed);
        end(started);
        let named = status.suspects.iter().map(|suspect| (suspect.source.to_string(), suspect.item_sha256));
        let kept = bed.only("R-1", EventType::DataFiltered)["kept"].as_u64().expect("a count");
        (kept, named.collect::<Vec<_>>() == [(source.to_owned(), item_sha256)])
    };
    let (without, is_named) = collect(false);
    assert!(is_named, "people are told which item it is");
    assert_eq!(collect(true), (without + 1, false));
}

#[test]
fn a_missing_source_is_named() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    fs::remove_file(bed.sources().join("subscribers.csv")).expect("removed");
    fails(&bed, "sources", DestroyReason::Failed);
}

#[test]
fn nobody_collects_without_two_approvals() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let started = bed.packager();
    let request = RequestId::new("R-1").expect("an id");
    // An approver and the one who took the demand in may not collect.
    for person in ["p-rev", "p-in"] {
        let opened = started.packager.open(&request, &PersonId::new(person).expect("an id"), event_id());
        assert!(matches!(opened, Err(PackageError::Submit(_))), "{person}");
    }
    let unknown = RequestId::new("R-9").expect("an id");
    assert!(matches!(
        started.packager.open(&unknown, &PersonId::new("p-col").expect("an id"), event_id()),
        Err(PackageError::Read(_))
    ));
    end(started);
}

#[test]
fn a_release_needs_a_senior_reviewer_over_this_bundle() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let started = bed.packager();
    let disclosure = open(&started.packager, "R-1").expect("opened");
    assert_eq!(settled(&started.packager, &disclosure).state, State::Sealed);
    let junior = bed.release("R-1", "p-rev", "reviewer");
    assert!(matches!(started.packager.release(&disclosure, junior), Err(PackageError::Submit(_))));
    let mut forged = bed.release("R-1", "p-sen", "senior_reviewer");
    forged.actor = PersonId::new("p-rev").expect("an id");
    assert!(matches!(started.packager.release(&disclosure, forged), Err(PackageError::Submit(_))));
    let mut garbage = bed.release("R-1", "p-sen", "senior_reviewer");
    garbage.envelope.truncate(20);
    assert!(matches!(started.packager.release(&disclosure, garbage), Err(PackageError::Envelope { .. })));
    assert_eq!(files_in(&bed.home().outbox()), Vec::<String>::new());
    assert_eq!(bed.case("R-1").disclosures[0].step, Step::Sealed);
    end(started);
}

#[test]
fn an_amended_order_frees_the_request_of_its_bundle() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let started = bed.packager();
    let disclosure = open(&started.packager, "R-1").expect("opened");
    assert_eq!(settled(&started.packager, &disclosure).state, State::Sealed);
    let release = bed.release("R-1", "p-sen", "senior_reviewer");
    let order = serde_json::json!({"version": 2, "sha256": crate::model::digest::Digest::of(b"order 2")});
    let data = serde_json::json!({"order": order, "media_type": "application/pdf", "channel": "email",
        "received_at": "2026-11-19T00:00:00.000Z"});
    bed.post("R-1", EventType::OrderAmended, "p-in", &data, Vec::new());
    assert!(matches!(started.packager.release(&disclosure, release), Err(PackageError::Submit(_))));
    assert!(open(&started.packager, "R-1").is_err(), "nothing is reviewed");
    assert_eq!(bed.case("R-1").disclosures[0].destroyed, Some(DestroyReason::Ordered));
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    end(started);
}

/// The agency's key is lost when its bundle is sealed, and while another is being collected.
#[test]
fn i_33_no_bundle_leaves_and_none_is_sealed_for_a_lost_key() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    bed.approved("R-2", &[item(ADA, "bsi")]);
    let started = bed.packager();
    let first = open(&started.packager, "R-1").expect("opened");
    assert_eq!(settled(&started.packager, &first).state, State::Sealed);
    let release = bed.release("R-1", "p-sen", "senior_reviewer");
    let data = json!({"incident": "INC-1", "kind": "agency_key_compromised", "agency": "ag-1", "requests": [],
        "since": "2026-11-01T00:00:00.000Z", "productions": [], "report_sha256": Digest::of(b"report")});
    bed.post_of_log(EventType::IncidentOpened, "p-sen", &data);
    let refused = started.packager.release(&first, release).expect_err("to a lost key");
    assert!(
        matches!(&refused, PackageError::Submit(SubmitError::Refused(why)) if why.rule == Rule::I33),
        "{refused}"
    );
    assert_eq!(files_in(&bed.home().outbox()), Vec::<String>::new());
    assert_eq!(bed.case("R-1").disclosures[0].step, Step::Sealed, "until somebody opens it again");
    let again = open(&started.packager, "R-1").expect_err("its approvals were used up");
    assert!(matches!(again, PackageError::Submit(_)));
    assert_eq!(bed.case("R-1").disclosures[0].destroyed, Some(DestroyReason::Ordered));
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    let refused = open(&started.packager, "R-2").expect_err("to a lost key");
    assert!(
        matches!(&refused, PackageError::Submit(SubmitError::Refused(why)) if why.rule == Rule::I33),
        "{refused}"
    );
    assert!(bed.case("R-2").disclosures.is_empty());
    end(started);
}

#[test]
fn a_revoked_approval_keeps_the_sources_closed() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let (envelope, data) = bed.decide("R-1", Kind::Disclose, Decision::Revoke, "p-sen", "senior_reviewer");
    bed.post("R-1", EventType::ApprovalRevoked, "p-sen", &data, vec![envelope]);
    let started = bed.packager();
    let size = bed.ledger().reader().size().expect("runs");
    assert!(matches!(open(&started.packager, "R-1"), Err(PackageError::Submit(_))));
    assert_eq!(bed.ledger().reader().size().expect("runs"), size);
    end(started);
}

#[test]
fn a_collection_that_broke_off_makes_way_for_another() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let started = bed.packager();
    // As a worker leaves it that could not record its failure, e.g. while the clock was in doubt.
    let case = bed.case("R-1");
    let review = case.review.expect("reviewed");
    let left = json!({"disclosure": "DIS-left", "collector": "p-col", "order": case.order,
        "review": review.context, "scope_sha256": review.scope.sha256()});
    bed.record("R-1", EventType::DisclosureOpened, &left);
    let disclosure = open(&started.packager, "R-1").expect("opened");
    assert_eq!(bed.case("R-1").disclosures[0].destroyed, Some(DestroyReason::Failed));
    assert_eq!(settled(&started.packager, &disclosure).state, State::Sealed);
    end(started);
}
