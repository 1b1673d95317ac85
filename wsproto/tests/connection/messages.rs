//! What is sent and what comes have one type: what it tells of itself, and what becomes one.

use wsproto::connection::{Client, Message, SendState, Sender, Server};
use wsproto::error::Misuse;
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

use crate::common::{CLIENT, CLOSE, FIN, PING, PONG, SERVER};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

fn close(reason: &str) -> CloseFrame<'_> {
    CloseFrame::new(CloseCode::NORMAL, reason).unwrap()
}

#[test]
fn a_message_tells_its_length_as_it_is_in_the_frame() {
    let longest = "r".repeat(123);
    for (message, len) in [
        (Message::Text("é"), 2),
        (Message::Text(""), 0),
        (Message::Binary(&[1, 2, 3]), 3),
        (Message::Binary(b""), 0),
        (Message::Ping(b"?"), 1),
        (Message::Pong(&[0; 125]), 125),
        (Message::Close(None), 0),
        (Message::Close(Some(close(""))), 2),
        (Message::Close(Some(close("bye"))), 5),
        (Message::Close(Some(close(&longest))), 125),
    ] {
        assert_eq!((message.len(), message.is_empty()), (len, len == 0), "{message:?}");
        assert_eq!(Sender::new(Server).frame().encode(message, &mut [0; 131]), Ok(2 + len), "{message:?}");
        assert_eq!(message.is_data(), matches!(message, Message::Text(_) | Message::Binary(_)));
    }
}

#[test]
fn text_bytes_and_close_frames_convert_into_a_message() {
    assert_eq!(Message::from("text"), Message::Text("text"));
    assert_eq!(Message::from(&b"bytes"[..]), Message::Binary(b"bytes"));
    assert_eq!(Message::from(b"bytes"), Message::Binary(b"bytes"));
    assert_eq!(Message::from(close("bye")), Message::Close(Some(close("bye"))));
    assert_eq!(Message::from(CloseCode::NORMAL), Message::Close(Some(close(""))));
    #[cfg(feature = "alloc")]
    {
        assert_eq!(Message::from(&String::from("text")), Message::Text("text"));
        assert_eq!(Message::from(&vec![1, 2]), Message::Binary(&[1, 2]));
    }
}

#[test]
fn the_header_of_a_control_frame_is_the_one_before_its_payload() {
    for (message, first, payload) in [
        (Message::Ping(b"ping"), FIN | PING, &b"ping"[..]),
        (Message::Pong(b""), FIN | PONG, b""),
        (Message::Close(None), FIN | CLOSE, b""),
        (Message::Close(Some(close("bye"))), FIN | CLOSE, b"\x03\xE8bye"),
    ] {
        let header = Sender::new(Server).frame().header(message).unwrap();
        assert_eq!([&*header, payload].concat(), SERVER.frame(first, payload));
        let header = Sender::new(Client::new(|| KEY)).frame().header(message).unwrap();
        assert_eq!(*header, CLIENT.header(first, payload.len() as u64));
        assert_eq!(header.masking_key(), Some(KEY));
    }
}

#[test]
fn the_header_of_a_close_frame_begins_the_closing_handshake() {
    let mut sender = Sender::new(Server);
    assert_eq!(sender.frame().header(Message::Ping(&[0; 126])), Err(Misuse::ControlTooLong { len: 126 }));
    assert!(sender.frame().header(Message::Ping(b"?")).is_ok());
    assert_eq!(sender.state(), SendState::Open);
    assert!(sender.frame().header(close("bye")).is_ok());
    assert_eq!(sender.state(), SendState::CloseSent);
    assert_eq!(sender.frame().header("late"), Err(Misuse::CloseSent));
    assert_eq!(sender.frame().header(CloseCode::NORMAL), Err(Misuse::CloseSent));
    assert!(sender.frame().header(Message::Pong(b"?")).is_ok(), "until the peer's Close frame comes");
}
