//! An echo server over fastwebsockets, as its `echo_server` example does it, on one thread of tokio.

use fastwebsockets::{FragmentCollector, OpCode, WebSocketError, upgrade};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8080").await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::task::spawn(async move {
                let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(accept));
                if let Err(error) = http.with_upgrades().await {
                    eprintln!("{error}");
                }
            });
        }
    })
}

async fn accept(
    mut request: Request<Incoming>,
) -> std::result::Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade::upgrade(&mut request)?;
    tokio::task::spawn(async move {
        if let Err(error) = converse(upgraded).await {
            eprintln!("{error}");
        }
    });
    Ok(response)
}

async fn converse(upgraded: upgrade::UpgradeFut) -> std::result::Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}
