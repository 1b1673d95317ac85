//! When a session makes room: exactly where the documentation has it, seen from the space it offers.

#[cfg(feature = "alloc")]
use wsproto::connection::Message;
use wsproto::connection::{Limits, Server};
use wsproto::session::Session;

use crate::common::{BINARY, CLIENT, FIN};
use crate::given::next;

/// The headers of the frames below: 2 bytes, a 16-bit length, a masking key.
const HEADER: usize = 8;
/// What a large buffer keeps free before its first message.
#[cfg(feature = "alloc")]
const FREE_BEFORE_TEXT: usize = 16;

#[test]
fn a_message_that_can_be_moved_for_what_is_won_goes_to_the_front() {
    for (given, moves) in [(400, true), (300, false)] {
        let mut session = Session::new(Server, Limits::new(), [0; 1024]);
        let before = CLIENT.frame(FIN | BINARY, &vec![1; given - HEADER]);
        let frame = CLIENT.frame(FIN | BINARY, &[1; 800]);
        assert_eq!(session.push_some(&[&before, &frame[..390]].concat()), given + 390);
        assert!(next(&mut session).unwrap().is_some());
        assert_eq!(next(&mut session), Ok(None));
        let kept = if moves { 390 - HEADER } else { given + 390 };
        assert_eq!(session.buffer().len(), 1024 - kept, "{given} bytes lie before it");
    }
}

#[test]
fn a_message_in_a_fixed_buffer_goes_to_the_front_once_no_control_frame_fits_behind_it() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let frame = CLIENT.frame(FIN | BINARY, &[1; 893]);
    assert_eq!(session.push_some(&frame[..893]), 893);
    assert_eq!(next(&mut session), Ok(None));
    assert_eq!(session.buffer().len(), 131, "a control frame fits: nothing is moved");
    assert_eq!(session.push_some(&frame[893..894]), 1);
    assert_eq!(next(&mut session), Ok(None));
    assert_eq!(session.buffer().len(), 130 + HEADER, "the header made room");
}

#[test]
#[cfg(feature = "alloc")]
fn a_message_in_a_growing_buffer_is_not_moved_to_win_a_header() {
    let mut session = Session::new(Server, Limits::new(), vec![0; 16_384]);
    let frame = CLIENT.frame(FIN | BINARY, &[1; 16_384]);
    let pushed = session.push_some(&frame);
    assert_eq!(pushed, 16_384 - FREE_BEFORE_TEXT);
    assert_eq!(next(&mut session), Ok(None));
    // It stays behind its header, and what is to come has room, and one read.
    assert_eq!(session.buffer().len(), frame.len() - pushed + 4096);
    assert_eq!(session.push_some(&frame[pushed..]), frame.len() - pushed);
    assert_eq!(next(&mut session), Ok(Some(Message::Binary(&[1; 16_384]))));
    for _ in 0..2 {
        assert_eq!(session.push_some(&frame), frame.len(), "there is room for the next");
        assert_eq!(next(&mut session), Ok(Some(Message::Binary(&[1; 16_384]))));
    }
}
