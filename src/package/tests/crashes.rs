//! The process ends between any two steps; the next start settles what it left.

use std::fs;
use std::io::Write as _;

use serde_json::json;

use super::bed::*;
use crate::ledger::SubmitError;
use crate::model::digest::Digest;
use crate::model::id::{DisclosureId, PersonId, ProductionId, RequestId};
use crate::package::logbook::leaf_ref;
use crate::package::shelf::Shelf;
use crate::package::steps::{Approved, Packed, Sealed};
use crate::package::workbench::Workbench;
use crate::package::{PackageError, State};
use crate::practice::case::Step;
use crate::practice::vocabulary::{DestroyReason, DisclosureOpened};
use crate::practice::{EventType, Rule};

const REQUEST: &str = "R-1";

/// What happens to a staged directory.
type Alter = fn(&std::path::Path);

/// How far the process comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Opened,
    Collected,
    Minimised,
    Packed,
    /// Half a file.
    Writing,
    /// A whole file, no record.
    Kept,
    Sealed,
}

fn opened(bed: &Bed, bench: &Workbench) -> Approved {
    let case = bed.case(REQUEST);
    let review = case.review.expect("reviewed");
    let data = DisclosureOpened {
        disclosure: DisclosureId::new("D-1").expect("an id"),
        collector: PersonId::new("p-col").expect("an id"),
        order: case.order,
        review: review.context,
        scope_sha256: review.scope.sha256(),
    };
    let request = RequestId::new(REQUEST).expect("an id");
    let opened = bench.logbook.append(&request, EventType::DisclosureOpened, data).expect("recorded");
    Approved::new(bench, opened).expect("stands on its grounds")
}

fn packed(bed: &Bed, bench: &Workbench) -> Packed {
    let collected = opened(bed, bench).collect(bench, &mut |_| {}).expect("collected");
    collected.minimise(bench).expect("minimised").pack(bench).expect("packed")
}

fn sealed(bed: &Bed, bench: &Workbench) -> Sealed {
    packed(bed, bench).seal(bench, &mut |_| {}).expect("sealed")
}

fn run(bed: &Bed, until: Until) {
    let bench = &bed.workbench();
    if until == Until::Sealed {
        sealed(bed, bench);
        return;
    }
    let approved = opened(bed, bench);
    if until == Until::Opened {
        return;
    }
    let collected = approved.collect(bench, &mut |_| {}).expect("collected");
    if until == Until::Collected {
        return;
    }
    let minimised = collected.minimise(bench).expect("minimised");
    if until == Until::Minimised {
        return;
    }
    let _packed = minimised.pack(bench).expect("packed");
    if until == Until::Packed {
        return;
    }
    let mut draft = bench.shelf.begin(&production(bed)).expect("begun");
    draft.file.write_all(b"age-encryption.org/v1\nhalf").expect("written");
    if until == Until::Kept {
        draft.keep().expect("kept");
    }
}

fn production(bed: &Bed) -> ProductionId {
    bed.case(REQUEST).disclosures[0].production.clone().expect("named")
}

fn approved() -> Bed {
    let bed = Bed::new();
    bed.approved(REQUEST, &[item(ADA, "bsi")]);
    bed
}

/// I-33: between the last read and the seal somebody says that the agency's key is lost.
#[test]
fn a_bundle_for_a_key_that_is_lost_meanwhile_is_not_sealed_and_does_not_stay() {
    let mut bed = approved();
    let bench = bed.workbench();
    let packed = packed(&bed, &bench);
    let data = json!({"incident": "INC-1", "kind": "agency_key_compromised", "agency": "ag-1", "requests": [],
        "since": "2026-11-01T00:00:00.000Z", "productions": [], "report_sha256": Digest::of(b"report")});
    bed.post_of_log(EventType::IncidentOpened, "p-sen", &data);
    let refused = packed.seal(&bench, &mut |_| {}).map(drop).expect_err("to a lost key");
    assert!(matches!(&refused, PackageError::Submit(SubmitError::Refused(why)) if why.rule == Rule::I33));
    drop(bench);
    bed.crash();
    let started = bed.packager();
    assert_eq!(started.recovered.destroyed.len(), 1);
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    end(started);
}

#[test]
fn what_was_not_recorded_is_deleted_and_recorded() {
    for until in
        [Until::Opened, Until::Collected, Until::Minimised, Until::Packed, Until::Writing, Until::Kept]
    {
        let mut bed = approved();
        run(&bed, until);
        bed.crash();
        let started = bed.packager();
        let gone = DisclosureId::new("D-1").expect("an id");
        assert_eq!(started.recovered.destroyed, [(gone.clone(), DestroyReason::Unrecorded)], "{until:?}");
        assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new(), "{until:?}");
        assert_eq!(bed.case(REQUEST).disclosures[0].destroyed, Some(DestroyReason::Unrecorded));
        assert_eq!(started.packager.status(&gone).expect("known").state, State::Failed);
        // Its approvals were not used up: the next one goes all the way.
        let next = open(&started.packager, REQUEST).expect("opened");
        assert_eq!(settled(&started.packager, &next).state, State::Sealed, "{until:?}");
        end(started);
    }
}

#[test]
fn a_recorded_bundle_is_finished_or_lost() {
    let alter: [(&str, Alter); 3] = [
        ("whole", |dir| {
            for name in fs::read_dir(dir).expect("staged") {
                let path = name.expect("an entry").path();
                if path.extension().is_none_or(|extension| extension != "age") {
                    fs::remove_file(path).expect("removed");
                }
            }
        }),
        ("missing", |dir| fs::remove_dir_all(dir).expect("removed")),
        ("changed", |dir| {
            let path = dir.join(format!("{}.tar.age", dir.file_name().expect("named").display()));
            let mut bytes = fs::read(&path).expect("read");
            *bytes.last_mut().expect("not empty") ^= 1;
            fs::write(path, bytes).expect("written");
        }),
    ];
    for (name, alter) in alter {
        let mut bed = approved();
        run(&bed, Until::Sealed);
        let production = production(&bed);
        alter(&bed.home().staging().join(production.as_str()));
        bed.crash();
        let started = bed.packager();
        let disclosure = DisclosureId::new("D-1").expect("an id");
        if name == "whole" {
            assert_eq!(started.recovered.finished, std::slice::from_ref(&production));
            assert_eq!(files_in(&bed.home().staging()).len(), 3);
            let release = bed.release(REQUEST, "p-sen", "senior_reviewer");
            started.packager.release(&disclosure, release).expect("released");
            assert_eq!(files_in(&bed.home().outbox()).len(), 3);
        } else {
            assert_eq!(started.recovered.destroyed, [(disclosure, DestroyReason::Lost)], "{name}");
            assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new(), "{name}");
        }
        end(started);
    }
}

#[test]
fn a_recorded_release_is_carried_out() {
    let mut bed = approved();
    {
        let bench = bed.workbench();
        let sealed = sealed(&bed, &bench);
        let (envelope, data) =
            bed.sign(REQUEST, crate::model::approval::Kind::Release, "p-sen", "senior_reviewer");
        bed.post(REQUEST, EventType::ApprovalGiven, "p-sen", &data, vec![envelope]);
        let decision = bed.case(REQUEST).approvals.last().expect("given").entry;
        let released = sealed.release(&bench, decision).expect("recorded");
        assert_eq!(leaf_ref(released.record().opened()).index, bed.case(REQUEST).last);
    }
    bed.crash();
    let started = bed.packager();
    assert_eq!(started.recovered.finished, [production(&bed)]);
    assert_eq!((files_in(&bed.home().staging()).len(), files_in(&bed.home().outbox()).len()), (0, 3));
    end(started);
    bed.crash();
    let started = bed.packager();
    assert_eq!(started.recovered, crate::package::Recovered::default(), "settled once");
    end(started);
}

#[test]
fn files_that_no_record_knows_do_not_stay() {
    let mut bed = approved();
    run(&bed, Until::Sealed);
    let sealed = production(&bed);
    let home = bed.home();
    Shelf::of(&home).expect("made");
    fs::write(home.staging().join("stray"), b"x").expect("written");
    fs::create_dir(home.staging().join("PRD-2026-00000000")).expect("made");
    // A sealed bundle that somebody moved by hand, and something else.
    let outbox = home.outbox();
    fs::rename(home.staging().join(sealed.as_str()), outbox.join(sealed.as_str())).expect("moved");
    fs::write(outbox.join("note.txt"), b"x").expect("written");
    bed.crash();
    let started = bed.packager();
    assert_eq!(started.recovered.deleted.len(), 2);
    assert_eq!(started.recovered.quarantined.len(), 2);
    assert_eq!(files_in(&outbox), Vec::<String>::new());
    assert_eq!(files_in(&home.quarantine()).len(), 4);
    assert_eq!(bed.case(REQUEST).disclosures[0].destroyed, Some(DestroyReason::Lost));
    end(started);
}

#[test]
fn a_file_lost_before_its_release_is_recorded_as_lost() {
    let bed = approved();
    let started = bed.packager();
    let disclosure = open(&started.packager, REQUEST).expect("opened");
    let status = settled(&started.packager, &disclosure);
    let dir = bed.home().staging().join(status.production.expect("named").as_str());
    let release = bed.release(REQUEST, "p-sen", "senior_reviewer");
    fs::remove_dir_all(dir).expect("removed");
    let released = started.packager.release(&disclosure, release);
    assert!(released.is_err(), "there is nothing to release");
    assert_eq!(bed.case(REQUEST).disclosures[0].step, Step::Destroyed);
    end(started);
}

#[test]
fn a_bundle_of_a_withdrawn_request_does_not_wait() {
    let mut bed = approved();
    run(&bed, Until::Sealed);
    let data = serde_json::json!({"document_sha256": crate::model::digest::Digest::of(b"letter"),
        "received_at": "2026-11-20T00:00:00.000Z"});
    bed.post(REQUEST, EventType::RequestWithdrawn, "p-in", &data, Vec::new());
    bed.crash();
    let started = bed.packager();
    let gone = DisclosureId::new("D-1").expect("an id");
    assert_eq!(started.recovered.destroyed, [(gone, DestroyReason::Ordered)]);
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    end(started);
}

#[test]
fn a_source_that_changed_between_its_reads_seals_nothing() {
    let bed = approved();
    let bench = bed.workbench();
    let packed = packed(&bed, &bench);
    let path = bed.sources().join("subscribers.csv");
    let text = fs::read_to_string(&path).expect("read").replace("Ada Example", "Eve Example");
    fs::write(&path, text).expect("written");
    let Err(error) = packed.seal(&bench, &mut |_| {}) else { panic!("the source changed") };
    assert_eq!(error.destroy_reason(), DestroyReason::SourceChanged);
    assert!(!matches!(error, PackageError::Interrupted));
    let request = RequestId::new(REQUEST).expect("an id");
    let disclosure = DisclosureId::new("D-1").expect("an id");
    crate::package::worker::destroy(&bench, &request, &disclosure, error.destroy_reason()).expect("recorded");
    assert_eq!(bed.case(REQUEST).disclosures[0].destroyed, Some(DestroyReason::SourceChanged));
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
}

#[test]
fn a_stop_ends_the_worker_although_somebody_holds_a_handle() {
    let bed = approved();
    let started = bed.packager();
    let held = started.packager.clone();
    let disclosure = open(&started.packager, REQUEST).expect("opened");
    started.packager.stop();
    end(started);
    let case = bed.case(REQUEST);
    let logged = case.disclosure(&disclosure).expect("recorded");
    assert!(matches!(logged.step, Step::Destroyed | Step::Sealed), "{:?}", logged.step);
    let status = held.status(&disclosure).expect("known");
    assert!(matches!(status.state, State::Failed | State::Sealed), "nothing runs any more");
    assert!(matches!(open(&held, REQUEST), Err(PackageError::Interrupted)));
}
