//! From a name to a TCP connection, "Happy Eyeballs" ([RFC 8305]).
//!
//! [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::Progress;
use crate::patience::left;
use crate::{ConnectError, Step};

/// After this time the next address is tried, beside the one before ([RFC 8305 §5]).
///
/// [RFC 8305 §5]: https://www.rfc-editor.org/rfc/rfc8305#section-5
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of the host's addresses that takes the connection.
pub(super) fn dial(host: &str, port: u16, progress: &mut Progress) -> Result<TcpStream, ConnectError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return dial_addresses(vec![(address, port).into()], progress);
    }
    progress.step = Step::Resolving;
    let host = host.to_owned();
    // A thread, since the system's resolver takes the time that it likes.
    let resolved = spawn(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    match resolved.recv_timeout(left(progress.deadline).map_err(|_| progress.late())?) {
        Ok(addresses) => dial_addresses(addresses.map_err(ConnectError::Resolve)?, progress),
        Err(_) => Err(progress.late()),
    }
}

pub(super) fn dial_addresses(
    addresses: Vec<SocketAddr>,
    progress: &mut Progress,
) -> Result<TcpStream, ConnectError> {
    progress.step = Step::Connecting;
    let deadline = progress.deadline;
    let connected = race(interleave(addresses), deadline, move |address| {
        TcpStream::connect_timeout(&address, left(deadline)?)
    });
    connected.map_err(|error| match left(deadline) {
        Err(_) => progress.late(),
        Ok(_) => ConnectError::Io(error),
    })
}

/// Alternates between the two families of addresses, from the resolver's first one on ([RFC 8305 §4]).
///
/// [RFC 8305 §4]: https://www.rfc-editor.org/rfc/rfc8305#section-4
fn interleave(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut counts = [0_usize; 2];
    // Each address' place: the first, third, … of its family comes before, or behind, the same of the other one.
    let mut places = Vec::new();
    for address in &addresses {
        let is_other = address.is_ipv6() != first;
        let count = &mut counts[usize::from(is_other)];
        places.push((*count, is_other));
        *count += 1;
    }
    let mut places = places.into_iter();
    addresses.sort_by_cached_key(|_| places.next());
    addresses
}

/// Tries the addresses one after the other, each a quarter of a second behind the one before or when that one failed, and
/// returns the first connection. The other attempts are dropped when they come to their end.
fn race<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    deadline: Option<Instant>,
    connect: impl Fn(SocketAddr) -> io::Result<T> + Clone + Send + 'static,
) -> io::Result<T> {
    if let [address] = addresses[..] {
        return connect(address);
    }
    let (sender, attempts) = mpsc::channel();
    let (mut waiting, mut running) = (addresses.into_iter(), 0_usize);
    let mut first_error = None;
    loop {
        if let Some(address) = waiting.next() {
            let (sender, connect) = (sender.clone(), connect.clone());
            // If nobody waits for it any more, it is dropped.
            thread::spawn(move || sender.send(connect(address)));
            running += 1;
        } else if running == 0 {
            return Err(
                first_error.unwrap_or_else(|| io::Error::new(ErrorKind::NotFound, "the host has no address"))
            );
        }
        let left = left(deadline)?;
        let stagger = if waiting.len() > 0 { STAGGER } else { Duration::MAX };
        match attempts.recv_timeout(left.min(stagger)) {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => {
                running -= 1;
                first_error.get_or_insert(error);
            }
            Err(_) => {}
        }
    }
}

fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::{STAGGER, interleave, race};

    fn addresses(text: &[&str]) -> Vec<SocketAddr> {
        text.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn families_alternate_from_the_first_address_on() {
        let resolved = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1"]);
        assert_eq!(interleave(resolved), addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1"]));
        let resolved = addresses(&["10.0.0.1:1", "10.0.0.2:1", "[::1]:1"]);
        assert_eq!(interleave(resolved), addresses(&["10.0.0.1:1", "[::1]:1", "10.0.0.2:1"]));
        assert!(interleave(Vec::new()).is_empty());
    }

    /// Port 1 does not answer in time, port 2 fails at once, port 3 and above take the connection at once.
    fn run(text: &[&str], time: Duration) -> (io::Result<u16>, Duration) {
        let begun = Instant::now();
        let connected = race(addresses(text), Some(begun + time), |address| match address.port() {
            1 => {
                sleep(Duration::from_secs(2));
                Err(io::ErrorKind::TimedOut.into())
            }
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        });
        (connected, begun.elapsed())
    }

    #[test]
    fn a_silent_address_holds_up_the_next_by_a_quarter_of_a_second() {
        let (connected, took) = run(&["10.0.0.1:1", "10.0.0.1:3"], Duration::from_secs(1));
        assert_eq!(connected.unwrap(), 3);
        assert!((STAGGER..STAGGER * 3).contains(&took), "{took:?}");
    }

    #[test]
    fn an_address_that_fails_holds_up_nothing() {
        let (connected, took) = run(&["10.0.0.1:2", "10.0.0.1:2", "10.0.0.1:3"], Duration::from_secs(1));
        assert_eq!(connected.unwrap(), 3);
        assert!(took < STAGGER, "{took:?}");
    }

    #[test]
    fn if_all_fail_the_first_error_is_told_and_the_deadline_holds() {
        let time = Duration::from_millis(400);
        assert_eq!(
            run(&["10.0.0.1:2", "10.0.0.1:2"], time).0.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert_eq!(run(&[], time).0.unwrap_err().kind(), io::ErrorKind::NotFound);
        let (connected, took) = run(&["10.0.0.1:1", "10.0.0.1:1"], time);
        assert_eq!(connected.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!((time..time * 2).contains(&took), "{took:?}");
    }
}
