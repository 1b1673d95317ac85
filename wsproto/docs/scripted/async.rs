// Clients that say all they have to say at once. What is written is taken a byte at a time, and kept until it is flushed.
{
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    use wsproto::ProtocolError;
    use wsproto::error::AbnormalClosure;

    struct Client {
        says: &'static [u8],
        kept: Vec<u8>,
        heard: Vec<u8>,
    }
    impl Transport for &mut Client {
        async fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            std::io::Read::read(&mut self.says, buf)
        }
        async fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.kept.push(bytes[0]);
            Ok(1)
        }
        async fn flush(&mut self) -> std::io::Result<()> {
            let client = &mut **self;
            client.heard.append(&mut client.kept);
            Ok(())
        }
    }

    let echo_to = |says| {
        let mut client = Client { says, kept: Vec::new(), heard: Vec::new() };
        let outcome = {
            let session = Session::new(wsproto::Server, wsproto::Limits::new(), Vec::new());
            let mut socket = Socket::new(&mut client, session);
            let mut echo = std::pin::pin!(async {
                while let Some((message, sender, out)) = socket.next().await? {
                    if message.is_data() {
                        sender.frame().append(message, out)?;
                    }
                }
                Result::Ok(())
            });
            match echo.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => panic!("this client never has it wait"),
            }
        };
        (client.heard, outcome)
    };

    let (heard, outcome) = echo_to(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x80\x00\x00\x00\x00");
    assert!(outcome.is_ok() && heard == b"\x81\x05Hello\x88\x00", "{outcome:?}");

    let (heard, outcome) = echo_to(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81\x05Hello");
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&ProtocolError::UnmaskedFrame));
    assert!(heard.starts_with(b"\x81\x05Hello\x88"), "{heard:?}");

    // A text that comes whole and is not UTF-8: seen only when it is taken.
    let (heard, outcome) = echo_to(b"\x81\x81\x00\x00\x00\x00\xff");
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&ProtocolError::NotUtf8));
    assert!(heard.starts_with(b"\x88"), "{heard:?}");

    let (_, outcome) = echo_to(b"\x81\x85\x37");
    assert!(outcome.unwrap_err().is::<AbnormalClosure>());
}
