//! The server, and each of its connections.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::net::{Shutdown, shutdown, sockopt};
use slab::Slab;
use wsproto::deadlines::{Deadlines, Due, Moment, Timeouts};

#[path = "../echo_connection.rs"]
mod echo_connection;
use crate::ring::{Done, Part, Ring, Token};
use echo_connection::Echo;

/// More of them wait in the system's queue.
const MAX_CONNECTIONS: usize = 50_000;
/// A client with so many bytes of answers before it, in bytes, is not heard until it reads.
const MAX_UNSENT: usize = 256 * 1024;
/// How often all deadlines are looked at: for so many connections that costs less than a timer for each.
const TICK: Duration = Duration::from_millis(250);
/// The most bytes that are kept for answers to come, in buffers that were sent.
const MAX_SPARE: usize = 16 * 1024 * 1024;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Binds to an address, and prints where that is.
pub(crate) fn bind(address: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    Ok(listener)
}

/// Serves everybody, for ever.
///
/// # Errors
///
/// When the system has no `io_uring`, or its queues fail.
pub(crate) fn run(listener: &TcpListener, timeouts: Timeouts) -> Result<()> {
    let ring = Ring::new().map_err(|error| format!("no io_uring here ({error}): echo_mio runs without"))?;
    let server = Server {
        ring,
        listener,
        is_accepting: false,
        accepts_from: Duration::ZERO,
        peers: Slab::new(),
        tenants: 0,
        waiting: Vec::new(),
        spare: Spare::default(),
        timeouts,
        began: Instant::now(),
    };
    server.run()
}

struct Server<'a> {
    ring: Ring,
    listener: &'a TcpListener,
    is_accepting: bool,
    /// Not before this: descriptors were short.
    accepts_from: Duration,
    peers: Slab<Peer>,
    /// How many were ever accepted.
    tenants: u16,
    /// Those that have something to send, or to hear again, after this round.
    waiting: Vec<Token>,
    spare: Spare,
    timeouts: Timeouts,
    /// What [`Moment`]s count from.
    began: Instant,
}

struct Peer {
    socket: OwnedFd,
    tenant: u16,
    echo: Echo,
    /// Answers behind those that are being sent.
    unsent: Vec<u8>,
    /// How many bytes are being sent.
    sending: usize,
    hearing: Hearing,
    /// Whether the client's end of the transport came.
    is_ended: bool,
    /// Whether the next round has this connection on its list.
    is_waiting: bool,
    /// Whether our end of the transport is sent. Then we wait for the client's: a socket that is dropped while bytes
    /// are unread resets the connection, which may destroy what is still under way ([RFC 6455 §7.1.1]).
    ///
    /// [RFC 6455 §7.1.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
    is_shut_down: bool,
    deadlines: Deadlines,
}

/// Whether the kernel was asked for what arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    No,
    Yes,
    /// That was withdrawn, and is not yet told to have ended.
    UntilTold,
}

impl Server<'_> {
    fn run(mut self) -> Result<()> {
        let mut last_tick = self.now();
        loop {
            self.accept()?;
            self.ring.wait(TICK)?;
            let now = self.now();
            while let Some(done) = self.ring.next() {
                match done {
                    Done::Accepted { socket, goes_on } => {
                        self.is_accepting &= goes_on;
                        match socket {
                            Ok(socket) => self.welcome(socket, now)?,
                            // This connection is lost, or descriptors are short for a while.
                            Err(_) => self.accepts_from = self.began.elapsed() + TICK,
                        }
                    }
                    Done::Received { token, part, goes_on } => self.received(token, part, goes_on, now),
                    Done::Sent { token, taken, bytes, from } => self.sent(token, taken, bytes, from, now)?,
                }
            }
            self.settle_all(now)?;
            if now.duration_since(last_tick) >= TICK {
                last_tick = now;
                self.tick(now)?;
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        if !self.is_accepting
            && self.peers.len() < MAX_CONNECTIONS
            && self.began.elapsed() >= self.accepts_from
        {
            self.ring.accept(self.listener)?;
            self.is_accepting = true;
        }
        Ok(())
    }

    fn welcome(&mut self, socket: OwnedFd, now: Moment) -> io::Result<()> {
        if self.peers.len() + 1 >= MAX_CONNECTIONS && self.is_accepting {
            self.ring.stop_accepting()?;
        }
        // Without it an answer may wait for the client's acknowledgement of the one before.
        if sockopt::set_tcp_nodelay(&socket, true).is_err() {
            return Ok(());
        }
        self.tenants = self.tenants.wrapping_add(1);
        let peer = Peer::new(socket, self.tenants, Deadlines::new(self.timeouts, now));
        let token =
            Token { place: u32::try_from(self.peers.insert(peer)).unwrap_or(u32::MAX), tenant: self.tenants };
        self.wait_for(token);
        Ok(())
    }

    /// Answers what came.
    fn received(&mut self, token: Token, part: io::Result<Option<Part>>, goes_on: bool, now: Moment) {
        let Some(peer) = find(&mut self.peers, token) else {
            if let Ok(Some(part)) = part {
                self.ring.give_back(part);
            }
            return;
        };
        if !goes_on {
            peer.hearing = Hearing::No;
        }
        let outcome = match part {
            Ok(Some(mut part)) => {
                if peer.unsent.capacity() == 0 {
                    peer.unsent = self.spare.take();
                }
                let outcome = peer.receive(self.ring.bytes(&mut part), now);
                self.ring.give_back(part);
                outcome
            }
            Ok(None) => {
                peer.is_ended = true;
                Ok(())
            }
            // All slots were taken, or it was withdrawn: it is asked for again.
            Err(error) if matches!(error.raw_os_error(), Some(ENOBUFS | ECANCELED)) => Ok(()),
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(()) => self.wait_for(token),
            Err(error) => self.remove(token, &error),
        }
    }

    /// Sends what the socket did not take, and then what was to wait.
    fn sent(
        &mut self,
        token: Token,
        taken: io::Result<usize>,
        bytes: Vec<u8>,
        from: usize,
        now: Moment,
    ) -> io::Result<()> {
        let Some(peer) = find(&mut self.peers, token) else { return Ok(()) };
        match taken {
            Ok(taken) => {
                peer.deadlines.wrote(now, taken, peer.sending + peer.unsent.len());
                peer.sending -= taken;
                if peer.sending > 0 {
                    return self.ring.send(peer.socket.as_fd(), token, bytes, from + taken);
                }
            }
            Err(error) => {
                self.remove(token, &error);
                return Ok(());
            }
        }
        self.spare.put(bytes);
        self.wait_for(token);
        Ok(())
    }

    fn wait_for(&mut self, token: Token) {
        let Some(peer) = find(&mut self.peers, token) else { return };
        if !std::mem::replace(&mut peer.is_waiting, true) {
            self.waiting.push(token);
        }
    }

    /// Asks the kernel for what each connection that had news wants next.
    fn settle_all(&mut self, now: Moment) -> io::Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        for token in waiting.drain(..) {
            let Some(peer) = find(&mut self.peers, token) else { continue };
            peer.is_waiting = false;
            peer.settle(&mut self.ring, &mut self.spare, token, now)?;
            if peer.is_over() {
                self.remove(token, &"the transport's end");
            }
        }
        self.waiting = waiting;
        Ok(())
    }

    /// Does what is due.
    fn tick(&mut self, now: Moment) -> io::Result<()> {
        let mut gone = Vec::new();
        for (place, peer) in &mut self.peers {
            let token = Token { place: u32::try_from(place).unwrap_or(u32::MAX), tenant: peer.tenant };
            match peer.deadlines.due(now) {
                Some(Due::GiveUp(why)) => gone.push((token, why)),
                Some(Due::Ping(payload)) => peer.echo.ping(&payload, &mut peer.unsent),
                _ => {}
            }
            peer.settle(&mut self.ring, &mut self.spare, token, now)?;
        }
        for (token, why) in gone {
            self.remove(token, &why);
        }
        Ok(())
    }

    /// Ends a connection, and says why, unless that is in order.
    fn remove(&mut self, token: Token, error: &dyn Display) {
        if find(&mut self.peers, token).is_none() {
            return;
        }
        let peer = self.peers.remove(token.place as usize);
        if !peer.is_shut_down {
            eprintln!("{error}");
        }
        // What is still asked for ends with it; the kernel would keep the socket open for it.
        let _ = shutdown(&peer.socket, Shutdown::Both);
    }

    fn now(&self) -> Moment {
        Moment::since_origin(self.began.elapsed())
    }
}

/// Buffers without content. The last one put is the first one taken: it may still be in the processor's cache.
#[derive(Default)]
struct Spare {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Spare {
    fn take(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    fn put(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && self.bytes + buffer.capacity() <= MAX_SPARE {
            buffer.clear();
            self.bytes += buffer.capacity();
            self.buffers.push(buffer);
        }
    }
}

/// The connection that a token belongs to, if it is still there.
fn find(peers: &mut Slab<Peer>, token: Token) -> Option<&mut Peer> {
    peers.get_mut(token.place as usize).filter(|peer| peer.tenant == token.tenant)
}

impl Peer {
    fn new(socket: OwnedFd, tenant: u16, deadlines: Deadlines) -> Self {
        Self {
            socket,
            tenant,
            echo: Echo::new(),
            unsent: Vec::new(),
            sending: 0,
            hearing: Hearing::No,
            is_ended: false,
            is_waiting: false,
            is_shut_down: false,
            deadlines,
        }
    }

    /// Answers what arrived, behind what was left before.
    fn receive(&mut self, input: &mut [u8], now: Moment) -> Result<()> {
        if self.echo.untaken().is_empty() {
            self.echo.receive(input, &mut self.unsent, &mut self.deadlines, now)?;
        } else {
            // The start of a request or of a frame's header: seldom, and short.
            let mut input = [self.echo.untaken(), input].concat();
            self.echo.receive(&mut input, &mut self.unsent, &mut self.deadlines, now)?;
        }
        Ok(())
    }

    /// Whether the client has left, and all that it may still read is sent.
    fn is_over(&self) -> bool {
        self.is_ended && self.sending == 0 && self.unsent.is_empty()
    }

    /// Sends what is unsent; listens, unless too much is; ends our end of the transport when that is due.
    fn settle(&mut self, ring: &mut Ring, spare: &mut Spare, token: Token, now: Moment) -> io::Result<()> {
        if self.unsent.is_empty() {
            spare.put(std::mem::take(&mut self.unsent));
        } else if self.sending == 0 {
            self.sending = self.unsent.len();
            ring.send(self.socket.as_fd(), token, std::mem::take(&mut self.unsent), 0)?;
        }
        if self.sending == 0 && self.echo.is_closing() && !self.is_shut_down {
            // A socket that can't be shut down has ended, which is told to whoever receives.
            let _ = shutdown(&self.socket, Shutdown::Write);
            self.is_shut_down = true;
            self.deadlines.shut_down(now);
        }
        let is_heard = !self.is_ended && self.unsent.len() <= MAX_UNSENT;
        match self.hearing {
            Hearing::No if is_heard => {
                ring.receive(self.socket.as_fd(), token)?;
                self.hearing = Hearing::Yes;
            }
            Hearing::Yes if !is_heard => {
                ring.stop_receiving(token)?;
                self.hearing = Hearing::UntilTold;
            }
            _ => {}
        }
        // The next tick looks at it, whenever it is.
        let _ = self.deadlines.wake_up(now, self.sending + self.unsent.len());
        Ok(())
    }
}

const ENOBUFS: i32 = 105;
const ECANCELED: i32 = 125;
