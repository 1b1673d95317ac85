// A peer that takes everything and never says a word, on a simulated clock: a message is posted each second, and still it is
// sent a Ping after 30 seconds, and given up after 60.
{
    use wsproto::deadlines::{Deadline, Timeouts};

    struct Silent(Vec<u8>);
    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::WouldBlock.into())
        }
    }
    impl Write for Silent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let at = |seconds: u64| Moment::from_millis(1000 * seconds);
    let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
    deadlines.opened(at(0));
    let session = Session::new(Server, wsproto::Limits::new(), Vec::new());
    let mut peer = Peer { socket: Silent(Vec::new()), session, deadlines, posted: VecDeque::new(), out: Vec::new() };
    let given_up = (0..100).find_map(|second| {
        peer.posted.push_back("tick".into());
        match peer.turn(at(second)) {
            Ok(Then::Wait(wake_up)) => assert_eq!(wake_up, Some(at(if second < 30 { 30 } else { 60 }))),
            Ok(Then::ShutDown) => panic!("nobody has closed the connection"),
            Err(error) => return Some((second, error.to_string())),
        }
        assert_eq!(peer.socket.0.ends_with(b"\x89\x04\x00\x00\x00\x01"), second == 30, "{second}");
        None
    });
    assert_eq!(given_up, Some((60, Deadline::Pong.to_string())));
}
