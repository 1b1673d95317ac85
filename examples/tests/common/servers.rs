//! What servers have to do, each as the program at a path, which takes an address and more arguments.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, client};

use super::{PATIENCE, Program, UPGRADE, connect, exchange, tcp};

pub fn serves_echoes(path: &str) {
    let (_program, address) = Program::serve(path);

    let mut socket = connect(&address);
    let messages = [
        Message::text("Hello"),
        Message::text("κόσμε".repeat(10_000)),
        Message::binary((0..=255).cycle().take(300_000).collect::<Vec<u8>>()),
        Message::text(""),
    ];
    for message in &messages {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), *message);
    }
    // Each Ping has its Pong, in its place.
    for message in [Message::Ping("one".into()), Message::Ping("two".into()), Message::text("three")] {
        socket.write(message).unwrap();
    }
    socket.flush().unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("one".into()));
    assert_eq!(socket.read().unwrap(), Message::Pong("two".into()));
    assert_eq!(socket.read().unwrap(), Message::text("three"));
    // It is the server that ends the transport.
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("a Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
}

pub fn keeps_to_the_rules(path: &str) {
    let (_program, address) = Program::serve(path);

    // Frames that come with the request, and are cut anywhere: "Hello" and a Close frame, masked with zeros.
    let frames = [b"\x81\x85\0\0\0\0Hello".as_slice(), b"\x88\x82\0\0\0\0\x03\xe8"].concat();
    let all = [UPGRADE, &frames].concat();
    for at in [all.len(), all.len() - 1, UPGRADE.len() - 1, UPGRADE.len() + 3, 9] {
        let (front, back) = all.split_at(at);
        let answer = exchange(&address, &[front, back]);
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        assert!(answer.ends_with(b"\r\n\r\n\x81\x05Hello\x88\x02\x03\xe8"), "{answer:02x?}");
    }
    // A frame that is not masked, and more bytes that nobody reads: the Close frame arrives in spite of them.
    let noise = vec![0; 100_000];
    let answer = exchange(&address, &[UPGRADE, b"\x81\x05Hello", &noise]);
    let close = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    assert_eq!((answer[close], answer[close + 2], answer[close + 3]), (0x88, 0x03, 0xEA), "1002");

    let page = exchange(&address, &[b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"]);
    // The engine's programs answer as they like; wsproto-blocking says what it speaks.
    let status: &[u8] = if path.ends_with("echo_std") { b"HTTP/1.1 426 " } else { b"HTTP/1.1 404 " };
    assert!(page.starts_with(status));
    let old = String::from_utf8_lossy(UPGRADE).replace("Version: 13", "Version: 8");
    assert!(exchange(&address, &[old.as_bytes()]).starts_with(b"HTTP/1.1 426 "));
    assert!(exchange(&address, &[&[b'x'; 8192]]).starts_with(b"HTTP/1.1 431 "));
}

/// Who does not read is not heard: its bytes stay where they are, and others are served meanwhile.
pub fn waits_for_those_that_do_not_read(path: &str) {
    let (_program, address) = Program::serve(path);
    let mut silent = tcp(&address);
    silent.write_all(UPGRADE).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        silent.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    // Until nothing has moved for a while: what lies between, and one message that the server has, are full.
    let payload = vec![7; 500_000];
    let frame = [b"\x82\xff\0\0\0\0\0\x07\xa1\x20\0\0\0\0".as_slice(), &payload].concat();
    silent.set_nonblocking(true).unwrap();
    let (mut written, mut last_progress) = (0, Instant::now());
    while last_progress.elapsed() < Duration::from_millis(500) {
        match silent.write(&frame[written % frame.len()..]) {
            Ok(n) => (written, last_progress) = (written + n, Instant::now()),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
        assert!(written < 100_000_000, "one who reads nothing is heard");
    }
    let mut other = connect(&address);
    other.send(Message::text("served")).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("served"));
    // Once it reads, nothing is lost.
    silent.set_nonblocking(false).unwrap();
    let mut writer = silent.try_clone().unwrap();
    let rest = frame[written % frame.len()..].to_vec();
    let messages = (written + rest.len()) / frame.len();
    thread::spawn(move || writer.write_all(&rest).unwrap());
    for _ in 0..messages {
        let mut echo = vec![0; 10 + payload.len()];
        silent.read_exact(&mut echo).unwrap();
        assert!(echo[..10] == *b"\x82\x7f\0\0\0\0\0\x07\xa1\x20" && echo[10..] == payload);
    }
}

/// The peer is told of its fault by a Close frame, and so is whoever reads the server's stderr.
pub fn tells_of_a_fault(path: &str, arguments: &[&str]) {
    let (mut program, address) = Program::serve_with(path, arguments);
    let errors = BufReader::new(program.0.stderr.take().unwrap());
    let (seen, is_seen) = mpsc::channel();
    thread::spawn(move || {
        for line in errors.lines().map_while(Result::ok) {
            if line.contains("not masked") {
                let _ = seen.send(());
            }
        }
    });
    // A frame that is not masked, behind one that is, and more bytes that nobody reads.
    let noise = vec![0; 100_000];
    let answer = exchange(&address, &[UPGRADE, b"\x81\x82\0\0\0\0hi", b"\x81\x05Hello", &noise]);
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    // Of a broadcast or a proxy the echo may be late.
    let close = answer[head..].strip_prefix(b"\x81\x02hi").unwrap_or(&answer[head..]);
    assert_eq!((close[0], &close[2..4]), (0x88, &1002_u16.to_be_bytes()[..]), "{path}: {close:02x?}");
    assert_eq!(close.len(), 2 + usize::from(close[1]), "{path}: nothing comes behind it");
    assert!(is_seen.recv_timeout(PATIENCE).is_ok(), "{path} does not tell of it");
    assert!(is_seen.recv_timeout(Duration::from_millis(50)).is_err(), "{path} tells of it twice");
}

/// A client need not wait for the answer to its opening handshake: what comes in one packet with it is not lost.
pub fn keeps_what_comes_with_the_request(path: &str, arguments: &[&str]) {
    let (_program, address) = Program::serve_with(path, arguments);
    // A head and what comes with it are 2 KiB at the most for one of them, and 8 KiB for the others.
    let len: u16 = if path.ends_with("embedded_io") { 1_500 } else { 7_000 };
    let payload: Vec<u8> = (0..=250).cycle().take(len.into()).collect();
    let frame = [b"\x82\xfe", &len.to_be_bytes()[..], &[0; 4], &payload].concat();
    let mut socket = tcp(&address);
    socket.write_all(&[UPGRADE, &frame].concat()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.resize(answer.len() + 1, 0);
        socket.read_exact(answer.last_mut().map(std::slice::from_mut).unwrap()).unwrap();
    }
    let mut echo = vec![0; 4 + payload.len()];
    if path.ends_with("proxy") {
        // In pieces, of which the first is enough.
        socket.read_exact(&mut echo[..4]).unwrap();
        assert!(matches!(echo[0], 0x82 | 0x02), "{path}");
        return;
    }
    socket.read_exact(&mut echo).unwrap();
    let expected = [b"\x82\x7e", &len.to_be_bytes()[..], &payload].concat();
    assert!(echo == expected, "{path}");
}

/// Who can accept no more, for want of file descriptors, neither ends nor spins, and serves again when there are some.
pub fn lives_through_a_lack_of_descriptors(path: &str, arguments: &[&str]) {
    let (program, _) = Program::serve_with(path, arguments);
    let used: Vec<usize> = std::fs::read_dir(format!("/proc/{}/fd", program.0.id()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    drop(program);

    // Few, and enough for a connection that needs three, beside the one that Linux reserves for an `accept` that waits.
    let limit = (0..).filter(|descriptor| !used.contains(descriptor)).nth(4);
    let (mut program, address) = serve_with_few_descriptors(path, arguments, limit.unwrap());
    // Who waits for a reader of its errors does not spin.
    let mut errors = program.0.stderr.take().unwrap();
    thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
    let crowd: Vec<_> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    thread::sleep(Duration::from_millis(300));
    let before = cpu_time(&program);
    thread::sleep(Duration::from_secs(1));
    let used = cpu_time(&program).saturating_sub(before);
    assert!(used < Duration::from_millis(50), "{path} spins: {used:?}");
    assert!(program.0.try_wait().unwrap().is_none(), "{path} has ended");

    drop(crowd);
    // Not at once: the crowd has to be gone first, and a connection of two descriptors may find but one.
    let deadline = Instant::now() + PATIENCE;
    while !is_served(&address) {
        assert!(Instant::now() < deadline, "{path} serves nobody any more");
        thread::sleep(Duration::from_millis(50));
    }
}

fn serve_with_few_descriptors(path: &str, arguments: &[&str], limit: usize) -> (Program, String) {
    let script = format!("ulimit -n {limit}; exec {path} \"$@\"");
    let mut program = Program::start("sh", &[&["-c", &script, "sh", "127.0.0.1:0"], arguments].concat());
    let address = program.address();
    (program, address)
}

fn is_served(address: &str) -> bool {
    let Ok((mut socket, _)) = client(format!("ws://{address}/"), tcp(address)) else { return false };
    let message = Message::text("served");
    socket.send(message.clone()).is_ok() && socket.read().is_ok_and(|echo| echo == message)
}

/// How long the program has been running on a processor.
fn cpu_time(program: &Program) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.0.id())).unwrap();
    // Behind the name, which may hold anything: field 3 and on. 14 and 15 are the times of user and system.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

/// Who is refused reads why, and HEAD has the answer's fields without its body ([RFC 9110 §9.3.2]).
pub fn says_why_it_refuses(path: &str) {
    let (_program, address) = Program::serve(path);
    let ask = |request: &str| {
        let answer = String::from_utf8(exchange(&address, &[request.as_bytes()])).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    let (head, body) = ask("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert!(
        head.contains(&format!("\r\nContent-Length: {}", body.len())) && !body.is_empty(),
        "{path}: {head}"
    );
    let same = ask("HEAD / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert_eq!(same, (head, String::new()), "{path}");
    let upgrade = String::from_utf8_lossy(UPGRADE);
    for (wrong, status) in [("Version: 8", "426"), ("Key: dGhl", "400")] {
        let (name, _) = wrong.split_once(' ').unwrap();
        let start = upgrade.find(name).unwrap();
        let end = start + upgrade[start..].find('\r').unwrap();
        let (head, body) = ask(&format!("{}{wrong}{}", &upgrade[..start], &upgrade[end..]));
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")) && !body.is_empty(),
            "{path}: {head} {body}"
        );
    }
}
