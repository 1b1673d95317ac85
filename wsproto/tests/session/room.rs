//! When a session makes room: exactly where the documentation has it, seen from the space it offers.

use wsproto::connection::{Limits, Server};
use wsproto::session::Session;

use crate::common::{BINARY, CLIENT, FIN};
use crate::given::next;

/// The headers of the frames below: 2 bytes, a 16-bit length, a masking key.
const HEADER: usize = 8;

#[test]
fn a_message_goes_to_the_front_once_less_than_half_of_the_buffer_is_free() {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    let frame = CLIENT.frame(FIN | BINARY, &[1; 800]);
    assert_eq!(session.push_some(&frame[..512]), 512);
    assert_eq!(next(&mut session), Ok(None));
    assert_eq!(session.buffer().len(), 512, "half is free: nothing is moved");
    assert_eq!(session.push_some(&frame[512..513]), 1);
    assert_eq!(next(&mut session), Ok(None));
    assert_eq!(session.buffer().len(), 511 + HEADER, "less than half: the header made room");
}
