//! Goal: a bundle opens if and only if it is the one that was logged, for this recipient;
//! whatever is wrong, nothing is left behind.

use std::io::Write as _;

use super::*;
use crate::bundle::fixture::{self, Delivery};
use crate::bundle::{ack, pack};
use crate::model::time::Timestamp;
use crate::ops::age::{self, Identity, Recipients};

/// Five chunks of age.
static BIG: [u8; 300_000] = [7; 300_000];

fn trust() -> Trust {
    let disclosure = vec![fixture::disclosure_key().verifying_key()];
    Trust { log: vec![fixture::signer().vkey().clone()], disclosure }
}

/// Opens in a scratch directory and sees to it that a refusal leaves it empty.
fn try_open(
    bundle: &[u8],
    identities: &Identities,
    receipt: Option<&[u8]>,
    trust: &Trust,
) -> Result<Opened, OpenError> {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let mut file = tempfile::tempfile().expect("a scratch file");
    file.write_all(bundle).expect("written");
    std::io::Seek::rewind(&mut file).expect("a regular file");
    let out = scratch.path().join("opened");
    let result = open(file, identities, receipt, trust, &out);
    let left = std::fs::read_dir(scratch.path()).expect("readable").count();
    assert_eq!(left, usize::from(result.is_ok()), "{result:?}");
    if result.is_ok() {
        assert_eq!(std::fs::read(out.join("data/A001/access/ip.csv")).expect("unpacked"), b"at,ip\n");
    }
    result
}

fn faults(result: Result<Opened, OpenError>) -> Vec<Fault> {
    match result {
        Err(OpenError::Refused { faults }) => faults,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    }
}

fn good() -> Delivery {
    fixture::deliver(fixture::contents(&[]), |_| {})
}

#[test]
fn a_good_bundle_opens_and_can_be_acknowledged() {
    let Delivery { bundle, receipt } = good();
    let opened =
        try_open(&bundle, &fixture::identities(), Some(&receipt), &trust()).expect("nothing is wrong");
    assert_eq!(opened.unproven, []);
    assert_eq!((opened.files, opened.index.map(LeafIndex::get)), (2, Some(1)));

    let at = Timestamp::parse("2026-11-24T08:00:00.000Z").expect("a time");
    let key = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    let bytes = ack::opened(&opened, at);
    let signature = ack::sign(&bytes, &key);
    let known = [key.verifying_key()];
    let checked = ack::check(&bytes, signature.as_bytes(), &known).expect("our own");
    assert_eq!(checked.file_sha256, Digest::of(&bundle));
    assert_eq!(checked.recipient_sha256, fixture::recipients().sha256()[0]);
    let strangers = [fixture::disclosure_key().verifying_key()];
    assert!(matches!(ack::check(&bytes, signature.as_bytes(), &strangers), Err(ack::AckFault::Key { .. })));
    let changed = [bytes.as_slice(), b" "].concat();
    assert!(matches!(ack::check(&changed, signature.as_bytes(), &known), Err(ack::AckFault::Signature(_))));

    let failed = ack::Failed {
        origin: &opened.origin,
        production: &opened.production,
        sealed: opened.sealed,
        recipient_sha256: opened.recipient_sha256,
        code: "cannot_decrypt",
    };
    let bytes = ack::failed(&failed, at);
    let signature = ack::sign(&bytes, &key);
    assert!(ack::check(&bytes, signature.as_bytes(), &known).expect("our own").tagmanifest_sha256.is_none());
}

#[test]
fn what_was_not_checked_is_said() {
    let Delivery { bundle, receipt } = good();
    let signer = || {
        let fingerprint = sshsig::fingerprint(&fixture::disclosure_key().verifying_key());
        Unproven::SignerNotTrusted { fingerprint }
    };
    let unproven = |receipt: Option<&[u8]>, trust: &Trust| {
        try_open(&bundle, &fixture::identities(), receipt, trust).expect("nothing is wrong").unproven
    };
    let only_log = Trust { disclosure: Vec::new(), ..trust() };
    let only_signer = Trust { log: Vec::new(), ..trust() };
    assert_eq!(unproven(None, &trust()), [Unproven::NoReceipt]);
    assert_eq!(unproven(Some(&receipt), &only_log), []);
    assert_eq!(unproven(None, &only_log), [Unproven::NoReceipt, signer()]);
    assert_eq!(unproven(Some(&receipt), &only_signer), [Unproven::LogNotTrusted]);
    assert_eq!(unproven(Some(&receipt), &Trust::default()), [Unproven::LogNotTrusted, signer()]);
}

#[test]
fn trust_given_and_not_met_is_a_fault() {
    let Delivery { bundle, receipt } = good();
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let other_signer = Trust { disclosure: vec![stranger.verifying_key()], ..trust() };
    let found = faults(try_open(&bundle, &fixture::identities(), Some(&receipt), &other_signer));
    assert!(matches!(found.as_slice(), [Fault::Signer { .. }]), "{found:?}");
    let other = crate::tlog::LogSigner::new(fixture::origin(), stranger).expect("a strong key");
    let other_log = Trust { log: vec![other.vkey().clone()], ..trust() };
    let found = faults(try_open(&bundle, &fixture::identities(), Some(&receipt), &other_log));
    assert!(found.iter().all(|fault| matches!(fault, Fault::Proof { .. })) && found.len() == 2, "{found:?}");
}

/// The entry in the log says something else than the bundle holds.
#[test]
fn each_member_of_the_logged_entry_counts() {
    let other = || Digest::of(b"another");
    let check = |what: &str, change: &dyn Fn(&mut BundleSealed)| {
        let Delivery { bundle, receipt } = fixture::deliver(fixture::contents(&[]), change);
        let found = faults(try_open(&bundle, &fixture::identities(), Some(&receipt), &trust()));
        let is_named =
            |fault: &Fault| matches!(fault, Fault::Differs { what: named, .. } if named.contains(what));
        assert!(found.iter().any(is_named), "{what}: {found:?}");
    };
    check("production", &|sealed| sealed.production = ProductionId::new("PRD-2026-00000000").expect("an id"));
    check("file_sha256", &|sealed| sealed.file_sha256 = other());
    check("file_bytes", &|sealed| sealed.file_bytes += 1);
    check("payload_sha256", &|sealed| sealed.payload_sha256 = other());
    check("tagmanifest_sha256", &|sealed| sealed.tagmanifest_sha256 = other());
    check("recipients", &|sealed| sealed.recipients = BTreeSet::from([other()]));
}

/// Agency A opens its bundle and seals the same tar for B.
#[test]
fn a_bundle_sealed_again_for_somebody_else_is_refused() {
    let Delivery { bundle, receipt } = good();
    let (tar, _) = age::decrypt(bundle.as_slice(), &fixture::identities(), |reader| {
        let mut tar = Vec::new();
        reader.read_to_end(&mut tar).map_err(age::AgeError::from_read)?;
        Ok::<_, age::AgeError>(tar)
    })
    .expect("A's own");
    let somebody = Identity::generate();
    let to = Recipients::new(vec![somebody.recipient()]).expect("one");
    let again = age::encrypt_bytes(&to, &tar).expect("writes to memory");
    let somebody = Identities::from(somebody);
    for receipt in [None, Some(receipt.as_slice())] {
        let found = faults(try_open(&again, &somebody, receipt, &trust()));
        assert!(found.iter().any(|fault| matches!(fault, Fault::NotForYou)), "{found:?}");
    }
    assert!(matches!(
        try_open(&bundle, &somebody, None, &trust()),
        Err(OpenError::Extract(ExtractError::Age(age::AgeError::NoMatchingIdentity)))
    ));
}

/// A tar by hand: the good one with a member changed, dropped or added, sealed to the right key.
#[test]
fn a_bag_that_is_not_what_its_manifests_say_is_refused() {
    let packed = || pack::pack(fixture::contents(&[]), &fixture::disclosure_key()).expect("packs");
    let tar = packed().write(Vec::new(), |_| {}).expect("unchanged");
    let rebuilt = |edit: &dyn Fn(&str, &mut Vec<u8>) -> bool, extra: Option<&str>| {
        let mut reader = super::super::archive::Reader::new(100, tar.as_slice());
        let mut writer = super::super::archive::Writer::new(fixture::production(), Vec::new());
        let mut append = |path: &BagPath, data: &[u8]| {
            let fill =
                |out: &mut Vec<u8>| out.write_all(data).map_err(super::super::archive::ArchiveError::Io);
            writer.append(path, data.len() as u64, fill).expect("writes to memory");
        };
        while let Some(member) = reader.next_member().expect("our own") {
            let mut data = Vec::new();
            let copied = reader.copy_data::<super::super::archive::ArchiveError>(member.bytes, |part| {
                data.extend_from_slice(part);
                Ok(())
            });
            copied.expect("our own");
            if edit(member.path.as_str(), &mut data) {
                append(&member.path, &data);
            }
        }
        if let Some(path) = extra {
            append(&BagPath::parse(path).expect("a good path"), b"extra");
        }
        let tar = writer.finish().expect("writes to memory");
        let bundle = age::encrypt_bytes(&fixture::recipients(), &tar).expect("writes to memory");
        faults(try_open(&bundle, &fixture::identities(), None, &trust()))
    };
    let keep = |_: &str, _: &mut Vec<u8>| true;
    let has = |found: &[Fault], is: fn(&Fault) -> bool| assert!(found.iter().any(is), "{found:?}");
    has(&rebuilt(&keep, Some("data/A001/x")), |f| matches!(f, Fault::Unlisted { .. }));
    has(&rebuilt(&keep, Some("probity/x")), |f| matches!(f, Fault::Unlisted { .. }));
    let change = |name: &'static str| {
        move |path: &str, data: &mut Vec<u8>| {
            if path == name {
                data.push(b' ');
            }
            true
        }
    };
    let drop_it = |name: &'static str| move |path: &str, _: &mut Vec<u8>| path != name;
    for name in ["data/A001/access/ip.csv", "probity/withheld.json", "index.html", "bag-info.txt"] {
        has(&rebuilt(&change(name), None), |f| matches!(f, Fault::Digest { .. }));
        has(&rebuilt(&drop_it(name), None), |f| matches!(f, Fault::Missing { .. }));
    }
    has(&rebuilt(&change("tagmanifest-sha256.txt"), None), |f| matches!(f, Fault::Manifest { .. }));
    has(&rebuilt(&drop_it("tagmanifest-sha256.txt.sig"), None), |f| matches!(f, Fault::Signature(_)));
    has(&rebuilt(&change("bagit.txt"), None), |f| matches!(f, Fault::Declaration));
    has(&rebuilt(&drop_it("probity/order.json"), None), |f| matches!(f, Fault::Order(_)));
}

#[test]
fn every_byte_and_every_chunk_border_counts() {
    let Delivery { bundle, receipt } = good();
    let refuse = |changed: &[u8], what: &str| {
        for receipt in [None, Some(receipt.as_slice())] {
            assert!(try_open(changed, &fixture::identities(), receipt, &trust()).is_err(), "{what}");
        }
    };
    // Each step costs a directory tree: every byte of the header and of both ends, and a
    // prime stride between them. Each byte of a chunk is under the same tag.
    let places = (0..400).chain((400..bundle.len()).step_by(97)).chain(bundle.len() - 40..bundle.len());
    for at in places {
        let mut changed = bundle.clone();
        changed[at] ^= 1;
        refuse(&changed, &format!("byte {at}"));
    }
    // Each of these unpacks and syncs the whole bag before it is refused. The final line
    // feed is left out: JSON does not mind other white space there.
    for at in (0..receipt.len() - 1).step_by(101) {
        let mut changed = receipt.clone();
        changed[at] ^= 1;
        let result = try_open(&bundle, &fixture::identities(), Some(&changed), &trust());
        assert!(result.is_err(), "byte {at} of the receipt");
    }

    let big = fixture::deliver(fixture::contents(&[("A001/files/F000001.bin", &BIG)]), |_| {}).bundle;
    let mac_line = big.windows(5).position(|w| w == b"\n--- ").expect("a MAC line") + 1;
    let payload = mac_line + big[mac_line..].iter().position(|b| *b == b'\n').expect("its end") + 17;
    for border in (payload..big.len()).step_by(65_536 + 16) {
        for at in [border - 1, border, border + 1] {
            refuse(&big[..at], &format!("cut to {at}"));
        }
    }
    refuse(&[big.as_slice(), b"x"].concat(), "extended");
}

#[test]
fn nothing_is_overwritten() {
    let Delivery { bundle, .. } = good();
    for taken in ["opened", "opened.partial"] {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("bundle");
        std::fs::write(&path, &bundle).expect("written");
        std::fs::create_dir(scratch.path().join(taken)).expect("made");
        let file = File::open(&path).expect("just written");
        let out = scratch.path().join("opened");
        let result = open(file, &fixture::identities(), None, &trust(), &out);
        assert!(matches!(result, Err(OpenError::Extract(ExtractError::Exists { .. }))), "{taken}");
        assert!(scratch.path().join(taken).exists(), "what stood there stays");
    }
}
