//! The kit itself: pipes, faults, the peer, and that the cases notice a wrong endpoint.

#![cfg(feature = "vectors")]

use std::io::{ErrorKind, Read, Write};

use wsproto_test::vectors::{Told, bytes, cases, check_frames, in_pieces};
use wsproto_test::{Faulty, Frame, KEY, Peer, accept_of, pipe, pipe_with};

#[test]
fn a_pipe_brings_what_was_written_and_then_the_end() {
    let (mut left, mut right) = pipe();
    left.write_all(b"Hello").unwrap();
    let mut buf = [0; 3];
    assert_eq!(right.read(&mut buf).unwrap(), 3);
    assert_eq!(right.unread(), 2);
    left.end();
    assert_eq!(left.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe, "its own end");
    assert_eq!(right.take_unread(), b"lo");
    assert_eq!(right.read(&mut buf).unwrap(), 0);
    right.write_all(b"bye").unwrap();
    drop(right);
    assert_eq!(left.take_unread(), b"bye", "what was written before is read");
    assert_eq!(left.read(&mut buf).unwrap(), 0);
    let (mut left, right) = pipe();
    drop(right);
    assert_eq!(left.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_blocking_write_waits_for_its_reader() {
    let (mut left, mut right) = pipe_with(1);
    let writer = std::thread::spawn(move || left.write_all(&[9; 50]));
    let mut all = Vec::new();
    right.read_to_end(&mut all).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(all, [9; 50]);
}

#[test]
fn faults_come_where_they_are_due() {
    let mut slow = Faulty::new(&b"Hello"[..]).with_reads(&[0, 2]).with_end(3);
    let mut buf = [0; 8];
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(slow.read(&mut buf).map_err(|error| error.kind()));
    }
    let waits = Err(ErrorKind::WouldBlock);
    assert_eq!(seen, [waits, Ok(2), waits, Ok(1), waits, Ok(0)]);
    assert_eq!(slow.waits(), 3);

    // Never twice in a row, so that it ends.
    let mut slow = Faulty::new(Vec::new()).with_writes(&[0, 0, 3]).with_not_ready(ErrorKind::Interrupted);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(slow.write(b"Hello").map_err(|error| error.kind()));
    }
    let waits = Err(ErrorKind::Interrupted);
    assert_eq!(seen, [waits, Ok(1), Ok(3), waits]);
    assert!(slow.flush().is_ok() && slow.flush().is_ok() && slow.flush().is_err(), "as a write of its turn");

    let mut failing = Faulty::new(Vec::new()).with_write_error(3, ErrorKind::BrokenPipe);
    assert_eq!(failing.write(b"Hello").unwrap(), 3);
    assert_eq!(failing.write(b"lo").unwrap_err().kind(), ErrorKind::BrokenPipe);
    failing.recover();
    assert_eq!(failing.write(b"lo").unwrap(), 2);
    assert_eq!(failing.into_inner(), b"Hello");
}

#[test]
fn peers_open_and_talk() {
    let (near, far) = pipe();
    let server = std::thread::spawn(move || {
        let mut server = Peer::server(far);
        let head = server.accept()?;
        let frame = server.recv()?.unwrap();
        server.send(&Frame::new(frame.opcode, frame.payload))?;
        std::io::Result::Ok(head)
    });
    let mut client = Peer::client(near);
    let head = client.open("/room", &[("Origin", "https://example.com")]).unwrap();
    assert!(head.contains(&accept_of(KEY)));
    client.send(&Frame::text("Hello")).unwrap();
    assert_eq!(client.recv().unwrap(), Some(Frame::text("Hello")));
    assert_eq!(client.recv().unwrap(), None);
    let request = server.join().unwrap().unwrap();
    assert!(
        request.starts_with("GET /room HTTP/1.1\r\n")
            && request.contains("\r\nOrigin: https://example.com\r\n")
    );
}

#[test]
fn a_peer_tells_what_is_wrong_with_the_other() {
    let (mut near, far) = pipe();
    near.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").unwrap();
    assert_eq!(Peer::client(far).open("/", &[]).unwrap_err().kind(), ErrorKind::ConnectionRefused);

    let (mut near, far) = pipe();
    near.write_all(&Frame::text("Hello").encode(Some([1; 4]))).unwrap();
    assert_eq!(Peer::client(far).recv().unwrap_err().kind(), ErrorKind::InvalidData);

    let (mut near, far) = pipe();
    near.write_all(b"\x81\x05Hel").unwrap();
    near.end();
    assert_eq!(Peer::client(far).recv().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn frames_are_what_the_rfc_shows() {
    // [RFC 6455 §5.7]
    assert_eq!(Frame::text("Hello").encode(None), b"\x81\x05Hello");
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(Frame::text("Hello").encode(Some([0x37, 0xFA, 0x21, 0x3D])), masked);
    assert_eq!(Frame::decode(masked), Some((Frame::text("Hello"), true, masked.len())));
    for len in [125, 126, 65_535, 65_536] {
        let frame = Frame::binary(&vec![0; len]).with_rsv(4).with_fin(false);
        let wire = frame.encode(None);
        assert_eq!(Frame::decode(&wire), Some((frame, false, wire.len())));
        assert_eq!(Frame::decode(&wire[..wire.len() - 1]), None);
    }
    assert_eq!(format!("{:?}", Frame::close(1001, "bye")), "close, 1001 \"bye\"");
}

#[test]
fn the_table_is_whole_and_notices_an_endpoint_that_says_nothing() {
    assert_eq!(cases().len(), 931);
    let mut asked = 0;
    let silent = check_frames(
        |_| true,
        |_, _| {
            asked += 1;
            Told::default()
        },
    );
    assert!(silent.is_err() && asked > 0);
    // What the table itself says passes, and one byte otherwise does not.
    let told = |case: &wsproto_test::vectors::Case| Told {
        events: case.events(),
        fails: case.contains_key("fails"),
        out: case.bytes("out"),
    };
    assert!(check_frames(|_| true, |case, _| told(case)).unwrap() > 10_000);
    let wrong = check_frames(
        |_| true,
        |case, _| {
            let mut told = told(case);
            if let Some(byte) = told.out.first_mut() {
                *byte ^= 0x40;
            }
            told
        },
    );
    assert!(wrong.unwrap_err().to_string().contains("sent"));
}

#[test]
fn pieces_are_the_whole_each_time() {
    for pieces in in_pieces(b"Hello") {
        assert_eq!(pieces.concat(), b"Hello");
    }
    assert_eq!(in_pieces(b"Hello").count(), 8);
}

#[test]
fn every_string_of_bytes_and_every_event_of_the_table_is_read() {
    for case in cases() {
        for key in ["in", "out"] {
            let words = case.get(key).and_then(|list| list.as_array()).into_iter().flatten();
            for word in words.flat_map(|words| words.as_str().unwrap().split_whitespace()) {
                let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
                let len = digits.len() / 2 * times.parse::<usize>().unwrap();
                assert!(digits.len() % 2 == 0 && bytes(word).len() == len, "{word}");
            }
        }
        let events = case.get("events").map_or(0, |events| events.as_array().unwrap().len());
        assert_eq!(case.events().len(), events, "{}", case.str("name"));
    }
}
