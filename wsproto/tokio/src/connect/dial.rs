//! From a name to a TCP connection, "Happy Eyeballs" ([RFC 8305]).
//!
//! [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::progress::Progress;
use crate::{ConnectError, Step};

/// After this time the next address is tried, beside the one before ([RFC 8305 §5]).
///
/// [RFC 8305 §5]: https://www.rfc-editor.org/rfc/rfc8305#section-5
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of the host's addresses that takes the connection.
pub(crate) async fn dial(host: &str, port: u16, progress: &mut Progress) -> Result<TcpStream, ConnectError> {
    progress.step = Step::Resolving;
    let addresses = lookup_host((host, port)).await.map_err(ConnectError::Resolve)?.collect();
    dial_addresses(addresses, progress).await.map_err(ConnectError::Io)
}

pub(crate) async fn dial_addresses(
    addresses: Vec<SocketAddr>,
    progress: &mut Progress,
) -> io::Result<TcpStream> {
    progress.step = Step::Connecting;
    let stream = race(interleave(addresses), TcpStream::connect).await?;
    // Frames are small and wait for nothing.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Alternates between the two families of addresses, from the resolver's first one on ([RFC 8305 §4]).
///
/// [RFC 8305 §4]: https://www.rfc-editor.org/rfc/rfc8305#section-4
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else {
        return addresses;
    };
    let count = addresses.len();
    let (mut preferred, mut other) = {
        let (preferred, other): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| address.is_ipv6() == first);
        (preferred.into_iter(), other.into_iter())
    };
    let mut order = Vec::with_capacity(count);
    while order.len() < count {
        order.extend(preferred.next());
        order.extend(other.next());
    }
    order
}

/// Tries the addresses one after the other, each a quarter of a second behind the one before or when that one
/// failed, and returns the first connection. The other attempts are given up, also if the future is dropped.
async fn race<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut first_error = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(connect(address));
        }
        let joined = if waiting.len() == 0 {
            attempts.join_next().await
        } else {
            match timeout(STAGGER, attempts.join_next()).await {
                Ok(joined) => joined,
                Err(_) => continue,
            }
        };
        match joined {
            Some(Ok(Ok(connected))) => return Ok(connected),
            Some(Ok(Err(error))) => drop(first_error.get_or_insert(error)),
            Some(Err(gone)) => drop(first_error.get_or_insert(gone.into())),
            None => {
                return Err(first_error
                    .unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{interleave, race};

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

    /// Port 1 never answers, port 2 fails at once, port 3 and above take the connection after so many times 100 ms.
    async fn run(text: &[&str]) -> (io::Result<u16>, Vec<(u16, u128)>) {
        let (start, log) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let raced = race(addresses(text), |address| {
            log.lock().unwrap().push((address.port(), start.elapsed().as_millis()));
            async move {
                match address.port() {
                    1 => pending().await,
                    2 => Err(io::ErrorKind::ConnectionRefused.into()),
                    port => {
                        sleep(Duration::from_millis(100) * u32::from(port)).await;
                        Ok(port)
                    }
                }
            }
        });
        let connected = raced.await;
        let log = log.lock().unwrap().clone();
        (connected, log)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_holds_up_the_next_by_a_quarter_of_a_second() {
        let (connected, log) = run(&["10.0.0.1:1", "10.0.0.1:3", "10.0.0.1:4"]).await;
        assert_eq!(connected.unwrap(), 3);
        assert_eq!(log, [(1, 0), (3, 250), (4, 500)]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_fails_holds_up_nothing() {
        let (connected, log) = run(&["10.0.0.1:2", "10.0.0.1:2", "10.0.0.1:3"]).await;
        assert_eq!(connected.unwrap(), 3);
        assert_eq!(log, [(2, 0), (2, 0), (3, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_connect_wins_and_not_the_first_tried() {
        let (connected, _) = run(&["10.0.0.1:9", "10.0.0.1:3"]).await;
        assert_eq!(connected.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn if_all_fail_the_first_error_is_told() {
        let (connected, _) = run(&["10.0.0.1:2", "10.0.0.1:2"]).await;
        assert_eq!(connected.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(run(&[]).await.0.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
