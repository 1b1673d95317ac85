//! A client on fastwebsockets: sends the lines that are typed, and prints what comes. Its reads may not be dropped, so a task
//! of its own writes.

use std::sync::Arc;

use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, Payload, handshake};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Request, Uri};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url: Uri = std::env::args().nth(1).ok_or("usage: client URL")?.parse()?;
    let host = url.host().ok_or("the URL has no host")?;
    let stream = TcpStream::connect((host, url.port_u16().unwrap_or(80))).await?;
    let request = Request::get(url.path())
        .header(HOST, url.authority().ok_or("the URL has no host")?.as_str())
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_KEY, handshake::generate_key())
        .header(SEC_WEBSOCKET_VERSION, "13")
        .body(Empty::<Bytes>::new())?;
    let (socket, _response) = handshake::client(&TokioExecutor::new(), request, stream).await?;
    let (reader, writer) = socket.split(tokio::io::split);
    let (mut reader, writer) = (FragmentCollectorRead::new(reader), Arc::new(Mutex::new(writer)));
    let to_server = writer.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let frame = Frame::text(Payload::Owned(line.into()));
            if to_server.lock().await.write_frame(frame).await.is_err() {
                return;
            }
        }
        let _ = to_server.lock().await.write_frame(Frame::close(1000, b"")).await;
    });
    loop {
        let mut reply = async |frame: Frame<'_>| writer.lock().await.write_frame(frame).await;
        let frame = reader.read_frame(&mut reply).await?;
        match frame.opcode {
            OpCode::Text => println!("{:?}", str::from_utf8(&frame.payload)?),
            OpCode::Binary => println!("\"[binary]\""),
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}
