//! A load of echoes: masked text, each reply compared with what it has to be, byte by byte.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use wsproto::MaskingKey;
use wsproto::connection::{Client, Sender, Server as ServerRole};

use crate::Server;

/// How long a server may be silent before that is its failure.
const PATIENCE: Duration = Duration::from_secs(10);
/// Somewhat less than the silence after which servers send a Ping, which no reply is compared with.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Many connections, each with some messages in flight.
pub struct Load {
    poll: Poll,
    peers: Vec<Peer>,
    window: usize,
    /// Different messages over and over, as they are sent and as they have to come back.
    requests: Ring,
    replies: Ring,
    buffer: Vec<u8>,
    messages: u64,
}

struct Peer {
    stream: TcpStream,
    sent: u64,
    received: u64,
}

impl Load {
    /// Opens all connections.
    pub fn new(server: &Server, connections: usize, payload: usize, window: usize) -> Self {
        let poll = Poll::new().expect("epoll");
        let (requests, replies) = messages(payload);
        let peer = |token| {
            let stream = crate::connect(&server.address, "/");
            stream.set_nonblocking(true).expect("a socket");
            let mut stream = TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(token), both).expect("epoll");
            Peer { stream, sent: 0, received: 0 }
        };
        let started = Instant::now();
        let peers: Vec<Peer> = (0..connections).map(peer).collect();
        assert!(
            started.elapsed() < HEARTBEAT,
            "the machine is too busy: servers ask whether the first ones are alive"
        );
        let buffer = vec![0; RING];
        Self { poll, peers, window, requests, replies, buffer, messages: 0 }
    }

    /// How many messages came back so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Sends and receives for so long.
    pub fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1024);
        let mut last_message = Instant::now();
        for at in 0..self.peers.len() {
            self.turn(at);
        }
        while Instant::now() < end {
            let before = self.messages;
            let _ = self.poll.poll(&mut events, Some(Duration::from_millis(100)));
            for event in &events {
                self.turn(event.token().0);
            }
            if self.messages > before {
                last_message = Instant::now();
            }
            assert!(last_message.elapsed() < PATIENCE, "no reply");
        }
    }

    /// Takes all replies that are there, and sends as many messages as they allow, in one write.
    fn turn(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        let before = peer.received / self.replies.period;
        loop {
            match peer.stream.read(&mut self.buffer) {
                Ok(0) => panic!("the server hung up"),
                Ok(n) => {
                    let (reply, expected) = (&self.buffer[..n], self.replies.at(peer.received, n));
                    assert!(reply == expected, "a wrong reply: {:02x?}", &reply[..n.min(32)]);
                    peer.received += n as u64;
                    if n < self.buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let done = peer.received / self.replies.period;
        self.messages += done - before;
        let due = (done + self.window as u64) * self.requests.period;
        while peer.sent < due {
            let len = usize::try_from(due - peer.sent).expect("a window").min(RING);
            match peer.stream.write(self.requests.at(peer.sent, len)) {
                Ok(n) => peer.sent += n as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// How many bytes of a ring can be had at once.
const RING: usize = 256 * 1024;

/// Frames of equal length that come again and again.
struct Ring {
    /// One frame's length.
    period: u64,
    /// All frames' length.
    len: u64,
    bytes: Vec<u8>,
}

impl Ring {
    fn new(frames: &[Vec<u8>]) -> Self {
        let all = frames.concat();
        let bytes = all.iter().copied().cycle().take(all.len() + RING).collect();
        Self { period: frames[0].len() as u64, len: all.len() as u64, bytes }
    }

    fn at(&self, position: u64, len: usize) -> &[u8] {
        let start = usize::try_from(position % self.len).expect("a place in memory");
        &self.bytes[start..start + len]
    }
}

/// Sixteen texts, masked with different keys, and their echoes.
fn messages(payload: usize) -> (Ring, Ring) {
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for seed in 1..=16_u32 {
        let text: String = (0..payload as u32)
            .map(|at| char::from(b' ' + (at.wrapping_mul(seed) >> 1).to_le_bytes()[0] % 95))
            .collect();
        let mut frame = vec![0; payload + 14];
        let key = MaskingKey::new(seed.wrapping_mul(0x9E37_79B9).to_be_bytes());
        let n = Sender::new(Client::new(|| key)).frame().encode(&text, &mut frame).expect("it fits");
        requests.push(frame[..n].to_vec());
        let n = Sender::new(ServerRole).frame().encode(&text, &mut frame).expect("it fits");
        replies.push(frame[..n].to_vec());
    }
    (Ring::new(&requests), Ring::new(&replies))
}
