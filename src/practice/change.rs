//! What an admitted event does: names it takes, and the state it leaves.
//!
//! The leaf hash exists only after sealing, and approvals bind to it: so `apply` returns a
//! [`Change`], and [`Change::recorded`] finishes it with the leaf.

use std::collections::BTreeSet;

use super::case::Case;
use super::refusal::Refusal;
use super::rule::Rule;
use super::world::World;
use crate::model::approval::Nonce;
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, DisclosureId, IncidentId, InvoiceId, ProductionId, ReportId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::{Hash, LeafIndex, TreeSize};

/// What `apply` answers for an event that no rule refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Append it, if its claims are free, and keep what follows from it.
    Admitted(Box<Change>),
    /// Append nothing: this person decided exactly this before, at that entry.
    AlreadyRecorded(LeafIndex),
}

/// A name that is taken once in the whole log. The caller looks it up in its own index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// A request.
    Request(RequestId),
    /// A document, by its digest: one document is one request (I-44).
    Document(Digest),
    /// A collection.
    Disclosure(DisclosureId),
    /// A bundle.
    Production(ProductionId),
    /// A bill.
    Invoice(InvoiceId),
    /// An incident.
    Incident(IncidentId),
    /// A report: published, statutory or voluntary.
    Report(ReportId),
    /// A nonce of one key.
    Nonce {
        /// The key.
        keyid: Digest,
        /// The nonce.
        nonce: Nonce,
    },
}

impl Claim {
    /// The bytes to index it by: injective, and nothing personal in them.
    #[must_use]
    pub fn to_key(&self) -> Vec<u8> {
        match self {
            Self::Request(id) => format!("request/{id}").into_bytes(),
            Self::Document(sha256) => format!("document/{sha256}").into_bytes(),
            Self::Disclosure(id) => format!("disclosure/{id}").into_bytes(),
            Self::Production(id) => format!("production/{id}").into_bytes(),
            Self::Invoice(id) => format!("invoice/{id}").into_bytes(),
            Self::Incident(id) => format!("incident/{id}").into_bytes(),
            Self::Report(id) => format!("report/{id}").into_bytes(),
            Self::Nonce { keyid, nonce } => format!("nonce/{keyid}/{nonce}").into_bytes(),
        }
    }

    /// What the client is told if the name is taken.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let taken = |pointer, what: &str| {
            let reason = format!("this {what} stands in the log already");
            Refusal::conflict(Rule::I04, pointer, reason, "choose a new one; ids are never used again")
        };
        match self {
            Self::Request(_) => taken("/request", "request id"),
            Self::Document(_) => Refusal::conflict(
                Rule::I44,
                "/data/order/sha256",
                "another request stands on this very document",
                "record request.duplicated on the request that has it",
            ),
            Self::Disclosure(_) => taken("/data/disclosure", "disclosure id"),
            Self::Production(_) => taken("/data/production", "production id"),
            Self::Invoice(_) => taken("/data/invoice", "invoice id"),
            Self::Incident(_) => taken("/data/incident", "incident id"),
            Self::Report(_) => taken("/data/report", "report id"),
            Self::Nonce { .. } => Refusal::conflict(
                Rule::A09,
                "/envelopes/0",
                "this key has signed an approval with this nonce before",
                "sign a fresh approval",
            ),
        }
    }
}

/// A name that an earlier entry must have taken: another request, another's bundle. `apply` sees
/// one case only, so the caller looks it up in the index that holds the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name, as it was claimed.
    pub name: Claim,
    /// Where in the event it stands.
    pub pointer: String,
}

impl Reference {
    /// What the client is told if nothing bears the name.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let reason = "no earlier entry has that name";
        Refusal::conflict(Rule::I04, &self.pointer, reason, "record first what it names, or name another")
    }
}

/// Where the leaf hash belongs in the state that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nowhere.
    Nowhere,
    /// Into the review: later approvals name it.
    Review,
    /// Into the sealed bundle of the live disclosure.
    Sealed,
    /// Into the newest approval of the case.
    Approval,
    /// Into the newest proposal.
    Proposal,
    /// Into the newest approval of this proposal.
    ProposalApproval(LeafIndex),
    /// Into the newest act proposed upon the case.
    Act,
    /// Into the newest approval of this act upon the case.
    ActApproval(LeafIndex),
}

/// An admitted event's effect, lacking only the leaf hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(super) claims: Vec<Claim>,
    pub(super) references: Vec<Reference>,
    pub(super) case: Option<Case>,
    pub(super) world: Option<World>,
    pub(super) mark: Mark,
    pub(super) quoted: Option<Quoted>,
    pub(super) lost: Option<LostKey>,
}

/// An agency's key in other hands, and the bundles that the entry lists for it (I-34). Only who reads
/// the whole log sees whether these are all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostKey {
    /// Whose.
    pub agency: AgencyId,
    /// Since when, at the earliest.
    pub since: Timestamp,
    /// The bundles.
    pub productions: BTreeSet<ProductionId>,
}

/// What an entry says that its own log was: a report names the head that it is computed from
/// (I-46). The caller holds it against the tree, which the practice does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// So many entries, from index 0 on.
    pub size: TreeSize,
    /// Their root.
    pub root: Hash,
}

impl Quoted {
    /// What the client is told, or the auditor, if the log was not that.
    #[must_use]
    pub fn refusal(self, root: Hash) -> Refusal {
        let reason = format!("the root at size {} is {root}, not {}", self.size, self.root);
        let cure = "compute the report from a signed checkpoint of this log";
        Refusal::invalid(Rule::I46, "/data/root", reason, cure)
    }
}

/// The state after an entry; what did not change is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The case of the entry's request.
    pub case: Option<Case>,
    /// What is in force for later entries.
    pub world: Option<World>,
}

impl Change {
    pub(super) const fn nothing() -> Self {
        Self {
            claims: Vec::new(),
            references: Vec::new(),
            case: None,
            world: None,
            mark: Mark::Nowhere,
            quoted: None,
            lost: None,
        }
    }

    pub(super) fn of_case(case: Case) -> Self {
        Self { case: Some(case), ..Self::nothing() }
    }

    pub(super) fn of_world(world: World) -> Self {
        Self { world: Some(world), ..Self::nothing() }
    }

    pub(super) fn marking(self, mark: Mark) -> Self {
        Self { mark, ..self }
    }

    pub(super) fn claiming(mut self, claim: Claim) -> Self {
        self.claims.push(claim);
        self
    }

    pub(super) fn naming(mut self, name: Claim, pointer: impl Into<String>) -> Self {
        self.references.push(Reference { name, pointer: pointer.into() });
        self
    }

    pub(super) fn quoting(self, size: TreeSize, root: Hash) -> Self {
        Self { quoted: Some(Quoted { size, root }), ..self }
    }

    pub(super) fn losing(self, key: LostKey) -> Self {
        Self { lost: Some(key), ..self }
    }

    /// What this entry says the log was; if it was not, refuse with [`Quoted::refusal`].
    #[must_use]
    pub const fn quoted(&self) -> Option<Quoted> {
        self.quoted
    }

    /// The names this entry takes; if one is taken, refuse with [`Claim::refusal`].
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The names this entry uses; if nothing bears one, refuse with [`Reference::refusal`].
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The state after the entry, now that its leaf is known.
    #[must_use]
    pub fn recorded(mut self, leaf: Hash) -> Next {
        if let Some(case) = &mut self.case {
            finish_case(case, self.mark, leaf);
        }
        if let Some(world) = &mut self.world {
            finish_world(world, self.mark, leaf);
        }
        Next { case: self.case, world: self.world }
    }
}

fn finish_case(case: &mut Case, mark: Mark, leaf: Hash) {
    match mark {
        Mark::Review => {
            if let Some(review) = &mut case.review {
                review.context.leaf = leaf;
            }
        }
        Mark::Sealed => {
            let sealed = case.disclosures.last_mut().and_then(|disclosure| disclosure.sealed.as_mut());
            if let Some(sealed) = sealed {
                sealed.context.leaf = leaf;
            }
        }
        Mark::Approval => {
            if let Some(given) = case.approvals.last_mut() {
                given.entry.leaf = leaf;
            }
        }
        Mark::Act => {
            if let Some(newest) = case.acts.last_mut() {
                newest.context.leaf = leaf;
            }
        }
        Mark::ActApproval(index) => {
            let act = case.acts.iter_mut().find(|act| act.context.index == index);
            if let Some(given) = act.and_then(|act| act.approvals.last_mut()) {
                given.entry.leaf = leaf;
            }
        }
        Mark::Nowhere | Mark::Proposal | Mark::ProposalApproval(_) => {}
    }
}

fn finish_world(world: &mut World, mark: Mark, leaf: Hash) {
    let mut proposals = (*world.proposals).clone();
    match mark {
        Mark::Proposal => {
            let newest = proposals.last_entry();
            if let Some(mut newest) = newest {
                newest.get_mut().context.leaf = leaf;
            }
        }
        Mark::ProposalApproval(index) => {
            let newest = proposals.get_mut(&index).and_then(|proposal| proposal.approvals.last_mut());
            if let Some(given) = newest {
                given.entry.leaf = leaf;
            }
        }
        Mark::Nowhere | Mark::Review | Mark::Sealed | Mark::Approval | Mark::Act | Mark::ActApproval(_) => {
            return;
        }
    }
    world.proposals = std::sync::Arc::new(proposals);
}
