//! The test of the guide of `wsproto-test`, and that the guide has it as it is here.

use tokio::io::{AsyncRead, AsyncWrite};

/// What is tested: shouts back.
async fn serve<T: AsyncRead + AsyncWrite + Unpin>(stream: T) -> Result<(), Box<dyn std::error::Error>> {
    let mut socket = tokio_wsproto::accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        if let Some(text) = message.as_text() {
            socket.feed(text.to_uppercase())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wsproto_test::{Faulty, Frame, Peer, pipe};

    #[tokio::test]
    async fn shouts_and_says_goodbye() {
        let (stream, near) = pipe();
        // However slowly it comes, it is the same.
        let server = super::serve(Faulty::bytewise(stream));
        let client = async {
            let mut client = Peer::client(near);
            client.async_open("/", &[("Origin", "https://example.com")]).await?;
            client.send(&Frame::text("hello"))?;
            assert_eq!(client.async_recv().await?, Some(Frame::text("HELLO")));
            client.send(&Frame::close(1000, ""))?;
            assert_eq!(client.async_recv().await?.unwrap().close_code(), Some(1000));
            std::io::Result::Ok(())
        };
        let (served, asked) = tokio::join!(server, client);
        asked.unwrap();
        served.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_does_not_mask_is_told_so() {
        let (stream, near) = pipe();
        let client = async {
            let mut client = Peer::client(near);
            client.async_open("/", &[]).await?;
            client.set_key(None);
            client.send(&Frame::text("hello"))?;
            client.set_key(Some([0; 4]));
            assert_eq!(client.async_recv().await?.unwrap().close_code(), Some(1002));
            std::io::Result::Ok(())
        };
        let (served, asked) = tokio::join!(super::serve(stream), client);
        asked.unwrap();
        assert!(served.is_err());
    }
}

#[test]
fn it_is_in_the_guide() {
    let here = include_str!("own_server.rs");
    let program = here.split("\n\n").skip(1).collect::<Vec<_>>().join("\n\n");
    let program = program.split("\n#[test]\nfn it_is").next().unwrap();
    assert!(include_str!("../../test-kit/README.md").contains(program));
}
