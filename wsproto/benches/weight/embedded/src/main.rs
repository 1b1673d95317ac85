//! An echo server on blocking sockets over embedded-websocket, as its `server` example does it, with messages of up to 4,000
//! bytes.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread;

use embedded_websocket::framer::{Framer, FramerError, ReadResult};
use embedded_websocket::{WebSocketContext, WebSocketSendMessageType, WebSocketServer, read_http_header};

type Result<T> = std::result::Result<T, FramerError<std::io::Error>>;

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream).map_err(|error| eprintln!("{error:?}")));
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> Result<()> {
    let (mut read_buf, mut read_cursor) = ([0; 4000], 0);
    let Some(context) = read_header(&mut stream, &mut read_buf, &mut read_cursor)? else {
        return Ok(());
    };
    let (mut write_buf, mut frame_buf) = ([0; 4000], [0; 4000]);
    let mut websocket = WebSocketServer::new_server();
    let mut framer = Framer::new(&mut read_buf, &mut read_cursor, &mut write_buf, &mut websocket);
    framer.accept(&mut stream, &context)?;
    loop {
        let (kind, payload) = match framer.read(&mut stream, &mut frame_buf)? {
            ReadResult::Text(text) => (WebSocketSendMessageType::Text, text.as_bytes()),
            ReadResult::Binary(payload) => (WebSocketSendMessageType::Binary, payload),
            ReadResult::Pong(_) => continue,
            ReadResult::Closed => return Ok(()),
        };
        framer.write(&mut stream, kind, true, payload)?;
    }
}

fn read_header(
    stream: &mut TcpStream,
    buf: &mut [u8],
    cursor: &mut usize,
) -> Result<Option<WebSocketContext>> {
    loop {
        let received = stream.read(&mut buf[*cursor..]).map_err(FramerError::Io)?;
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&buf[..*cursor + received]).map_err(FramerError::HttpHeader)? {
            httparse::Status::Complete(len) => {
                *cursor += received - len;
                let headers = request.headers.iter().map(|field| (field.name, field.value));
                return read_http_header(headers).map_err(FramerError::WebSocket);
            }
            httparse::Status::Partial if received == 0 => return Ok(None),
            httparse::Status::Partial => *cursor += received,
        }
    }
}
