//! `broadcast` with clients by an independent implementation.

mod common;

use std::io::Write;

use common::{Program, connect, exchange};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

const BROADCAST: &str = env!("CARGO_BIN_EXE_broadcast");

#[test]
fn every_message_goes_to_all() {
    let (_program, address) = Program::serve(BROADCAST);
    let mut clients: Vec<_> = (0..3).map(|_| connect(&address)).collect();
    // Who has its Pong is in the room.
    for client in &mut clients {
        client.send(Message::Ping("here".into())).unwrap();
        assert_eq!(client.read().unwrap(), Message::Pong("here".into()));
    }
    let messages = [
        Message::text("Hello"),
        Message::text(""),
        Message::binary((0..=255).cycle().take(60_000).collect::<Vec<u8>>()),
        Message::text("κόσμε".repeat(5_000)),
    ];
    for (sender, message) in messages.iter().enumerate() {
        clients[sender % 3].send(message.clone()).unwrap();
        for client in &mut clients {
            assert!(client.read().unwrap() == *message);
        }
    }
    // Many at once: in one order for all.
    for (sender, client) in clients.iter_mut().enumerate() {
        for n in 0..20 {
            client.write(Message::text(format!("{sender} {n}"))).unwrap();
        }
        client.flush().unwrap();
    }
    let heard: Vec<Vec<Message>> =
        clients.iter_mut().map(|client| (0..60).map(|_| client.read().unwrap()).collect()).collect();
    assert!(heard[0] == heard[1] && heard[1] == heard[2]);
    // And who leaves is not missed.
    let bye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    clients[0].close(Some(bye.clone())).unwrap();
    assert_eq!(clients[0].read().unwrap(), Message::Close(Some(bye)));
    assert!(matches!(clients[0].read(), Err(Error::ConnectionClosed)));
    clients[1].send(Message::text("who is here?")).unwrap();
    assert_eq!(clients[2].read().unwrap(), Message::text("who is here?"));
}

#[test]
fn who_does_not_read_is_dropped_and_the_others_do_not_wait() {
    let (_program, address) = Program::serve(BROADCAST);
    let (mut slow, mut busy) = (connect(&address), connect(&address));
    slow.send(Message::text("first")).unwrap();
    while slow.read().unwrap() != Message::text("first") {}
    let message = Message::binary(vec![7; 64 * 1024]);
    let count = 1_000; // 64 MB: more than all that lies between
    for _ in 0..count {
        busy.send(message.clone()).unwrap();
        while busy.read().unwrap() != message {}
    }
    let mut received = 0;
    while let Ok(message) = slow.read() {
        assert!(message.is_binary());
        received += 1;
    }
    assert!(received < count, "all of it was kept for one who did not read");
}

#[test]
fn a_fault_ends_one_connection_alone() {
    let (_program, address) = Program::serve(BROADCAST);
    let (mut wrong, mut other) = (connect(&address), connect(&address));
    wrong.get_mut().write_all(b"\x81\x02hi").unwrap();
    let Message::Close(Some(close)) = wrong.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Protocol);
    other.send(Message::text("still here")).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("still here"));
    let page = exchange(&address, &[b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"]);
    assert!(page.starts_with(b"HTTP/1.1 426 "));
}
