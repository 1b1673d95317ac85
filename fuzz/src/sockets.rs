//! A tokio-wsproto socket over a transport that does as a script says, held against a connection that is fed whole.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_wsproto::{Agreed, CloseCode, Error, Fault, Options, Received, Timeouts, WebSocket};
use wsproto::connection::{Connection, ConnectionState, Limits, MessageKind, Role};

use crate::cuts::LIMITS;
use crate::messages::{Joiner, Owned, own, through_connection};

/// What the transport and the program do.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// How many bytes each read and write takes, in turn; 0: it waits, but never twice in a row.
    pub reads: [u8; 2],
    pub writes: [u8; 2],
    /// What the program does, in turn, each in a future that is polled once and dropped: see [`Program::act`].
    pub acts: [u8; 4],
    /// How many bytes were read with the opening handshake.
    pub received: usize,
    /// Whether the transport fails behind the last byte; else it ends.
    pub read_fails: bool,
    /// Behind so many bytes nothing can be written any more.
    pub write_fails_at: Option<usize>,
    /// Whether flushing and shutting down take a while.
    pub is_slow: bool,
    /// Whether hardly anything may wait to be written.
    pub is_narrow: bool,
}

/// Checks that a socket says what a connection says; that all that was queued arrives whole, in order, and once; and that a
/// future which waits is one that the transport will wake.
pub fn check_socket<R: Role + Copy, P: Role + Copy>(role: R, peer: P, script: Script, wire: &[u8]) {
    let expected = through_connection(role, wire);
    let mut program = Program::new(role, script, wire);
    let mut acts = script.acts.into_iter().cycle();
    // Then it only receives, so that there is an end.
    let mut patience = 64 + wire.len();
    // No act queues 200 bytes, and a transport may take one of them in two polls.
    let most_polls = 10_000 + 400 * patience;
    while program.outcome.is_none() {
        let act = acts.next().unwrap_or(0);
        program.act(if patience == 0 && !program.is_closing { 0 } else { act });
        patience = patience.saturating_sub(1);
        assert!(program.polls < most_polls, "no end");
    }
    program.check_end();

    let came: Vec<_> = expected.messages.iter().filter(|message| is_data(message)).cloned().collect();
    if program.is_closing {
        assert!(came.starts_with(&program.came), "{:?} of {came:?}", program.came);
    } else {
        assert_eq!(program.came, came);
    }

    let broken = program.socket.get_ref().is_broken;
    match program.outcome.as_ref().expect("an end") {
        Ok(()) => assert!(expected.error.is_none() && expected.at_eof.is_ok(), "not closed"),
        Err(Error::Protocol(error)) => assert_eq!(Some(*error), expected.error),
        Err(error) => {
            assert!(expected.error.is_none() && expected.state != ConnectionState::Closed);
            match error {
                Error::Io(error) if script.read_fails => {
                    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()));
                }
                Error::Io(error) => assert!(broken && error.kind() == ErrorKind::BrokenPipe),
                Error::Disconnected(_) => assert!(!script.read_fails),
                error => panic!("{error}"),
            }
        }
    }

    let is_cut = broken || matches!(program.outcome, Some(Err(Error::Io(_))));
    check_written(peer, &program, &through_replies(peer, &expected.replies), is_cut);
}

fn is_data(message: &Owned) -> bool {
    matches!(message, Owned::Text(_) | Owned::Binary(_))
}

fn through_replies<P: Role>(peer: P, replies: &[u8]) -> Vec<Owned> {
    let (told, rest) = decode(peer, replies);
    assert_eq!(rest, 0);
    told
}

fn check_written<R: Role, P: Role>(peer: P, program: &Program<R>, replies: &[Owned], is_cut: bool) {
    let (written, rest) = decode(peer, &program.socket.get_ref().written);
    assert!(is_cut || rest == 0, "half a frame, or one behind the Close frame");
    let (data, control): (Vec<_>, Vec<_>) = written.into_iter().partition(is_data);
    assert!(program.sent.starts_with(&data), "{data:?} of {:?}", program.sent);
    assert!(is_cut || data.len() + usize::from(program.is_doubtful) >= program.sent.len(), "one is lost");

    let is_close = |message: &Owned| matches!(message, Owned::Close(_));
    if is_cut || program.is_closing || program.script.is_narrow {
        let mut replies = replies.iter();
        let pongs = control.iter().filter(|message| !is_close(message));
        assert!(
            pongs.clone().all(|pong| replies.any(|reply| reply == pong)),
            "a Pong that nothing asked for"
        );
        // Where the transport had ended before, nothing was left to be said.
        let is_told = !matches!(program.outcome, Some(Err(Error::Disconnected(_))));
        assert!(is_cut || !is_told || control.iter().any(is_close), "no Close frame");
    } else {
        assert_eq!(control, replies);
    }
}

/// All that these bytes say to whom they are for, and how many are left over.
fn decode<P: Role>(peer: P, bytes: &[u8]) -> (Vec<Owned>, usize) {
    let mut connection = Connection::new(peer, Limits::new().with_max_control_frames(u32::MAX));
    let (mut bytes, mut joiner, mut told) = (bytes.to_vec(), Joiner::default(), Vec::new());
    let mut rest = &mut bytes[..];
    loop {
        let received = connection.receive(rest).expect("what is written is well-formed");
        if received.consumed == 0 {
            return (told, rest.len());
        }
        let consumed = received.consumed;
        told.extend(received.event.and_then(|event| joiner.join(event)));
        rest = &mut rest[consumed..];
    }
}

struct Program<R: Role> {
    socket: WebSocket<Scripted, R>,
    script: Script,
    came: Vec<Owned>,
    /// What came of a message of which the last piece has not come.
    cut: Option<Vec<u8>>,
    /// What was queued.
    sent: Vec<Owned>,
    /// Whether the last of these may not have been: the call says only that the connection is over.
    is_doubtful: bool,
    is_closing: bool,
    /// How `recv` and its like, or `close`, ended.
    outcome: Option<Result<(), Error>>,
    polls: usize,
}

impl<R: Role> Program<R> {
    fn new(role: R, script: Script, wire: &[u8]) -> Self {
        let (received, wire) = wire.split_at(script.received.min(wire.len()));
        let mut options = Options::new().with_limits(LIMITS).with_timeouts(Timeouts::none());
        if script.is_narrow {
            options = options.with_high_water(20).with_max_unsent(200);
        }
        let stream = Scripted::new(script, wire);
        Self {
            socket: WebSocket::from_upgraded(stream, role, received, Agreed::new(), &options),
            script,
            came: Vec::new(),
            cut: None,
            sent: Vec::new(),
            is_doubtful: false,
            is_closing: false,
            outcome: None,
            polls: 0,
        }
    }

    fn take_piece(&mut self) {
        let piece = match self.poll(async |socket| socket.recv_piece().await) {
            None => return,
            Some(Ok(Some(piece))) => piece,
            Some(Ok(None)) => return self.outcome = Some(Ok(())),
            Some(Err(error)) => return self.outcome = Some(Err(error)),
        };
        assert_eq!(piece.is_first, self.cut.is_none());
        let message = self.cut.get_or_insert_default();
        message.extend(piece.payload);
        if piece.is_last {
            let message = self.cut.take().unwrap_or_default();
            self.came.push(match piece.kind {
                MessageKind::Text => Owned::Text(String::from_utf8(message).expect("text is UTF-8")),
                MessageKind::Binary => Owned::Binary(message),
            });
        }
    }

    fn act(&mut self, act: u8) {
        let text = "text, ".repeat(usize::from(act >> 3));
        let is_receiving = act % 8 < 4;
        match if self.is_closing { 7 } else { act % 8 } {
            // What is left of a message is not to be dropped.
            _ if !self.is_closing && is_receiving && (act % 8 == 1 || self.cut.is_some()) => {
                self.take_piece()
            }
            0 | 1 => match self.poll(async |socket| socket.recv().await) {
                None => {}
                Some(Ok(Some(message))) => self.came.push(own_message(&message)),
                Some(Ok(None)) => self.outcome = Some(Ok(())),
                Some(Err(error)) => self.outcome = Some(Err(error)),
            },
            2 => self.read_and_echo(),
            3 => match self.poll(async |socket| socket.recv_or_drained().await) {
                None | Some(Ok(Received::Drained)) => {}
                Some(Ok(Received::Message(message))) => self.came.push(own_message(&message)),
                Some(Ok(Received::Closed)) => self.outcome = Some(Ok(())),
                Some(Err(error)) => self.outcome = Some(Err(error)),
            },
            4 => {
                if self.socket.feed(text.as_bytes()).is_ok() {
                    self.sent.push(Owned::Binary(text.into_bytes()));
                }
            }
            5 => match self.poll(async |socket| socket.send(&*text).await) {
                Some(Err(error)) if error.fault() == Fault::Caller => {}
                None | Some(Ok(())) => self.sent.push(Owned::Text(text)),
                Some(Err(_)) if self.is_doubtful => {}
                Some(Err(_)) => {
                    self.is_doubtful = true;
                    self.sent.push(Owned::Text(text));
                }
            },
            6 => {
                if let Some(Ok(())) = self.poll(async |socket| socket.flush().await) {
                    assert_eq!(self.socket.unsent(), 0);
                }
            }
            _ => {
                // Only now and then, else there is nothing else.
                self.is_closing |= act > 200;
                if self.is_closing {
                    self.outcome = self.poll(async |socket| socket.close(CloseCode::NORMAL, "bye").await);
                }
            }
        }
    }

    /// Each answer is queued while its message is borrowed.
    fn read_and_echo(&mut self) {
        let (mut came, mut echoed) = (None, false);
        let outcome = self.poll(async |socket| {
            let Some((message, mut out)) = socket.read().await? else { return Ok(false) };
            came = Some(own(message));
            echoed = out.feed(message).is_ok();
            Ok(true)
        });
        if let (true, Some(message)) = (echoed, &came) {
            self.sent.push(message.clone());
        }
        self.came.extend(came);
        match outcome {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => self.outcome = Some(Ok(())),
            Some(Err(error)) => self.outcome = Some(Err(error)),
        }
    }

    /// Polls once, and drops the future. If it waits, then for the transport, which was asked in this very poll.
    fn poll<T>(&mut self, call: impl AsyncFnOnce(&mut WebSocket<Scripted, R>) -> T) -> Option<T> {
        self.polls += 1;
        let waited = self.socket.get_ref().waited;
        let polled = {
            let mut future = pin!(call(&mut self.socket));
            future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => {
                assert!(self.socket.get_ref().waited > waited, "it waits for what will never come");
                None
            }
        }
    }

    /// Whoever asks again is told the same, and nothing can be sent.
    fn check_end(&mut self) {
        let end = |outcome: &Result<(), Error>| format!("{outcome:?}");
        let told = end(self.outcome.as_ref().expect("an end"));
        for _ in 0..2 {
            let again = self.poll(async |socket| socket.recv().await).expect("it is over");
            assert_eq!(end(&again.map(|message| assert!(message.is_none()))), told);
            assert!(self.socket.feed("too late").is_err());
        }
    }
}

fn own_message(message: &tokio_wsproto::Message) -> Owned {
    match message {
        tokio_wsproto::Message::Text(text) => Owned::Text(text.to_string()),
        tokio_wsproto::Message::Binary(payload) => Owned::Binary(payload.to_vec()),
    }
}

/// The transport.
struct Scripted {
    script: Script,
    unread: Vec<u8>,
    written: Vec<u8>,
    /// How often each was called: read, write, flush, shut down.
    calls: [usize; 4],
    /// Whether the last call of each waited.
    waits: [bool; 4],
    /// How often it said that it waits.
    waited: usize,
    is_broken: bool,
    is_shut: bool,
}

impl Scripted {
    fn new(script: Script, wire: &[u8]) -> Self {
        // Backwards, so that the next one is the last.
        let unread = wire.iter().rev().copied().collect();
        let (calls, waits) = ([0; 4], [false; 4]);
        Self {
            script,
            unread,
            written: Vec::new(),
            calls,
            waits,
            waited: 0,
            is_broken: false,
            is_shut: false,
        }
    }

    /// How many bytes it takes; nothing if it waits.
    fn size(&mut self, call: usize, sizes: [u8; 2]) -> Poll<usize> {
        let size = sizes[self.calls[call] % 2];
        self.calls[call] += 1;
        self.waits[call] = size == 0 && !self.waits[call];
        self.waited += usize::from(self.waits[call]);
        if self.waits[call] { Poll::Pending } else { Poll::Ready(usize::from(size).max(1)) }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(buf.remaining() > 0, "a read into nothing is no end");
        let sizes = self.script.reads;
        let size = std::task::ready!(self.size(0, sizes));
        if self.unread.is_empty() && self.script.read_fails {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        for _ in 0..size.min(buf.remaining()) {
            let Some(byte) = self.unread.pop() else { break };
            buf.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        assert!(!self.is_shut, "a write behind the end");
        let sizes = self.script.writes;
        let size = std::task::ready!(self.size(1, sizes));
        let left = self.script.write_fails_at.map_or(usize::MAX, |at| at.saturating_sub(self.written.len()));
        if left == 0 {
            self.is_broken = true;
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let taken = size.min(bytes.len()).min(left);
        self.written.extend(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let size = u8::from(!self.script.is_slow);
        self.size(2, [size; 2]).map(|_| Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let size = u8::from(!self.script.is_slow);
        std::task::ready!(self.size(3, [size; 2]));
        self.is_shut = true;
        Poll::Ready(Ok(()))
    }
}
