//! Each deadline, by the clock.

mod common;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use common::{client, millis, pair_with, server, streams, timed};
use wsproto_blocking::{CloseCode, Deadline, Error, Input, Message, Options, Output, Split};

/// So much later than due is a busy machine's.
const SLACK: Duration = Duration::from_millis(900);

fn assert_took(begun: Instant, millis: u64) {
    let (took, time) = (begun.elapsed(), Duration::from_millis(millis));
    assert!(took >= time && took < time + SLACK, "{took:?} instead of {time:?}");
}

#[test]
fn a_silent_peer_is_sent_a_ping_and_its_answer_tells_the_latency() {
    let (mut server, mut client) = pair_with(&timed(|t| t.with_silence(millis(100))));
    let answering = thread::spawn(move || client.recv().map(|_| client));
    let begun = Instant::now();
    // Two Pings, and a message that ends this: the peer's own heartbeat is off by then.
    server.get_mut().set_nonblocking(true).unwrap();
    while server.latency().is_none() {
        assert!(matches!(server.recv(), Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock));
        assert!(begun.elapsed() < SLACK);
        thread::sleep(Duration::from_millis(1));
    }
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert!(server.latency().unwrap() < SLACK);
    drop(server);
    assert!(answering.join().unwrap().is_err());
}

#[test]
fn a_peer_that_answers_no_ping_is_given_up_and_told_so() {
    let (left, mut peer) = streams();
    let mut socket = server(left, &timed(|t| t.with_silence(millis(100)).with_pong(millis(200))));
    let begun = Instant::now();
    assert!(matches!(socket.recv(), Err(Error::Deadline(Deadline::Pong))));
    assert_took(begun, 300);
    assert!(matches!(socket.recv(), Err(Error::Deadline(Deadline::Pong))), "again");
    assert!(matches!(socket.send("late"), Err(Error::Deadline(Deadline::Pong))));
    drop(socket);
    let mut told = Vec::new();
    peer.read_to_end(&mut told).unwrap();
    assert_eq!(told[..2], *b"\x89\x04");
    assert_eq!(told[6..10], *b"\x88\x02\x03\xf3", "1011: {told:?}");
}

#[test]
fn any_byte_is_life() {
    let (left, mut peer) = streams();
    let mut socket = server(left, &timed(|t| t.with_silence(millis(150)).with_pong(millis(150))));
    let sending = thread::spawn(move || {
        peer.write_all(b"\x81\x94\0\0\0\0").unwrap();
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(30));
            peer.write_all(b"x").unwrap();
        }
        peer
    });
    assert_eq!(socket.recv().unwrap(), Some(Message::from("x".repeat(20))));
    drop(sending.join().unwrap());
}

/// Nobody listens, so the silence says nothing; the Pongs lie in the socket.
#[test]
fn who_only_sends_gives_up_nobody() {
    let (mut server, client) = pair_with(&timed(|t| t.with_silence(millis(50)).with_pong(millis(50))));
    let mut client = client;
    let taking = thread::spawn(move || {
        for _ in 0..20 {
            client.recv().unwrap();
        }
        client
    });
    for _ in 0..20 {
        server.send("tick").unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let mut client = taking.join().unwrap();
    client.send("still there").unwrap();
    assert_eq!(server.recv().unwrap(), Some(Message::from("still there")));
}

#[test]
fn a_peer_that_takes_nothing_is_given_up_whatever_is_waited_for() {
    for by in ["send", "recv", "close"] {
        let (left, _peer) = streams();
        let mut socket = server(left, &timed(|t| t.with_write(millis(300)).with_silence(millis(100))));
        let mut begun = Instant::now();
        let big = vec![0; 64 << 20];
        let outcome = if by == "send" {
            socket.send(&big)
        } else {
            socket.feed(&big).unwrap();
            begun = Instant::now();
            if by == "recv" { socket.recv().map(|_| ()) } else { socket.close(CloseCode::NORMAL, "") }
        };
        assert!(matches!(outcome, Err(Error::Deadline(Deadline::Write))), "{by}: {outcome:?}");
        assert!(begun.elapsed() >= Duration::from_millis(300));
        assert_eq!(socket.unsent(), 0, "nothing is kept for nobody");
    }
}

#[test]
fn a_slow_reader_is_alive() {
    let (left, mut peer) = streams();
    let mut socket = server(left, &timed(|t| t.with_write(millis(400)).with_silence(millis(100))));
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while peer.read(&mut buffer).is_ok_and(|n| n > 0) {
            thread::sleep(Duration::from_millis(30));
        }
    });
    // At most 33 MB a second, apart from what the system keeps. That is nobody's to know, and grows.
    for megabytes in [16, 32, 64, 128, 256] {
        let begun = Instant::now();
        socket.send(vec![0; megabytes << 20]).unwrap();
        if begun.elapsed() > Duration::from_millis(800) {
            return;
        }
    }
    panic!("the system keeps it all: this shows nothing");
}

#[test]
fn a_close_frame_is_to_be_answered_in_time_and_a_flood_does_not_put_that_off() {
    for flood in [false, true] {
        let (left, mut peer) = streams();
        let mut socket = client(left, &timed(|t| t.with_closing(millis(300))));
        let flooding = thread::spawn(move || {
            while flood && peer.write_all(&b"\x89\x01x\x81\x02ok".repeat(100)).is_ok() {}
            peer
        });
        let begun = Instant::now();
        let closed = socket.close(CloseCode::NORMAL, "bye");
        assert!(matches!(closed, Err(Error::Deadline(Deadline::Closing))), "{closed:?}");
        assert_took(begun, 300);
        drop(socket);
        drop(flooding.join().unwrap());
    }
}

#[test]
fn the_transports_end_is_waited_for_and_missing_it_is_no_error_and_a_flood_does_not_put_that_off() {
    for flood in [false, true] {
        let (left, mut peer) = streams();
        let mut socket = server(left, &timed(|t| t.with_end(millis(300))));
        peer.write_all(b"\x88\x82\0\0\0\0\x03\xe8").unwrap();
        let flooding = thread::spawn(move || {
            while flood && peer.write_all(&[0; 10_000]).is_ok() {}
            peer
        });
        let begun = Instant::now();
        assert_eq!(socket.recv().unwrap(), None);
        assert_took(begun, 300);
        drop(socket);
        drop(flooding.join().unwrap());
    }
}

#[test]
fn each_deadline_can_be_turned_off() {
    let off = |options: Options| {
        let timeouts = *options.timeouts();
        let timeouts = timeouts.with_silence(None).with_pong(None).with_write(None).with_closing(None);
        options.with_timeouts(timeouts.with_end(None))
    };
    let (mut server, mut client) = pair_with(&off(Options::new()));
    assert_eq!(server.wake_up(), None);
    let waiting = thread::spawn(move || server.recv());
    thread::sleep(Duration::from_millis(100));
    assert!(!waiting.is_finished());
    client.send("now").unwrap();
    assert_eq!(waiting.join().unwrap().unwrap(), Some(Message::from("now")));
}

/// What a system says when a read took too long; they don't agree.
struct Late {
    kind: ErrorKind,
    timeout: Option<Duration>,
    reads: VecDeque<Vec<u8>>,
    written: Vec<u8>,
}

impl Read for Late {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.written.len() < 6 {
            thread::sleep(self.timeout.expect("a time limit"));
            return Err(self.kind.into());
        }
        let bytes = self.reads.pop_front().unwrap_or_default();
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for Late {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Input for Late {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout = timeout;
        Ok(())
    }
}

impl Output for Late {
    fn shutdown(&mut self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn timed_out_and_would_block_are_one() {
    for kind in [ErrorKind::TimedOut, ErrorKind::WouldBlock] {
        let reads = VecDeque::from([b"\x81\x85\0\0\0\0Hello".to_vec()]);
        let stream = Late { kind, timeout: None, reads, written: Vec::new() };
        let mut socket = server(stream, &timed(|t| t.with_silence(millis(50))));
        assert_eq!(socket.recv().unwrap(), Some(Message::from("Hello")));
        assert_eq!(socket.get_ref().written[..2], *b"\x89\x04", "{kind:?}: a Ping, meanwhile");
    }
}

/// A transport that takes no more than it is told to.
#[derive(Clone, Default)]
struct Gate {
    shared: Arc<(Mutex<Gated>, Condvar)>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

#[derive(Default)]
struct Gated {
    room: usize,
    written: Vec<u8>,
    to_read: VecDeque<u8>,
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut Gated)) {
        change(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
    }

    fn wait(
        &self,
        timeout: Option<Duration>,
        until: impl Fn(&Gated) -> bool,
    ) -> io::Result<MutexGuard<'_, Gated>> {
        let (gated, changed) = &*self.shared;
        let timeout = timeout.expect("a time limit");
        match changed.wait_timeout_while(gated.lock().unwrap(), timeout, |gated| !until(gated)).unwrap() {
            (_, outcome) if outcome.timed_out() => Err(ErrorKind::WouldBlock.into()),
            (gated, _) => Ok(gated),
        }
    }
}

impl Read for Gate {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait(self.read_timeout, |gated| !gated.to_read.is_empty())?.to_read.read(buf)
    }
}

impl Write for Gate {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut gated = self.wait(self.write_timeout, |gated| gated.room > 0)?;
        let taken = buf.len().min(gated.room);
        gated.room -= taken;
        gated.written.extend_from_slice(&buf[..taken]);
        self.shared.1.notify_all();
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Input for Gate {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }
}

impl Output for Gate {
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn shutdown(&mut self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }
}

impl Split for Gate {
    type Input = Self;
    type Output = Self;

    fn split(self) -> io::Result<(Self, Self)> {
        Ok((self.clone(), self))
    }
}

/// While it waits behind other output, nobody can answer it: not in one thread, and not if one thread queues it while
/// another one writes.
#[test]
fn the_time_of_a_pong_begins_when_its_ping_is_written() {
    thread::scope(|scope| {
        for (is_split, is_answered) in [(false, false), (false, true), (true, false), (true, true)] {
            scope.spawn(move || sends_a_ping_behind_other_output(is_split, is_answered));
        }
    });
}

fn sends_a_ping_behind_other_output(is_split: bool, is_answered: bool) {
    let gate = Gate::default();
    let mut socket = server(gate.clone(), &timed(|t| t.with_silence(millis(100)).with_pong(millis(500))));
    let receiving = thread::spawn(move || {
        socket.feed(vec![0; 1000]).unwrap();
        if is_split {
            let (mut reader, mut writer) = socket.split().unwrap();
            let writing = thread::spawn(move || writer.flush());
            let received = reader.recv();
            writing.join().unwrap().unwrap();
            (received, reader.latency())
        } else {
            socket.ping().unwrap();
            (socket.recv(), socket.latency())
        }
    });
    // Some of what is before it, when it waits already, and no more for longer than the time of a Pong.
    for room in [500, 0] {
        thread::sleep(Duration::from_millis(800));
        gate.change(|gated| gated.room = room);
    }
    assert!(!receiving.is_finished(), "given up for a Ping that was not written");
    let opened = Instant::now();
    gate.change(|gated| gated.room = usize::MAX);
    // Behind 4 + 1000 bytes.
    let ping = gate.wait(Some(SLACK), |gated| gated.written.len() >= 1010).unwrap().written.split_off(1004);
    assert_eq!(ping[..2], *b"\x89\x04");
    if is_answered {
        let pong = [b"\x8a\x84\0\0\0\0", &ping[2..6], b"\x81\x82\0\0\0\0ok"].concat();
        gate.change(|gated| gated.to_read.extend(pong));
    }
    let (received, latency) = receiving.join().unwrap();
    if is_answered {
        assert_eq!(received.unwrap(), Some(Message::from("ok")));
        assert!(latency.unwrap() < SLACK, "{latency:?}");
    } else {
        assert!(matches!(received, Err(Error::Deadline(Deadline::Pong))), "{received:?}");
        assert_took(opened, 500);
    }
}
