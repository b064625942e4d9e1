//! Bundles over the socket: begin one, watch it, let it out.
//!
//! The answer to a beginning is 202: collecting takes as long as the data is large. What is
//! released stays on the machine, in the outbox; the socket never carries a bundle.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::App;
use super::body::Inflow;
use super::media::{JSON, media_type};
use super::params::InPath;
use super::peer::Caller;
use super::problem::{Code, Problem, ProblemDocument};
use super::sign::{LeafView, Template, templates};
use crate::ledger::{Poster, SubmitError};
use crate::model::approval::Kind;
use crate::model::id::{DisclosureId, EventId, PersonId, RequestId};
use crate::model::json;
use crate::ops::machine;
use crate::package::{PackageError, Packager, Release, State as Stage, Status, Suspect};

/// Longest body here, in bytes: ids, and one signed approval.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// What the log calls a refused release.
const RELEASE: &str = "POST /v1/disclosures/{id}/release";

/// What to collect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    /// The client's id: the same again names the same disclosure.
    #[schema(value_type = String)]
    id: EventId,
    /// The request whose approved scope is collected.
    #[schema(value_type = String)]
    request: RequestId,
    /// Who collects; never somebody who approved.
    #[schema(value_type = String)]
    actor: PersonId,
}

/// What began.
#[derive(Serialize, ToSchema)]
pub(super) struct Begun {
    /// Its id from here on.
    disclosure: String,
    /// How far it is.
    state: &'static str,
}

/// How far a disclosure is.
#[derive(Serialize, ToSchema)]
pub(super) struct DisclosureView {
    /// Its id.
    disclosure: String,
    /// The request.
    request: String,
    /// `queued`, `collecting`, `planned`, `packing`, `sealed`, `released` or `failed`.
    state: &'static str,
    /// How much of the current read is done.
    progress: ProgressView,
    /// The bundle's name, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    production: Option<String>,
    /// What an approval to release is about, once the bundle is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<SealedView>,
    /// Why there is no bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<FailureView>,
    /// What was withheld because it looks like key material; two people may clear an item with
    /// `scan.cleared`, and it is collected again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suspects: Vec<SuspectView>,
}

/// An item that looks like key material.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectView {
    /// Its source.
    source: String,
    /// SHA-256 of its bytes there, hex.
    item_sha256: String,
}

/// Bytes done, of how many.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgressView {
    /// Bytes read of the sources, or written of the bundle.
    done_bytes: u64,
    /// Bytes in all; null while they are not known.
    total_bytes: Option<u64>,
}

/// The entry that seals a bundle.
#[derive(Serialize, ToSchema)]
pub(super) struct SealedView {
    /// The entry.
    #[serde(flatten)]
    entry: LeafView,
    /// What a person could sign to release it; null once it is released.
    template: Option<Template>,
}

/// Why a collection failed.
#[derive(Serialize, ToSchema)]
pub(super) struct FailureView {
    /// `urn:probity:problem:disclosure:` and the stable cause.
    #[serde(rename = "type")]
    #[schema(example = "urn:probity:problem:disclosure:source-changed")]
    type_: String,
    /// What kind of problem it is.
    title: &'static str,
    /// The cause in a sentence.
    detail: String,
}

/// A signed approval to release.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PostedRelease {
    /// The client's id of the approval's event.
    #[schema(value_type = String)]
    id: EventId,
    /// Who signed.
    #[schema(value_type = String)]
    actor: PersonId,
    /// The DSSE envelope, base64.
    envelope: String,
}

/// A bundle in the outbox.
#[derive(Serialize, ToSchema)]
pub(super) struct ReleasedView {
    /// Its name.
    production: String,
    /// Its files, by path.
    files: Vec<String>,
    /// The receipt of `bundle.released`: a tlog-proof.
    receipt: String,
    /// Its opening.
    #[schema(value_type = Object)]
    opening: Box<RawValue>,
}

/// Begin a disclosure of the approved scope.
#[utoipa::path(
    post, path = "/v1/disclosures", tag = "disclosures", request_body = Begin,
    responses(
        (status = 202, description = "Recorded and queued, or begun before under this id.", body = Begun),
        (status = "4XX", description = "Not begun: malformed (400), not for this peer (403), no such request (404), \
            not approved or begun already (409), refused by a rule (422).",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Not begun: too many wait, or the ledger stopped.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "Not begun: the disk is nearly full.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin(
    State(app): State<App>,
    request: axum::extract::Request,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let Begin { id, request, actor } = posted(&app, request).await?;
    let status = package(&app, move |packager| {
        let disclosure = packager.open(&request, &actor, id)?;
        packager.status(&disclosure)
    });
    let status = status.await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(Begun { disclosure: status.disclosure.to_string(), state: status.state.as_str() }),
    ))
}

/// See how far a disclosure is. Recorded as `access.read`.
#[utoipa::path(
    get, path = "/v1/disclosures/{id}", tag = "disclosures",
    params(("id" = String, Path, description = "The disclosure's id.")),
    responses(
        (status = 200, description = "How far it is.", body = DisclosureView),
        (status = 404, description = "There is no such disclosure.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<DisclosureId>,
) -> Result<Json<DisclosureView>, Problem> {
    let status = package(&app, move |packager| packager.status(&id)).await?;
    let request = status.request.clone();
    let at = machine::now().map_err(Problem::internal)?;
    let view = app
        .read(move |reader| {
            let case = reader.case(&status.request)?;
            let release = |template: &Template| template.kind() == Kind::Release;
            let template = templates(&case, &*reader.world()?, at).into_iter().find(release);
            Ok(DisclosureView::new(status, template))
        })
        .await?;
    app.access().read(caller.uid, Some(request)).await?;
    Ok(Json(view))
}

/// Release a sealed bundle to the outbox.
#[utoipa::path(
    post, path = "/v1/disclosures/{id}/release", tag = "disclosures", request_body = PostedRelease,
    params(("id" = String, Path, description = "The disclosure's id.")),
    responses(
        (status = 200, description = "Recorded, and in the outbox.", body = ReleasedView),
        (status = "4XX", description = "Not released: malformed (400), not for this peer or person (403), no such \
            disclosure (404), not sealed (409), refused by a rule (422).",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "Not released: the disk is full, or nearly.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<DisclosureId>,
    request: axum::extract::Request,
) -> Result<Json<ReleasedView>, Problem> {
    let body: PostedRelease = posted(&app, request).await?;
    let envelope = STANDARD.decode(&body.envelope).map_err(|_| {
        Problem::new(Code::Malformed, "the envelope is not padded, canonical base64").at("/envelope")
    })?;
    let poster = Poster::Peer((*caller.roles).clone());
    let release = Release { poster, id: body.id, actor: body.actor, envelope };
    let released = work(&app, move |packager| packager.release(&id, release)).await?;
    if let Err(PackageError::Submit(SubmitError::Forbidden { .. })) = &released {
        app.access().denied(Some(caller.uid), RELEASE.to_owned()).await;
    }
    let delivered = released?;
    Ok(Json(ReleasedView {
        production: delivered.production.to_string(),
        files: delivered.files.iter().map(|name| delivered.dir.join(name).display().to_string()).collect(),
        receipt: delivered.receipt,
        opening: RawValue::from_string(delivered.opening).map_err(Problem::internal)?,
    }))
}

/// A JSON body of the strict profile.
async fn posted<T: serde::de::DeserializeOwned>(
    app: &App,
    request: axum::extract::Request,
) -> Result<T, Problem> {
    if media_type(request.headers()).as_deref() != Some(JSON) {
        return Err(
            Problem::new(Code::MediaType, format!("this route takes {JSON}")).cured_by("set Content-Type")
        );
    }
    let bytes = Inflow::new(request.into_body(), app.idle()).whole(BODY_BYTES_MAX).await?;
    json::parse(&bytes).map_err(|error| (&error).into())
}

/// Runs the packager where blocking is allowed.
async fn work<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Packager) -> Result<T, PackageError> + Send + 'static,
) -> Result<Result<T, PackageError>, Problem> {
    let packager = app.packager().clone();
    tokio::task::spawn_blocking(move || work(&packager)).await.map_err(Problem::internal)
}

async fn package<T: Send + 'static>(
    app: &App,
    call: impl FnOnce(&Packager) -> Result<T, PackageError> + Send + 'static,
) -> Result<T, Problem> {
    Ok(work(app, call).await??)
}

impl From<Suspect> for SuspectView {
    fn from(suspect: Suspect) -> Self {
        Self { source: suspect.source.to_string(), item_sha256: suspect.item_sha256.to_string() }
    }
}

impl DisclosureView {
    fn new(status: Status, template: Option<Template>) -> Self {
        let template = template.filter(|_| status.state == Stage::Sealed);
        Self {
            disclosure: status.disclosure.to_string(),
            request: status.request.to_string(),
            state: status.state.as_str(),
            progress: ProgressView {
                done_bytes: status.progress.done_bytes,
                total_bytes: status.progress.total_bytes,
            },
            production: status.production.as_ref().map(ToString::to_string),
            sealed: status.sealed.map(|sealed| SealedView { entry: sealed.into(), template }),
            problem: status.problem.map(|problem| FailureView {
                type_: format!("urn:probity:problem:disclosure:{}", problem.code),
                title: "no bundle came of it",
                detail: problem.detail,
            }),
            suspects: status.suspects.into_iter().map(SuspectView::from).collect(),
        }
    }
}
