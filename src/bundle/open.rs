//! Opening a bundle at the agency: unpacked only if every check passes.
//!
//! **In scope**: bag against manifests, manifests against signature, signature and digests
//! against the log's entry, and that the bundle is meant for whoever opens it.
//! **Out of scope**: where trust comes from: the caller names the keys; those that travel
//! with the bundle are hints for messages (docs/FORMATS.md §1, Trust).
//!
//! What is wrong is a [`Fault`] and nothing stays on disk. What could not be checked is an
//! [`Unproven`]: the data is unpacked, and the caller must say what is missing (exit 2).

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use ed25519_dalek::VerifyingKey;

use super::bag::{self, BagError, Manifest, names as bag_names};
use super::documents::{Order, names};
use super::extract::{ExtractError, Extracted, extract};
use super::layout::BagPath;
use super::receipt::{BundleReceipt, ReceiptFileError};
use super::sshsig::{self, Namespace, SshsigError};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::model::json::JsonError;
use crate::model::opening::{self, OpenedEntry, Opening, OpeningError};
use crate::ops::age::{Identities, Sealed};
use crate::practice::vocabulary::BundleSealed;
use crate::tlog::{LeafIndex, Vkey};

/// Keys that the caller has from elsewhere than the bundle.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys of the log.
    pub log: Vec<Vkey>,
    /// Keys the provider signs deliveries with.
    pub disclosure: Vec<VerifyingKey>,
}

/// One thing that is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A manifest cannot be read.
    #[error("{name} is refused")]
    Manifest {
        /// Which one.
        name: &'static str,
        /// Why.
        #[source]
        source: BagError,
    },
    /// A file that a manifest lists is not there.
    #[error("{path} is listed but missing")]
    Missing {
        /// The file.
        path: BagPath,
    },
    /// A file is not what its manifest says.
    #[error("{path} has SHA-256 {found}, its manifest says {expected}")]
    Digest {
        /// The file.
        path: BagPath,
        /// What the manifest says.
        expected: Digest,
        /// What was unpacked.
        found: Digest,
    },
    /// A file that no manifest lists, or that the wrong one does.
    #[error("{path} is not listed in the manifest it belongs to")]
    Unlisted {
        /// The file.
        path: BagPath,
    },
    /// `bagit.txt` is not BagIt 1.0 in UTF-8.
    #[error("bagit.txt does not declare BagIt 1.0 in UTF-8")]
    Declaration,
    /// The payload's size is not what `bag-info.txt` says.
    #[error("the payload is not of the size that bag-info.txt gives")]
    Oxum,
    /// `probity/order.json` cannot be read.
    #[error("probity/order.json is refused")]
    Order(#[source] JsonError),
    /// Two places name different productions, origins, requests or recipients.
    #[error("{what} differs between {left} and {right}")]
    Differs {
        /// What.
        what: &'static str,
        /// One place.
        left: &'static str,
        /// The other.
        right: &'static str,
    },
    /// The bundle was made for somebody else and sealed again for this key.
    #[error("none of the recipients this production was made for is a key of yours")]
    NotForYou,
    /// The tag manifest's signature.
    #[error("the signature over the tag manifest is refused")]
    Signature(#[source] SshsigError),
    /// Signed, but by a key that is not among the trusted ones.
    #[error("the bundle is signed by {fingerprint}, which is not among the trusted signers")]
    Signer {
        /// As `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// The receipt file.
    #[error("the receipt file is refused")]
    Receipt(#[source] ReceiptFileError),
    /// A proof from the log.
    #[error("the proof of {event} is refused")]
    Proof {
        /// The event's type.
        event: &'static str,
        /// Why.
        #[source]
        source: OpeningError,
    },
    /// The proof is of another event.
    #[error("the proof is of another event than {expected}")]
    OtherEvent {
        /// What it should be of.
        expected: &'static str,
    },
}

/// One thing that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// No receipt file: whether the log knows this bundle is open.
    #[error("no receipt file was given: that this bundle stands in the log was not checked")]
    NoReceipt,
    /// No trusted key of the log.
    #[error("no log key was given: the bundle is consistent with itself, its log is not trusted")]
    LogNotTrusted,
    /// Neither a trusted signer nor a trusted log vouches for the signing key.
    #[error("signed by {fingerprint}; no trusted signers were given and nothing else vouches for that key")]
    SignerNotTrusted {
        /// As `ssh-keygen -l` prints it.
        fingerprint: String,
    },
}

/// Why a bundle was not opened. Nothing was left on disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It could not be unpacked.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// It was unpacked, found wrong and removed.
    #[error("the bundle is refused: {} finding(s)", faults.len())]
    Refused {
        /// Everything that is wrong.
        faults: Vec<Fault>,
    },
}

/// What an agency acknowledges, and what it should know.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The production.
    pub production: ProductionId,
    /// The log's name, as the order states it.
    pub origin: crate::tlog::Origin,
    /// Digests of the bundle's file.
    pub sealed: Sealed,
    /// SHA-256 of the tag manifest.
    pub tagmanifest_sha256: Digest,
    /// The recipient it was opened as.
    pub recipient_sha256: Digest,
    /// The key that signed the bag.
    pub signer: VerifyingKey,
    /// Where `bundle.sealed` stands in the log, if a receipt was given.
    pub index: Option<LeafIndex>,
    /// Payload files.
    pub files: usize,
    /// Payload bytes.
    pub payload_bytes: u64,
    /// What could not be checked; empty means that everything was.
    pub unproven: Vec<Unproven>,
}

/// Opens `bundle` into `out`, which must not exist and will be the bag itself.
///
/// # Errors
/// [`OpenError`]; nothing is left behind, neither `out` nor `out.partial`.
pub fn open(
    bundle: File,
    identities: &Identities,
    receipt: Option<&[u8]>,
    trust: &Trust,
    out: &Path,
) -> Result<Opened, OpenError> {
    let extracted = extract(bundle, identities, out)?;
    let mut check = Check { bag: &extracted, trust, faults: Vec::new(), unproven: Vec::new() };
    let opened = check.run(identities, receipt);
    let (faults, unproven) = (check.faults, check.unproven);
    match opened {
        Some(opened) if faults.is_empty() => {
            // If we crash before this, only the partial directory stands there.
            extracted.publish()?;
            Ok(Opened { unproven, ..opened })
        }
        _ => Err(OpenError::Refused { faults }),
    }
}

/// All checks of one bag; a fault does not stop the others, so that one run names all.
struct Check<'a> {
    bag: &'a Extracted,
    trust: &'a Trust,
    faults: Vec<Fault>,
    unproven: Vec<Unproven>,
}

impl Check<'_> {
    fn run(&mut self, identities: &Identities, receipt: Option<&[u8]>) -> Option<Opened> {
        let files = self.manifests();
        let order = self.order()?;
        let recipient_sha256 = self.recipient(&order, identities);
        let signer = self.signature()?;
        let keys = self.log_keys();
        self.decision(&order, &keys);
        if receipt.is_none() {
            self.unproven.push(Unproven::NoReceipt);
        }
        let index = receipt.and_then(|file| self.receipt(file, &order, &signer, &keys));
        self.signer_trust(&signer, index.is_some());
        Some(Opened {
            production: self.bag.production.clone(),
            origin: order.origin,
            sealed: self.bag.sealed,
            tagmanifest_sha256: Digest::of(self.bag.document(bag_names::TAG_MANIFEST)),
            recipient_sha256: recipient_sha256?,
            signer,
            index,
            files: files?,
            payload_bytes: self.bag.payload_bytes,
            unproven: Vec::new(),
        })
    }

    fn require(&mut self, holds: bool, fault: impl FnOnce() -> Fault) {
        if !holds {
            self.faults.push(fault());
        }
    }

    fn accept<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }

    /// Every file in the one manifest it belongs to, and every listed file there.
    fn manifests(&mut self) -> Option<usize> {
        let bag = self.bag;
        self.require(bag.document(bag_names::DECLARATION) == bag::DECLARATION.as_bytes(), || {
            Fault::Declaration
        });
        let parse =
            |name| Manifest::parse(bag.document(name)).map_err(|source| Fault::Manifest { name, source });
        let payload = self.accept(parse(bag_names::MANIFEST))?;
        let tags = self.accept(parse(bag_names::TAG_MANIFEST))?;
        for (path, expected) in payload.iter().chain(tags.iter()) {
            match bag.digests.get(path) {
                None => self.faults.push(Fault::Missing { path: path.clone() }),
                Some(found) if *found != expected => {
                    self.faults.push(Fault::Digest { path: path.clone(), expected, found: *found });
                }
                Some(_) => {}
            }
        }
        let unlisted_by_design = [bag_names::TAG_MANIFEST, bag_names::SIGNATURE, bag_names::ATTESTATION];
        for path in bag.digests.keys() {
            let (home, other) = if path.is_payload() { (&payload, &tags) } else { (&tags, &payload) };
            let is_listed = home.digest_of(path).is_some() || unlisted_by_design.contains(&path.as_str());
            self.require(is_listed && other.digest_of(path).is_none(), || Fault::Unlisted {
                path: path.clone(),
            });
        }
        let found =
            bag::Oxum { bytes: bag.payload_bytes, files: u64::try_from(payload.len()).unwrap_or(u64::MAX) };
        self.require(bag::parse_oxum(bag.document(bag_names::INFO)) == Some(found), || Fault::Oxum);
        Some(payload.len())
    }

    fn order(&mut self) -> Option<Order> {
        let order = self.accept(Order::parse(self.bag.document(names::ORDER)).map_err(Fault::Order))?;
        let is_same = order.production == self.bag.production;
        self.require(is_same, || differs("production", "the archive", names::ORDER));
        Some(order)
    }

    /// Attack: agency A opens its bundle and seals the bag again for B, who would take it
    /// for a delivery to B. The order names whom it was sealed for.
    fn recipient(&mut self, order: &Order, identities: &Identities) -> Option<Digest> {
        let own = identities.recipients().map(|recipient| recipient.sha256());
        let found = own.into_iter().find(|own| order.recipients.contains(own));
        self.require(found.is_some(), || Fault::NotForYou);
        found
    }

    fn signature(&mut self) -> Option<VerifyingKey> {
        let signature = self.bag.document(bag_names::SIGNATURE);
        let message = self.bag.document(bag_names::TAG_MANIFEST);
        self.accept(sshsig::verify(signature, Namespace::Disclosure, message).map_err(Fault::Signature))
    }

    /// With signers given, the key must be among them. Without, a trusted log vouches for
    /// the tag manifest itself, and so for what the signature would.
    fn signer_trust(&mut self, signer: &VerifyingKey, is_logged: bool) {
        let fingerprint = sshsig::fingerprint(signer);
        if self.trust.disclosure.is_empty() {
            if !is_logged || self.trust.log.is_empty() {
                self.unproven.push(Unproven::SignerNotTrusted { fingerprint });
            }
        } else {
            self.require(self.trust.disclosure.contains(signer), || Fault::Signer { fingerprint });
        }
    }

    /// The trusted log keys; without any, the one in the bag, which proves consistency only.
    fn log_keys(&mut self) -> Vec<Vkey> {
        if !self.trust.log.is_empty() {
            return self.trust.log.clone();
        }
        self.unproven.push(Unproven::LogNotTrusted);
        let hint = std::str::from_utf8(self.bag.document(names::LOG_KEY)).ok();
        hint.and_then(|text| text.trim_end_matches('\n').parse().ok()).into_iter().collect()
    }

    fn decision(&mut self, order: &Order, keys: &[Vkey]) {
        let (receipt, opening) =
            (self.bag.document(names::DECISION_RECEIPT), self.bag.document(names::DECISION_OPENING));
        let Some(entry) = self.accept(prove("approval.given", receipt, opening, keys)) else { return };
        let is_same = entry.event().request.as_ref() == Some(&order.request);
        self.require(is_same, || differs("request", "the decision", names::ORDER));
        let is_same = *entry.receipt().checkpoint().origin() == order.origin;
        self.require(is_same, || differs("origin", "the decision", names::ORDER));
    }

    fn receipt(
        &mut self,
        file: &[u8],
        order: &Order,
        signer: &VerifyingKey,
        keys: &[Vkey],
    ) -> Option<LeafIndex> {
        const FILE: &str = "the receipt file";
        const ENTRY: &str = "bundle.sealed";
        let receipt = self.accept(BundleReceipt::verify(file, signer).map_err(Fault::Receipt))?;
        let entry = self.accept(prove(ENTRY, &receipt.tlog_proof, &receipt.opening, keys))?;
        let logged: BundleSealed = self.accept(
            serde_json::from_str(entry.event().data.get()).map_err(|_| Fault::OtherEvent { expected: ENTRY }),
        )?;
        let bag = self.bag;
        let tagmanifest = Digest::of(bag.document(bag_names::TAG_MANIFEST));
        let recipients: BTreeSet<Digest> = order.recipients.iter().copied().collect();
        let sealed = Sealed {
            file_sha256: logged.file_sha256,
            file_bytes: logged.file_bytes,
            payload_sha256: logged.payload_sha256,
        };
        let origin = entry.receipt().checkpoint().origin();
        for (is_same, what, left, right) in [
            (logged.production == bag.production, "production", ENTRY, "the archive"),
            (logged.tagmanifest_sha256 == tagmanifest, "tagmanifest_sha256", ENTRY, "the archive"),
            (logged.payload_sha256 == bag.sealed.payload_sha256, "payload_sha256", ENTRY, "the bundle"),
            (sealed == bag.sealed, "file_sha256 or file_bytes", ENTRY, "the bundle"),
            (logged.recipients == recipients, "recipients", ENTRY, names::ORDER),
            (entry.event().request.as_ref() == Some(&order.request), "request", ENTRY, names::ORDER),
            (*origin == order.origin, "origin", ENTRY, names::ORDER),
            (receipt.origin == order.origin, "origin", FILE, names::ORDER),
            (receipt.production == bag.production, "production", FILE, "the archive"),
            (receipt.sealed == bag.sealed, "digest or size", FILE, "the bundle"),
        ] {
            self.require(is_same, || differs(what, left, right));
        }
        Some(entry.receipt().index())
    }
}

const fn differs(what: &'static str, left: &'static str, right: &'static str) -> Fault {
    Fault::Differs { what, left, right }
}

/// Receipt first, then opening, then the event's type.
fn prove(event: &'static str, receipt: &[u8], opening: &[u8], keys: &[Vkey]) -> Result<OpenedEntry, Fault> {
    let proof = |source| Fault::Proof { event, source };
    let receipt = opening::verify_receipt(receipt, keys).map_err(proof)?;
    let opening = Opening::parse(opening).map_err(proof)?;
    let entry = opening::check(&receipt, &opening).map_err(proof)?;
    if entry.event().type_ == event { Ok(entry) } else { Err(Fault::OtherEvent { expected: event }) }
}

#[cfg(test)]
mod oracles;
#[cfg(test)]
mod tests;
