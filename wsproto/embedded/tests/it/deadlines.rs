//! Peers that take too long.

use std::time::Duration;

use embassy_futures::block_on;
use embedded_io_async::ErrorKind;
use wsproto_embedded::{
    AcceptError, CloseCode, Connect, ConnectError, Deadline, Error, Moment, Options, Timeouts, accept,
    accept_with,
};

use crate::transport::{OfTheRfc, REQUEST, RESPONSE, Script, Simulated, Then};

fn seconds(clock: &Simulated) -> u64 {
    clock.0.get().map_or(0, |now| now.duration_since(Moment::from_millis(0)).as_secs())
}

#[test]
fn an_opening_handshake_that_does_not_come_is_given_up() {
    let clock = Simulated::default();
    let result = block_on(accept(Script::new(&[&REQUEST[..40]], Then::Hang), [0; 512], &clock));
    assert!(matches!(result, Err(AcceptError::Deadline)));
    let clock = Simulated::default();
    let connect = Connect::new("example.com", "/");
    let result = block_on(connect.connect(Script::new(&[], Then::Hang), [0; 512], &clock, OfTheRfc(false)));
    assert!(matches!(result, Err(ConnectError::Deadline)));
    assert_eq!(seconds(&clock), Timeouts::new().opening().unwrap().as_secs());
}

#[test]
fn a_silent_peer_is_pinged_and_given_up() {
    for then in [Then::Hang, Then::TimeOut] {
        let script = Script::new(&[REQUEST], then);
        let taken = script.taken.clone();
        let clock = Simulated::default();
        let timeouts = Timeouts::new()
            .with_silence(Some(Duration::from_secs(60)))
            .with_pong(Some(Duration::from_secs(9)));
        let options = Options::new().with_timeouts(timeouts);
        if then == Then::TimeOut {
            // The transport's own timeout is a look at the clock, which goes on.
            let clock = wsproto_embedded::BlockingClock(move || {
                clock.0.set(Some(Moment::from_millis(seconds(&clock) * 1000 + 1000)));
                clock.0.get().unwrap()
            });
            let mut socket = block_on(accept_with(script, [0; 512], clock, &options)).unwrap();
            assert_eq!(block_on(socket.read()).map(|_| ()), Err(Error::Deadline(Deadline::Pong)));
        } else {
            let mut socket = block_on(accept_with(script, [0; 512], &clock, &options)).unwrap();
            assert_eq!(block_on(socket.read()).map(|_| ()), Err(Error::Deadline(Deadline::Pong)));
            assert_eq!(seconds(&clock), 69);
        }
        assert_eq!(taken.borrow()[RESPONSE.len()..][..2], *b"\x89\x04");
    }
}

#[test]
fn an_answered_ping_is_a_sign_of_life() {
    // The first Ping is number 1.
    let script = Script { piece: 30, ..Script::new(&[REQUEST, b"\x8a\x84\0\0\0\0\0\0\0\x01"], Then::End) };
    let clock = Simulated::default();
    let mut socket = block_on(accept(script, [0; 512], &clock)).unwrap();
    block_on(socket.ping()).unwrap();
    assert!(matches!(block_on(socket.read()), Err(Error::Disconnected(_))));
    assert_eq!(socket.latency(), Some(Duration::ZERO));
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let script = Script { takes: RESPONSE.len() + 3, ..Script::new(&[REQUEST], Then::Hang) };
    let clock = Simulated::default();
    let mut socket = block_on(accept(script, [0; 512], &clock)).unwrap();
    assert_eq!(block_on(socket.send("Hello")), Err(Error::Deadline(Deadline::Write)));
    assert_eq!(seconds(&clock), Timeouts::new().write().unwrap().as_secs());
}

#[test]
fn a_close_frame_that_is_not_answered_is_waited_for_so_long() {
    let clock = Simulated::default();
    let mut socket = block_on(accept(Script::new(&[REQUEST], Then::Hang), [0; 512], &clock)).unwrap();
    assert_eq!(block_on(socket.close(CloseCode::NORMAL, "")), Err(Error::Deadline(Deadline::Closing)));
    assert_eq!(seconds(&clock), Timeouts::new().closing().unwrap().as_secs());
}

/// A client waits for the server's end of the transport, but not for ever, and its connection was closed in order.
#[test]
fn a_server_that_does_not_end_the_transport_is_no_error() {
    let clock = Simulated::default();
    let script = Script::new(&[RESPONSE, b"\x88\x02\x03\xe8"], Then::Hang);
    let connect = Connect::new("example.com", "/");
    let mut socket = block_on(connect.connect(script, [0; 512], &clock, OfTheRfc(false))).unwrap();
    assert_eq!(block_on(socket.close(CloseCode::NORMAL, "")), Ok(()));
    assert!(seconds(&clock) > 0);
}

/// An end of TLS or a reset is as good an end as any, once there is nothing more to come.
#[test]
fn a_transport_that_fails_behind_the_closing_handshake_is_no_error() {
    for (frames, is_closed) in [(&b"\x88\x02\x03\xe8"[..], true), (b"", false)] {
        let clock = Simulated::default();
        let connect = Connect::new("example.com", "/");
        let script = Script { piece: RESPONSE.len(), ..Script::new(&[RESPONSE, frames], Then::Fail) };
        let mut socket = block_on(connect.connect(script, [0; 512], &clock, OfTheRfc(false))).unwrap();
        let closed = block_on(socket.close(CloseCode::NORMAL, ""));
        assert_eq!(closed, if is_closed { Ok(()) } else { Err(Error::Io(ErrorKind::Other)) });
    }
}
