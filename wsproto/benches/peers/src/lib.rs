//! What the benchmarks share: programs started on one core, connections to them, and the page of results.

pub mod load;
pub mod page;
pub mod plot;

use std::fs;
use std::future::Future;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// The servers' core, and the one that the load comes from.
const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;

/// Runs an echo server on tokio with one thread, since it has one core; says where it listens.
pub fn serve<F: Future<Output = ()> + Send + 'static>(converse: impl Fn(tokio::net::TcpStream) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("listening on ws://{}", listener.local_addr().expect("an address"));
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            tokio::spawn(converse(stream));
        }
    });
}

/// Allows as many open files as the system does, here and in the programs that are started.
pub fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to the hard limit");
}

/// Keeps this program to the core that the load comes from, and off the servers'.
pub fn take_load_core() {
    let mut cores = CpuSet::new();
    cores.set(LOAD_CORE);
    sched_setaffinity(None, &cores).expect("two cores");
}

/// A server on its core, which ends with this.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Starts a program, given with its arguments, if not only with an address on which the system chooses the port. It
    /// prints where it listens as a URI, somewhere in its first line.
    pub fn start(program: &str) -> Self {
        let core = SERVER_CORE.to_string();
        let mut command = Command::new("taskset");
        command.args(["-c", &core]).args(program.split(' '));
        if !program.contains(' ') {
            command.arg("127.0.0.1:0");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.spawn().expect("taskset, of util-linux");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
        let address = line.split("://").nth(1).unwrap_or_else(|| panic!("{program}: {line:?}"));
        let address = address.split(['/', ' ', '\n']).next().unwrap_or_default().to_owned();
        Self { child, address }
    }

    /// What it has spent of its core so far: in all, and of that in itself, outside the system.
    pub fn cpu_time(&self) -> (Duration, Duration) {
        let stat = self.proc("stat");
        // Behind the name, which may have spaces in it: `utime` and `stime`, in ticks of 10 ms.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let [user, system] =
            [11, 12].map(|at| fields[at].parse().map(Duration::from_millis).expect("a number"));
        ((user + system) * 10, user * 10)
    }

    /// The memory that it has in use, in bytes.
    pub fn resident(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let kilobytes: u64 = line.split_whitespace().nth(1).expect("a size").parse().expect("a number");
        kilobytes * 1024
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the server runs")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens a WebSocket connection.
pub fn connect(address: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a server");
    // No echo server sends a frame before it gets one, so that nothing is read too much.
    let (mut head, mut filled) = ([0; 4096], 0);
    while !head[..filled].windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let n = stream.read(&mut head[filled..]).expect("an answer");
        assert!(n > 0, "no answer");
        filled += n;
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head[..filled]));
    stream
}
