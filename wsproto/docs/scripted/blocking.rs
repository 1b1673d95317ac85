// A client that sends a text, then a frame that is not masked: the echo and the Close frame go out, and the error is seen.
{
    struct Client(&'static [u8], Vec<u8>);
    impl Read for Client {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buf)
        }
    }
    impl Write for Client {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl Client {
        fn speaks(bytes: &'static [u8]) -> (Vec<u8>, Result<()>) {
            let mut client = Self(bytes, Vec::new());
            let mut session = Session::new(Server, wsproto::Limits::new(), [0; 256]);
            let outcome = echo(&mut client, &mut session);
            (client.1, outcome)
        }
    }

    let (sent, outcome) = Client::speaks(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81\x05Hello");
    assert!(outcome.unwrap_err().to_string().contains("not masked"));
    assert!(sent.starts_with(b"\x81\x05Hello\x88"));

    let (sent, outcome) = Client::speaks(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x80\x00\x00\x00\x00");
    assert!(outcome.is_ok() && sent == b"\x81\x05Hello\x88\x00");
}
