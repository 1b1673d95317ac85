//! What servers owe to peers that are silent or slow, with [`TIMEOUTS`]; each is told of by its name.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use wsproto::deadlines::Timeouts;

use super::{UPGRADE, tcp};

pub const SILENCE: Duration = Duration::from_millis(400);
pub const PONG: Duration = Duration::from_millis(600);
pub const TIMEOUTS: Timeouts = Timeouts::new()
    .with_opening(Some(Duration::from_millis(900)))
    .with_silence(Some(SILENCE))
    .with_pong(Some(PONG))
    .with_write(Some(Duration::from_secs(10)));

pub fn asks_a_silent_peer_and_gives_it_up(name: &str, address: &str) {
    let mut socket = open(tcp(address));
    let begin = Instant::now();
    let (first_byte, payload) = frame(&mut socket).unwrap();
    let asked = begin.elapsed();
    assert!(
        (first_byte, payload.len()) == (0x89, 4) && asked + Duration::from_millis(100) > SILENCE,
        "{name}"
    );
    // A Pong keeps it, for as long again.
    socket.write_all(&masked(0x8a, &payload)).unwrap();
    let begin = Instant::now();
    assert_eq!(frame(&mut socket).unwrap().0, 0x89, "{name}");
    assert!(begin.elapsed() + Duration::from_millis(100) > SILENCE, "{name}");
    let mut end = frame(&mut socket);
    if name == "broadcast" {
        // It says why.
        assert_eq!(end, Some((0x88, 1011_u16.to_be_bytes().to_vec())));
        end = frame(&mut socket);
    }
    assert_eq!(end, None, "{name}");
    let given_up = begin.elapsed();
    assert!(given_up + Duration::from_millis(200) > SILENCE + PONG, "{name}: {given_up:?}");
    assert!(given_up < Duration::from_secs(8), "{name}: {given_up:?}");
}

/// A frame that comes byte by byte is no silence, however long that takes.
pub fn takes_each_byte_as_a_sign_of_life(name: &str, address: &str) {
    let mut socket = open(tcp(address));
    for byte in masked(0x81, b"Hello") {
        socket.write_all(&[byte]).unwrap();
        thread::sleep(Duration::from_millis(150));
    }
    let echo = loop {
        match frame(&mut socket) {
            Some((0x89, _)) => {} // the machine was slow
            echo => break echo,
        }
    };
    assert_eq!(echo, Some((0x81, b"Hello".to_vec())), "{name}");
}

/// Who reads slowly has much to read, and answers no Ping before. That is no silence as long as something is taken.
pub fn keeps_a_slow_reader(name: &str, address: &str) {
    let mut socket = open(tcp(address));
    // As much as goes: the server has answers that nobody takes, and reads no more.
    let frame = [b"\x82\xfe\xff\xff\0\0\0\0".as_slice(), &vec![7; 65_535]].concat();
    socket.set_nonblocking(true).unwrap();
    let (mut written, mut progress) = (0, Instant::now());
    while progress.elapsed() < Duration::from_millis(300) {
        match socket.write(&frame[written % frame.len()..]) {
            Ok(n) => (written, progress) = (written + n, Instant::now()),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
        assert!(written < 100_000_000, "{name}");
    }
    socket.set_nonblocking(false).unwrap();
    // It takes a little now and then, for several times as long as a silent one is kept.
    let mut writer = socket.try_clone().unwrap();
    let rest = frame[written % frame.len()..].to_vec();
    let messages = (written + rest.len()) / frame.len();
    let begin = Instant::now();
    let mut taken = vec![0; 20_000];
    let mut received = 0;
    while begin.elapsed() < 3 * (SILENCE + PONG) {
        socket.read_exact(&mut taken).unwrap_or_else(|error| panic!("{name} has dropped it: {error}"));
        received += taken.len();
        thread::sleep(Duration::from_millis(250));
    }
    // Then all of it. A Ping among it is one of the deadlines' at most each second.
    let sending = thread::spawn(move || writer.write_all(&rest));
    let echoes = messages * (4 + 65_535);
    while received < echoes {
        received += socket.read(&mut taken).unwrap_or_else(|error| panic!("{name} has dropped it: {error}"));
    }
    sending.join().unwrap().unwrap();
    socket.write_all(&masked(0x81, b"here")).unwrap();
    let mut end = Vec::new();
    while !end.ends_with(b"\x81\x04here") {
        let n = socket.read(&mut taken).unwrap_or_else(|error| panic!("{name} has dropped it: {error}"));
        assert!(n > 0, "{name} has dropped it");
        end.extend(&taken[..n]);
    }
}

/// One that sends its request byte by byte has the same time as any other.
pub fn has_one_deadline_for_an_opening_handshake(name: &str, address: &str) {
    let mut socket = tcp(address);
    let begin = Instant::now();
    for byte in UPGRADE {
        if socket.write_all(&[*byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    // 16 seconds, if nobody minds.
    assert!(begin.elapsed() < Duration::from_secs(8), "{name}");
}

/// A connection behind its opening handshake.
pub fn open(mut socket: TcpStream) -> TcpStream {
    socket.write_all(UPGRADE).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    socket
}

/// Reads a short frame; gives nothing at the transport's end.
pub fn frame(socket: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 2];
    match socket.read_exact(&mut header) {
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
            return None;
        }
        read => read.unwrap(),
    }
    let mut payload = vec![0; usize::from(header[1])];
    socket.read_exact(&mut payload).unwrap();
    Some((header[0], payload))
}

pub fn masked(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).unwrap();
    [&[first_byte, 0x80 | len, 0, 0, 0, 0], payload].concat()
}
