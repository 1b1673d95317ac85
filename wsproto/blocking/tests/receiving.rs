//! Receiving, answering, ending: one behaviour a test.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use common::{client, compressed, pair, scripted, server, streams};
use wsproto_blocking::backoff::Delays;
use wsproto_blocking::wsproto::connection::Fragment;
use wsproto_blocking::wsproto::error::AbnormalClosure;
use wsproto_blocking::{
    Agreed, CloseCode, CloseFrame, Error, Fault, Message, MessageKind, Misuse, Options, Prepared,
    ProtocolError, Server, ThreadKeys, Untimed, WebSocket,
};
use wsproto_test::{Faulty, pipe};

#[test]
fn messages_come_and_go_and_both_ends_see_the_closing_handshake() {
    let (mut server, mut client) = pair();
    let serving = thread::spawn(move || {
        while let Some(message) = server.recv()? {
            server.feed(message)?;
        }
        assert_eq!(server.close_code(), Some(CloseCode::NORMAL));
        assert_eq!(server.close_reason(), Some("bye"));
        Ok::<_, Error>(())
    });
    client.send("Hello").unwrap();
    client.send([1, 2]).unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("Hello")));
    assert_eq!(client.recv().unwrap(), Some(Message::from(vec![1, 2])));
    client.close(CloseCode::NORMAL, "bye").unwrap();
    assert!(client.is_closing());
    assert!(matches!(client.send("too late"), Err(Error::Closed)));
    serving.join().unwrap().unwrap();
}

#[test]
fn a_socket_that_has_ended_tells_the_delays_how() {
    for code in [CloseCode::NORMAL, CloseCode::SERVICE_RESTART] {
        let (mut server, mut client) = pair();
        let closing = thread::spawn(move || server.close(code, ""));
        assert_eq!(client.recv().unwrap(), None);
        closing.join().unwrap().unwrap();
        assert!(client.age() < Duration::from_secs(60));
        let mut delays = Delays::default();
        delays.closed(&client);
        // [RFC 6455 §7.4.1] Who has said all that there was to say wants nobody back.
        let delay = delays.next();
        assert_eq!(delay.is_some(), code != CloseCode::NORMAL, "{delay:?}");
        assert!(delay.is_none_or(|delay| delay >= Duration::from_secs(5)), "{delay:?}");
    }
}

const HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // [RFC 6455 §5.7]
const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

#[test]
fn what_is_fed_in_each_way_arrives() {
    let (mut server, mut client) = pair();
    client.feed([1, 2, 3]).unwrap();
    client.feed_fmt(format_args!("{} {}", 1, 2)).unwrap();
    client.feed_with(MessageKind::Text, |out| out.extend(b"{}")).unwrap();
    assert!(client.wants_write());
    client.flush().unwrap();
    assert!(!client.wants_write() && client.unsent() == 0);
    assert_eq!(server.recv().unwrap(), Some(Message::from(vec![1, 2, 3])));
    assert_eq!(server.recv().unwrap(), Some(Message::from("1 2")));
    assert_eq!(server.recv().unwrap(), Some(Message::from("{}")));
    server.send_prepared(&Prepared::new("prepared")).unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("prepared")));
}

#[test]
fn an_answer_is_encoded_while_the_message_is_borrowed() {
    let (mut server, mut client) = pair();
    client.send("Hello").unwrap();
    let (message, mut out) = server.read().unwrap().unwrap();
    out.feed(message).unwrap();
    out.feed_fmt(format_args!("{message:?}")).unwrap();
    assert!(out.unsent() > 7);
    server.flush().unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("Hello")));
    assert_eq!(client.recv().unwrap(), Some(Message::from("Text(\"Hello\")")));
}

#[test]
fn compressed_messages_and_fragments() {
    let (left, right) = streams();
    let options = Options::new();
    let mut server = WebSocket::from_upgraded(left, Server, b"", compressed(), &options);
    let mut client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", compressed(), &options);
    let text = "news ".repeat(1000);
    client.feed(&text).unwrap();
    assert!(client.unsent() < 200, "{}", client.unsent());
    client.feed_uncompressed("secret").unwrap();
    let fragments = [("a ".repeat(500), false), ("b ".repeat(500), true)];
    for (payload, is_last) in &fragments {
        let payload = payload.as_bytes();
        client.feed_fragment(Fragment { kind: MessageKind::Text, payload, is_last: *is_last }).unwrap();
    }
    assert!(client.unsent() < 400, "{}", client.unsent());
    client.flush().unwrap();
    assert_eq!(server.recv().unwrap(), Some(Message::from(text)));
    assert_eq!(server.recv().unwrap(), Some(Message::from("secret")));
    let joined = fragments.map(|(payload, _)| payload).concat();
    assert_eq!(server.recv().unwrap(), Some(Message::from(joined)));
}

#[test]
fn between_fragments_only_control_frames_can_be_sent() {
    let (mut server, mut client) = pair();
    client.feed_fragment(Fragment { kind: MessageKind::Text, payload: b"Hel", is_last: false }).unwrap();
    let error = client.feed("other").unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::MessageUnderWay)));
    assert_eq!(error.fault(), Fault::Caller);
    client.ping().unwrap();
    client.feed_fragment(Fragment { kind: MessageKind::Text, payload: b"lo", is_last: true }).unwrap();
    client.flush().unwrap();
    assert_eq!(server.recv().unwrap(), Some(Message::from("Hello")));
}

#[test]
fn what_came_with_the_handshake_is_received() {
    let (left, _peer) = streams();
    let received = [HELLO, CLOSE].concat();
    let mut socket = WebSocket::from_upgraded(left, Server, &received, Agreed::new(), &Options::new());
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    assert!(!socket.is_closing());
}

#[test]
fn a_large_message_comes_whole() {
    let (mut server, mut client) = pair();
    let payload: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
    let sent = payload.clone();
    let sending = thread::spawn(move || {
        client.send(sent).unwrap();
        client.recv()
    });
    assert!(server.recv().unwrap().unwrap().as_bytes() == payload);
    drop(server);
    assert!(sending.join().unwrap().is_err());
}

/// One byte a call, and a signal before each.
fn interrupted<T>(stream: T) -> Untimed<Faulty<T>> {
    Untimed(Faulty::bytewise(stream).with_not_ready(ErrorKind::Interrupted))
}

#[test]
fn one_byte_a_call_is_enough() {
    let (left, right) = pipe();
    let options = Options::new();
    let mut server = server(interrupted(left), &options);
    let echo = thread::spawn(move || {
        while let Some((message, mut out)) = server.read()? {
            out.feed(message)?;
        }
        Ok::<_, Error>(())
    });
    let mut client = client(interrupted(right), &options);
    let text = "é".repeat(300);
    client.send(&text).unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from(text)));
    client.close(CloseCode::NORMAL, "").unwrap();
    echo.join().unwrap().unwrap();
}

#[test]
fn a_transport_that_just_ends_is_told_as_disconnected() {
    for (sent, inside_message) in [(HELLO, false), (&HELLO[..7], true)] {
        let (left, mut peer) = streams();
        let mut socket = server(left, &Options::new());
        peer.write_all(sent).unwrap();
        drop(peer);
        if !inside_message {
            socket.recv().unwrap().unwrap();
        }
        for _ in 0..2 {
            let error = socket.recv().unwrap_err();
            assert!(
                matches!(error, Error::Disconnected(closure) if closure == AbnormalClosure { inside_message })
            );
            assert!(error.is_gone());
            assert_eq!(error.fault(), Fault::Transport);
        }
        assert!(socket.close(CloseCode::NORMAL, "").is_err());
    }
}

#[test]
fn a_transport_that_fails_is_told_and_what_came_before_is_received() {
    let (stream, _peer) = scripted(HELLO);
    let stream = stream.with_read_error(HELLO.len(), ErrorKind::ConnectionReset);
    let mut socket = server(Untimed(stream), &Options::new());
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    for _ in 0..2 {
        assert!(matches!(socket.recv(), Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionReset));
        assert!(matches!(socket.send("late"), Err(Error::Io(_))));
    }
}

/// The peer may have said why, and gone.
#[test]
fn where_nothing_can_be_written_the_peers_close_frame_is_still_read() {
    let (stream, _peer) = scripted(CLOSE);
    let mut socket = server(Untimed(stream.with_write_error(3, ErrorKind::BrokenPipe)), &Options::new());
    let failed = socket.send("Hello");
    assert!(matches!(failed, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe));
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
}

#[test]
fn an_answer_is_written_although_the_peer_has_ended_its_side() {
    let (left, mut peer) = streams();
    let mut socket = server(left, &Options::new());
    let echo = thread::spawn(move || {
        while let Some(message) = socket.recv()? {
            socket.feed(message)?;
        }
        Ok::<_, Error>(())
    });
    peer.write_all(HELLO).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"\x81\x05Hello");
    assert!(matches!(echo.join().unwrap(), Err(Error::Disconnected(_))));
}

#[test]
fn the_reply_to_a_close_frame_is_not_lost_to_the_end_behind_it() {
    let (left, mut peer) = streams();
    let mut socket = server(interrupted(left), &Options::new());
    peer.write_all(CLOSE).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
    drop(socket);
    let mut reply = Vec::new();
    peer.read_to_end(&mut reply).unwrap();
    assert_eq!(reply, b"\x88\x02\x03\xe8");
}

#[test]
fn both_may_close_at_once_and_messages_in_between_are_received() {
    let (mut server, mut client) = pair();
    server.send(CloseFrame::new(CloseCode::NORMAL, "server").unwrap()).unwrap();
    client.feed("in between").unwrap();
    client.send(CloseFrame::new(CloseCode::GOING_AWAY, "client").unwrap()).unwrap();
    let other = thread::spawn(move || {
        assert_eq!(client.recv().unwrap(), None);
        client.close_reason().map(str::to_owned)
    });
    assert_eq!(server.recv().unwrap(), Some(Message::from("in between")));
    assert_eq!(server.recv().unwrap(), None);
    assert_eq!(server.close_reason(), Some("client"));
    assert_eq!(other.join().unwrap().as_deref(), Some("server"));
}

#[test]
fn a_fault_is_an_error_here_and_a_close_frame_there() {
    for (sent, expected, code) in [
        (&b"\x81\x05Hello"[..], ProtocolError::UnmaskedFrame, 1002_u16),
        (b"\x81\x82\0\0\0\0\xc3\x28", ProtocolError::NotUtf8, 1007),
        (b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0\x28", ProtocolError::NotUtf8, 1007),
    ] {
        for by_reading in [false, true] {
            let (left, mut peer) = streams();
            let mut socket = server(left, &Options::new());
            peer.write_all(sent).unwrap();
            let peer = thread::spawn(move || {
                let mut told = Vec::new();
                peer.read_to_end(&mut told).unwrap();
                told
            });
            let outcome = if by_reading { socket.read().map(|_| ()) } else { socket.recv().map(|_| ()) };
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Protocol(error) if error == expected), "{error}");
            assert_eq!(error.fault(), Fault::Peer);
            let told = peer.join().unwrap();
            assert_eq!((told[0], &told[2..4]), (0x88, &code.to_be_bytes()[..]), "{expected}");
            assert!(matches!(socket.recv(), Err(Error::Protocol(_))), "again");
        }
    }
}

/// A socket that is dropped with unread bytes resets the connection, and the Close frame is lost.
#[test]
fn the_close_frame_of_a_fault_arrives_although_there_is_more_to_read() {
    let (stream, mut peer) = streams();
    let serving = thread::spawn(move || server(stream, &Options::new()).recv());
    peer.write_all(b"\x81\x05Hello").unwrap();
    peer.write_all(&vec![0; 300_000]).unwrap();
    thread::sleep(Duration::from_millis(50));
    peer.write_all(&vec![0; 300_000]).unwrap();
    let mut told = Vec::new();
    peer.read_to_end(&mut told).unwrap();
    assert_eq!(told[..4], *b"\x88\x38\x03\xea", "{told:?}");
    drop(peer);
    assert!(matches!(serving.join().unwrap(), Err(Error::Protocol(ProtocolError::UnmaskedFrame))));
}

#[test]
fn one_setter_bounds_messages_and_the_error_names_it() {
    let (stream, _peer) = scripted(HELLO);
    let mut socket = server(Untimed(stream), &Options::new().with_max_message_size(4));
    let error = socket.recv().unwrap_err();
    assert!(error.to_string().contains("Options::with_max_message_size"), "{error}");
}

/// The program may take its time with a message that came behind a Ping.
#[test]
fn a_pong_leaves_before_the_message_behind_its_ping_is_given() {
    let (stream, peer) = scripted(&[b"\x89\x84\0\0\0\0Ping", HELLO].concat());
    let mut socket = server(Untimed(stream), &Options::new());
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    assert_eq!(peer.take_unread(), b"\x8a\x04Ping");
}

#[test]
fn more_than_the_most_unsent_is_refused_but_for_a_close_frame() {
    let mut socket = server(Untimed(scripted(b"").0), &Options::new().with_max_unsent(1000));
    socket.feed(vec![0; 2000]).unwrap();
    assert!(matches!(socket.feed("more"), Err(Error::Full)));
    assert_eq!(socket.unsent(), 2004);
    socket.feed(CloseCode::NORMAL).unwrap();
}

#[test]
fn no_message_is_given_while_more_than_the_high_water_waits() {
    let (stream, peer) = scripted(&HELLO.repeat(100));
    let stream = stream.with_read_error(100 * HELLO.len(), ErrorKind::WouldBlock);
    let stream = stream.with_write_error(20, ErrorKind::WouldBlock);
    let mut socket = server(Untimed(stream), &Options::new().with_high_water(100));
    let mut echoed = 0;
    let error = loop {
        match socket.recv() {
            Ok(message) => socket.feed(message.unwrap()).unwrap(),
            Err(error) => break error,
        }
        echoed += 1;
    };
    assert!(matches!(error, Error::Io(error) if error.kind() == ErrorKind::WouldBlock));
    // The high water and what the transport took, in messages of 7 bytes.
    assert_eq!(echoed, (100 + 20) / 7 + 1);
    socket.get_mut().0.recover();
    for _ in echoed..100 {
        let message = socket.recv().unwrap().unwrap();
        socket.feed(message).unwrap();
    }
    socket.flush().unwrap();
    assert_eq!(peer.take_unread(), b"\x81\x05Hello".repeat(100));
}

#[test]
fn a_reason_that_is_too_long_is_refused_and_the_connection_stands() {
    let (mut server, mut client) = pair();
    let error = client.close(CloseCode::NORMAL, &"x".repeat(124)).unwrap_err();
    assert!(matches!(error, Error::CloseReason(_)));
    client.send("still here").unwrap();
    assert_eq!(server.recv().unwrap(), Some(Message::from("still here")));
}

#[test]
fn a_client_receives_too() {
    let (stream, _peer) = scripted(b"\x81\x05Hello\x81\x85\0\0\0\0Hello");
    let mut socket = client(Untimed(stream), &Options::new());
    assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
    assert!(matches!(socket.recv(), Err(Error::Protocol(ProtocolError::MaskedFrame))));
}

/// Neither time limits nor `shutdown`: the closing handshake is made, and nobody waits for the end.
#[test]
fn anything_that_reads_and_writes_is_a_transport() {
    let (left, right) = streams();
    let mut server = server(Untimed(left), &Options::new());
    let serving = thread::spawn(move || {
        while let Some(message) = server.recv()? {
            server.feed(message)?;
        }
        Ok::<_, Error>(server)
    });
    let mut client = client(Untimed(right), &Options::new());
    client.send("Hello").unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::from("Hello")));
    client.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(serving.join().unwrap().unwrap().close_code(), Some(CloseCode::NORMAL));
}
