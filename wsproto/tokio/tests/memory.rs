//! What an idle connection holds.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{compressed, server};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio_wsproto::wsproto::connection::Sender;
use tokio_wsproto::{
    Accept, Agreed, Client, Handshake, Message, Options, Policy, Server, ThreadKeys, WebSocket,
};

struct Counting;

const COUNT: usize = 100;

static HELD: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is")]
// SAFETY: each call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_socket_is_small() {
    let sizes = [size_of::<WebSocket<TcpStream>>(), size_of::<WebSocket<TcpStream, Client>>()];
    assert!(sizes.iter().all(|&size| size <= 8), "{sizes:?}");
}

/// A task is as large as the largest of its futures: what an opening handshake needs must not stay with it.
#[test]
fn a_task_that_accepts_is_as_small_as_one_that_receives() {
    async fn receives(mut socket: WebSocket<TcpStream>) {
        while let Ok(Some(message)) = socket.recv().await {
            let _ = socket.feed(message);
        }
    }
    async fn accepts(stream: TcpStream) {
        let Ok(mut socket) = tokio_wsproto::accept(stream).await else { return };
        while let Ok(Some(message)) = socket.recv().await {
            let _ = socket.feed(message);
        }
    }
    async fn reads(stream: TcpStream) {
        let Ok(handshake) = Handshake::read(stream, &Options::new()).await else { return };
        handles(handshake).await;
    }
    async fn handles(handshake: Handshake<TcpStream>) {
        let Ok(mut socket) = handshake.accept(Accept::new()).await else { return };
        while let Ok(Some(message)) = socket.recv().await {
            let _ = socket.feed(message);
        }
    }
    async fn borrows(mut socket: WebSocket<TcpStream>) {
        while let Ok(Some((message, mut out))) = socket.read().await {
            let _ = out.feed(message);
        }
    }
    fn size<A, F>(_: fn(A) -> F) -> usize {
        size_of::<F>()
    }
    let (receives, handshake) = (size(receives), size_of::<Handshake<TcpStream>>());
    assert!(receives <= 64, "{receives}");
    assert!(size(borrows) <= receives + 32, "{} and {receives}", size(borrows));
    assert!(handshake <= 56, "{handshake}");
    for accepts in [size(accepts), size(handles), size(reads)] {
        assert!(accepts <= receives + 2 * handshake, "{accepts} and {receives}");
    }
}

/// All in one test, since the counter is the process's.
#[tokio::test]
async fn idle_connections_hold_no_buffers() {
    // The thread's buffers and its compressor come with the first of a kind; 256 bytes and more are the pipe's.
    let span = if cfg!(feature = "tracing") { 72 } else { 0 };
    // zlib-rs takes some more with its second kind of message, for the thread: divided by all of them.
    let zlib = if cfg!(feature = "zlib-rs") { 400 } else { 0 };
    for (agreed, most) in [
        (Agreed::new(), usize::MAX),
        (Agreed::new(), 1310 + span),
        (compressed(), usize::MAX),
        (compressed(), 1620 + span + zlib),
    ] {
        let mut peers = Vec::with_capacity(COUNT);
        let mut tasks = tokio::task::JoinSet::new();
        let mut streams: Vec<_> = (0..COUNT).map(|_| duplex(256)).collect();
        let before = HELD.load(Ordering::Relaxed);
        for (stream, peer) in streams.drain(..) {
            peers.push(peer);
            let agreed = agreed.clone();
            tasks.spawn(async move {
                let mut socket = WebSocket::from_upgraded(stream, Server, b"", agreed, &Options::new());
                while let Some(message) = socket.recv().await.unwrap() {
                    socket.feed(message).unwrap();
                }
            });
        }
        // Each has received, answered, and waits again.
        let mut large = Vec::new();
        let mut sender = Sender::new(ThreadKeys::client()).with_deflate(agreed.deflate, Policy::new());
        let text = if agreed.deflate.is_some() { "a".repeat(20_000) } else { "a".repeat(200) };
        sender.frame().append(&text, &mut large).unwrap();
        for peer in &mut peers {
            peer.write_all(&large).await.unwrap();
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let each = HELD.load(Ordering::Relaxed).saturating_sub(before) / COUNT;
        println!("{each} bytes for a connection and its task");
        assert!(each < most, "{each}");
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
    }
    half_a_frame_pins_no_buffer().await;
}

async fn half_a_frame_pins_no_buffer() {
    let mut sockets = Vec::with_capacity(COUNT);
    let mut streams = Vec::new();
    for _ in 0..COUNT {
        let (left, mut peer) = duplex(256);
        peer.write_all(b"\x81\x85\0\0\0\0Hello\x81\x85\0\0\0\0Hell").await.unwrap();
        streams.push((left, peer));
    }
    let before = HELD.load(Ordering::Relaxed);
    for (left, peer) in streams.drain(..) {
        let mut socket = server(left, &Options::new());
        assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
        assert!(common::poll_once(socket.recv()).is_none());
        sockets.push((socket, peer));
    }
    let each = HELD.load(Ordering::Relaxed).saturating_sub(before) / COUNT;
    println!("{each} bytes for a socket, half a frame and the timer");
    assert!(each < 640, "{each}");
}
