//! A tokio-wsproto socket over a transport that does as a script says, held against a connection that is fed whole.

use std::future::Future;
use std::io::{ErrorKind, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio_wsproto::{Agreed, CloseCode, Error, Fault, Options, Received, Timeouts, WebSocket};
use wsproto::connection::{Connection, ConnectionState, Limits, MessageKind, Role};
use wsproto_test::{Faulty, Pipe, pipe};

use crate::cuts::LIMITS;
use crate::messages::{Joiner, Owned, own, through_connection};

/// What the transport and the program do.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// How many bytes each read and write takes, in turn; 0: it waits.
    pub reads: [usize; 2],
    pub writes: [usize; 2],
    /// What the program does, in turn, each in a future that is polled once and dropped: see [`Program::act`].
    pub acts: [u8; 4],
    /// How many bytes were read with the opening handshake.
    pub received: usize,
    /// Whether the transport fails behind the last byte; else it ends.
    pub read_fails: bool,
    /// Behind so many bytes nothing can be written any more.
    pub write_fails_at: Option<usize>,
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

    let written = program.peer.take_unread();
    // What is told of a write behind the end of the transport is another error.
    let broken = script.write_fails_at.is_some_and(|at| written.len() >= at);
    match program.outcome.as_ref().expect("an end") {
        Ok(()) => assert!(expected.error.is_none() && expected.at_eof.is_ok(), "not closed"),
        Err(Error::Protocol(error)) => assert_eq!(Some(*error), expected.error),
        Err(error) => {
            assert!(expected.error.is_none() && expected.state != ConnectionState::Closed);
            match error {
                Error::Io(error) if script.read_fails && error.kind() == ErrorKind::ConnectionReset => {}
                Error::Io(error) => assert!(broken && error.kind() == ErrorKind::ConnectionAborted),
                Error::Disconnected(_) => assert!(!script.read_fails),
                error => panic!("{error}"),
            }
        }
    }

    let is_cut = broken || matches!(program.outcome, Some(Err(Error::Io(_))));
    check_written(peer, &program, &written, &through_replies(peer, &expected.replies), is_cut);
}

fn is_data(message: &Owned) -> bool {
    matches!(message, Owned::Text(_) | Owned::Binary(_))
}

fn through_replies<P: Role>(peer: P, replies: &[u8]) -> Vec<Owned> {
    let (told, rest) = decode(peer, replies);
    assert_eq!(rest, 0);
    told
}

fn check_written<R: Role, P: Role>(
    peer: P,
    program: &Program<R>,
    written: &[u8],
    replies: &[Owned],
    is_cut: bool,
) {
    let (written, rest) = decode(peer, written);
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
    socket: WebSocket<Faulty<Pipe>, R>,
    /// The other end, which has said all that it will.
    peer: Pipe,
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
        let (stream, mut peer) = pipe();
        peer.write_all(wire).expect("it is read");
        peer.end();
        let mut stream = Faulty::new(stream).with_reads(&script.reads).with_writes(&script.writes);
        if script.read_fails {
            stream = stream.with_read_error(wire.len(), ErrorKind::ConnectionReset);
        }
        if let Some(at) = script.write_fails_at {
            stream = stream.with_write_error(at, ErrorKind::ConnectionAborted);
        }
        Self {
            socket: WebSocket::from_upgraded(stream, role, received, Agreed::new(), &options),
            peer,
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
    fn poll<T>(&mut self, call: impl AsyncFnOnce(&mut WebSocket<Faulty<Pipe>, R>) -> T) -> Option<T> {
        self.polls += 1;
        let waits = self.socket.get_ref().waits();
        let polled = {
            let mut future = pin!(call(&mut self.socket));
            future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => {
                assert!(self.socket.get_ref().waits() > waits, "it waits for what will never come");
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
