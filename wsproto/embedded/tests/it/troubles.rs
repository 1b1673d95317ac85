//! Transports that give a byte at a time, fail, or end, at any byte.

use embassy_futures::block_on;
use wsproto_embedded::{AcceptError, Error, Fault, NoClock, ProtocolError, accept};

use crate::transport::{ANSWERS, FRAMES, REQUEST, RESPONSE, Script, Then};

/// Echoes to the end.
async fn echo(script: Script) -> Result<Result<(), Error<Kind>>, AcceptError<Kind>> {
    let mut socket = accept(script, [0; 512], NoClock).await?;
    loop {
        match socket.read().await {
            Ok(Some((message, mut out))) => {
                if let Err(error) = out.send(message).await {
                    return Ok(Err(error));
                }
            }
            Ok(None) => return Ok(Ok(())),
            Err(error) => {
                assert_eq!(socket.read().await.map(|_| ()), Err(error), "errors stay");
                return Ok(Err(error));
            }
        }
    }
}

type Kind = embedded_io_async::ErrorKind;

#[test]
fn it_does_not_matter_how_bytes_come() {
    for piece in [1, 2, 7, 64, 1024] {
        for is_slow in [false, true] {
            let script = Script { piece, is_slow, ..Script::new(&[REQUEST, FRAMES], Then::Hang) };
            let taken = script.taken.clone();
            assert_eq!(block_on(echo(script)), Ok(Ok(())));
            assert_eq!(*taken.borrow(), [RESPONSE, ANSWERS].concat(), "{piece}");
        }
    }
}

#[test]
fn a_transport_may_end_or_fail_at_any_byte() {
    let all = [REQUEST, FRAMES].concat();
    for len in 0..all.len() {
        for then in [Then::End, Then::Fail] {
            let script = Script::new(&[&all[..len]], then);
            let taken = script.taken.clone();
            let result = block_on(echo(script));
            let expected = match (len < REQUEST.len(), then) {
                (true, Then::End) => matches!(result, Err(AcceptError::Disconnected)),
                (true, _) => matches!(result, Err(AcceptError::Io(_))),
                (false, Then::End) => {
                    matches!(result, Ok(Err(error @ Error::Disconnected(_))) if error.is_gone())
                }
                (false, _) => {
                    matches!(result, Ok(Err(error @ Error::Io(_))) if error.fault() == Fault::Transport)
                }
            };
            assert!(expected, "{len} {then:?}: {result:?}");
            assert!([RESPONSE, ANSWERS].concat().starts_with(&taken.borrow()), "a frame twice, or cut");
        }
    }
}

#[test]
fn a_transport_may_fail_when_written_to() {
    let all = [RESPONSE, ANSWERS].concat();
    for takes in 0..all.len() {
        let script = Script { takes, ..Script::new(&[REQUEST, FRAMES], Then::Fail) };
        let taken = script.taken.clone();
        match block_on(echo(script)) {
            Err(AcceptError::Io(_)) => assert!(takes < RESPONSE.len()),
            Ok(Err(Error::Io(_))) => assert!(takes >= RESPONSE.len()),
            other => panic!("{takes}: {other:?}"),
        }
        assert_eq!(*taken.borrow(), all[..takes]);
    }
}

#[test]
fn a_peers_fault_is_told_to_it_and_to_us() {
    for (frame, error, close) in [
        (&b"\x81\x05Hello"[..], ProtocolError::UnmaskedFrame, &b"\x03\xea"[..]),
        (b"\x81\x81\0\0\0\0\xff", ProtocolError::NotUtf8, b"\x03\xef"),
        (b"\x01\x81\0\0\0\0\xff", ProtocolError::NotUtf8, b"\x03\xef"),
    ] {
        for piece in [1, 1024] {
            let script = Script { piece, ..Script::new(&[REQUEST, frame], Then::Hang) };
            let taken = script.taken.clone();
            let result = block_on(echo(script));
            assert_eq!(result, Ok(Err(Error::Protocol(error))));
            let taken = taken.borrow();
            let (header, payload) = taken[RESPONSE.len()..].split_at(2);
            assert_eq!((header[0], usize::from(header[1])), (0x88, payload.len()));
            assert!(payload.starts_with(close));
        }
    }
}

#[test]
fn a_peer_is_told_of_its_fault_before_we_are() {
    for frame in [&b"\x81\x81\0\0\0\0\xff"[..], b"\x01\x81\0\0\0\0\xff", b"\x83\x80\0\0\0\0"] {
        let script = Script::new(&[REQUEST, frame], Then::Hang);
        let taken = script.taken.clone();
        let mut socket = block_on(accept(script, [0; 512], NoClock)).unwrap();
        assert!(block_on(socket.read()).is_err());
        assert_eq!(taken.borrow()[RESPONSE.len()], 0x88);
    }
}
