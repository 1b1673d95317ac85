//! An echo server on `io_uring`, all connections on one thread: `echo_uring [ADDR]`, by default 127.0.0.1:8080.
//!
//! System calls are most of what an echo costs, and this has one for each round, however many connections had
//! something to say in it: the kernel accepts and receives by itself, into a common buffer, one behind the other, and
//! tells of all together. Each connection has one send in flight, so its answers stay in order. A message that came whole is
//! checked and unmasked where it lies, and copied once, into what is sent.
//!
//! Top-down: `main`; [`Server`], which does what the kernel tells; [`Peer`], one connection. What is answered is the
//! business of [`Echo`], in `../echo_connection.rs`. The `unsafe` that `io_uring` asks for is fenced in [`ring`].

#[cfg(target_os = "linux")]
mod ring;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() {
    use wsproto::deadlines::Timeouts;

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let outcome = server::bind(&address).and_then(|listener| server::run(&listener, Timeouts::new()));
    if let Err(error) = outcome {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("io_uring is Linux's: echo_mio runs here");
    std::process::exit(1);
}
