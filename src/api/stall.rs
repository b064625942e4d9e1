//! A stream whose writes fail when the other end does not read for too long.
//!
//! hyper bounds how long a head may take; bodies are read with a bound of their own. What is
//! left is a client that asks and never reads: without this, it would hold a connection, and
//! with a stream of lines the memory of everything in flight, for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A stream with a bound on the wait for one write.
#[derive(Debug)]
pub(super) struct Stall<S> {
    stream: S,
    bound: Duration,
    deadline: Pin<Box<Sleep>>,
    /// Whether `deadline` runs: the last write could not go on.
    is_stalled: bool,
}

impl<S> Stall<S> {
    /// Gives a write `bound` to go on.
    pub(super) fn new(stream: S, bound: Duration) -> Self {
        Self { stream, bound, deadline: Box::pin(sleep(bound)), is_stalled: false }
    }

    fn watched<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.is_stalled = false;
            return polled;
        }
        if !self.is_stalled {
            self.is_stalled = true;
            let deadline = Instant::now() + self.bound;
            self.deadline.as_mut().reset(deadline);
        }
        self.deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stall<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stall<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watched(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watched(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const BOUND: Duration = Duration::from_millis(200);

    async fn write_much(read_after: Option<Duration>) -> io::Result<()> {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut ours = Stall::new(ours, BOUND);
        let reader = tokio::spawn(async move {
            if let Some(pause) = read_after {
                tokio::time::sleep(pause).await;
                let mut sink = Vec::new();
                theirs.read_to_end(&mut sink).await.expect("reads");
            } else {
                tokio::time::sleep(BOUND * 20).await;
                drop(theirs);
            }
        });
        let written = ours.write_all(&vec![7; 64 * 1024]).await;
        drop(ours);
        reader.abort();
        written
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_given_up() {
        let error = write_much(None).await.expect_err("given up");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_one_is_not() {
        write_much(Some(BOUND / 4)).await.expect("written");
    }
}
