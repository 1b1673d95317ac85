//! An echo server over embedded-websocket, as its `server` example does it, with three buffers of 1,024 bytes.
#![cfg_attr(target_os = "none", no_std, no_main)]

use embedded_websocket::framer::{Framer, ReadResult, Stream};
use embedded_websocket::{WebSocketContext, WebSocketSendMessageType, WebSocketServer, read_http_header};

include!("board.rs");

/// A line that never ends and never fails.
impl Stream<()> for Line {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ()> {
        Ok(Self::read(self, buf))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), ()> {
        Self::write_all(self, bytes);
        Ok(())
    }
}

fn serve(line: &mut Line) {
    let (mut read_buf, mut read_cursor) = ([0; 1024], 0);
    let Some(context) = read_header(line, &mut read_buf, &mut read_cursor) else { return };
    let (mut write_buf, mut frame_buf) = ([0; 1024], [0; 1024]);
    let mut websocket = WebSocketServer::new_server();
    let mut framer = Framer::new(&mut read_buf, &mut read_cursor, &mut write_buf, &mut websocket);
    if framer.accept(line, &context).is_err() {
        return;
    }
    loop {
        let (kind, payload) = match framer.read(line, &mut frame_buf) {
            Ok(ReadResult::Text(text)) => (WebSocketSendMessageType::Text, text.as_bytes()),
            Ok(ReadResult::Binary(payload)) => (WebSocketSendMessageType::Binary, payload),
            Ok(ReadResult::Pong(_)) => continue,
            Ok(ReadResult::Closed) | Err(_) => return,
        };
        if framer.write(line, kind, true, payload).is_err() {
            return;
        }
    }
}

fn read_header(line: &mut Line, buf: &mut [u8], cursor: &mut usize) -> Option<WebSocketContext> {
    loop {
        let received = line.read(&mut buf[*cursor..]);
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&buf[..*cursor + received]).ok()? {
            httparse::Status::Complete(len) => {
                *cursor += received - len;
                let headers = request.headers.iter().map(|field| (field.name, field.value));
                return read_http_header(headers).ok()?;
            }
            httparse::Status::Partial if received == 0 => return None,
            httparse::Status::Partial => *cursor += received,
        }
    }
}
