//! Both roles of this crate, at the ends of a pipe.

use embassy_futures::block_on;
use embassy_futures::join::join;
use wsproto_embedded::{CloseCode, Connect, Fragment, Message, MessageKind, NoClock, accept};

use crate::transport::{Counter, pipe};

/// Whatever is sent comes back, in messages of all sizes, through memory of all sizes, and in the end both are closed.
#[test]
fn messages_of_all_sizes_go_there_and_back() {
    for (capacity, piece) in [(1, 1), (7, 3), (100, 64), (4096, usize::MAX)] {
        let (one, other) = pipe(capacity, piece);
        let server = async {
            let mut memory = [0; 4096];
            let mut socket = accept(one, &mut memory, NoClock).await.unwrap();
            while let Some((message, mut out)) = socket.read().await.unwrap() {
                out.send(message).await.unwrap();
            }
            assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
        };
        let client = async {
            let memory = ([0; 4096], [0; 300]);
            let connect = Connect::new("example.com", "/");
            let mut socket = connect.connect(other, memory, NoClock, Counter(1)).await.unwrap();
            for len in (0..140).chain([285, 286, 287, 300, 1000, 3965]) {
                let text: String = ('a'..='z').chain(['é', '€', '😀']).cycle().take(len / 2).collect();
                socket.send(&*text).await.unwrap();
                assert_eq!(next(&mut socket).await, Some(text.into_bytes()), "{len}");
                let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
                socket.send(&bytes[..]).await.unwrap();
                assert_eq!(next(&mut socket).await, Some(bytes), "{len}");
            }
            socket.send_fmt(format_args!("{}°", 21.5)).await.unwrap();
            assert_eq!(next(&mut socket).await, Some("21.5°".into()));
            let piece = Fragment { kind: MessageKind::Text, payload: b"ab", is_last: false };
            socket.send_fragment(piece).await.unwrap();
            socket.send_fragment(Fragment { payload: b"", is_last: true, ..piece }).await.unwrap();
            assert_eq!(next(&mut socket).await, Some(b"ab".into()));
            socket.close(CloseCode::NORMAL, "bye").await.unwrap();
            assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
        };
        block_on(join(server, client));
    }
}

async fn next<T, I, O, C, R>(socket: &mut wsproto_embedded::WebSocket<T, I, O, C, R>) -> Option<Vec<u8>>
where
    T: embedded_io_async::Read + embedded_io_async::Write,
    I: wsproto::session::Buffer,
    O: AsRef<[u8]> + AsMut<[u8]>,
    C: wsproto_embedded::Clock,
    R: wsproto::connection::Role,
{
    let (message, _) = socket.read().await.ok()??;
    Some(match message {
        Message::Text(text) => text.as_bytes().into(),
        Message::Binary(bytes) => bytes.into(),
        _ => panic!("a control frame"),
    })
}
