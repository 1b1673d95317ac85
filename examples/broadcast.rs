//! Sends every message to all who are connected: `cargo run -p wsproto-examples --bin broadcast -- [ADDRESS]`
//!
//! A message's payload exists once, however many it goes to: each connection's queue has a reference to it, and a write
//! gathers headers and payloads from where they are. A queue has an end: who doesn't read what the others say is dropped.

use std::collections::HashMap;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wsproto::connection::Sender;
use wsproto::handshake::{Answer, HttpReply, Request, RequestDecoder};
use wsproto::session::{Incoming, Reply};
use wsproto::wire::EncodedHeader;
use wsproto::{Config, Message, Server, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many messages may wait for one who is slow; each is held once, and for the slowest.
const QUEUE: usize = 64;
const MAX_MESSAGE: usize = 64 * 1024;
/// For the opening handshake, and for the peer's end of the transport after the closing one.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without a byte a Ping is sent; after as much again the peer is gone. A write may take as long.
const SILENCE: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    let room = Arc::new(Room::default());
    loop {
        let (socket, peer) = listener.accept()?;
        let room = room.clone();
        thread::spawn(move || {
            if let Err(error) = serve(&socket, peer, &room) {
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
    Ping,
    /// The answer to a Ping.
    Pong(Reply),
    /// The Close frame that is due, and then nothing more.
    Close(Reply),
}

impl Room {
    fn members(&self) -> MutexGuard<'_, HashMap<SocketAddr, Member>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message into every queue; nobody waits for anybody.
    fn send(&self, message: impl Fn() -> Out) {
        self.members().retain(|_, member| {
            let has_space = member.queue.try_send(message()).is_ok();
            if !has_space {
                // A Close frame would have to wait behind all that is not read.
                let _ = member.socket.shutdown(Shutdown::Both);
            }
            has_space
        });
    }
}

/// Serves a connection: this thread reads, and another one writes.
fn serve(mut socket: &TcpStream, peer: SocketAddr, room: &Room) -> Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(SILENCE))?;
    let Some(early) = handshake(socket)? else { return Ok(()) };
    socket.set_read_timeout(Some(SILENCE))?;

    let Session { mut incoming, reply, sender } =
        Session::<Server, _>::new(Config::new().with_max_message_size(MAX_MESSAGE as u64), Vec::new());
    let _ = incoming.push(&early); // shorter than a head, and a Vec takes that much
    let (queue, outgoing) = sync_channel(QUEUE);
    room.members().insert(peer, Member { queue: queue.clone(), socket: socket.try_clone()? });
    let outcome = thread::scope(|scope| {
        let writer = scope.spawn(move || write(socket, sender, &outgoing));
        let outcome = read(socket, incoming, reply, &queue, room);
        // With the queue's last end the writer's work ends too.
        room.members().remove(&peer);
        drop(queue);
        let written = writer.join().unwrap_or_else(|_| Err("the writer panicked".into()));
        outcome.and(written)
    });
    // The peer ends its side too: a socket that is closed with unread bytes takes with it what is still under way.
    socket.set_read_timeout(Some(PATIENCE))?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && socket.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
    outcome
}

/// Hands what comes to all, until the connection closes.
fn read(
    mut socket: &TcpStream,
    mut incoming: Incoming<Server, Vec<u8>>,
    mut reply: Reply,
    queue: &SyncSender<Out>,
    room: &Room,
) -> Result<()> {
    let mut is_pinged = false;
    loop {
        loop {
            match incoming.next(&mut reply) {
                Ok(Some(Message::Text(text))) => {
                    let text: Arc<str> = text.into();
                    room.send(|| Out::Text(text.clone()));
                }
                Ok(Some(Message::Binary(bytes))) => {
                    let bytes: Arc<[u8]> = bytes.into();
                    room.send(|| Out::Binary(bytes.clone()));
                }
                Ok(Some(Message::Ping(_))) => queue.send(Out::Pong(reply.take()))?,
                Ok(Some(Message::Pong(_))) => {}
                Ok(Some(Message::Close(_))) => return Ok(queue.send(Out::Close(reply.take()))?),
                Ok(None) => break,
                Err(error) => {
                    queue.send(Out::Close(reply.take()))?;
                    return Err(error.into());
                }
            }
        }
        match socket.read(incoming.buffer()) {
            Ok(0) => return Ok(incoming.receive_eof()?),
            Ok(n) => {
                incoming.filled(n);
                is_pinged = false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && !is_pinged => {
                is_pinged = true;
                queue.send(Out::Ping)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes what is in the queue, all of it at once, until the queue or the connection ends.
fn write(socket: &TcpStream, mut sender: Sender<Server>, queue: &Receiver<Out>) -> Result<()> {
    while let Ok(first) = queue.recv() {
        let mut batch: Vec<Out> = std::iter::once(first).chain(queue.try_iter()).collect();
        // Once the peer has begun to close, no more messages go out [RFC 6455 §6.1].
        let is_last = batch.iter().any(|out| matches!(out, Out::Close(_)));
        let mut control = Vec::new();
        let mut messages: Vec<(EncodedHeader, &[u8])> = Vec::new();
        for out in &mut batch {
            match out {
                Out::Text(_) | Out::Binary(_) if is_last => {}
                Out::Text(text) => {
                    messages.push((sender.frame().text_header(text)?, text.as_bytes()));
                }
                Out::Binary(bytes) => {
                    messages.push((sender.frame().binary_header(bytes)?, bytes));
                }
                Out::Ping => sender.frame().append_ping(b"", &mut control)?,
                Out::Pong(reply) | Out::Close(reply) => reply.append(sender.frame(), &mut control)?,
            }
        }
        let mut slices = vec![IoSlice::new(&control)];
        for (header, payload) in &messages {
            slices.extend([IoSlice::new(header), IoSlice::new(payload)]);
        }
        if let Err(error) = write_all_vectored(socket, &mut slices) {
            let _ = socket.shutdown(Shutdown::Both); // so that the reader ends as well
            return Err(error.into());
        }
        if is_last {
            // It is for a server to end the transport [RFC 6455 §7.1.1].
            socket.shutdown(Shutdown::Write)?;
            return Ok(());
        }
    }
    Ok(())
}

fn write_all_vectored(mut socket: &TcpStream, mut slices: &mut [IoSlice<'_>]) -> std::io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0); // empty ones
    while !slices.is_empty() {
        match socket.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut slices, n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Answers the opening handshake; gives what came behind it, or nothing if it was refused.
fn handshake(mut socket: &TcpStream) -> Result<Option<Vec<u8>>> {
    let deadline = Instant::now() + PATIENCE;
    let mut decoder = RequestDecoder::new();
    let mut received = Vec::new();
    let mut out = [0; 512];
    let decoded = loop {
        match decoder.decode(&received) {
            Ok(None) => {}
            decoded => break decoded,
        }
        let left = deadline.checked_duration_since(Instant::now()).ok_or("no handshake in time")?;
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let mut bytes = [0; 1024];
        match socket.read(&mut bytes)? {
            0 => return Ok(None),
            n => received.extend_from_slice(&bytes[..n]),
        }
    };
    let n = match decoded {
        Ok(Some((Request::Upgrade(upgrade), consumed))) => {
            let n = upgrade.accept(Answer::default())?.encode(&mut out)?;
            socket.write_all(&out[..n])?;
            return Ok(Some(received.split_off(consumed)));
        }
        Ok(_) => HttpReply::new(404, &[], b"only WebSocket is spoken here\n")?.encode(&mut out)?,
        Err(error) => error.encode_response(&mut out)?,
    };
    socket.write_all(&out[..n])?;
    socket.shutdown(Shutdown::Write)?;
    while Instant::now() < deadline && socket.read(&mut out).is_ok_and(|n| n > 0) {}
    Ok(None)
}
