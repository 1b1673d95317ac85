//! Sends every message to all who are connected: `cargo run -p wsproto-examples --bin broadcast -- [ADDRESS]`
//!
//! A message's payload exists once, however many it goes to: each connection's queue has a reference to it, and a write
//! gathers headers and payloads from where they are. A queue has an end: a peer that doesn't read is dropped.

use std::collections::HashMap;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wsproto::connection::{Reply, SendState, Sender};
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
use wsproto::handshake::{Answer, Choice, Request, RequestDecoder};
use wsproto::session::Incoming;
use wsproto::{Limits, Message, Server, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many messages may wait for one that is slow; each is held once, and for the slowest.
const QUEUE: usize = 64;
const LIMITS: Limits = Limits::new().with_max_message_size(64 * 1024);

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener, Timeouts::new())
}

pub(crate) fn serve(listener: &TcpListener, timeouts: Timeouts) -> ! {
    let room = Arc::new(Room::default());
    loop {
        let (socket, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            // This connection is lost, or descriptors are short for a while: no reason to end.
            Err(error) => {
                eprintln!("accept: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let room = room.clone();
        thread::spawn(move || {
            if let Err(error) = converse(&socket, peer, &room, Deadlines::new(timeouts, now())) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// All who are connected.
#[derive(Default)]
struct Room(Mutex<HashMap<SocketAddr, Member>>);

struct Member {
    queue: SyncSender<Out>,
    socket: TcpStream,
}

/// What a connection's writer is to send.
enum Out {
    Text(Arc<str>),
    Binary(Arc<[u8]>),
    /// The answer to a Ping, or the Close frame that is due and behind which there is nothing more.
    Reply(Reply),
}

impl Room {
    /// Puts a message into every queue; nobody waits for anybody.
    fn send(&self, message: impl Fn() -> Out) {
        lock(&self.0).retain(|_, member| {
            let has_space = member.queue.try_send(message()).is_ok();
            if !has_space {
                // A Close frame would have to wait behind all that is not read.
                let _ = member.socket.shutdown(Shutdown::Both);
            }
            has_space
        });
    }
}

/// Serves a connection: this thread reads, and another one writes and has an eye on the clock.
fn converse(socket: &TcpStream, peer: SocketAddr, room: &Room, mut deadlines: Deadlines) -> Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(deadlines.timeouts().write())?;
    let Some(first_bytes) = handshake(socket, &mut deadlines)? else {
        end(socket, &mut deadlines);
        return Ok(());
    };
    let mut session = Session::new(Server, LIMITS, Vec::new());
    session.push(&first_bytes);
    socket.set_read_timeout(None)?;

    let (incoming, sender) = session.split();
    let deadlines = Mutex::new(deadlines);
    let (queue, outgoing) = sync_channel(QUEUE);
    lock(&room.0).insert(peer, Member { queue: queue.clone(), socket: socket.try_clone()? });
    let (read, written) = thread::scope(|scope| {
        let deadlines = &deadlines;
        let writer = scope.spawn(move || {
            let outcome = write(socket, sender, &outgoing, deadlines);
            if outcome.is_err() {
                let _ = socket.shutdown(Shutdown::Both); // so that the reader ends as well
            }
            outcome
        });
        let outcome = read(socket, incoming, &queue, room, deadlines);
        // With the queue's last end the writer's work ends too.
        lock(&room.0).remove(&peer);
        drop(queue);
        (outcome, writer.join().unwrap_or_else(|_| Err("the writer panicked".into())))
    });
    end(socket, &mut lock(&deadlines));
    written.and(read)
}

/// Hands what comes to all, until the connection closes.
fn read(
    mut socket: &TcpStream,
    mut incoming: Incoming<Server, Vec<u8>>,
    queue: &SyncSender<Out>,
    room: &Room,
    deadlines: &Mutex<Deadlines>,
) -> Result<()> {
    let mut reply = Reply::new();
    loop {
        loop {
            let message = incoming.next(&mut reply);
            // Also the Close frame that tells of an error, before the error is passed on.
            if reply.is_due() {
                queue.send(Out::Reply(reply.take()))?;
            }
            match message? {
                Some(Message::Text(text)) => {
                    let text: Arc<str> = text.into();
                    room.send(|| Out::Text(text.clone()));
                }
                Some(Message::Binary(bytes)) => {
                    let bytes: Arc<[u8]> = bytes.into();
                    room.send(|| Out::Binary(bytes.clone()));
                }
                Some(Message::Ping(_)) => {}
                Some(Message::Pong(payload)) => lock(deadlines).pong(now(), payload),
                Some(Message::Close(_)) => return Ok(()),
                None => break,
            }
        }
        match socket.read(incoming.buffer()) {
            Ok(0) => return Ok(incoming.receive_eof()?),
            Ok(n) => incoming.filled(n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        // Whatever it was, the peer is alive.
        lock(deadlines).received(now());
    }
}

/// Writes what is in the queue, all of it at once, until the queue or the connection ends; and what silence asks for.
fn write(
    socket: &TcpStream,
    mut sender: Sender<Server>,
    queue: &Receiver<Out>,
    deadlines: &Mutex<Deadlines>,
) -> Result<()> {
    while sender.state() == SendState::Open {
        let mut heads = Vec::new();
        match lock(deadlines).due(now()) {
            Some(Due::Ping(payload)) => sender.frame().append(Message::Ping(&payload), &mut heads)?,
            Some(Due::GiveUp(why)) => return Err(why.into()),
            None => {}
        }
        // All that was encoded before is written; what is in the queue is not encoded yet.
        let patience = if heads.is_empty() { patience(&mut lock(deadlines)) } else { Duration::ZERO };
        let batch: Vec<Out> = match queue.recv_timeout(patience) {
            Ok(first) => std::iter::once(first).chain(queue.try_iter()).collect(),
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // Where in `heads` each frame's header ends, and its payload; a control frame is in `heads` as a whole.
        let mut frames: Vec<(usize, &[u8])> = vec![(heads.len(), &[])];
        for out in &batch {
            let payload = match out {
                Out::Text(text) => {
                    heads.extend_from_slice(&sender.frame().header(&**text)?);
                    text.as_bytes()
                }
                Out::Binary(bytes) => {
                    heads.extend_from_slice(&sender.frame().header(&**bytes)?);
                    bytes
                }
                Out::Reply(reply) => {
                    sender.append_reply(reply.clone(), &mut heads);
                    &[]
                }
            };
            frames.push((heads.len(), payload));
            if sender.state() != SendState::Open {
                break;
            }
        }
        let mut start = 0;
        let mut slices = Vec::new();
        for (end, payload) in frames {
            slices.extend([IoSlice::new(&heads[start..end]), IoSlice::new(payload)]);
            start = end;
        }
        write_all_vectored(socket, &mut slices, deadlines)?;
    }
    Ok(())
}

fn write_all_vectored(
    mut socket: &TcpStream,
    mut slices: &mut [IoSlice<'_>],
    deadlines: &Mutex<Deadlines>,
) -> Result<()> {
    let mut unsent = slices.iter().map(|slice| slice.len()).sum();
    while unsent > 0 {
        match socket.write_vectored(slices) {
            Ok(0) => return Err("the socket takes nothing".into()),
            Ok(n) => {
                lock(deadlines).wrote(now(), n, unsent);
                IoSlice::advance_slices(&mut slices, n);
                unsent -= n;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(Deadline::Write.into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Answers the opening handshake; gives what came behind it, or nothing if it was refused.
fn handshake(mut socket: &TcpStream, deadlines: &mut Deadlines) -> Result<Option<Vec<u8>>> {
    let mut decoder = RequestDecoder::new();
    let mut received = Vec::new();
    let decoded = loop {
        match decoder.decode(&received) {
            Ok(None) => {}
            Ok(Some(found)) => break Ok(found),
            Err(error) => break Err(error),
        }
        let mut bytes = [0; 1024];
        match read_in_time(socket, deadlines, &mut bytes)? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => received.extend_from_slice(&bytes[..n]),
        }
    };
    let (mut out, mut first_bytes) = (Vec::new(), None);
    match decoded.map(|found| (found.end(), found.request(&received))) {
        Ok((end, Request::WebSocket(handshake))) => {
            handshake.accept(Choice::default())?.append(&mut out);
            first_bytes = Some(received[end..].to_vec());
        }
        Ok(_) => Answer::new(404, &[], b"only WebSocket is spoken here\n")?.append(&mut out),
        Err(error) => error.answer().append(&mut out),
    }
    socket.write_all(&out)?;
    deadlines.opened(now());
    Ok(first_bytes)
}

/// Ends our side of the transport, as it is for a server to do [RFC 6455 §7.1.1], and waits for the peer's end: a socket
/// that is closed with unread bytes takes with it what is still under way.
fn end(socket: &TcpStream, deadlines: &mut Deadlines) {
    let _ = socket.shutdown(Shutdown::Write); // it may be gone already
    deadlines.shut_down(now());
    while read_in_time(socket, deadlines, &mut [0; 4096]).is_ok_and(|n| n > 0) {}
}

/// Reads, unless a deadline passes.
fn read_in_time(mut socket: &TcpStream, deadlines: &mut Deadlines, buf: &mut [u8]) -> Result<usize> {
    loop {
        if let Some(Due::GiveUp(why)) = deadlines.due(now()) {
            return Err(why.into());
        }
        socket.set_read_timeout(Some(patience(deadlines)))?;
        match socket.read(buf) {
            Err(error) if is_timeout(&error) => {}
            read => return Ok(read?),
        }
    }
}

/// How long until the next deadline, at least a millisecond: the socket takes none for no end.
fn patience(deadlines: &mut Deadlines) -> Duration {
    let now = now();
    let wake_up = deadlines.wake_up(now, 0);
    wake_up.map_or(Duration::MAX, |at| at.duration_since(now).max(Duration::from_millis(1)))
}

fn now() -> Moment {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment::since_origin(ORIGIN.elapsed())
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
