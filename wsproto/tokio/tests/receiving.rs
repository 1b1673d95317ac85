//! What comes, and how it is told: messages, ends, faults.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{client, compressed, pair, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_wsproto::wsproto::connection::{Fragment, Sender};
use tokio_wsproto::wsproto::error::AbnormalClosure;
use tokio_wsproto::{
    Agreed, CloseCode, CloseFrame, Error, Fault, Message, MessageKind, Misuse, Options, Policy,
    ProtocolError, Received, Server, ThreadKeys, WebSocket,
};
use wsproto_test::Faulty;

const HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // [RFC 6455 §5.7]
const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, peer)
}

#[tokio::test]
async fn messages_go_both_ways_and_an_ordinary_end_is_none() {
    let (mut server, mut client) = pair(7);
    let echo = tokio::spawn(async move {
        while let Some(message) = server.recv().await.unwrap() {
            server.feed(message).unwrap();
        }
        (server.close_code(), server.close_reason().map(str::to_owned))
    });
    client.send("Hello").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("Hello")));
    client.feed([1, 2, 3]).unwrap();
    client.feed_fmt(format_args!("{} {}", 1, 2)).unwrap();
    client.feed_with(MessageKind::Text, |out| out.extend(b"{}")).unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from(vec![1, 2, 3])));
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("1 2")));
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("{}")));
    client.close(CloseCode::GOING_AWAY, "bye").await.unwrap();
    assert_eq!(client.close_code(), Some(CloseCode::GOING_AWAY));
    assert_eq!(echo.await.unwrap(), (Some(CloseCode::GOING_AWAY), Some("bye".into())));
    assert_eq!(client.recv().await.unwrap(), None);
    assert!(matches!(client.feed("late"), Err(Error::Closed)));
    client.close(CloseCode::NORMAL, "again").await.unwrap();
}

#[tokio::test]
async fn an_answer_is_encoded_while_the_message_is_borrowed() {
    let (mut server, mut client) = pair(64);
    client.feed("Hello").unwrap();
    client.flush().await.unwrap();
    let (message, mut out) = server.read().await.unwrap().unwrap();
    out.feed(message).unwrap();
    out.feed_fmt(format_args!("{message:?}")).unwrap();
    assert!(out.unsent() > 7);
    server.flush().await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("Hello")));
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("Text(\"Hello\")")));
}

#[tokio::test]
async fn compressed_messages_and_fragments() {
    let (left, right) = duplex(1024);
    let options = Options::new();
    let mut server = WebSocket::from_upgraded(left, Server, b"", compressed(), &options);
    let mut client = WebSocket::from_upgraded(right, ThreadKeys::client(), b"", compressed(), &options);
    let text = "news ".repeat(1000);
    client.feed(&text).unwrap();
    assert!(client.unsent() < 200, "{}", client.unsent());
    client.feed_uncompressed("secret").unwrap();
    let fragments = [("a ".repeat(500), false), ("b ".repeat(500), true)];
    for (payload, is_last) in &fragments {
        let payload = payload.as_bytes();
        client.feed_fragment(Fragment { kind: MessageKind::Text, payload, is_last: *is_last }).unwrap();
    }
    assert!(client.unsent() < 400, "{}", client.unsent());
    client.flush().await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(Message::from(text)));
    assert_eq!(server.recv().await.unwrap(), Some(Message::from("secret")));
    let joined = fragments.map(|(payload, _)| payload).concat();
    assert_eq!(server.recv().await.unwrap(), Some(Message::from(joined)));
}

#[tokio::test]
async fn between_fragments_only_control_frames_can_be_sent() {
    let (mut server, mut client) = pair(64);
    client.feed_fragment(Fragment { kind: MessageKind::Text, payload: b"Hel", is_last: false }).unwrap();
    let error = client.feed("other").unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::MessageUnderWay)));
    assert_eq!(error.fault(), Fault::Caller);
    client.ping().await.unwrap();
    client.feed_fragment(Fragment { kind: MessageKind::Text, payload: b"lo", is_last: true }).unwrap();
    client.flush().await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(Message::from("Hello")));
}

#[tokio::test]
async fn what_came_with_the_handshake_is_received() {
    let (left, _peer) = duplex(64);
    let received = [HELLO, CLOSE].concat();
    let mut socket = WebSocket::from_upgraded(left, Server, &received, Agreed::new(), &Options::new());
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
    assert!(!socket.is_closing());
}

#[tokio::test]
async fn a_large_message_comes_whole() {
    let (mut server, mut client) = pair(10_000);
    let payload: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
    let sent = payload.clone();
    let sending = tokio::spawn(async move {
        client.send(sent).await.unwrap();
        client.recv().await
    });
    assert!(server.recv().await.unwrap().unwrap().as_bytes() == payload);
    drop(server);
    assert!(sending.await.unwrap().is_err());
}

#[tokio::test]
async fn a_transport_that_just_ends_is_told_as_disconnected() {
    for (sent, inside_message) in [(HELLO, false), (&HELLO[..7], true)] {
        let (left, mut peer) = duplex(64);
        let mut socket = server(left, &Options::new());
        peer.write_all(sent).await.unwrap();
        drop(peer);
        if !inside_message {
            socket.recv().await.unwrap().unwrap();
        }
        for _ in 0..2 {
            let error = socket.recv().await.unwrap_err();
            assert!(
                matches!(error, Error::Disconnected(closure) if closure == AbnormalClosure { inside_message })
            );
            assert!(error.is_gone());
            assert_eq!(error.fault(), Fault::Transport);
        }
        assert!(socket.close(CloseCode::NORMAL, "").await.is_err());
    }
}

/// Over HTTP/2 `END_STREAM` comes right behind a message; others shut down their side, too.
#[tokio::test]
async fn an_answer_is_written_although_the_peer_has_ended_its_side() {
    let (left, mut peer) = duplex(5);
    let mut socket = server(left, &Options::new());
    let echo = tokio::spawn(async move {
        while let Some(message) = socket.recv().await? {
            socket.feed(message)?;
        }
        Ok::<_, Error>(())
    });
    peer.write_all(HELLO).await.unwrap();
    peer.shutdown().await.unwrap();
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\x81\x05Hello");
    assert!(matches!(echo.await.unwrap(), Err(Error::Disconnected(_))));
}

#[tokio::test]
async fn the_reply_to_a_close_frame_is_not_lost_to_the_end_behind_it() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(Faulty::bytewise(left), &Options::new());
    peer.write_all(CLOSE).await.unwrap();
    peer.shutdown().await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
    drop(socket);
    let mut reply = Vec::new();
    peer.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply, b"\x88\x02\x03\xe8");
}

#[tokio::test]
async fn both_may_close_at_once() {
    let (mut server, mut client) = pair(64);
    server.feed(CloseFrame::new(CloseCode::NORMAL, "server").unwrap()).unwrap();
    client.feed(CloseFrame::new(CloseCode::GOING_AWAY, "client").unwrap()).unwrap();
    let (one, other) = tokio::join!(server.recv(), client.recv());
    assert_eq!((one.unwrap(), other.unwrap()), (None, None));
    assert_eq!((server.close_reason(), client.close_reason()), (Some("client"), Some("server")));
}

#[tokio::test]
async fn messages_behind_our_close_frame_can_be_received() {
    let (mut server, mut client) = pair(64);
    server.feed(CloseCode::NORMAL).unwrap();
    server.flush().await.unwrap();
    client.feed("in between").unwrap();
    let (one, other) = tokio::join!(server.recv(), client.recv());
    assert_eq!((one.unwrap(), other.unwrap()), (Some(Message::from("in between")), None));
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test]
async fn a_fault_is_an_error_here_and_a_close_frame_there() {
    for (sent, expected, code) in [
        (&b"\x81\x05Hello"[..], ProtocolError::UnmaskedFrame, 1002_u16),
        (b"\x81\x82\0\0\0\0\xc3\x28", ProtocolError::NotUtf8, 1007),
        (b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0\x28", ProtocolError::NotUtf8, 1007),
    ] {
        for by_reading in [false, true] {
            let (left, mut peer) = duplex(500);
            let mut socket = server(left, &Options::new());
            peer.write_all(sent).await.unwrap();
            let peer = async {
                let mut told = Vec::new();
                peer.read_to_end(&mut told).await.unwrap();
                drop(peer);
                told
            };
            let receiving = async {
                if by_reading { socket.read().await.map(|_| ()) } else { socket.recv().await.map(|_| ()) }
            };
            let (outcome, told) = tokio::join!(receiving, peer);
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Protocol(error) if error == expected), "{error}");
            assert_eq!(error.fault(), Fault::Peer);
            assert!(!error.is_gone());
            assert_eq!((told[0], &told[2..4]), (0x88, &code.to_be_bytes()[..]), "{expected}");
            assert!(matches!(socket.recv().await, Err(Error::Protocol(_))), "again");
        }
    }
}

/// A socket that is dropped with unread bytes resets the connection, and the Close frame is lost.
#[tokio::test]
async fn the_close_frame_of_a_fault_arrives_although_there_is_more_to_read() {
    let (stream, mut peer) = tcp().await;
    let serving = tokio::spawn(async move {
        let mut socket = server(stream, &Options::new());
        socket.recv().await
    });
    peer.write_all(b"\x81\x05Hello").await.unwrap();
    peer.write_all(&vec![0; 300_000]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    peer.write_all(&vec![0; 300_000]).await.unwrap();
    let mut told = Vec::new();
    peer.read_to_end(&mut told).await.unwrap();
    assert_eq!(told[..4], *b"\x88\x38\x03\xea", "{told:?}");
    drop(peer);
    assert!(matches!(serving.await.unwrap(), Err(Error::Protocol(ProtocolError::UnmaskedFrame))));
}

#[tokio::test]
async fn one_setter_bounds_messages_and_the_error_names_it() {
    let (left, mut peer) = duplex(64);
    let mut socket = server(left, &Options::new().with_max_message_size(4));
    peer.write_all(HELLO).await.unwrap();
    drop(peer);
    let error = socket.recv().await.unwrap_err();
    assert!(error.to_string().contains("Options::with_max_message_size"), "{error}");
}

/// Many messages come out of one read without any of them being waited for.
#[tokio::test]
async fn messages_of_one_read_let_other_tasks_run() {
    let (left, mut peer) = duplex(1 << 20);
    let mut socket = server(left, &Options::new());
    peer.write_all(&HELLO.repeat(5000)).await.unwrap();
    let turns = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = turns.clone();
    let local = tokio::task::LocalSet::new();
    local.spawn_local(async move {
        loop {
            counted.set(counted.get() + 1);
            tokio::task::yield_now().await;
        }
    });
    let receiving = async {
        for _ in 0..5000 {
            socket.recv().await.unwrap();
        }
    };
    local.run_until(receiving).await;
    assert!(turns.get() >= 5000 / 128 - 2, "{}", turns.get());
}

#[tokio::test]
async fn a_pings_pong_leaves_while_only_receiving_and_pings_without_end_take_no_memory() {
    let (left, mut peer) = duplex(100);
    let options = Options::new().with_high_water(1000);
    let mut socket = server(left, &options);
    let flooding = tokio::spawn(async move {
        for i in 0..100_000_u32 {
            let mut ping = *b"\x89\x84\0\0\0\0____";
            ping[6..].copy_from_slice(&i.to_be_bytes());
            peer.write_all(&ping).await.unwrap();
        }
        peer
    });
    let receiving = tokio::time::timeout(Duration::from_millis(500), socket.recv());
    assert!(receiving.await.is_err());
    assert!((900..1010).contains(&socket.unsent()), "{}", socket.unsent());
    flooding.abort();
}

/// Nor while another task bounds the output, and reading goes on.
#[tokio::test]
async fn pings_to_one_half_without_end_take_no_memory() {
    let (left, mut peer) = duplex(100);
    let options = Options::new().with_high_water(1000);
    let (mut reader, writer) = server(left, &options).split();
    let receiving = tokio::spawn(async move { reader.recv().await });
    let pings = b"\x89\x84\0\0\0\x00Ping".repeat(100_000);
    peer.write_all(&pings).await.unwrap();
    assert!((900..1010).contains(&writer.unsent()), "{}", writer.unsent());
    // When there is room again, the latest is answered.
    peer.write_all(b"\x89\x84\0\0\0\x00last").await.unwrap();
    let mut pongs = vec![0; 1000];
    peer.read_exact(&mut pongs).await.unwrap();
    assert_eq!(pongs[..6], *b"\x8a\x04Ping");
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_millis(200), peer.read_to_end(&mut rest)).await;
    assert!(rest.ends_with(b"\x8a\x04last"), "{rest:?}");
    receiving.abort();
}

#[tokio::test]
async fn who_floods_and_takes_nothing_gets_no_more_answers_than_the_high_water() {
    let (left, mut peer) = duplex(100);
    let mut socket = server(left, &Options::new().with_high_water(500));
    let most = tokio::spawn(async move {
        let mut most = 0;
        while let Ok(Ok(Some(message))) =
            tokio::time::timeout(Duration::from_millis(200), socket.recv()).await
        {
            socket.feed(message).unwrap();
            most = most.max(socket.unsent());
        }
        most
    });
    let _ = tokio::time::timeout(Duration::from_millis(100), peer.write_all(&HELLO.repeat(100_000))).await;
    let most = most.await.unwrap();
    assert!((500..520).contains(&most), "{most}");
}

/// Few bytes become many messages: they come out of one read one by one, as their answers leave.
#[tokio::test(start_paused = true)]
async fn who_floods_with_compressed_messages_is_not_answered_further_than_it_reads() {
    let (left, mut peer) = duplex(150_000);
    let mut sender = Sender::new(ThreadKeys::client()).with_deflate(compressed().deflate, Policy::new());
    let mut frames = Vec::new();
    for _ in 0..100 {
        sender.frame().append(&vec![0; 100 * 1024], &mut frames).unwrap();
    }
    assert!(frames.len() < 150_000, "{}", frames.len());
    peer.write_all(&frames).await.unwrap();
    let mut socket = WebSocket::from_upgraded(left, Server, b"", compressed(), &Options::new());
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let talk = tokio::spawn(async move {
        while let Ok(Some(message)) = socket.recv().await {
            count.fetch_add(1, Ordering::Relaxed);
            socket.feed_uncompressed(message).unwrap();
        }
    });
    tokio::time::sleep(Duration::from_secs(20)).await;
    let at_first = handled.load(Ordering::Relaxed);
    // What the pipe takes, and the first above the high water.
    assert!(at_first <= 3, "{at_first}");
    // Each that goes out makes room for the next.
    peer.read_exact(&mut vec![0; 400 * 1024]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let then = handled.load(Ordering::Relaxed) - at_first;
    assert!((3..=5).contains(&then), "{then}");
    talk.abort();
}

#[tokio::test]
async fn more_than_the_most_unsent_is_refused() {
    let (left, _peer) = duplex(100);
    let mut socket = server(left, &Options::new().with_max_unsent(1000));
    socket.feed(vec![0; 2000]).unwrap();
    let error = socket.feed("more").unwrap_err();
    assert!(matches!(error, Error::Full));
    assert_eq!(socket.unsent(), 2004);
    socket.feed(CloseCode::NORMAL).unwrap();
}

/// A guard `if socket.unsent() == 0` of a `select!` is not looked at again when `recv` has written.
#[tokio::test]
async fn who_waits_for_room_is_told() {
    let (left, mut peer) = duplex(100);
    let mut socket = server(left, &Options::new());
    socket.feed(vec![0; 1000]).unwrap();
    let taking = tokio::spawn(async move {
        let mut taken = vec![0; 1004];
        peer.read_exact(&mut taken).await.unwrap();
        peer
    });
    assert_eq!(socket.recv_or_drained().await.unwrap(), Received::Drained);
    assert_eq!(socket.unsent(), 0);
    let mut peer = taking.await.unwrap();
    peer.write_all(HELLO).await.unwrap();
    assert_eq!(socket.recv_or_drained().await.unwrap(), Received::Message(Message::from("Hello")));
    peer.write_all(CLOSE).await.unwrap();
    drop(peer);
    assert_eq!(socket.recv_or_drained().await.unwrap(), Received::Closed);
}

#[tokio::test]
async fn a_reason_that_is_too_long_is_refused_and_the_connection_stands() {
    let (mut server, mut client) = pair(64);
    let error = client.close(CloseCode::NORMAL, &"x".repeat(124)).await.unwrap_err();
    assert!(matches!(error, Error::CloseReason(_)));
    client.send("still here").await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(Message::from("still here")));
}

#[tokio::test]
async fn a_client_receives_too() {
    let (left, mut peer) = duplex(64);
    let mut socket = client(left, &Options::new());
    peer.write_all(b"\x81\x05Hello\x81\x85\0\0\0\0Hello").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::from("Hello")));
    drop(peer);
    assert!(matches!(socket.recv().await, Err(Error::Protocol(ProtocolError::MaskedFrame))));
}
