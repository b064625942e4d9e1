//! Connections: accepted up to a bound, given up when silent, drained at the end.
//!
//! The caller binds the socket and owns the shutdown; [`serve`] returns when the last call is
//! answered or its time is up. After that nothing of the API holds the ledger any more but the
//! caller's own [`App`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use super::app::stopped;
use super::peer::Peer;
use super::problem::{Code, MEDIA_TYPE, Problem};
use super::routes;
use super::stall::Stall;
use crate::ledger::keep_time;
use crate::ops::machine;

/// Longest head of a request in bytes: ours have a short path and few headers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Bytes of a connection's read buffer; more than a head, so that bodies come in large pieces.
const BUFFER_BYTES: usize = 256 * 1024;
/// How long such a client has to take that answer: its place in all is needed by others.
const COME_BACK_WAIT: Duration = Duration::from_millis(200);
/// Rest after a failed accept: out of file descriptors is the usual cause, and takes a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every call was answered.
    Fully,
    /// Time was up. What the ledger had taken is recorded; some clients have no answer and
    /// will ask again with the same id.
    Abandoned {
        /// Connections and calls that were still open.
        open: usize,
    },
}

/// Serves until `shutdown` is ready, then lets running calls end for `limits.drain_seconds`.
///
/// Not cancel safe: dropping the future closes the socket and leaves counted accesses unrecorded.
pub async fn serve(listener: UnixListener, app: App, shutdown: impl Future<Output = ()>) -> Drained {
    let slots = Arc::new(Semaphore::new(app.limits().connections));
    let router = routes::router(&app);
    let sweeping = {
        let app = app.clone();
        tokio::spawn(async move { app.access().sweep(app.stopping()).await })
    };
    let keeping_time = tokio::spawn(keep_time(app.ledger().clone(), machine::now, app.stopping()));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            (accepted, slot) = accept(&listener, &slots) => match accepted {
                Ok(stream) => {
                    // Counted before the task exists, so that the drain cannot miss it.
                    let alive = app.in_flight().enter();
                    let (app, router) = (app.clone(), router.clone());
                    tokio::spawn(async move {
                        connection(stream, &app, router).await;
                        drop((alive, slot));
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // From here on new clients are refused by the kernel, and connections end after their call.
    drop(listener);
    app.stop();
    let mut open = app.in_flight().watch();
    let drain = Duration::from_secs(app.limits().drain_seconds);
    let drained = match tokio::time::timeout(drain, open.wait_for(|open| *open == 0)).await {
        Ok(_) => Drained::Fully,
        Err(_) => Drained::Abandoned { open: app.in_flight().now() },
    };
    // They end by themselves when they see the stop; a panic in one is not worth more than its line.
    for (task, name) in [(sweeping, "the access log's sweep"), (keeping_time, "the clock of deadlines")] {
        if let Err(error) = task.await {
            tracing::error!(%error, name, "a task ended early");
        }
    }
    app.access().close().await;
    drained
}

/// A connection, once one is there and a slot is free for it. Cancel safe.
async fn accept(
    listener: &UnixListener,
    slots: &Arc<Semaphore>,
) -> (io::Result<UnixStream>, Option<OwnedSemaphorePermit>) {
    // Beyond the bound clients wait in the kernel's queue, which has a bound of its own.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    (listener.accept().await.map(|(stream, _)| stream), slot)
}

/// Answers without looking at the call, so it may be sent again. What the client is still writing is
/// read away: a close with bytes unread would be an error to it, and no answer.
async fn come_back(mut stream: UnixStream) -> io::Result<()> {
    let problem =
        Problem::new(Code::Busy, "this account has its share of the connections open; nothing was read")
            .cured_by("close some of them, or send it again, with the same id, after Retry-After");
    let body = serde_json::to_string(&problem.document()).map_err(io::Error::other)?;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
         content-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

async fn connection(stream: UnixStream, app: &App, router: Router) {
    // The kernel's word, of the moment the peer connected; asked once, before a byte is read.
    let uid = stream.peer_cred().ok().map(|credentials| credentials.uid());
    let peer = app.peers().find(uid);
    let idle = app.idle();
    let Some(_place) = app.crowd().enter(&peer) else {
        drop(tokio::time::timeout(COME_BACK_WAIT, come_back(stream)).await);
        return;
    };
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert::<Peer>(peer.clone());
        hyper::service::Service::call(&service, request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // Also the wait for the next request on a connection that is kept.
        .header_read_timeout(idle)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES)
        // A client may close its side after its request and still read the answer.
        .half_close(true);
    let connection = http.serve_connection(TokioIo::new(Stall::new(stream, idle)), service);
    let mut connection = std::pin::pin!(connection);
    let mut stopping = app.stopping();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients that hang up, stay silent or do not speak HTTP.
        tracing::debug!(peer_uid = uid, %error, "a connection ended early");
    }
}
