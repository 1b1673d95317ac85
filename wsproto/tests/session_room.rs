//! When a session makes room: exactly where the documentation has it, seen from the space it offers.

mod common;

use common::{BINARY, CLIENT, FIN};
use wsproto::connection::{Config, Server};
use wsproto::session::{Message, Session};

/// The headers of the frames below: 2 bytes, a 16-bit length, a masking key.
const HEADER: usize = 8;

#[test]
fn a_message_goes_to_the_front_once_less_than_half_of_the_buffer_is_free() {
    let mut session = Session::<Server, _>::new(Config::new(), [0; 1024]);
    let frame = CLIENT.frame(FIN | BINARY, &[1; 800]);
    assert_eq!(session.push(&frame[..512]), 512);
    assert_eq!(session.next(), Ok(None));
    assert_eq!(session.buffer().len(), 512, "half is free: nothing is moved");
    assert_eq!(session.push(&frame[512..513]), 1);
    assert_eq!(session.next(), Ok(None));
    assert_eq!(session.buffer().len(), 511 + HEADER, "less than half: the header made room");
}

#[test]
#[cfg(feature = "alloc")]
fn a_buffer_grows_once_no_control_frame_fits_any_more() {
    let mut session = Session::<Server, _>::new(Config::new(), Vec::new());
    let size = session.buffer().len();
    let frame = CLIENT.frame(FIN | BINARY, &vec![1; 2 * size]);
    assert_eq!(session.push(&frame[..size - 131 + HEADER]), size - 131 + HEADER);
    assert_eq!(session.next(), Ok(None));
    assert_eq!(session.buffer().len(), 131, "room for the longest control frame: enough");
    assert_eq!(session.push(&[frame[size - 131 + HEADER]]), 1);
    assert_eq!(session.next(), Ok(None));
    assert!(session.buffer().len() > 131, "it has grown");
}

#[test]
#[cfg(feature = "alloc")]
fn a_buffer_grows_as_far_as_the_largest_message_needs() {
    let most = 100_000;
    let mut session = Session::<Server, _>::new(Config::new().with_max_message_size(most), Vec::new());
    let payload = vec![1; usize::try_from(most).unwrap()];
    let frame = CLIENT.frame(FIN | BINARY, &payload);
    let mut rest = &frame[..];
    while !rest.is_empty() {
        assert_eq!(session.next(), Ok(None));
        let pushed = session.push(rest);
        assert!(pushed > 0, "{} bytes are to come, and there is no room", rest.len());
        rest = &rest[pushed..];
    }
    assert_eq!(session.next(), Ok(Some(Message::Binary(&payload))));
}
