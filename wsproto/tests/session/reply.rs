//! The slot for the reply that is due, filled by hand: from the events of a connection.

use wsproto::connection::{Config, Connection, Event, SendState, Server};
use wsproto::error::ProtocolError;
use wsproto::session::Reply;
use wsproto::wire::{CloseCode, CloseFrame, MAX_CONTROL_FRAME};

fn encoded(reply: &mut Reply, connection: &mut Connection<Server>) -> Vec<u8> {
    let mut out = [0; MAX_CONTROL_FRAME];
    let n = reply.encode(connection.frame(), &mut out).unwrap();
    out[..n].to_vec()
}

#[test]
fn the_latest_ping_is_answered_and_a_close_frame_before_any() {
    let mut connection = Connection::<Server>::new(Config::new());
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
        let mut connection = Connection::<Server>::new(Config::new());
        let mut reply = Reply::new();
        reply.answer(&Event::Close(close));
        assert_eq!(encoded(&mut reply, &mut connection), known);
        assert_eq!(connection.split().1.state(), SendState::Done);
    }
}

#[test]
fn a_fault_is_told() {
    let mut connection = Connection::<Server>::new(Config::new());
    let mut reply = Reply::new();
    reply.tell(ProtocolError::NotUtf8);
    assert_eq!(encoded(&mut reply, &mut connection)[2..4], 1007_u16.to_be_bytes());
}
