//! Bytes that are pushed: a buffer that grows takes all of them, a fixed one as many as fit.

#[cfg(feature = "alloc")]
use wsproto::connection::Message;
use wsproto::connection::{Limits, Server};
use wsproto::session::Session;

use crate::common::{BINARY, CLIENT, FIN};
#[cfg(feature = "alloc")]
use crate::given::next;

#[cfg(feature = "alloc")]
#[test]
fn a_buffer_that_grows_takes_all_at_once() {
    for len in [0, 1, 4096, 8192, 100_000] {
        let mut session = Session::new(Server, Limits::new(), Vec::new());
        let payload = vec![7; len];
        let frame = CLIENT.frame(FIN | BINARY, &payload);
        session.push(&frame);
        assert!(next(&mut session) == Ok(Some(Message::Binary(&payload))), "{len}");
        assert_eq!(next(&mut session), Ok(None));
        // Behind something unread, and once more after it.
        session.push(&frame[..1]);
        session.push(&frame[1..]);
        session.push(&frame.repeat(2));
        for _ in 0..3 {
            assert!(next(&mut session) == Ok(Some(Message::Binary(&payload))), "{len}");
        }
        assert_eq!(next(&mut session), Ok(None));
    }
}

#[cfg(feature = "alloc")]
#[test]
fn many_small_messages_that_came_with_the_handshake_are_all_there() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let frame = CLIENT.frame(FIN | BINARY, b"12");
    session.push(&frame.repeat(1024));
    let mut came = 0;
    while let Some((message, _)) = session.next().unwrap() {
        assert_eq!(message, Message::Binary(b"12"));
        came += 1;
    }
    assert_eq!((frame.len() * came, came), (8192, 1024));
}

#[test]
fn a_fixed_buffer_takes_what_fits() {
    let mut session = Session::new(Server, Limits::new(), [0; 200]);
    let frame = CLIENT.frame(FIN | BINARY, &[7; 64]);
    let bytes = frame.repeat(4);
    assert_eq!(session.push_some(&bytes), 200);
    assert_eq!(session.push_some(&bytes[200..]), 0, "it is full");
    let mut came = 0;
    while session.next().unwrap().is_some() {
        came += 1;
    }
    assert_eq!(session.push_some(&bytes[200..]), 80);
    while session.next().unwrap().is_some() {
        came += 1;
    }
    assert_eq!(came, 4);
}
