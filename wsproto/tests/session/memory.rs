//! What a hostile peer can make a session hold: nothing but what it sent, and one control frame.

use wsproto::connection::{Limits, Message, Server};
use wsproto::session::Session;

use crate::common::{CLIENT, CLOSE, FIN, PING};
use crate::given::next;

fn feed<B: wsproto::session::Buffer>(session: &mut Session<Server, B>, bytes: &[u8]) {
    session.buffer()[..bytes.len()].copy_from_slice(bytes);
    session.filled(bytes.len());
}

#[test]
fn of_many_pings_the_latest_is_answered_and_no_queue_grows() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let size = size_of_val(&session);
    for i in 0..100_000_u32 {
        feed(&mut session, &CLIENT.frame(FIN | PING, &i.to_be_bytes()));
        assert_eq!(next(&mut session), Ok(Some(Message::Ping(&i.to_be_bytes()))));
        assert_eq!(next(&mut session), Ok(None));
    }
    assert_eq!(size_of_val(&session), size);
    let mut out = [0; 131];
    assert_eq!(session.encode_reply(&mut out), Ok(6));
    assert_eq!(out[..6], [0x8A, 4, 0, 1, 0x86, 0x9F], "99,999, the latest (§5.5.3)");
    assert_eq!(session.encode_reply(&mut out), Ok(0));
}

#[test]
fn a_close_frame_takes_the_place_of_a_pong_and_no_ping_takes_its() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let frames = [CLIENT.frame(FIN | PING, b"?"), CLIENT.frame(FIN | CLOSE, b"\x03\xE8")].concat();
    feed(&mut session, &frames);
    while session.next().unwrap().is_some() {}
    let mut out = [0; 131];
    assert_eq!(session.encode_reply(&mut out), Ok(4));
    assert_eq!(out[0], 0x88);
}

#[test]
fn a_reply_that_did_not_fit_stays_due() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    feed(&mut session, &CLIENT.frame(FIN | PING, b"12345"));
    assert!(session.next().unwrap().is_some());
    assert!(session.encode_reply(&mut [0; 6]).is_err());
    assert!(session.is_reply_due());
    assert_eq!(session.encode_reply(&mut [0; 7]), Ok(7));
    assert!(!session.is_reply_due());
}
