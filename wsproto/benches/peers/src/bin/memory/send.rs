//! Sending a server's text messages, by each library as its documentation shows it. What a library writes to its
//! transport goes nowhere, so that it is its own copying that counts.

use std::hint::black_box;

use bytes::BytesMut;
use futures_util::SinkExt;
use tokio_util::compat::TokioAsyncReadCompatExt;
use wsproto::connection::{Sender, Server};

use crate::source::{Source, run};

/// All of them and what they do, in the order of [`all`].
pub const NAMES: [(&str, &str); 10] = [
    ("copy", "header and payload into a buffer"),
    ("**wsproto** `encode`", "into a buffer"),
    ("**wsproto** `header`", "no copy"),
    ("embedded-websocket 0.9", "into a buffer"),
    ("sockudo-ws 3.1 `Protocol`", "into a buffer"),
    ("fastwebsockets 0.10 `Frame::write`", "into a buffer"),
    ("web-socket 0.7", "to a transport"),
    ("tungstenite 0.30", "to a transport"),
    ("tokio-websockets 0.13", "to a transport"),
    ("soketto 0.8", "to a transport"),
];

/// Each sends `count` messages in a call; all were seen to make the expected bytes.
pub fn all(text: &str, expected: &[u8], count: usize) -> Vec<Box<dyn FnMut()>> {
    let repeat =
        |mut one: Box<dyn FnMut()>| Box::new(move || (0..count).for_each(|_| one())) as Box<dyn FnMut()>;
    let into_buffers: [Box<dyn FnMut()>; 6] = [
        copy(text.to_owned(), expected.to_vec()),
        ours(text.to_owned(), expected),
        ours_vectored(text.to_owned(), expected),
        embedded_websocket(text.to_owned(), expected),
        sockudo(text, expected),
        fastwebsockets(text.to_owned(), expected),
    ];
    let mut works: Vec<_> = into_buffers.into_iter().map(repeat).collect();
    for peer in [web_socket, tungstenite, tokio_websockets, soketto] {
        assert!(peer(text, 2, true) == Some(expected.repeat(2)), "other bytes were sent");
        let text = text.to_owned();
        works.push(Box::new(move || drop(peer(&text, count, false))));
    }
    works
}

fn copy(text: String, expected: Vec<u8>) -> Box<dyn FnMut()> {
    let header = expected[..expected.len() - text.len()].to_vec();
    let mut out = vec![0; expected.len()];
    Box::new(move || {
        let (to_header, to_payload) = black_box(&mut out).split_at_mut(header.len());
        to_header.copy_from_slice(&header);
        to_payload.copy_from_slice(black_box(text.as_bytes()));
        black_box(&mut out);
    })
}

fn ours(text: String, expected: &[u8]) -> Box<dyn FnMut()> {
    let mut sender = Sender::new(Server);
    let mut out = vec![0; expected.len()];
    let mut send = move |check: Option<&[u8]>| {
        let n = sender.frame().encode(black_box(&text), black_box(&mut out)).expect("it fits");
        let frame = black_box(&out[..n]);
        assert!(check.is_none_or(|expected| frame == expected));
    };
    send(Some(expected));
    Box::new(move || send(None))
}

fn ours_vectored(text: String, expected: &[u8]) -> Box<dyn FnMut()> {
    let mut sender = Sender::new(Server);
    let header = sender.frame().header(&text).expect("it is open");
    assert!(*header == expected[..header_len(expected)]);
    Box::new(move || {
        let header = sender.frame().header(black_box(&text)).expect("it is open");
        black_box((&*header, text.as_bytes()));
    })
}

fn embedded_websocket(text: String, expected: &[u8]) -> Box<dyn FnMut()> {
    use embedded_websocket::{WebSocketSendMessageType, WebSocketServer, WebSocketState};
    let mut socket = WebSocketServer::new_server();
    socket.state = WebSocketState::Open;
    let mut out = vec![0; expected.len() + 4];
    let mut send = move |check: Option<&[u8]>| {
        let payload = black_box(text.as_bytes());
        let n = socket.write(WebSocketSendMessageType::Text, true, payload, &mut out).expect("it fits");
        let frame = black_box(&out[..n]);
        assert!(check.is_none_or(|expected| frame == expected));
    };
    send(Some(expected));
    Box::new(move || send(None))
}

fn sockudo(text: &str, expected: &[u8]) -> Box<dyn FnMut()> {
    let mut protocol = sockudo_ws::protocol::Protocol::new(sockudo_ws::Role::Server, 16 << 20, 64 << 20);
    let message = sockudo_ws::Message::text(text);
    let mut out = BytesMut::with_capacity(expected.len() + 14);
    let mut send = move |check: Option<&[u8]>| {
        out.clear();
        protocol.encode_message(black_box(&message), &mut out).expect("it fits");
        let frame = black_box(&out[..]);
        assert!(check.is_none_or(|expected| frame == expected));
    };
    send(Some(expected));
    Box::new(move || send(None))
}

fn fastwebsockets(text: String, expected: &[u8]) -> Box<dyn FnMut()> {
    use fastwebsockets::{Frame, Payload};
    let mut out = Vec::new();
    let mut send = move |check: Option<&[u8]>| {
        let mut frame = Frame::text(Payload::Borrowed(black_box(text.as_bytes())));
        let frame = black_box(frame.write(&mut out));
        assert!(check.is_none_or(|expected| frame == expected));
    };
    send(Some(expected));
    Box::new(move || send(None))
}

/// Sends so many, and gives what was written if that is kept.
fn web_socket(text: &str, count: usize, is_kept: bool) -> Option<Vec<u8>> {
    let mut socket = web_socket::WebSocket::server(source(is_kept));
    run(async {
        for _ in 0..count {
            socket.send(black_box(text)).await.expect("it is open");
        }
    });
    socket.stream.written
}

fn tungstenite(text: &str, count: usize, is_kept: bool) -> Option<Vec<u8>> {
    use tungstenite::protocol::{Role, WebSocket};
    let mut socket = WebSocket::from_raw_socket(source(is_kept), Role::Server, None);
    let text = tungstenite::Utf8Bytes::from(text);
    for _ in 0..count {
        socket.write(tungstenite::Message::Text(black_box(&text).clone())).expect("it is open");
    }
    socket.flush().expect("it is open");
    socket.get_mut().written.take()
}

fn tokio_websockets(text: &str, count: usize, is_kept: bool) -> Option<Vec<u8>> {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(source(is_kept));
    let message = tokio_websockets::Message::text(text.to_owned());
    run(async {
        for _ in 0..count {
            socket.feed(black_box(&message).clone()).await.expect("it is open");
        }
        socket.flush().await.expect("it is open");
    });
    socket.get_mut().written.take()
}

fn soketto(text: &str, count: usize, is_kept: bool) -> Option<Vec<u8>> {
    let mut stream = source(is_kept).compat();
    {
        let (mut sender, _) = soketto::connection::Builder::new(&mut stream, soketto::Mode::Server).finish();
        run(async {
            for _ in 0..count {
                sender.send_text(black_box(text)).await.expect("it is open");
            }
            sender.flush().await.expect("it is open");
        });
    }
    stream.into_inner().written
}

fn source(is_kept: bool) -> Source<'static> {
    let mut source = Source::new(&[]);
    source.written = is_kept.then(Vec::new);
    source
}

fn header_len(frame: &[u8]) -> usize {
    match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    }
}
