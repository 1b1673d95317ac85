//! Echo over tokio-websockets, as its `echo_server` example does it, with its limits in place.

use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{Config, ServerBuilder};

fn main() {
    peers::serve(|stream| {
        tokio::task::unconstrained(async move {
            let builder = ServerBuilder::new().config(Config::default().frame_size(usize::MAX));
            let Ok((_, mut socket)) = builder.accept(stream).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
                    return;
                }
            }
        })
    });
}
