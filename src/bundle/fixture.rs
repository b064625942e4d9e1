//! One small production that the tests of this module share.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use super::bag::BagInfo;
use super::documents::{Custody, Order, OrderVersion, Withheld};
use super::pack::{Contents, Member, pack};
use super::receipt::{self, BundleReceipt};
use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::model::event::Event;
use crate::model::id::{DisclosureId, EventId, ProductionId, RequestId};
use crate::model::opening::Opening;
use crate::model::payload::{self, DataKey, EntryKey, KeyId, SealedPayload};
use crate::model::time::Timestamp;
use crate::ops::age::{self, Identities, Recipients, Sealed};
use crate::practice::vocabulary::BundleSealed;
use crate::tlog::{Checkpoint, Hash, LeafIndex, LogSigner, Origin, SignedCheckpoint, TreeSize};
use crate::tlog::{VerifiedReceipt, leaf_hash, node_hash};

pub(super) const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

pub(super) fn identities() -> Identities {
    Identities::parse_key_file(SECRET.as_bytes()).expect("age's own example")
}

pub(super) fn recipients() -> Recipients {
    Recipients::new(identities().recipients().collect()).expect("one")
}

pub(super) fn disclosure_key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(super) fn production() -> ProductionId {
    ProductionId::new("PRD-2026-7QK4M2XA").expect("an id")
}

/// Two files of one account, and `extra` ones.
pub(super) fn contents(extra: &[(&str, &'static [u8])]) -> Contents<'static> {
    let mut files =
        vec![("A001/access/ip.csv", &b"at,ip\n"[..]), ("A001/mail/mail-0001.mbox", b"From x\n\nhello\n")];
    files.extend_from_slice(extra);
    let member = |(path, data): (&str, &'static [u8])| {
        let length = u64::try_from(data.len()).expect("small");
        let content = Box::new(move |out: &mut dyn std::io::Write| Ok(out.write_all(data)?));
        Member::payload(path, length, Digest::of(data), content).expect("a good path")
    };
    let time = Timestamp::parse("2026-11-23T19:04:15.123Z").expect("a time");
    let request = RequestId::new("REQ-1").expect("an id");
    Contents {
        info: BagInfo {
            organization: "Example Provider".to_owned(),
            production: production(),
            disclosure: DisclosureId::new("DIS-1").expect("an id"),
            request: request.clone(),
            ordinal: 1,
            packed_at: time,
        },
        order: Order {
            v: 1,
            production: production(),
            origin: origin(),
            request,
            order: OrderVersion { version: 1, sha256: Digest::of(b"order") },
            issuer: "<b>Judge</b>".to_owned(),
            served_at: time,
            scope: String::new(),
            accounts: BTreeMap::from([("A001".to_owned(), "alice@example.com".to_owned())]),
            recipients: recipients().sha256(),
            supersedes: None,
        },
        withheld: Withheld { v: 1, production: production(), records: Vec::new(), parts: Vec::new() },
        custody: Custody { v: 1, production: production(), steps: Vec::new() },
        provenance: Box::new(|out| out.write_all(b"{\"path\":\"A001/access/ip.csv\"}\n")),
        decision_receipt: Vec::new(),
        decision_opening: Vec::new(),
        log_vkey: format!("{}\n", signer().vkey()),
        payload: files.into_iter().map(member).collect(),
    }
}

pub(super) fn origin() -> Origin {
    Origin::new("log.example.com/probity").expect("an origin")
}

pub(super) fn signer() -> LogSigner {
    LogSigner::new(origin(), SigningKey::from_bytes(&[9; 32])).expect("a strong key")
}

/// An event of the request, sealed for its place.
fn seal(index: u64, type_: &str, data: &str) -> (SealedPayload, EntryKey) {
    let event = Event {
        rules: 1,
        id: EventId::new(&format!("e-{index}")).expect("an id"),
        type_: type_.to_owned(),
        request: Some(RequestId::new("REQ-1").expect("an id")),
        actor: "probity".to_owned(),
        policy: Digest::of(b"policy"),
        data: serde_json::from_str(data).expect("JSON"),
        envelopes: Vec::new(),
    };
    let (key, key_id) = (DataKey::from_bytes([1; 32]), KeyId::from_bytes([2; 16]));
    let place = LeafIndex::new(index);
    payload::seal(&key, key_id, &origin(), place, &[5; 32], &event.to_bytes()).expect("short")
}

fn entry(index: u64, prev: Hash, sealed: &SealedPayload) -> Vec<u8> {
    let time = Timestamp::parse("2026-11-23T19:04:15.123Z").expect("a time");
    let index = LeafIndex::new(index);
    Entry { index, time, prev, payload: sealed.digest() }.to_bytes()
}

fn prove(bytes: &[u8], index: u64, path: Vec<Hash>, size: u64, root: Hash) -> Vec<u8> {
    let checkpoint = Checkpoint::new(origin(), TreeSize::new(size), root).expect("not empty");
    let signed = SignedCheckpoint::sign(&checkpoint, &[&signer()]).expect("signs");
    let index = LeafIndex::new(index);
    let receipt = VerifiedReceipt::new(bytes.to_vec(), index, path, &signed, Entry::index_of);
    receipt.expect("a good proof").print().into_bytes()
}

fn opening(index: u64, sealed: &SealedPayload, key: &EntryKey) -> Vec<u8> {
    let index = LeafIndex::new(index);
    Opening::new(&origin(), index, sealed.as_bytes(), key).to_json().into_bytes()
}

/// A bundle and its receipt file.
pub(super) struct Delivery {
    pub(super) bundle: Vec<u8>,
    pub(super) receipt: Vec<u8>,
}

/// Packs, seals and logs: entry 0 is the decision, entry 1 is `bundle.sealed`, which
/// `change` may falsify before it is logged.
pub(super) fn deliver(mut contents: Contents<'_>, change: impl FnOnce(&mut BundleSealed)) -> Delivery {
    let (decided, decided_key) = seal(0, "approval.given", "{}");
    let first = entry(0, Hash::from_bytes([0; 32]), &decided);
    contents.decision_receipt = prove(&first, 0, Vec::new(), 1, leaf_hash(&first));
    contents.decision_opening = opening(0, &decided, &decided_key);

    let packed = pack(contents, &disclosure_key()).expect("packs");
    let tagmanifest_sha256 = packed.tagmanifest_sha256();
    let out = age::encrypt_to(&recipients(), Vec::new()).expect("writes to memory");
    let out = packed.write(out, |_| {}).expect("unchanged");
    let (bundle, sealed) = out.finish().expect("writes to memory");

    let receipt = receipt_of(&first, sealed, tagmanifest_sha256, change);
    Delivery { bundle, receipt }
}

fn receipt_of(
    first: &[u8],
    sealed: Sealed,
    tagmanifest_sha256: Digest,
    change: impl FnOnce(&mut BundleSealed),
) -> Vec<u8> {
    let mut logged = BundleSealed {
        production: production(),
        disclosure: DisclosureId::new("DIS-1").expect("an id"),
        file_sha256: sealed.file_sha256,
        file_bytes: sealed.file_bytes,
        payload_sha256: sealed.payload_sha256,
        tagmanifest_sha256,
        recipients: recipients().sha256().into_iter().collect(),
    };
    change(&mut logged);
    let data = serde_json::to_string(&logged).expect("prints");
    let (payload, key) = seal(1, "bundle.sealed", &data);
    let prev = leaf_hash(first);
    let second = entry(1, prev, &payload);
    let root = node_hash(&prev, &leaf_hash(&second));
    let receipt = BundleReceipt {
        origin: origin(),
        production: production(),
        file: receipt::bundle_name(&production()),
        sealed,
        tlog_proof: prove(&second, 1, vec![prev], 2, root),
        opening: opening(1, &payload, &key),
    };
    receipt.sign(&disclosure_key()).expect("signs")
}
