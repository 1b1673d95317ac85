//! Text that is formatted straight into the frame.

use wsproto::connection::{Client, MessageKind, SendState, Sender, Server};
use wsproto::error::{BufferTooSmall, Misuse, SendError};
use wsproto::wire::{MAX_HEADER_LEN, MaskingKey};

use crate::common::{CLIENT, FIN, SERVER, TEXT, fragment};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

#[test]
fn formatted_text_is_sent_as_if_it_were_a_string() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let text = "é".repeat(len / 2) + &"x".repeat(len % 2);
        let mut dst = vec![0; len + MAX_HEADER_LEN];
        let (front, back) = text.split_at(len / 4 * 2);
        let n = Sender::new(Server).frame().encode_fmt(format_args!("{front}{back}"), &mut dst).unwrap();
        assert!(dst[..n] == SERVER.frame(FIN | TEXT, text.as_bytes()), "{len}");
        let mut client = Sender::new(Client::new(|| KEY));
        let n = client.frame().encode_fmt(format_args!("{front}{back}"), &mut dst).unwrap();
        assert!(dst[..n] == CLIENT.frame(FIN | TEXT, text.as_bytes()), "{len}, masked");
    }
}

#[test]
fn formatted_text_that_does_not_fit_says_how_much_does() {
    let mut sender = Sender::new(Server);
    let text = || ["12345"; 40];
    let needed = match sender.frame().encode_fmt(format_args!("{:?}", text()), &mut []) {
        Err(SendError::BufferTooSmall(BufferTooSmall { needed })) => needed,
        other => panic!("{other:?}"),
    };
    for len in [1, 13, 14, 15, needed - 1] {
        let refused = sender.frame().encode_fmt(format_args!("{:?}", text()), &mut vec![0; len]);
        assert_eq!(refused, Err(BufferTooSmall { needed }.into()), "in {len}");
    }
    assert_eq!((sender.state(), sender.check_message()), (SendState::Open, Ok(())));
    let mut dst = vec![0; needed];
    let n = sender.frame().encode_fmt(format_args!("{:?}", text()), &mut dst).unwrap();
    assert_eq!(dst[..n], SERVER.frame(FIN | TEXT, format!("{:?}", text()).as_bytes()));
}

#[test]
fn what_may_not_be_sent_is_not_formatted() {
    struct Never;
    impl std::fmt::Display for Never {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("not asked for what can't be sent")
        }
    }
    let mut dst = [0xEE; 64];
    let mut sender = Sender::new(Server);
    let _ = sender.frame().fragment_header(fragment(MessageKind::Binary, b"", false)).unwrap();
    let refused = sender.frame().encode_fmt(format_args!("{Never}"), &mut dst);
    assert_eq!(refused, Err(Misuse::MessageUnderWay.into()));
    assert_eq!(dst, [0xEE; 64]);
}
