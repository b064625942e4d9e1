//! One receipt, alone or beside its opening.
//!
//! **In scope**: signature, path, the entry's form; with an opening, the event behind it.
//! **Out of scope**: whether the log as a whole is sound; that takes an export.

use super::finding::{Code, Finding, Location};
use super::report::Report;
use super::signers::{Signers, Trust, causes, head_finding};
use crate::model::entry::Entry;
use crate::model::opening::{self, OpenedEntry, Opening, OpeningError};
use crate::model::payload::PayloadFault;
use crate::tlog::receipt::ReceiptError;
use crate::tlog::{Receipt, TreeSize, VerifiedReceipt};

/// What a receipt file begins with; a checkpoint does not.
const MAGIC: &[u8] = b"c2sp.org/tlog-proof@v1\n";

/// What became of a receipt.
#[derive(Debug)]
pub struct ReceiptAudit {
    /// What was found.
    pub report: Report,
    /// The receipt, if it holds.
    pub receipt: Option<VerifiedReceipt>,
    /// What the opening shows, if one was given and it holds.
    pub opened: Option<OpenedEntry>,
}

/// An object and the name under which it is reported.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The name: a file's, as a rule.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Checks a receipt with the trusted keys, and the opening of its entry where there is one.
#[must_use]
pub fn verify_receipt(receipt: Named<'_>, opening: Option<Named<'_>>, trust: &Trust) -> ReceiptAudit {
    let mut audit = ReceiptAudit { report: Report::default(), receipt: None, opened: None };
    let location = Location::file(receipt.name);
    let receipt = match Receipt::parse(receipt.bytes) {
        Ok(receipt) => receipt,
        Err(error) => {
            audit.report.add(*receipt_finding(&error, location));
            return audit;
        }
    };
    if trust.keys().is_empty() {
        let signers =
            receipt.note().signatures().iter().map(|line| format!("{} ({})", line.name(), line.id()));
        let found = signers.collect::<Vec<_>>().join(", ");
        audit.report.add(Finding::new(Code::SignerUnknown, location, "a trusted key", found));
        return audit;
    }
    let receipt = match receipt.verify(trust.keys(), Entry::index_of) {
        Ok(receipt) => receipt,
        Err(error) => {
            audit.report.add(*receipt_finding(&error, location));
            return audit;
        }
    };
    if let Some(opening) = opening {
        let opened = Opening::parse(opening.bytes).and_then(|opening| opening::check(&receipt, &opening));
        match opened {
            Ok(opened) => audit.opened = Some(opened),
            Err(error) => {
                let location = Location::file(opening.name).at(receipt.index().get());
                audit.report.add(opening_finding(&error, location));
            }
        }
    }
    audit.receipt = Some(receipt);
    audit
}

/// The note and size of a given head, which is a checkpoint or a receipt.
pub(super) fn head_of(
    name: &str,
    bytes: &[u8],
    signers: &Signers,
) -> Result<(Vec<u8>, TreeSize), Box<Finding>> {
    let location = Location::file(name);
    if !bytes.starts_with(MAGIC) {
        return Ok((bytes.to_vec(), signers.open(bytes, &location)?.size()));
    }
    let receipt = Receipt::parse(bytes).map_err(|error| receipt_finding(&error, location.clone()))?;
    let keys = signers.chain().last().vkeys();
    let receipt =
        receipt.verify(&keys, Entry::index_of).map_err(|error| receipt_finding(&error, location))?;
    Ok((receipt.checkpoint().to_bytes(), receipt.checkpoint().size()))
}

fn opening_finding(error: &OpeningError, location: Location) -> Finding {
    let code = match error {
        OpeningError::Payload(PayloadFault::Hash { .. }) => Code::PayloadHash,
        OpeningError::Payload(PayloadFault::Version) => Code::PayloadVersion,
        OpeningError::Payload(PayloadFault::Commit) => Code::PayloadCommit,
        OpeningError::Payload(PayloadFault::Tag) => Code::PayloadTag,
        OpeningError::Payload(PayloadFault::Padding) => Code::PayloadPadding,
        OpeningError::Payload(PayloadFault::Event(_)) | OpeningError::Event(_) => Code::PayloadEvent,
        _ => Code::Opening,
    };
    Finding::new(code, location, "the opening of this entry", causes(error))
}

fn receipt_finding(error: &ReceiptError, location: Location) -> Box<Finding> {
    match error {
        ReceiptError::Checkpoint(error) => head_finding(error, &location),
        ReceiptError::Proof(_) => {
            Box::new(Finding::new(Code::Proof, location, "a path to the signed root", causes(error)))
        }
        _ => Box::new(Finding::new(Code::Receipt, location, "a receipt", causes(error))),
    }
}
