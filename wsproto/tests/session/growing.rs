//! A buffer that grows (feature `alloc`): with what came, never with what was announced.

use wsproto::connection::{Limits, Message, Server};
use wsproto::session::Session;

use crate::common::{BINARY, CLIENT, FIN, TEXT};
use crate::given::next;

fn feed(session: &mut Session<Server, Vec<u8>>, bytes: &[u8]) {
    session.buffer()[..bytes.len()].copy_from_slice(bytes);
    session.filled(bytes.len());
}

#[test]
fn a_growing_buffer_follows_what_came_never_what_was_announced() {
    let config = Limits::new().with_max_frame_payload(u64::MAX).with_max_message_size(u64::MAX);
    let mut session = Session::new(Server, config, Vec::new());
    // As much as the machine could ever address, but for what the frame itself takes.
    let announced = (1_u64 << 62).min(isize::MAX.unsigned_abs() as u64 - 1000);
    feed(&mut session, &CLIENT.header(FIN | BINARY, announced));
    assert_eq!(next(&mut session), Ok(None));
    let mut came = 14;
    for _ in 0..1000 {
        let space = session.buffer();
        let held = came + space.len();
        assert!(held <= 2 * came + 2 * 4096, "{came} bytes came, {held} are held");
        let n = space.len().min(1000);
        session.filled(n);
        came += n;
        assert_eq!(next(&mut session), Ok(None));
    }
}

#[test]
fn an_idle_session_can_give_its_memory_back() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let bytes = CLIENT.frame(FIN | BINARY, &[1; 3000]);
    feed(&mut session, &bytes);
    assert_eq!(next(&mut session), Ok(Some(Message::Binary(&[1; 3000]))));
    assert_eq!(next(&mut session), Ok(None));
    session.shrink();
    assert_eq!(session.capacity(), 0);
    // Half a frame is kept.
    feed(&mut session, &bytes[..1000]);
    assert_eq!(next(&mut session), Ok(None));
    session.shrink();
    assert!((900..=1100).contains(&session.capacity()));
    feed(&mut session, &bytes[1000..]);
    assert_eq!(next(&mut session), Ok(Some(Message::Binary(&[1; 3000]))));
    session.shrink();
    assert_eq!(session.capacity(), 0, "right behind a message");
    // What is unread is kept alone.
    feed(&mut session, &[&bytes[..], &[0x82]].concat());
    while session.next().unwrap().is_some() {}
    session.shrink();
    assert_eq!(session.capacity(), 1);
}

#[test]
fn a_caller_that_drains_slower_than_it_reads_does_not_make_the_buffer_grow_without_end() {
    let config = Limits::new().with_max_message_size(100);
    let mut session = Session::new(Server, config, Vec::new());
    let empty = CLIENT.frame(FIN | TEXT, b"");
    for _ in 0..10_000 {
        let mut rest = &empty.repeat(100)[..];
        while !rest.is_empty() {
            match session.push_some(rest) {
                0 => assert!(session.next().unwrap().is_some()),
                n => rest = &rest[n..],
            }
        }
    }
    assert!(session.capacity() <= 2 * (100 + 131 + 4096));
}

#[test]
fn a_buffer_grows_once_no_control_frame_fits_any_more() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let size = session.buffer().len();
    let frame = CLIENT.frame(FIN | BINARY, &vec![1; 2 * size]);
    assert_eq!(session.push_some(&frame[..size - 131]), size - 131);
    assert_eq!(next(&mut session), Ok(None));
    assert_eq!(session.buffer().len(), 131, "room for the longest control frame: enough");
    assert_eq!(session.push_some(&[frame[size - 131]]), 1);
    assert_eq!(next(&mut session), Ok(None));
    assert!(session.buffer().len() > 131, "it has grown");
}

#[test]
fn a_buffer_grows_as_far_as_the_largest_message_needs() {
    let most = 100_000;
    let mut session = Session::new(Server, Limits::new().with_max_message_size(most), Vec::new());
    let payload = vec![1; usize::try_from(most).unwrap()];
    let frame = CLIENT.frame(FIN | BINARY, &payload);
    let mut rest = &frame[..];
    while !rest.is_empty() {
        assert_eq!(next(&mut session), Ok(None));
        let pushed = session.push_some(rest);
        assert!(pushed > 0, "{} bytes are to come, and there is no room", rest.len());
        rest = &rest[pushed..];
    }
    assert_eq!(next(&mut session), Ok(Some(Message::Binary(&payload))));
}

#[test]
fn a_buffer_grows_by_doubling_up_to_what_was_announced_and_one_read() {
    let limits = Limits::new().with_max_frame_payload(1 << 20).with_max_message_size(1 << 20);
    let mut session = Session::new(Server, limits, Vec::new());
    let frame = CLIENT.frame(FIN | BINARY, &vec![1; 100_000]);
    let (mut rest, mut sizes) = (&frame[..], Vec::new());
    while !rest.is_empty() {
        assert_eq!(next(&mut session), Ok(None));
        rest = &rest[session.push_some(rest)..];
        sizes.push(session.capacity());
    }
    sizes.dedup();
    // 16 bytes before a message stay free, for short text.
    assert_eq!(sizes, [4096, 8192, 16_384, 32_768, 65_536, 16 + frame.len() + 4096]);
}
