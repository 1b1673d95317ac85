//! Echo over tokio-tungstenite, as its `echo-server` example does it, on one thread.

use futures_util::{StreamExt, TryStreamExt, future};

fn main() {
    peers::serve(|stream| async move {
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
        let (write, read) = socket.split();
        let messages = read.try_filter(|message| future::ready(message.is_text() || message.is_binary()));
        let _ = messages.forward(write).await;
    });
}
