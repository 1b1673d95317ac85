//! What the tests stand on: a server of their own each, and clients. Whatever is waited for has a deadline.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{ClientRequestBuilder, Message, WebSocket};

const DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// A running server, which ends with its owner, also when a test panics.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts one on a free port, with more arguments than that.
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(chat_demo().args(["--listen", "127.0.0.1:0"]).args(arguments))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let log = Arc::<Mutex<String>>::default();
        let mut errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let written = Arc::clone(&log);
        // Ends when the server does.
        std::thread::spawn(move || {
            let mut line = String::new();
            while errors.read_line(&mut line).is_ok_and(|len| len > 0) {
                written.lock().expect("no panic").push_str(&std::mem::take(&mut line));
            }
        });
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut url).expect("a line");
        let address = url.trim().strip_prefix("http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an address, not {url:?}: {}", log.lock().unwrap()));
        Self { child, address, log }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream.set_write_timeout(Some(DEADLINE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// Sends a request and gives the whole answer.
    pub fn request(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("sent");
        read_to_end(&mut stream)
    }

    pub fn get(&self, path: &str) -> String {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address))
    }

    /// The answer to an upgrade with these header fields as well, each ended by CR LF.
    pub fn upgrade(&self, path: &str, fields: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(self.upgrade_head(path, fields).as_bytes()).expect("sent");
        read_head(&mut stream)
    }

    pub fn upgrade_head(&self, path: &str, fields: &str) -> String {
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n",
            self.port()
        )
    }

    /// A raw socket behind the opening handshake.
    pub fn raw(&self, fields: &str) -> TcpStream {
        self.raw_over(self.connect(), fields)
    }

    /// The same, over a socket with little room to receive into, so that little lies between the server and its reader.
    pub fn narrow(&self, fields: &str) -> TcpStream {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(16 * 1024)?;
            socket.connect(self.address).await?.into_std()
        });
        let stream = stream.expect("a connection");
        stream.set_nonblocking(false).expect("blocking");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        self.raw_over(stream, fields)
    }

    fn raw_over(&self, mut stream: TcpStream, fields: &str) -> TcpStream {
        stream.write_all(self.upgrade_head("/ws", fields).as_bytes()).expect("sent");
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        stream
    }

    /// A client behind the opening handshake, nothing read yet.
    pub fn client(&self, subprotocols: &[&str]) -> Client {
        let uri = format!("ws://{}/", self.address).parse().expect("a URI");
        let request = subprotocols
            .iter()
            .fold(ClientRequestBuilder::new(uri), |request, name| request.with_sub_protocol(*name));
        let (socket, response) = tungstenite::client(request, self.connect()).expect("an upgrade");
        let subprotocol = response.headers().get("Sec-WebSocket-Protocol");
        Client { socket, subprotocol: subprotocol.map(|name| name.to_str().expect("ASCII").to_owned()) }
    }

    /// A client of that subprotocol, with the history that it got.
    pub fn join(&self, subprotocol: &str) -> (Client, Value) {
        let mut client = self.client(&[subprotocol]);
        assert_eq!(client.subprotocol.as_deref(), Some(subprotocol));
        let first = client.next();
        assert!(first["msg"].is_array(), "the history comes first, not {first}");
        (client, first)
    }

    /// How many are in the room, with whoever asks.
    pub fn online(&self) -> u64 {
        self.join("json-delta").0.next_with("online")["online"].as_u64().expect("a number")
    }

    /// What it holds of the machine's memory, in KiB.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// The first line of the log that has these words; it may be still to come.
    pub fn log_line(&self, words: &str) -> String {
        until(&format!("a log of {words:?}"), || {
            self.log.lock().unwrap().lines().find(|line| line.contains(words)).map(str::to_owned)
        })
    }

    pub fn count_in_log(&self, words: &str) -> usize {
        self.log.lock().unwrap().matches(words).count()
    }

    pub fn wait_for_log(&self, words: &str) {
        self.log_line(words);
    }

    /// Sends it a signal: `TERM`, `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        // Every shell has `kill`; not every machine has it as a program.
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().expect("sh").success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        until("the server ends", || self.child.try_wait().expect("a status"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A WebSocket client that we did not write.
pub struct Client {
    pub socket: WebSocket<TcpStream>,
    pub subprotocol: Option<String>,
}

impl Client {
    pub fn post(&mut self, user: &str, text: &str) {
        self.send(&json!({ "user": user, "text": text }).to_string());
    }

    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("sent");
    }

    /// The next message, as JSON.
    pub fn next(&mut self) -> Value {
        loop {
            match self.socket.read().expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The next message that has this field, without those before it.
    pub fn next_with(&mut self, field: &str) -> Value {
        loop {
            let value = self.next();
            if value.get(field).is_some() {
                return value;
            }
        }
    }

    /// The code of the server's Close frame, behind whatever else it had to say; then the end without a reset.
    pub fn close_code(&mut self) -> u16 {
        let code = loop {
            if let Message::Close(close) = self.socket.read().expect("a Close frame") {
                break close.map_or(CloseCode::Status, |close| close.code);
            }
        };
        loop {
            match self.socket.read() {
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed) => return code.into(),
                Err(error) => panic!("not a clean end: {error}"),
            }
        }
    }
}

/// The binary, with nothing of our environment that it looks at.
pub fn chat_demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-demo"));
    command.env_remove("PORT").stdin(Stdio::null());
    command
}

/// A client's frame of up to 125 bytes, with a masking key of zeros: one that changes nothing.
pub fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("a short payload");
    [&[first_byte, 0x80 | len, 0, 0, 0, 0], payload].concat()
}

/// Reads a server's frame: its first byte and its payload.
pub fn read_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut header = [0; 2];
    stream.read_exact(&mut header).expect("a frame");
    let len = match header[1] {
        126 => {
            let mut len = [0; 2];
            stream.read_exact(&mut len).expect("a length");
            usize::from(u16::from_be_bytes(len))
        }
        127 => {
            let mut len = [0; 8];
            stream.read_exact(&mut len).expect("a length");
            usize::try_from(u64::from_be_bytes(len)).expect("a length")
        }
        len => usize::from(len),
    };
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).expect("a payload");
    (header[0], payload)
}

/// Reads to the blank line, and not a byte further.
pub fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("ASCII")
}

/// Reads to an end without a reset.
pub fn read_to_end(stream: &mut TcpStream) -> String {
    String::from_utf8(read_on(stream).expect("a clean end")).expect("UTF-8")
}

/// Reads and forgets until the connection has ended, in whatever way.
pub fn wait_for_end(stream: &mut TcpStream) {
    if let Err(error) = read_on(stream) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it does not end: {error}");
    }
}

/// Reads to the end, for a bounded time also when there is always more.
fn read_on(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (start, mut all, mut buffer) = (Instant::now(), Vec::new(), [0; 4096]);
    while start.elapsed() < DEADLINE {
        match stream.read(&mut buffer)? {
            0 => return Ok(all),
            len => all.extend_from_slice(&buffer[..len]),
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// Asks again and again, and gives the first answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(POLL);
    }
}
