//! A transport in memory, for those that own theirs: reading gives 64 KiB at most, writing costs nothing.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub const READ: usize = 65_536;

pub struct Source<'a> {
    unread: &'a [u8],
    /// What was written, where that is to be looked at.
    pub written: Option<Vec<u8>>,
}

impl<'a> Source<'a> {
    pub const fn new(unread: &'a [u8]) -> Self {
        Self { unread, written: None }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.unread.len().min(READ).min(buffer.len());
        let (read, rest) = self.unread.split_at(n);
        buffer[..n].copy_from_slice(read);
        self.unread = rest;
        Ok(n)
    }
}

impl Write for Source<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        black_box(bytes);
        if let Some(written) = &mut self.written {
            written.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Source<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = self.unread.len().min(READ).min(buffer.remaining());
        let (read, rest) = self.unread.split_at(n);
        buffer.put_slice(read);
        self.unread = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Source<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future that has nothing to wait for.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
