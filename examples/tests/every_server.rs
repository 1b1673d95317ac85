//! What every server among the examples has to do, each as the program it is.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::{PATIENCE, Program, UPGRADE, exchange, tcp};
use tungstenite::{Message, client};

const ECHO_STD: &str = env!("CARGO_BIN_EXE_echo_std");
const PROXY: &str = env!("CARGO_BIN_EXE_proxy");

const SERVERS: [&str; 9] = [
    ECHO_STD,
    env!("CARGO_BIN_EXE_echo_turn"),
    env!("CARGO_BIN_EXE_echo_tokio"),
    env!("CARGO_BIN_EXE_echo_mio"),
    env!("CARGO_BIN_EXE_embedded_io"),
    env!("CARGO_BIN_EXE_broadcast"),
    env!("CARGO_BIN_EXE_chat_tokio"),
    env!("CARGO_BIN_EXE_autobahn_server"),
    PROXY,
];

/// A server, its address, and what it is a proxy for.
fn serve(path: &str, descriptors: Option<usize>) -> (Program, String, Option<Program>) {
    let upstream = (path == PROXY).then(|| Program::serve(ECHO_STD));
    let arguments: Vec<&str> = upstream.iter().map(|(_, address)| address.as_str()).collect();
    let (program, address) = match descriptors {
        None => Program::serve_with(path, &arguments),
        Some(limit) => {
            let script = format!("ulimit -n {limit}; exec {path} \"$@\"");
            let arguments = [&["-c", &script, "sh", "127.0.0.1:0"], &arguments[..]].concat();
            let mut program = Program::start("sh", &arguments);
            let address = program.address();
            (program, address)
        }
    };
    (program, address, upstream.map(|(program, _)| program))
}

/// The peer is told of its fault by a Close frame, and so is whoever reads the server's stderr.
#[test]
fn a_fault_is_told_to_the_peer_and_is_seen() {
    for path in SERVERS {
        let (mut program, address, _upstream) = serve(path, None);
        let errors = BufReader::new(program.0.stderr.take().unwrap());
        let (seen, is_seen) = mpsc::channel();
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // By `Display`, or by `Debug` where there is no other.
                if line.contains("not masked") || line.contains("UnmaskedFrame") {
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
}

/// A client need not wait for the answer to its opening handshake: what comes in one packet with it is not lost.
#[test]
fn what_comes_with_the_request_is_kept() {
    for path in SERVERS {
        let (_program, address, _upstream) = serve(path, None);
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
        if path == PROXY {
            // In pieces, of which the first is enough.
            socket.read_exact(&mut echo[..4]).unwrap();
            assert!(matches!(echo[0], 0x82 | 0x02), "{path}");
            continue;
        }
        socket.read_exact(&mut echo).unwrap();
        let expected = [b"\x82\x7e", &len.to_be_bytes()[..], &payload].concat();
        assert!(echo == expected, "{path}");
    }
}

/// Who can accept no more, for want of file descriptors, neither ends nor spins, and serves again when there are some.
#[cfg(target_os = "linux")]
#[test]
fn a_lack_of_descriptors_passes() {
    for path in SERVERS {
        let (program, _, upstream) = serve(path, None);
        let used: Vec<usize> = std::fs::read_dir(format!("/proc/{}/fd", program.0.id()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
            .collect();
        drop((program, upstream));

        // Enough for three connections.
        let limit = (0..).filter(|descriptor| !used.contains(descriptor)).nth(3);
        let (mut program, address, _upstream) = serve(path, limit);
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
}

#[cfg(target_os = "linux")]
fn is_served(address: &str) -> bool {
    let Ok((mut socket, _)) = client(format!("ws://{address}/"), tcp(address)) else { return false };
    let message = Message::text("served");
    socket.send(message.clone()).is_ok() && socket.read().is_ok_and(|echo| echo == message)
}

/// How long the program has been running on a processor.
#[cfg(target_os = "linux")]
fn cpu_time(program: &Program) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.0.id())).unwrap();
    // Behind the name, which may hold anything: field 3 and on. 14 and 15 are the times of user and system.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}
