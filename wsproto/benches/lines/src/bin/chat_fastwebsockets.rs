//! A chat on fastwebsockets, behind hyper: all hear all. Its reads may not be dropped, so a task of its own writes.

use std::sync::Arc;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, Payload};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::broadcast::Sender;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Room = Sender<(OpCode, Bytes)>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let room = Room::new(256);
    loop {
        let (stream, _) = listener.accept().await?;
        let room = room.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, room.clone()));
            let serve = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            serve.with_upgrades().await.unwrap_or_else(|error| eprintln!("{error}"));
        });
    }
}

async fn answer(mut request: Request<Incoming>, room: Room) -> Result<Response<Empty<Bytes>>, Error> {
    let (response, upgraded) = upgrade(&mut request)?;
    tokio::spawn(async { talk(upgraded, room).await.unwrap_or_else(|error| eprintln!("{error}")) });
    Ok(response)
}

async fn talk(upgraded: UpgradeFut, room: Room) -> Result<(), Error> {
    let (reader, writer) = upgraded.await?.split(tokio::io::split);
    let (mut reader, writer) = (FragmentCollectorRead::new(reader), Arc::new(Mutex::new(writer)));
    let (mut news, to_peer) = (room.subscribe(), writer.clone());
    let writing = tokio::spawn(async move {
        // Who is too slow is dropped.
        while let Ok((opcode, payload)) = news.recv().await {
            let frame = Frame::new(true, opcode, None, Payload::Borrowed(&payload));
            if to_peer.lock().await.write_frame(frame).await.is_err() {
                break;
            }
        }
    });
    let outcome = loop {
        let mut reply = async |frame: Frame<'_>| writer.lock().await.write_frame(frame).await;
        match reader.read_frame(&mut reply).await {
            Ok(frame) if frame.opcode == OpCode::Close => break Ok(()),
            Ok(frame) if matches!(frame.opcode, OpCode::Text | OpCode::Binary) => {
                room.send((frame.opcode, frame.payload.to_vec().into()))?;
            }
            Ok(_) => {}
            Err(error) => break Err(error.into()),
        }
    };
    writing.abort();
    outcome
}
