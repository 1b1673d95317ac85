//! The deadlines of the examples, with short timeouts: the programs run in this process.

#[path = "../broadcast.rs"]
#[allow(dead_code)] // its own `main`, and so of the others
mod broadcast;
#[path = "../echo_mio.rs"]
#[allow(dead_code)]
mod echo_mio;
#[path = "../echo_tokio.rs"]
#[allow(dead_code)]
mod echo_tokio;
#[path = "../embedded_io.rs"]
#[allow(dead_code)]
mod embedded_io;

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use common::deadlines::{
    PONG, SILENCE, TIMEOUTS, asks_a_silent_peer_and_gives_it_up, frame,
    has_one_deadline_for_an_opening_handshake, keeps_a_slow_reader, masked, open,
    takes_each_byte_as_a_sign_of_life,
};
use common::{PATIENCE, connect, tcp};
use tokio::net::TcpSocket;
use tungstenite::Message;

/// Starts each of the programs, and gives their names and addresses.
fn servers() -> Vec<(&'static str, String)> {
    let names = ["echo_tokio", "echo_mio", "embedded_io", "broadcast"];
    names.map(|name| (name, start(name).to_string())).into()
}

fn start(name: &str) -> SocketAddr {
    if name == "echo_mio" {
        let server = echo_mio::Server::bind("127.0.0.1:0", TIMEOUTS).unwrap();
        let address = server.listener.local_addr().unwrap();
        thread::spawn(|| server.run().unwrap());
        return address;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    match name {
        "broadcast" => drop(thread::spawn(move || broadcast::serve(&listener, TIMEOUTS))),
        "embedded_io" => drop(thread::spawn(move || {
            for socket in listener.incoming() {
                thread::spawn(|| {
                    let socket = async_io::Async::new(socket.unwrap()).unwrap();
                    async_io::block_on(embedded_io::echo(embedded_io::Socket(&socket), TIMEOUTS))
                });
            }
        })),
        _ => drop(thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let (_stop, stopping) = tokio::sync::watch::channel(false);
                echo_tokio::accept(listener, TIMEOUTS, stopping).await;
            });
        })),
    }
    address
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    for (name, address) in servers() {
        asks_a_silent_peer_and_gives_it_up(name, &address);
    }
}

#[test]
fn each_byte_is_a_sign_of_life() {
    for (name, address) in servers() {
        takes_each_byte_as_a_sign_of_life(name, &address);
    }
}

#[test]
fn a_slow_reader_is_kept() {
    for name in ["echo_tokio", "echo_mio"] {
        keeps_a_slow_reader(name, &start(name).to_string());
    }
}

#[test]
fn an_opening_handshake_has_one_deadline() {
    for (name, address) in servers() {
        has_one_deadline_for_an_opening_handshake(name, &address);
    }
}

/// What is sent to a peer says nothing about it.
#[test]
fn what_others_say_is_no_sign_of_life() {
    let address = start("broadcast").to_string();
    let mut silent = open(tcp(&address));
    let talker = thread::spawn(move || {
        let mut talker = connect(&address);
        let begin = Instant::now();
        while begin.elapsed() < 4 * (SILENCE + PONG) {
            talker.send(Message::text("news")).unwrap();
            while talker.read().unwrap() != Message::text("news") {}
            thread::sleep(Duration::from_millis(50));
        }
    });
    let begin = Instant::now();
    let (mut messages, mut pings) = (0, 0);
    while let Some((first_byte, _)) = frame(&mut silent) {
        messages += u32::from(first_byte == 0x81);
        pings += u32::from(first_byte == 0x89);
    }
    assert!(messages > 5 && pings == 1, "{messages} messages, {pings} Pings");
    assert!(begin.elapsed() < 3 * (SILENCE + PONG), "it is kept for what it is sent");
    talker.join().unwrap();
}

/// A Ping waits behind what is queued before it, and so does its Pong: a peer that is slow is not dropped for that.
#[test]
fn the_time_of_a_pong_begins_when_its_ping_is_written() {
    // Time enough to read all that lies before it in the system, on a busy machine too.
    let pong = Duration::from_secs(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Little may lie between the two: a connection has the sizes of its listener, and then they don't grow.
    let (listener, slow) = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(128 * 1024).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(8).unwrap().into_std().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let slow = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        (listener, slow.into_std().unwrap())
    });
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(false).unwrap();
    thread::spawn(move || broadcast::serve(&listener, TIMEOUTS.with_pong(Some(pong))));
    slow.set_nonblocking(false).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut slow = open(slow);
    let mut talker = connect(&address.to_string());
    // 6 MB: more than the system keeps, and less than with the queue. Meanwhile, and until the system takes no more
    // in a second attempt either, it is heard of: else a Ping could be written before, and be its to answer.
    let message = Message::binary(vec![7; 60_000]);
    for _ in 0..100 {
        talker.send(message.clone()).unwrap();
        while talker.read().unwrap() != message {}
        slow.write_all(&masked(0x8a, b"")).unwrap();
    }
    drop(talker);
    for _ in 0..20 {
        thread::sleep(SILENCE / 8);
        slow.write_all(&masked(0x8a, b"")).unwrap();
    }
    thread::sleep(2 * (SILENCE + pong));
    // It reads at last, and answers the Ping when it comes to it.
    let (mut received, mut pings) = (0, 0);
    loop {
        let mut header = [0; 2];
        slow.read_exact(&mut header).expect("it was dropped");
        if header[0] == 0x89 {
            let mut payload = [0; 4];
            slow.read_exact(&mut payload).unwrap();
            slow.write_all(&masked(0x8a, &payload)).unwrap();
            pings += 1;
        } else {
            assert_eq!(header, [0x82, 126]);
            slow.read_exact(&mut vec![0; 2 + 60_000]).unwrap();
            received += 1;
        }
        if received == 100 {
            break;
        }
    }
    assert!(pings > 0, "else this shows nothing");
    slow.write_all(&masked(0x81, b"here")).unwrap();
    loop {
        match frame(&mut slow).expect("it was dropped") {
            (0x89, payload) => slow.write_all(&masked(0x8a, &payload)).unwrap(),
            (0x81, payload) => return assert_eq!(payload, b"here"),
            other => panic!("{other:?}"),
        }
    }
}
