//! Transports for tests: a script, and a pipe between two ends.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use wsproto_embedded::rand_core::{TryCryptoRng, TryRng};
use wsproto_embedded::{Clock, Moment};

pub(crate) const REQUEST: &[u8] =
    b"GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub(crate) const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// "Hello", a Ping with "hi" between the fragments of another "Hello", and a Close frame with 1002.
pub(crate) const FRAMES: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\
    \x01\x83\x37\xfa\x21\x3d\x7f\x9f\x4d\x89\x82\x01\x02\x03\x04\x69\x6b\x80\x82\x37\xfa\x21\x3d\x5b\x95\
    \x88\x82\x01\x02\x03\x04\x02\xe8";
pub(crate) const ANSWERS: &[u8] = b"\x81\x05Hello\x8a\x02hi\x81\x05Hello\x88\x02\x03\xea";

/// What a script does behind its last byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Then {
    End,
    Fail,
    /// Nothing, for ever.
    Hang,
    /// An error of the kind `TimedOut`, each time.
    TimeOut,
}

/// Gives bytes, and takes some.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) to_give: VecDeque<u8>,
    pub(crate) then: Then,
    /// How many bytes a read or a write takes at most.
    pub(crate) piece: usize,
    /// Whether each second call waits first.
    pub(crate) is_slow: bool,
    pub(crate) waits: bool,
    /// How many bytes are taken before [`Then`] holds for writes too.
    pub(crate) takes: usize,
    pub(crate) taken: Rc<RefCell<Vec<u8>>>,
}

impl Script {
    pub(crate) fn new(to_give: &[&[u8]], then: Then) -> Self {
        Self {
            to_give: to_give.concat().into(),
            then,
            piece: usize::MAX,
            is_slow: false,
            waits: false,
            takes: usize::MAX,
            taken: Rc::default(),
        }
    }

    async fn wait(&mut self) {
        poll_fn(|context| {
            self.waits = self.is_slow && !self.waits;
            if self.waits {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    async fn over<T>(&self, end: Result<T, ErrorKind>) -> Result<T, ErrorKind> {
        match self.then {
            Then::End => end,
            Then::Fail => Err(ErrorKind::Other),
            Then::Hang => std::future::pending().await,
            Then::TimeOut => Err(ErrorKind::TimedOut),
        }
    }
}

impl ErrorType for Script {
    type Error = ErrorKind;
}

impl Read for Script {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        assert!(!buf.is_empty(), "a read of nothing looks like the end");
        self.wait().await;
        if self.to_give.is_empty() {
            return self.over(Ok(0)).await;
        }
        let n = buf.len().min(self.piece).min(self.to_give.len());
        for (to, from) in buf.iter_mut().zip(self.to_give.drain(..n)) {
            *to = from;
        }
        Ok(n)
    }
}

impl Write for Script {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        assert!(!buf.is_empty(), "a write of nothing");
        self.wait().await;
        let free = self.takes - self.taken.borrow().len();
        if free == 0 {
            return self.over(Err(ErrorKind::BrokenPipe)).await;
        }
        let n = buf.len().min(self.piece).min(free);
        self.taken.borrow_mut().extend(&buf[..n]);
        Ok(n)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.wait().await;
        Ok(())
    }
}

impl embedded_io::Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_once(Read::read(self, buf)).expect("it blocks")
    }
}

impl embedded_io::Write for Script {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        poll_once(Write::write(self, buf)).expect("it blocks")
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A pipe's end: what goes in comes out of the other one. Dropped, the other one ends.
pub(crate) struct End {
    from: Rc<RefCell<Pipe>>,
    to: Rc<RefCell<Pipe>>,
    piece: usize,
}

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_closed: bool,
    wakers: Vec<Waker>,
}

impl Pipe {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// Both ends; each direction holds so many bytes, and each call takes so many at most.
pub(crate) fn pipe(capacity: usize, piece: usize) -> (End, End) {
    let new = || Rc::new(RefCell::new(Pipe { capacity, ..Pipe::default() }));
    let (one, other) = (new(), new());
    (End { from: one.clone(), to: other.clone(), piece }, End { from: other, to: one, piece })
}

impl End {
    /// Both halves of it.
    pub(crate) fn halves(self) -> wsproto_embedded::Duplex<Self, Self> {
        let (from, to, piece) = (self.from.clone(), self.to.clone(), self.piece);
        // What is dropped first ends nothing that the other one needs: they are dropped together.
        wsproto_embedded::Duplex(self, Self { from, to, piece })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for pipe in [&self.from, &self.to] {
            let mut pipe = pipe.borrow_mut();
            pipe.is_closed = true;
            pipe.wake();
        }
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|context| {
            let mut pipe = self.from.borrow_mut();
            if pipe.bytes.is_empty() && !pipe.is_closed {
                pipe.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            let n = buf.len().min(self.piece).min(pipe.bytes.len());
            for (to, from) in buf.iter_mut().zip(pipe.bytes.drain(..n)) {
                *to = from;
            }
            pipe.wake();
            Poll::Ready(Ok(n))
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|context| {
            let mut pipe = self.to.borrow_mut();
            if pipe.is_closed {
                return Poll::Ready(Err(ErrorKind::BrokenPipe));
            }
            let n = buf.len().min(self.piece).min(pipe.capacity - pipe.bytes.len());
            if n == 0 {
                pipe.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            pipe.bytes.extend(&buf[..n]);
            pipe.wake();
            Poll::Ready(Ok(n))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A clock that goes on by itself whenever everybody waits.
#[derive(Default)]
pub(crate) struct Simulated(pub(crate) Cell<Option<Moment>>);

impl Clock for Simulated {
    fn now(&self) -> Moment {
        self.0.get().unwrap_or(Moment::from_millis(0))
    }

    async fn wait_until(&self, at: Moment) {
        self.0.set(Some(self.now().max(at)));
    }
}

/// Generates what nobody should rely on.
pub(crate) struct Counter(pub(crate) u8);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for byte in dst {
            self.0 = self.0.wrapping_mul(29).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

/// The nonce of the RFC's example, and then keys of zeros.
pub(crate) struct OfTheRfc(pub(crate) bool);

impl TryRng for OfTheRfc {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        if !std::mem::replace(&mut self.0, true) {
            dst.copy_from_slice(b"the sample nonce");
        }
        Ok(())
    }
}

impl TryCryptoRng for OfTheRfc {}

pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
