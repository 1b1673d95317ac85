//! The same over transports that block.

use embedded_io_async::ErrorKind;
use wsproto_embedded::blocking::{Handshake, accept, accept_with};
use wsproto_embedded::{Choice, CloseCode, Connect, Error, NoClock, Options};

use crate::transport::{ANSWERS, FRAMES, OfTheRfc, REQUEST, RESPONSE, Script, Then};

#[test]
fn a_server_echoes() {
    for piece in [1, 7, 1024] {
        let script = Script { piece, ..Script::new(&[REQUEST, FRAMES], Then::End) };
        let taken = script.taken.clone();
        let mut socket = accept(script, [0; 512], NoClock).unwrap();
        while let Some((message, mut out)) = socket.read().unwrap() {
            out.send(message).unwrap();
        }
        assert_eq!(socket.close_code(), Some(CloseCode::PROTOCOL_ERROR));
        assert_eq!(*taken.borrow(), [RESPONSE, ANSWERS].concat());
    }
}

#[test]
fn a_client_sends_and_closes() {
    // A serial port has no end, so that without a clock none is waited for: a read would be one too many.
    let script = Script::new(&[RESPONSE, b"\x88\x02\x03\xe8"], Then::Hang);
    let taken = script.taken.clone();
    let connect = Connect::new("example.com", "/");
    let mut socket = connect.connect_blocking(script, [0; 512], NoClock, OfTheRfc(false), |_| ()).unwrap();
    socket.send("Hello").unwrap();
    socket.send_fmt(format_args!("{}", 42)).unwrap();
    socket.close(CloseCode::NORMAL, "").unwrap();
    let end = b"\x81\x85\0\0\0\0Hello\x81\x82\0\0\0\x0042\x88\x82\0\0\0\0\x03\xe8";
    assert!(taken.borrow().ends_with(end));
}

#[test]
fn without_a_clock_a_timeout_is_the_transports_error() {
    let script = Script::new(&[REQUEST], Then::TimeOut);
    let mut socket = accept_with(script, [0; 512], NoClock, &Options::new()).unwrap();
    assert_eq!(socket.read().map(|_| ()), Err(Error::Io(ErrorKind::TimedOut)));
    assert_eq!(socket.send("still"), Ok(()));
}

#[test]
fn a_request_is_looked_at() {
    let script = Script::new(&[REQUEST], Then::End);
    let mut handshake = Handshake::read(script, [0; 512], NoClock, &Options::new()).unwrap();
    assert!(handshake.get_mut().with_http(|http| http.path() == "/chat"));
    assert!(handshake.accept(Choice::default()).is_ok());
}
