//! Halves in two threads: nobody waits for the other.

mod common;
#[cfg(feature = "rustls")]
#[path = "common/tls.rs"]
mod tls;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::{client, millis, pair, pair_with, server, streams, timed};
use wsproto_blocking::wsproto::connection::Role;
use wsproto_blocking::{CloseCode, Deadline, Error, Message, Options, Split, WebSocket};

const SOON: Duration = Duration::from_secs(5);

fn message(i: usize) -> Message {
    if i % 2 == 0 { Message::from(i.to_string()) } else { Message::from(vec![i.to_le_bytes()[0]; i * 100]) }
}

/// Sends so many messages and receives as many, at the same time.
fn exchange<T, R>(socket: WebSocket<T, R>, count: usize)
where
    T: Split<Input: Send, Output: Send> + Send + 'static,
    R: Role + Send + 'static,
{
    let (mut reader, mut writer) = socket.split().unwrap();
    let sending = thread::spawn(move || {
        for i in 0..count {
            if i % 3 == 0 { writer.feed(message(i)) } else { writer.send(message(i)) }.unwrap();
        }
        writer.flush().unwrap();
        writer
    });
    for i in 0..count {
        assert_eq!(reader.recv().unwrap(), Some(message(i)));
    }
    let mut writer = sending.join().unwrap();
    let closing = thread::spawn(move || writer.close(CloseCode::NORMAL, "done"));
    assert_eq!(reader.recv().unwrap(), None);
    closing.join().unwrap().unwrap();
}

#[test]
fn both_ends_send_and_receive() {
    let (server, client) = pair();
    let serving = thread::spawn(move || exchange(server, 400));
    exchange(client, 400);
    serving.join().unwrap();
}

#[cfg(feature = "rustls")]
#[test]
fn both_ends_send_and_receive_over_tls() {
    let (left, right) = streams();
    let (server_config, client_config) = tls::configs();
    let serving = thread::spawn(move || {
        let socket = wsproto_blocking::accept(tls::server(&server_config, left)).unwrap();
        exchange(socket, 400);
    });
    let client = wsproto_blocking::Connect::new("wss://localhost/").tls(client_config);
    exchange(client.over(right).unwrap(), 400);
    serving.join().unwrap();
}

/// Neither reads while its output stands still, were there only one thread: nobody's would ever move.
#[test]
fn two_ends_that_send_more_than_the_network_holds_don_t_stand_still() {
    let (server, client) = pair();
    let big = |socket: WebSocket<TcpStream, _>| exchange_big(socket);
    let serving = thread::spawn(move || exchange_big(server));
    big(client);
    serving.join().unwrap();
}

fn exchange_big<R: Role + Send + 'static>(socket: WebSocket<TcpStream, R>) {
    let (mut reader, mut writer) = socket.split().unwrap();
    let sending = thread::spawn(move || {
        for _ in 0..40 {
            writer.send(vec![1; 1 << 20]).unwrap();
        }
        writer
    });
    for _ in 0..40 {
        assert_eq!(reader.recv().unwrap().unwrap().len(), 1 << 20);
    }
    drop(sending.join().unwrap());
}

#[test]
fn a_writer_sends_while_the_reader_waits_and_pings_are_answered_while_the_writer_does_nothing() {
    let (server, mut client) = pair();
    let (mut reader, mut writer) = server.split().unwrap();
    let reading = thread::spawn(move || reader.recv());
    thread::sleep(Duration::from_millis(50));
    writer.send("news").unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("news")));

    client.ping().unwrap();
    client.get_mut().set_nonblocking(true).unwrap();
    let begun = Instant::now();
    while client.latency().is_none() && begun.elapsed() < SOON {
        assert!(matches!(client.recv(), Err(Error::Io(_))));
        thread::sleep(Duration::from_millis(1));
    }
    assert!(client.latency().unwrap() < Duration::from_secs(1), "{:?}", client.latency());
    client.get_mut().set_nonblocking(false).unwrap();

    // The closing handshake, too.
    client.close(CloseCode::GOING_AWAY, "bye").unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), None);
    assert!(writer.is_closing());
    assert!(matches!(writer.send("late"), Err(Error::Closed)));
    writer.closed().unwrap();
}

/// The peer takes nothing, so the writer waits in a write; its messages come nevertheless.
#[test]
fn a_writer_that_waits_for_the_transport_holds_up_no_reader() {
    let (left, mut peer) = streams();
    let (mut reader, mut writer) = server(left, &timed(|t| t.with_write(millis(1500)))).split().unwrap();
    let begun = Instant::now();
    let writing = thread::spawn(move || writer.send(vec![0; 64 << 20]));
    thread::sleep(Duration::from_millis(100));
    peer.write_all(b"\x89\x81\0\0\0\0x\x81\x85\0\0\0\0Hello").unwrap();
    assert_eq!(reader.recv().unwrap(), Some(Message::from("Hello")));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    // Until the deadline of writing, which wakes the other half.
    assert!(matches!(reader.recv(), Err(Error::Deadline(Deadline::Write))));
    assert!(matches!(writing.join().unwrap(), Err(Error::Deadline(Deadline::Write))));
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(1500) && took < SOON, "{took:?}");
}

/// The Pong behind what the writer could not send leaves when there is room, by the writer's hand.
#[test]
fn a_pong_leaves_behind_what_the_other_half_writes() {
    let (left, mut peer) = streams();
    let (mut reader, mut writer) = server(left, &Options::new()).split().unwrap();
    let writing = thread::spawn(move || writer.send(vec![0; 16 << 20]).map(|()| writer));
    let reading = thread::spawn(move || reader.recv());
    thread::sleep(Duration::from_millis(100));
    peer.write_all(b"\x89\x84\0\0\0\0Ping").unwrap();
    thread::sleep(Duration::from_millis(100));
    let mut taken = vec![0; 10 + (16 << 20) + 6];
    peer.read_exact(&mut taken).unwrap();
    assert!(taken.ends_with(b"\x8a\x04Ping"));
    let _writer = writing.join().unwrap().unwrap();
    peer.write_all(b"\x88\x80\0\0\0\0").unwrap();
    drop(peer);
    assert_eq!(reading.join().unwrap().unwrap(), None);
}

#[test]
fn a_close_of_the_writer_completes_whatever_the_reader_does() {
    for reader_does in ["wait", "sleep", "be gone"] {
        let (server, client) = pair_with(&timed(|t| t.with_closing(millis(400))));
        let (reader, mut writer) = client.split().unwrap();
        let mut server = server;
        let serving = thread::spawn(move || server.recv());
        let (done, until) = mpsc::channel::<()>();
        let reading = match reader_does {
            "be gone" => {
                drop(reader);
                None
            }
            what => Some(thread::spawn(move || {
                let mut reader = reader;
                if what == "sleep" {
                    let _ = until.recv_timeout(SOON);
                }
                reader.recv()
            })),
        };
        let begun = Instant::now();
        let closed = writer.close(CloseCode::NORMAL, "bye");
        drop(done);
        assert!(begun.elapsed() < SOON, "{reader_does}");
        assert_eq!(serving.join().unwrap().unwrap(), None, "{reader_does}");
        match reader_does {
            // Nobody reads the peer's answer.
            "sleep" => assert!(matches!(closed, Err(Error::Deadline(Deadline::Closing))), "{closed:?}"),
            _ => closed.unwrap(),
        }
        if let Some(reading) = reading {
            assert_eq!(reading.join().unwrap().is_ok(), reader_does == "wait");
        }
    }
}

#[test]
fn a_reader_borrows_messages_and_tells_what_the_peer_said() {
    let (server, mut client) = pair();
    let (mut reader, _writer) = server.split().unwrap();
    client.send("Hello").unwrap();
    let closing = thread::spawn(move || client.close(CloseCode::GOING_AWAY, "bye"));
    assert_eq!(reader.read().unwrap(), Some(Message::Text("Hello")));
    assert_eq!(reader.read().unwrap(), None);
    assert_eq!(reader.close_code(), Some(CloseCode::GOING_AWAY));
    assert_eq!(reader.close_reason().as_deref(), Some("bye"));
    closing.join().unwrap().unwrap();
}

/// A half holds on to what is shared, and that to a half which was dropped before.
#[test]
fn the_transport_ends_when_both_halves_are_dropped_in_either_order() {
    for reader_first in [true, false] {
        let (left, mut peer) = streams();
        let (reader, writer) = server(left, &Options::new()).split().unwrap();
        if reader_first {
            drop(reader);
            drop(writer);
        } else {
            drop(writer);
            drop(reader);
        }
        peer.set_read_timeout(Some(SOON)).unwrap();
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    }
}

#[test]
fn the_heartbeat_goes_on_while_both_halves_wait() {
    let options = timed(|t| t.with_silence(millis(100)).with_pong(millis(200)));
    let (left, mut peer) = streams();
    let (mut reader, mut writer) = server(left, &options).split().unwrap();
    let begun = Instant::now();
    let reading = thread::spawn(move || reader.recv());
    let mut ping = [0; 6];
    peer.read_exact(&mut ping).unwrap();
    assert_eq!(ping[..2], *b"\x89\x04");
    assert!(matches!(reading.join().unwrap(), Err(Error::Deadline(Deadline::Pong))));
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    assert!(matches!(writer.closed(), Err(Error::Deadline(Deadline::Pong))));
    let _ = client(peer, &Options::new());
}
