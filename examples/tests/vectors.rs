//! The table of `wsproto/tests/vectors` against the echo example, over real sockets: all cases for a server with default
//! limits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use wsproto_test::vectors::{Case, all_bytes, cases, latin1};

/// For every read: an example that hangs fails its test.
const PATIENCE: Duration = Duration::from_secs(20);

const UPGRADE: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The echo server on a free port; it ends with the test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        // It tells of each connection that fails, and nobody reads that.
        command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ws://").unwrap().to_owned();
        Self { process, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn each_case_for_a_server_over_a_socket() {
    let server = Server::start(env!("CARGO_BIN_EXE_echo_std"));
    let (mut ran, mut exchanges) = (0, 0);
    for case in &cases() {
        let is_ours = case.get("role").is_some_and(|role| role == "server");
        // The example never begins to close, and its limits can't be set.
        if !is_ours || case.contains_key("config") || case.contains_key("starts") {
            continue;
        }
        let input = all_bytes(&case["in"]);
        for pieces in pieces(input.len(), ran) {
            frames(&server, case, &input, &pieces);
            exchanges += 1;
        }
        ran += 1;
    }
    assert!(ran >= 200, "{ran} cases");
    println!("{ran} cases, {exchanges} connections");
}

/// Sends the opening handshake, then the case in pieces; checks all that comes back.
fn frames(server: &Server, case: &Case, input: &[u8], ends: &[usize]) {
    let how = format!("{}, {} pieces, {} bytes first", case.str("name"), ends.len(), ends[0]);
    let mut stream = server.connect();
    stream.write_all(UPGRADE).unwrap();
    let head = read_head(&mut stream);
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{how}");

    send(&mut stream, input, ends);
    if !case.contains_key("close") {
        // It is for us to end this. Otherwise the server does, without waiting.
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let mut out = Vec::new();
    stream.read_to_end(&mut out).unwrap_or_else(|error| panic!("{how}: {error}"));
    if case.contains_key("fails") {
        out = without_reason(&out);
    }
    assert!(out == all_bytes(&case["out"]), "{how}: {out:02x?}");
    if let Some(code) = case.get("close").and_then(Value::as_u64) {
        let code = u16::try_from(code).unwrap().to_be_bytes();
        assert!(out.ends_with(&[0x88, 2, code[0], code[1]]), "{how}: {out:02x?}");
    }
}

#[test]
fn each_request_over_a_socket() {
    let server = Server::start(env!("CARGO_BIN_EXE_echo_turn"));
    for (nth, case) in cases().iter().filter(|case| case.contains_key("request")).enumerate() {
        // The example speaks no subprotocol, and its limits can't be set.
        if case.contains_key("speaks") || case.contains_key("limits") {
            continue;
        }
        let request = latin1(case.str("request"));
        for ends in pieces(request.len(), nth) {
            answered(&server, case, &request, &ends);
        }
    }
}

fn answered(server: &Server, case: &Case, request: &[u8], ends: &[usize]) {
    let how = format!("{}, {} pieces, {} bytes first", case.str("name"), ends.len(), ends[0]);
    let mut stream = server.connect();
    send(&mut stream, request, ends);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("{how}: {error}"));
    let answer = String::from_utf8_lossy(&answer);
    let status = match case.str("outcome") {
        "incomplete" => return assert!(answer.is_empty(), "{how}: {answer}"),
        "ordinary" => 404,
        _ => case["status"].as_u64().unwrap(),
    };
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{how}: {answer}");
    for (name, value) in case.get("fields").and_then(Value::as_object).into_iter().flatten() {
        // The table is of a server without extensions; the example speaks one.
        if name == "Sec-WebSocket-Extensions" {
            continue;
        }
        let fields = answer.lines().filter_map(|line| line.split_once(": "));
        let values: Vec<_> =
            fields.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, v)| v).collect();
        assert_eq!(values, value.as_str().into_iter().collect::<Vec<_>>(), "{how}: {name}");
    }
}

/// Whole, byte by byte if it is short, and cut in two at some bytes: a sample that is another one for each case.
fn pieces(len: usize, nth: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![len]];
    if len <= 64 {
        all.push((1..=len).chain([len]).collect());
    }
    all.extend([1, 2, 3 + nth % 5, len / 2, len.saturating_sub(1)].map(|at| vec![at.min(len), len]));
    all.sort();
    all.dedup();
    all
}

/// Writes `bytes` in pieces, with a pause between them so that the server reads them apart, mostly.
fn send(stream: &mut TcpStream, bytes: &[u8], ends: &[usize]) {
    let mut start = 0;
    for &end in ends {
        // Who fails at once may have stopped reading.
        if stream.write_all(&bytes[start..end]).is_err() {
            break;
        }
        start = end;
        if end < bytes.len() {
            thread::sleep(Duration::from_micros(if ends.len() == 2 { 500 } else { 50 }));
        }
    }
}

/// The answer to the opening handshake, byte by byte: what follows it belongs to the connection.
fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let deadline = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(Instant::now() < deadline);
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    head
}

/// The frames of `out`, the reason cut off from the last one, a Close frame: the table leaves it open.
fn without_reason(out: &[u8]) -> Vec<u8> {
    let mut last = 0;
    let mut at = 0;
    while at < out.len() {
        last = at;
        let (header, len) = match out[at + 1] {
            126 => (4, usize::from(u16::from_be_bytes([out[at + 2], out[at + 3]]))),
            127 => {
                (10, usize::try_from(u64::from_be_bytes(out[at + 2..at + 10].try_into().unwrap())).unwrap())
            }
            len => (2, usize::from(len)),
        };
        at += header + len;
    }
    assert_eq!(out[last], 0x88);
    let mut kept = out[..last + 4].to_vec();
    kept[last + 1] = 2;
    kept
}
