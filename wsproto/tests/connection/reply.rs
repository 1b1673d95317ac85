//! The slot for the reply that is due, filled by hand: from the events of a connection; and what it tells the sender.

use wsproto::connection::{
    Connection, Event, Limits, Message, MessageKind, ReceiveState, Reply, SendState, Sender, Server,
};
use wsproto::error::{BufferTooSmall, Misuse, ProtocolError};
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME};

use crate::common::fragment;

fn encoded(reply: &mut Reply, connection: &mut Connection<Server>) -> Vec<u8> {
    let mut out = [0; MAX_CONTROL_FRAME];
    let n = connection.encode_reply(reply.take(), &mut out).unwrap();
    out[..n].to_vec()
}

#[test]
fn the_latest_ping_is_answered_and_a_close_frame_before_any() {
    let mut connection = Connection::new(Server, Limits::new());
    let mut reply = Reply::new();
    reply.answer(&Event::Pong(b"heartbeat"));
    assert!(!reply.is_due());
    reply.answer(&Event::Ping(b"a"));
    reply.answer(&Event::Ping(b"bc"));
    assert_eq!(encoded(&mut reply, &mut connection), b"\x8a\x02bc");

    let close = CloseFrame::new(CloseCode::GOING_AWAY, "to lunch").unwrap();
    reply.answer(&Event::Ping(b"a"));
    reply.answer(&Event::Close(Some(close)));
    reply.answer(&Event::Ping(b"late"));
    assert_eq!(encoded(&mut reply, &mut connection), b"\x88\x02\x03\xe9");
    assert!(!reply.is_due());
}

#[test]
fn a_close_frame_without_payload_and_the_longest_are_answered() {
    let longest = "r".repeat(123);
    for (close, known) in
        [(None, &b"\x88\x00"[..]), (CloseFrame::new(CloseCode::NORMAL, &longest).ok(), b"\x88\x02\x03\xe8")]
    {
        let mut connection = Connection::new(Server, Limits::new());
        let mut reply = Reply::new();
        reply.answer(&Event::Close(close));
        assert_eq!(encoded(&mut reply, &mut connection), known);
        assert_eq!(connection.split().1.state(), SendState::Done);
    }
}

#[test]
fn a_fault_is_told() {
    let mut connection = Connection::new(Server, Limits::new());
    let mut reply = Reply::new();
    reply.tell(ProtocolError::NotUtf8);
    assert_eq!(encoded(&mut reply, &mut connection)[2..4], 1007_u16.to_be_bytes());
}

#[test]
fn the_answer_to_our_close_frame_ends_what_may_be_sent() {
    for peers in [Event::Close(None), Event::Close(CloseFrame::new(CloseCode::NORMAL, "").ok())] {
        let mut sender = Sender::new(Server);
        sender.frame().encode(CloseCode::NORMAL, &mut [0; 4]).unwrap();
        assert_eq!(sender.state(), SendState::CloseSent);
        assert_eq!(sender.encode_reply(&Event::Ping(b"?"), &mut [0; 131]), Ok(3), "still answered");
        assert_eq!(sender.encode_reply(&peers, &mut [0; 131]), Ok(0));
        assert_eq!(sender.state(), SendState::Done);
        assert_eq!(sender.encode_reply(&Event::Ping(b"?"), &mut [0; 131]), Ok(0), "[RFC 6455 §5.5.2]");
    }
}

#[test]
fn a_sender_that_was_told_of_the_peer_begins_nothing_new() {
    for peer in [ReceiveState::CloseReceived, ReceiveState::Failed, ReceiveState::Ended] {
        let mut sender = Sender::new(Server);
        sender.peer_is(ReceiveState::Open);
        assert_eq!(sender.check_message(), Ok(()));
        sender.peer_is(peer);
        sender.peer_is(ReceiveState::Open);
        assert_eq!(sender.check_message(), Err(Misuse::NotOpen), "{peer:?}: it never goes back");
        let refused = Err(Misuse::NotOpen.into());
        for message in [Message::Text("new"), Message::Binary(b"new"), Message::Ping(b""), Message::Pong(b"")]
        {
            assert_eq!(sender.frame().encode(message, &mut [0; 16]), refused, "{peer:?}");
        }
        let first = fragment(MessageKind::Text, b"new", false);
        assert_eq!(sender.frame().encode_fragment(first, &mut [0; 16]), refused, "{peer:?}");
        assert_eq!(sender.frame().fragment_header(first), Err(Misuse::NotOpen), "{peer:?}");
        assert_eq!(sender.frame().encode_fmt(format_args!("new"), &mut [0; 32]), refused, "{peer:?}");
        assert_eq!(sender.frame().encode(Message::Close(None), &mut [0; 16]), Ok(2), "{peer:?}: ours is due");
        assert_eq!(sender.state(), SendState::Done);
    }
}

/// For two tasks: all that the one that writes has to know of the peer comes with the reply.
#[test]
fn a_reply_tells_the_sender_of_the_peer() {
    let mut eof = Reply::new();
    eof.tell_eof();
    for (reply, has_frame) in
        [(Reply::from(&Event::Close(None)), true), (Reply::from(ProtocolError::NotUtf8), true), (eof, false)]
    {
        let mut sender = Sender::new(Server);
        assert!(reply.is_due());
        assert_eq!(sender.encode_reply(reply.clone(), &mut [0; 131]).unwrap() > 0, has_frame);
        let refused = if has_frame { Misuse::CloseSent } else { Misuse::NotOpen };
        assert_eq!(sender.frame().encode("new", &mut [0; 16]), Err(refused.into()));
        assert_eq!(sender.encode_reply(reply, &mut [0; 131]), Ok(0), "once");
    }
}

#[test]
fn a_reply_without_space_leaves_the_sender_as_it_was() {
    let reply = Reply::from(&Event::Close(None));
    let mut sender = Sender::new(Server);
    assert_eq!(sender.encode_reply(reply.clone(), &mut [0; 1]), Err(BufferTooSmall { needed: 2 }));
    assert_eq!((sender.state(), sender.check_message()), (SendState::Open, Ok(())));
    assert_eq!(sender.encode_reply(reply, &mut [0; 2]), Ok(2));
}

#[test]
fn what_the_peer_did_first_is_what_is_answered() {
    let mut reply = Reply::from(&Event::Close(None));
    reply.tell(ProtocolError::NotUtf8);
    reply.tell_eof();
    let mut connection = Connection::new(Server, Limits::new());
    assert_eq!(encoded(&mut reply, &mut connection), [0x88, 0]);
}

#[test]
fn no_ping_is_answered_that_is_longer_than_a_control_frame() {
    let mut reply = Reply::from(&Event::Ping(b"short"));
    reply.answer(&Event::Ping(&[0; 126]));
    let mut connection = Connection::new(Server, Limits::new());
    assert_eq!(encoded(&mut reply, &mut connection), b"\x8a\x05short");
}
