//! One connection of an echo server, without its socket: what came goes in, and the answers come out. `echo_mio` and
//! `echo_uring`, which differ in how bytes reach the system, share it.
//!
//! A connection keeps bytes of its own only while it has to: the start of a frame whose rest has not come, and a
//! message that comes in pieces. An idle one keeps none.

use wsproto::deadlines::{Deadlines, Moment};
use wsproto::handshake::{Answer, Choice, Request, RequestDecoder};
use wsproto::wire::{FrameHeader, Opcode};
use wsproto::{Connection, Event, Limits, Message, MessageKind};

/// What a peer may send; a message that comes in pieces is kept until it is whole.
const LIMITS: Limits = Limits::new().with_max_message_size(1024 * 1024);

pub(crate) struct Echo {
    phase: Phase,
    /// What came and was not taken: the start of a request, or of a frame, 130 bytes at most.
    untaken: Vec<u8>,
    /// The message under way, if it does not come at once.
    message: Vec<u8>,
}

enum Phase {
    Opening(RequestDecoder),
    Open(Connection<wsproto::Server>),
    /// Our last bytes are on their way.
    Closing,
}

impl Echo {
    pub(crate) fn new() -> Self {
        Self { phase: Phase::Opening(RequestDecoder::new()), untaken: Vec::new(), message: Vec::new() }
    }

    /// What the next [`receive`](Self::receive) has to begin with.
    pub(crate) fn untaken(&self) -> &[u8] {
        &self.untaken
    }

    /// Whether nothing more is to be sent once what was appended so far is.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing)
    }

    /// Takes what was untaken, followed by what has come; appends the answers to all that is whole.
    ///
    /// # Errors
    ///
    /// When the answer to a request can't be made, which an ordinary answer can.
    pub(crate) fn receive(
        &mut self,
        input: &mut [u8],
        output: &mut Vec<u8>,
        deadlines: &mut Deadlines,
        now: Moment,
    ) -> Result<(), wsproto::handshake::HandshakeMisuse> {
        deadlines.received(now);
        let opened = self.open(input, output, deadlines, now)?;
        // The first frames may have come in one packet with the request.
        let answered = self.answer(&mut input[opened..], output, deadlines, now);
        let untaken = if self.is_closing() { &[][..] } else { &input[opened + answered..] };
        // Mostly nothing: then nothing is allocated, and what was is freed.
        self.untaken = untaken.to_vec();
        Ok(())
    }

    /// Appends a Ping, if the connection is open.
    pub(crate) fn ping(&mut self, payload: &[u8], output: &mut Vec<u8>) {
        if let Phase::Open(connection) = &mut self.phase {
            // Refused after a Close frame only, when nobody waits for a Pong any more.
            let _ = connection.frame().append(Message::Ping(payload), output);
        }
    }

    /// Answers the opening handshake, if it is due and whole. Gives how many bytes were taken.
    fn open(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        deadlines: &mut Deadlines,
        now: Moment,
    ) -> Result<usize, wsproto::handshake::HandshakeMisuse> {
        let Phase::Opening(decoder) = &mut self.phase else { return Ok(0) };
        let (taken, phase) = match decoder.decode(input) {
            // What has come stays in `untaken`; the decoder refuses a head of more than 8 KiB.
            Ok(None) => return Ok(0),
            Ok(Some(found)) => match found.request(input) {
                Request::WebSocket(handshake) => {
                    handshake.accept(Choice::default())?.append(output);
                    (found.end(), Phase::Open(Connection::new(wsproto::Server, LIMITS)))
                }
                Request::Http(request) => {
                    let text = [("Content-Type", &b"text/plain"[..])];
                    let answer = Answer::new(404, &text, b"Only WebSocket lives here.\n")?;
                    let answer = if request.method() == "HEAD" { answer.without_body() } else { answer };
                    answer.append(output);
                    (found.end(), Phase::Closing)
                }
            },
            // The error knows its answer.
            Err(error) => {
                error.answer().append(output);
                (0, Phase::Closing)
            }
        };
        self.phase = phase;
        deadlines.opened(now);
        Ok(taken)
    }

    /// Appends the answers to all frames that are there, if the connection is open. Gives how many bytes were taken.
    fn answer(
        &mut self,
        input: &mut [u8],
        output: &mut Vec<u8>,
        deadlines: &mut Deadlines,
        now: Moment,
    ) -> usize {
        let Phase::Open(connection) = &mut self.phase else { return 0 };
        let mut taken = 0;
        loop {
            let received = match connection.receive(&mut input[taken..]) {
                Ok(received) => received,
                // The error knows its Close frame.
                Err(error) => {
                    eprintln!("{error}");
                    connection.append_reply(error, output);
                    break;
                }
            };
            taken += received.consumed;
            match received.event {
                // What most messages are, whole: it is sent from where it lies.
                Some(Event::Data(data)) if data.is_last && self.message.is_empty() => {
                    append_message(output, data.kind, data.payload);
                }
                Some(Event::Data(data)) => {
                    self.message.extend(data.payload);
                    if data.is_last {
                        append_message(output, data.kind, &std::mem::take(&mut self.message));
                    }
                }
                Some(Event::Pong(payload)) => deadlines.pong(now, payload),
                Some(event) => connection.append_reply(&event, output),
                None if received.consumed == 0 => break,
                None => {}
            }
        }
        if connection.should_close_transport() {
            self.phase = Phase::Closing;
        }
        taken
    }
}

/// Appends a message as it came. It was text for the receiver, so it need not be checked a second time: that is why
/// this is the frame alone, of `wire`, and not the connection's.
fn append_message(output: &mut Vec<u8>, kind: MessageKind, payload: &[u8]) {
    let opcode = match kind {
        MessageKind::Text => Opcode::Text,
        MessageKind::Binary => Opcode::Binary,
    };
    if let Some(header) = FrameHeader::new(opcode, true, payload.len() as u64) {
        output.extend(&*header.encode());
        output.extend(payload);
    }
}
