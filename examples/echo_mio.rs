//! An echo server on bare readiness events (epoll, kqueue), all connections on one thread: `echo_mio [ADDR]`,
//! by default 127.0.0.1:8080.
//!
//! The thread has one buffer to receive into and one to send from, whoever's turn it is. An idle connection keeps no
//! bytes of its own.
//!
//! Top-down: `main`; [`Server`], which accepts and gives each connection its turns; [`Peer`], a socket, whose
//! [`turn`](Peer::turn) is one read, the answers to all that it brought, and one write. The answers are those of
//! [`Echo`], in `echo_connection.rs`.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};

#[path = "echo_connection.rs"]
mod echo_connection;
use echo_connection::Echo;

/// More of them wait in the system's queue.
const MAX_CONNECTIONS: usize = 50_000;
/// The most that one read takes: so much has a connection in a turn, then it is the next one's.
const READ_SIZE: usize = 256 * 1024;
/// How often all deadlines are looked at: for so many connections that costs less than a timer for each.
const TICK: Duration = Duration::from_millis(250);

const LISTENER: Token = Token(usize::MAX);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    Server::bind(&address, Timeouts::new())?.run()
}

pub(crate) struct Server {
    poll: Poll,
    pub(crate) listener: TcpListener,
    /// Whether somebody may wait in the listener's queue.
    has_waiting: bool,
    peers: Slab<Peer>,
    /// Whose turn left something to read: they are not told a second time.
    unfinished: Vec<usize>,
    shared: Buffers,
    timeouts: Timeouts,
    /// What [`Moment`]s count from.
    began: Instant,
}

/// What all connections share, since only one has its turn.
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Server {
    pub(crate) fn bind(address: &str, timeouts: Timeouts) -> Result<Self> {
        let mut listener = TcpListener::bind(address.parse()?)?;
        println!("listening on ws://{}", listener.local_addr()?);
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let shared = Buffers { input: vec![0; READ_SIZE], output: Vec::with_capacity(READ_SIZE) };
        let (peers, unfinished, began) = (Slab::new(), Vec::new(), Instant::now());
        Ok(Self { poll, listener, has_waiting: true, peers, unfinished, shared, timeouts, began })
    }

    pub(crate) fn run(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut last_tick = self.now();
        loop {
            let patience = if self.unfinished.is_empty() { TICK } else { Duration::ZERO };
            match self.poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            let now = self.now();
            for key in std::mem::take(&mut self.unfinished) {
                self.give_turn(key, now);
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.has_waiting = true,
                    Token(key) => {
                        if let Some(peer) = self.peers.get_mut(key) {
                            peer.is_readable |= event.is_readable();
                            peer.is_ending |= event.is_read_closed();
                        }
                        self.give_turn(key, now);
                    }
                }
            }
            if now.duration_since(last_tick) >= TICK {
                last_tick = now;
                self.tick(now);
            }
            self.accept(now);
        }
    }

    fn tick(&mut self, now: Moment) {
        self.peers.retain(|key, peer| {
            let was_waiting = !peer.unsent.is_empty();
            let is_kept = keep(peer.tick(now), peer);
            // What the socket took made room for a turn, of which nobody else would tell.
            if was_waiting && is_kept && peer.has_more() {
                self.unfinished.push(key);
            }
            is_kept
        });
    }

    fn accept(&mut self, now: Moment) {
        while self.has_waiting && self.peers.len() < MAX_CONNECTIONS {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let slot = self.peers.vacant_entry();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    let registered = self.poll.registry().register(&mut stream, Token(slot.key()), both);
                    if registered.and_then(|()| stream.set_nodelay(true)).is_ok() {
                        slot.insert(Peer::new(stream, Deadlines::new(self.timeouts, now)));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.has_waiting = false,
                // This connection is lost, or descriptors are short for a while: the next loop tries again.
                Err(_) => return,
            }
        }
    }

    fn give_turn(&mut self, key: usize, now: Moment) {
        // Those that left since they were told of are no concern.
        let Some(peer) = self.peers.get_mut(key) else { return };
        let outcome = peer.turn(&mut self.shared, now);
        if !keep(outcome, peer) {
            // Dropping the stream closes it and takes it out of `poll`.
            self.peers.remove(key);
        } else if peer.has_more() {
            self.unfinished.push(key);
        }
    }

    fn now(&self) -> Moment {
        Moment::since_origin(self.began.elapsed())
    }
}

/// Tells whether a connection continues, and why not if it should.
fn keep(outcome: Result<()>, peer: &Peer) -> bool {
    let Err(error) = outcome else { return true };
    if !peer.is_shut_down {
        eprintln!("{error}");
    }
    false
}

struct Peer {
    stream: TcpStream,
    echo: Echo,
    /// What the socket did not take. Until it has, nothing more is read: a client that does not read is not heard.
    unsent: VecDeque<u8>,
    /// Whether there may be something to read. It was said once and is not said again.
    is_readable: bool,
    /// Whether the client's end of the transport was announced; bytes may still lie before it.
    is_ending: bool,
    /// Whether our end of the transport is sent. Then we wait for the client's: a socket that is dropped while bytes
    /// are unread resets the connection, which may destroy what is still under way ([RFC 6455 §7.1.1]).
    ///
    /// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    is_shut_down: bool,
    deadlines: Deadlines,
}

impl Peer {
    fn new(stream: TcpStream, deadlines: Deadlines) -> Self {
        Self {
            stream,
            echo: Echo::new(),
            unsent: VecDeque::new(),
            is_readable: false,
            is_ending: false,
            is_shut_down: false,
            deadlines,
        }
    }

    /// Whether another turn would find something to do, without news from `poll`.
    fn has_more(&self) -> bool {
        self.is_readable && self.unsent.is_empty()
    }

    /// Sends what is left of the turn before; then reads once, and answers all that came with one write.
    ///
    /// `Err` is the connection's end, also an ordinary one.
    fn turn(&mut self, Buffers { input, output }: &mut Buffers, now: Moment) -> Result<()> {
        self.send_unsent(now)?;
        if !self.has_more() {
            return Ok(());
        }
        let Some(filled) = self.read(input)? else { return Ok(()) };
        output.clear();
        self.echo.receive(&mut input[..filled], output, &mut self.deadlines, now)?;
        let sent = self.write(output, now)?;
        self.unsent.extend(&output[sent..]);
        self.settle(now)
    }

    /// Reads behind what was not taken before; gives how many bytes there are, or `None` if nothing came.
    fn read(&mut self, input: &mut [u8]) -> Result<Option<usize>> {
        let untaken = self.echo.untaken();
        let (front, space) = input.split_at_mut(untaken.len());
        front.copy_from_slice(untaken);
        match self.stream.read(space) {
            Ok(0) => Err("the transport's end".into()),
            Ok(n) => {
                // A read that does not fill its space has emptied the socket (on Unix; others have to say so
                // themselves), unless the transport's end lies behind.
                self.is_readable = n == space.len() || self.is_ending || cfg!(not(unix));
                Ok(Some(front.len() + n))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.is_readable = false;
                Ok(None)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Does what is due.
    fn tick(&mut self, now: Moment) -> Result<()> {
        match self.deadlines.due(now) {
            Some(Due::GiveUp(why)) => return Err(why.into()),
            Some(Due::Ping(payload)) => {
                let mut ping = Vec::new();
                self.echo.ping(&payload, &mut ping);
                self.unsent.extend(ping);
            }
            _ => {}
        }
        self.send_unsent(now)
    }

    fn send_unsent(&mut self, now: Moment) -> Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let mut unsent = std::mem::take(&mut self.unsent);
        let sent = self.write(unsent.make_contiguous(), now)?;
        if sent < unsent.len() {
            unsent.drain(..sent);
            self.unsent = unsent;
        }
        self.settle(now)
    }

    /// Ends our end of the transport when that is due, and takes note of what is unsent.
    fn settle(&mut self, now: Moment) -> Result<()> {
        if self.unsent.is_empty() && self.echo.is_closing() && !self.is_shut_down {
            self.stream.shutdown(Shutdown::Write)?;
            self.is_shut_down = true;
            self.deadlines.shut_down(now);
        }
        // The next tick looks at it, whenever it is.
        let _ = self.deadlines.wake_up(now, self.unsent.len());
        Ok(())
    }

    /// Writes once; gives how many bytes the socket took. `poll` tells when it takes more.
    fn write(&mut self, bytes: &[u8], now: Moment) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let sent = match self.stream.write(bytes) {
            // Interrupted: there is the next time, as for a socket that is full.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            sent => sent?,
        };
        self.deadlines.wrote(now, sent, bytes.len());
        Ok(sent)
    }
}
