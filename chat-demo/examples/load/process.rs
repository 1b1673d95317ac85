//! The server under load: its start and its end, and what it uses.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pid: Option<u32>,
    /// Ours to end.
    child: Option<Child>,
}

/// What a process has used so far, as Linux tells it.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// In bytes, of those that are in memory.
    pub(crate) memory: u64,
    /// In hundredths of a second.
    cpu: u64,
}

impl Server {
    pub(crate) fn running(address: SocketAddr, pid: Option<u32>) -> Self {
        Self { address, pid, child: None }
    }

    /// Builds the server as this program was built, and starts it on a free port.
    pub(crate) fn start(connections: u32) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").ok_or("run it by cargo, or name a server: --connect")?;
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "chat-demo", "--bin", "chat-demo"]);
        build.args((!cfg!(debug_assertions)).then_some("--release"));
        if !build.status()?.success() {
            return Err("the server could not be built".into());
        }
        let program = std::env::current_exe()?;
        let folder = program.parent().and_then(|examples| examples.parent()).ok_or("no folder")?;
        let mut child = Command::new(folder.join("chat-demo"))
            .args(["--listen", "127.0.0.1:0", "--log", "warn", "--max-connections"])
            .arg(connections.to_string())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("a pipe")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://").ok_or("the server did not start")?.parse()?;
        Ok(Self { address, pid: Some(child.id()), child: Some(child) })
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        let folder = format!("/proc/{}", self.pid?);
        let status = std::fs::read_to_string(format!("{folder}/status")).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = memory.trim().trim_end_matches(" kB").parse().ok()?;
        let stat = std::fs::read_to_string(format!("{folder}/stat")).ok()?;
        // Behind the name, which may hold anything: field 3 and on. 14 and 15 are the times of user and system.
        let mut times =
            stat.rsplit_once(')')?.1.split_whitespace().skip(11).map_while(|time| time.parse::<u64>().ok());
        Some(Usage { memory: kibibytes * 1024, cpu: times.next()? + times.next()? })
    }
}

impl Usage {
    /// The share of one core, in percent.
    pub(crate) fn load(before: Self, after: Self, time: Duration) -> f64 {
        Duration::from_millis(10 * (after.cpu - before.cpu)).div_duration_f64(time) * 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Fails only when it has ended already, which the summary tells.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
