use std::iter::repeat_with;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long to wait for descriptors, or whatever else was short.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns the connections that a listener accepts, each with the peer's address, for ever.
///
/// An `accept` that fails concerns that one connection, or a lack of descriptors or memory, which passes: the iterator
/// waits 100 ms and tries again. A server that ends there can be ended by anybody who opens enough connections, and one
/// that tries again at once keeps a processor busy.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let listener = std::net::TcpListener::bind("127.0.0.1:9001")?;
/// for (stream, peer) in wsproto_blocking::incoming(&listener) {
///     std::thread::spawn(move || match wsproto_blocking::accept(stream) {
///         Ok(_) => println!("{peer} is here"),
///         Err(error) => eprintln!("{peer}: {error}"),
///     });
/// }
/// # Ok(())
/// # }
/// ```
pub fn incoming(listener: &TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    repeat_with(|| listener.accept())
        .filter_map(|accepted| accepted.inspect_err(|_| thread::sleep(PAUSE)).ok())
}
