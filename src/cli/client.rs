//! The daemon's client: HTTP/1.1 over its Unix socket, one connection a command.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::exit::{Exit, Failure};

/// Longest answer read whole: an entry of the largest size with receipt and opening, in base64.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest wait for an answer; a disclosure is polled, not waited for.
const ANSWER_WAIT: Duration = Duration::from_mins(2);

/// What the daemon answered.
pub(super) struct Answer {
    status: StatusCode,
    body: Bytes,
}

/// A connection to the daemon.
pub(super) struct Client {
    runtime: Runtime,
    socket: PathBuf,
}

/// Why the daemon could not be asked, or what it objected to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// No socket, or nobody listens.
    #[error("no daemon answers on {}", socket.display())]
    Connect {
        /// The path tried.
        socket: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the daemon's answer was cut off")]
    Http(#[source] hyper::Error),
    /// Longer than [`ANSWER_BYTES_MAX`] or cut off.
    #[error("the daemon's answer is too long or was cut off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time.
    #[error("the daemon did not answer within {} seconds", ANSWER_WAIT.as_secs())]
    Late,
    /// Not JSON although it should be.
    #[error("the daemon's answer is not JSON")]
    Json(#[source] serde_json::Error),
    /// The path or a header cannot be sent.
    #[error("the request cannot be made")]
    Request(#[source] hyper::http::Error),
    /// The async runtime could not be started.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// A problem document (RFC 9457).
    #[error("{detail}")]
    Problem {
        /// HTTP status.
        status: u16,
        /// What the daemon says.
        detail: String,
        /// What to do about it.
        cure: Option<String>,
        /// The rule that refuses, e.g. `S-31`.
        rule: Option<String>,
    },
}

impl Client {
    /// A client for the daemon on `socket`; connects with each request.
    ///
    /// # Errors
    /// [`ClientError::Runtime`].
    pub(super) fn new(socket: &Path) -> Result<Self, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ClientError::Runtime)?;
        Ok(Self { runtime, socket: socket.to_owned() })
    }

    /// GET of a JSON document.
    pub(super) fn json(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, "application/json", Vec::new())?.json()
    }

    /// GET of a text.
    pub(super) fn text(&self, path: &str) -> Result<String, ClientError> {
        let answer = self.send(Method::GET, path, "application/json", Vec::new())?.success()?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// POST of a JSON document.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes())?.json()
    }

    /// POST of raw bytes; the answer as it is, problems included.
    pub(super) fn post_raw(
        &self,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        self.send(Method::POST, path, media_type, body)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "probity")
            .header("content-type", media_type)
            .body(Full::new(Bytes::from(body)))
            .map_err(ClientError::Request)?;
        self.runtime.block_on(async {
            let exchange = exchange(&self.socket, request);
            tokio::time::timeout(ANSWER_WAIT, exchange).await.map_err(|_| ClientError::Late)?
        })
    }
}

async fn exchange(socket: &Path, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
    let connect = |source| ClientError::Connect { socket: socket.to_owned(), source };
    let stream = UnixStream::connect(socket).await.map_err(connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::Http)?;
    // The connection's own errors reach the sender; nothing is lost by dropping them here.
    tokio::spawn(async move { connection.await.ok() });
    let response: Response<Incoming> = sender.send_request(request).await.map_err(ClientError::Http)?;
    let status = response.status();
    let body =
        Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(ClientError::Body)?;
    Ok(Answer { status, body: body.to_bytes() })
}

impl Answer {
    /// The HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body's bytes.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON, or the problem it describes.
    pub(super) fn json(self) -> Result<Value, ClientError> {
        let answer = self.success()?;
        serde_json::from_slice(&answer.body).map_err(ClientError::Json)
    }

    fn success(self) -> Result<Self, ClientError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        Err(ClientError::from_problem(self.status.as_u16(), &problem))
    }
}

impl ClientError {
    /// Reads a problem document.
    pub(super) fn from_problem(status: u16, problem: &Value) -> Self {
        let member = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
        let detail = member("detail").or_else(|| member("title"));
        let place = member("pointer").map(|pointer| format!(" (at {pointer})")).unwrap_or_default();
        Self::Problem {
            status,
            detail: format!("{}{place}", detail.unwrap_or_else(|| format!("the daemon answered {status}"))),
            cure: member("cure"),
            rule: member("rule"),
        }
    }

    /// How a command ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Problem { rule: Some(_), .. } | Self::Problem { status: 409 | 422, .. } => Exit::Refused,
            Self::Problem { status: 400 | 413 | 415, .. } => Exit::Data,
            Self::Problem { status: 403, .. } => Exit::NotPermitted,
            Self::Problem { status: 404, .. } => Exit::NoInput,
            Self::Problem { status: 503, .. } => Exit::Busy,
            Self::Problem { status: 507, .. } => Exit::Storage,
            _ => Exit::Unavailable,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = error.exit();
        let hint = match &error {
            ClientError::Problem { cure, .. } => cure.clone(),
            ClientError::Connect { .. } => Some(
                "start it with: probity serve --home DIR; or name its socket with --socket PATH".to_owned(),
            ),
            _ => None,
        };
        Self { hint, ..Self::new(exit, error) }
    }
}
