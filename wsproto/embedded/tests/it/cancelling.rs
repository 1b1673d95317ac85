//! Futures that are dropped at each await.

use wsproto_embedded::{CloseCode, Error, Message, NoClock, accept};

use crate::transport::{FRAMES, REQUEST, RESPONSE, Script, Then, poll_once};

/// Polls once and drops, over and over.
macro_rules! impatiently {
    ($future:expr) => {{
        let mut tries = 0;
        loop {
            if let Some(output) = poll_once($future) {
                break output;
            }
            tries += 1;
            assert!(tries < 10_000, "it never gets on");
        }
    }};
}

fn slow(frames: &[u8], piece: usize) -> (Script, std::rc::Rc<std::cell::RefCell<Vec<u8>>>) {
    let script = Script { piece, is_slow: true, ..Script::new(&[REQUEST, frames], Then::Hang) };
    let taken = script.taken.clone();
    (script, taken)
}

#[test]
fn nothing_is_lost_where_reading_is_given_up() {
    for piece in [1, 3, 1000] {
        let (script, taken) = slow(FRAMES, piece);
        let mut socket = embassy_futures::block_on(accept(script, [0; 512], NoClock)).unwrap();
        let mut texts = Vec::new();
        loop {
            let read = impatiently!(async {
                let message = socket.read().await?.map(|(message, _)| format!("{message:?}"));
                Ok::<_, Error<_>>(message)
            });
            match read.unwrap() {
                Some(text) => texts.push(text),
                None => break,
            }
        }
        assert_eq!(texts, ["Text(\"Hello\")"; 2]);
        assert_eq!(taken.borrow()[RESPONSE.len()..], *b"\x8a\x02hi\x88\x02\x03\xea");
    }
}

/// A message is sent once: by its own future, or by what is called next.
#[test]
fn no_frame_is_cut_where_sending_is_given_up() {
    for polls in 0..40 {
        let (script, taken) = slow(b"\x88\x80\0\0\0\0", 1);
        let mut socket = embassy_futures::block_on(accept(script, [0; 512], NoClock)).unwrap();
        {
            let mut future = std::pin::pin!(socket.send("one"));
            for _ in 0..polls {
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                if future.as_mut().poll(&mut context).is_ready() {
                    break;
                }
            }
        }
        impatiently!(socket.close(CloseCode::NORMAL, "")).unwrap();
        let taken = &taken.borrow()[RESPONSE.len()..];
        let one: &[u8] = if polls == 0 { b"" } else { b"\x81\x03one" };
        assert_eq!(*taken, [one, b"\x88\x02\x03\xe8"].concat(), "{polls}");
    }
}

/// A message in fragments that was given up can't be finished: this is told, and the connection can be closed.
#[test]
fn fragments_are_whole_frames() {
    let (script, taken) = slow(b"\x88\x80\0\0\0\0", 50);
    let mut socket = embassy_futures::block_on(accept(script, [0; 512], NoClock)).unwrap();
    let long = [7; 300];
    assert!(poll_once(socket.send(&long)).is_none());
    let again = impatiently!(socket.send("other"));
    assert_eq!(again, Err(Error::Misuse(wsproto_embedded::Misuse::MessageUnderWay)));
    impatiently!(socket.close(CloseCode::NORMAL, "")).unwrap();
    let taken = &taken.borrow()[RESPONSE.len()..];
    assert_eq!(taken[..2], [0x02, 117]);
    assert_eq!(taken[2 + 117..], *b"\x88\x02\x03\xe8");
}

#[test]
fn closing_is_gone_on_with() {
    let (script, taken) = slow(b"\x81\x80\0\0\0\0\x88\x80\0\0\0\0", 1);
    let mut socket = embassy_futures::block_on(accept(script, [0; 512], NoClock)).unwrap();
    impatiently!(socket.close(CloseCode::GOING_AWAY, "bye")).unwrap();
    assert_eq!(taken.borrow()[RESPONSE.len()..], *b"\x88\x05\x03\xe9bye");
    assert_eq!(poll_once(socket.send(Message::Text("late"))), Some(Err(Error::Closed)));
}
