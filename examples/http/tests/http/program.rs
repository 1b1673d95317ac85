//! An example, run as the program that it is.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Program {
    child: Child,
    /// Host and port.
    pub address: String,
}

impl Program {
    /// Starts it on a free port.
    pub fn start(path: &str) -> Self {
        Self::start_with(path, &[])
    }

    /// The same, with more arguments.
    pub fn start_with(path: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path);
        command.arg("127.0.0.1:0").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let scheme = if arguments.is_empty() { "ws" } else { "wss" };
        let said = line.trim().strip_prefix(&format!("listening on {scheme}://"));
        let address = said.expect("its address").to_owned();
        Self { child, address }
    }

    /// Waits until it has said on stderr what contains this.
    pub fn wait_for_error(&mut self, words: &'static str) {
        let errors = BufReader::new(self.child.stderr.take().unwrap());
        let (found, is_found) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            if errors.lines().map_while(Result::ok).any(|line| line.contains(words)) {
                let _ = found.send(());
            }
        });
        assert!(is_found.recv_timeout(Duration::from_secs(9)).is_ok(), "it does not say: {words}");
    }

    /// Asks it to stop, as an operating system does.
    pub fn terminate(&self) {
        // The shell's own `kill`: the program is not everywhere.
        let command = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Waits until it has come to its end.
    pub fn wait(mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < Duration::from_secs(9), "it does not end");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
