//! Reading what a client sends: bounded in length, and in the time between two pieces.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;

use super::problem::{Code, Problem};

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The client closed before the end, or broke the framing.
    #[error("the body was cut off")]
    CutOff(#[source] axum::Error),
    /// Nothing came for too long.
    #[error("nothing of the body came for {} s", idle.as_secs())]
    Late {
        /// How long was waited.
        idle: Duration,
    },
    /// Longer than is taken.
    #[error("a body has at most {bytes_max} bytes here")]
    TooLong {
        /// The bound, in bytes.
        bytes_max: usize,
    },
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let code = match error {
            BodyError::CutOff(_) => Code::Malformed,
            BodyError::Late { .. } => Code::BodyTimeout,
            BodyError::TooLong { .. } => Code::TooLong,
        };
        Self::new(code, error.to_string())
    }
}

/// A body on its way in.
#[derive(Debug)]
pub(super) struct Inflow {
    body: Body,
    idle: Duration,
}

impl Inflow {
    /// Reads `body`, waiting at most `idle` for each piece.
    pub(super) const fn new(body: Body, idle: Duration) -> Self {
        Self { body, idle }
    }

    /// The next piece; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let next = tokio::time::timeout(self.idle, self.body.frame());
            match next.await.map_err(|_| BodyError::Late { idle: self.idle })? {
                None => return Ok(None),
                Some(Err(error)) => return Err(BodyError::CutOff(error)),
                // Trailers say nothing here.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// All of it, if it has at most `bytes_max` bytes.
    pub(super) async fn whole(mut self, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
        let fits = |bytes: u64| u64::try_from(bytes_max).is_ok_and(|bytes_max| bytes <= bytes_max);
        // Announced too long: refused before a byte of it is read, and before `100 Continue`.
        if !fits(self.body.size_hint().lower()) {
            return Err(BodyError::TooLong { bytes_max });
        }
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len().saturating_add(chunk.len()) > bytes_max {
                return Err(BodyError::TooLong { bytes_max });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}
