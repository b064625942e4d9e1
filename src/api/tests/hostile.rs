//! Clients that are slow, silent, many, or do not speak HTTP.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::harness::*;
use crate::api::Drained;

fn impatient() -> Setup {
    let mut setup = Setup::default();
    setup.limits.idle_seconds = 1;
    setup
}

/// One call, and the connection ends.
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_refused_and_the_daemon_lives() {
    let daemon = Daemon::start(Setup::default());
    let long_head = format!("GET / HTTP/1.1\r\nhost: p\r\nx-long: {}\r\n\r\n", "a".repeat(32 * 1024));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    for (bytes, expected) in [
        ("\u{0}\u{1}\u{2}\r\n\r\n", "HTTP/1.1 400"),
        ("GET\r\n\r\n", "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\nhost: p\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "HTTP/1.1 400"),
        (long_head.as_str(), "HTTP/1.1 431"),
        (many_headers.as_str(), "HTTP/1.1 431"),
        ("", ""),
    ] {
        let answer = daemon.raw(bytes.as_bytes()).await;
        assert!(answer.starts_with(expected), "{answer:?} should begin with {expected}");
    }
    assert_eq!(daemon.get("/healthz").await.status, 200);
    assert_eq!(daemon.size(), FOUNDING);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_silent_are_given_up() {
    let daemon = Daemon::start(impatient());
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\n";
    for (sent, expected) in [
        (String::new(), ""),
        ("GET /healthz HT".to_owned(), ""),
        (format!("{head}content-length: 10\r\n\r\n{{"), "HTTP/1.1 408"),
        // A connection that is kept waits for its next request, but not for ever.
        ("GET /healthz HTTP/1.1\r\nhost: p\r\n\r\n".to_owned(), "HTTP/1.1 200"),
    ] {
        let began = Instant::now();
        let mut stream = daemon.connect().await;
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let answer = read_all(stream).await;
        assert!(answer.starts_with(expected), "{answer:?} for {sent:?}");
        assert!(began.elapsed() >= Duration::from_millis(900), "given its time: {sent:?}");
    }
    assert_eq!(daemon.size(), FOUNDING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_given_up() {
    let daemon = Daemon::start(impatient());
    let stream = daemon.connect().await;
    let (mut reads, mut writes) = stream.into_split();
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    writes.write_all(head.as_bytes()).await.expect("sent");
    let writing = async {
        // More answers than sockets and queues hold; the daemon must end it, not the client.
        for n in 0..100_000 {
            let line = received(n % 3).to_string() + "\n";
            let chunk = format!("{:x}\r\n{line}\r\n", line.len());
            if writes.write_all(chunk.as_bytes()).await.is_err() {
                return true;
            }
        }
        false
    };
    let is_ended = tokio::time::timeout(PATIENCE, writing).await.expect("given up in time");
    assert!(is_ended, "the daemon closed the connection");
    let mut answer = Vec::new();
    drop(reads.read_to_end(&mut answer).await);
    assert_eq!(daemon.size(), FOUNDING + 3, "what was posted is recorded once");
    assert_eq!(daemon.stop().await.0, Drained::Fully);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let mut setup = Setup::default();
    setup.limits.connections = 1;
    let daemon = Daemon::start(setup);
    let first = daemon.connect().await;
    let mut second = daemon.connect().await;
    second.write_all(HEALTH).await.expect("sent");
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), second.read(&mut byte)).await;
    assert!(early.is_err(), "it waits for a place");
    drop(first);
    let answer = read_all(second).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_beyond_its_share_is_told_to_come_back() {
    let mut setup = Setup::default();
    setup.limits.connections = 4;
    let daemon = Daemon::start(setup);
    let health = async || {
        let mut stream = daemon.connect().await;
        stream.write_all(HEALTH).await.expect("sent");
        read_all(stream).await
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = daemon.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: p\r\n\r\n").await.expect("sent");
        // Answered, so counted: connections that were only accepted may be counted in any order.
        stream.read_exact(&mut [0]).await.expect("an answer");
        held.push(stream);
    }
    let answer = health().await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("urn:probity:problem:busy") && answer.contains("close some of them"), "{answer}");
    drop(held);
    let back = async {
        while !health().await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("its places are given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_drains_and_ends_waits() {
    let daemon = Daemon::start(Setup::default());
    let socket = daemon.socket.clone();
    let mut waiting = daemon.connect().await;
    waiting.write_all(b"GET /v1/feed?after=3&wait=60 HTTP/1.1\r\nhost: p\r\n\r\n").await.expect("sent");
    let idle = daemon.connect().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let (drained, _) = daemon.stop().await;
    assert_eq!(drained, Drained::Fully);
    assert!(began.elapsed() < Duration::from_secs(4), "within the grace time");
    let answer = read_all(waiting).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "the poll was answered: {answer}");
    drop(idle);
    let refused = tokio::net::UnixStream::connect(&socket).await;
    assert!(refused.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_takes_too_long_is_cut() {
    let mut setup = Setup::default();
    setup.limits.drain_seconds = 1;
    let daemon = Daemon::start(setup);
    let mut stuck = daemon.connect().await;
    // Half a body, then nothing: the call cannot end by itself before the idle time.
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    stuck.write_all(head.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let served = daemon.shut_down().await;
    assert!(matches!(served, Drained::Abandoned { open } if open > 0), "{served:?}");
    assert!(began.elapsed() < Duration::from_secs(4));
}
