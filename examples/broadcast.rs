//! Sends every message to all who are connected: `cargo run -p wsproto-examples --bin broadcast -- [ADDRESS]`
//!
//! A message is encoded once, however many it goes to. Each connection has a queue and two threads, one that receives and one
//! that sends. A queue has an end: a peer that doesn't read is dropped.

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, mpsc::SyncSender, mpsc::sync_channel};
use std::{io, thread};
use wsproto_blocking::{Options, Prepared, Timeouts, accept_with, incoming};

/// All who are connected: their queues, and their sockets to end them by.
type Room = Mutex<HashMap<SocketAddr, (SyncSender<Prepared>, TcpStream)>>;

/// How many messages may wait for one that is slow.
const QUEUE: usize = 128;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into()))?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener, Timeouts::new());
    Ok(())
}

pub(crate) fn serve(listener: &TcpListener, timeouts: Timeouts) {
    let room = Arc::new(Room::default());
    for (socket, peer) in incoming(listener) {
        let room = Arc::clone(&room);
        thread::spawn(move || {
            let outcome = converse(socket, peer, &room, timeouts);
            room.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
            outcome.unwrap_or_else(|error| eprintln!("{peer}: {error}"));
        });
    }
}

fn converse(socket: TcpStream, peer: SocketAddr, room: &Room, timeouts: Timeouts) -> io::Result<()> {
    let options = Options::new().with_max_message_size(64 * 1024).with_timeouts(timeouts);
    let (mut reader, mut writer) = accept_with(socket.try_clone()?, &options)?.split()?;
    let (queue, messages) = sync_channel::<Prepared>(QUEUE);
    room.lock().unwrap_or_else(PoisonError::into_inner).insert(peer, (queue, socket));
    // It ends with the queue, or with the connection, of which the other half tells.
    thread::spawn(move || messages.iter().try_for_each(|message| writer.send_prepared(&message)));
    while let Some(message) = reader.recv()?.map(Prepared::new) {
        room.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (queue, socket)| {
            queue.try_send(message.clone()).is_ok() || socket.shutdown(Shutdown::Both).is_err()
        });
    }
    Ok(())
}
