//! A session says what a connection says, whatever comes, however it is read, and whatever else the caller does.

use proptest::prelude::*;
use wsproto::Message;
use wsproto::connection::{Event, Limits, MessageKind, Received, Receiver, Server};
use wsproto::session::{Buffer, Session};

use crate::common::{Entry, Log, any_frames, binary, text};

/// What a caller does between two reads.
#[derive(Debug, Clone, Copy)]
enum Step {
    Read(usize),
    Next,
    Drain,
    LookAtBuffer,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..200_usize).prop_map(Step::Read),
        2 => Just(Step::Next),
        2 => Just(Step::Drain),
        1 => Just(Step::LookAtBuffer),
    ];
    proptest::collection::vec(step, 1..30)
}

fn add(log: &mut Log, message: Message<'_>) {
    log.entries.push(match message {
        Message::Text(whole) => text(whole),
        Message::Binary(whole) => binary(whole),
        Message::Ping(payload) => Entry::Ping(payload.into()),
        Message::Pong(payload) => Entry::Pong(payload.into()),
        Message::Close(close) => Entry::Close(close.map(|close| (close.code().get(), close.reason().into()))),
    });
}

fn through_session<B: Buffer>(buffer: B, mut wire: &[u8], steps: &[Step]) -> Log {
    let mut session = Session::new(Server, config(), buffer);
    let mut log = Log::default();
    for step in steps.iter().cycle() {
        let times = match step {
            Step::Read(size) => {
                let n = session.push_some(&wire[..wire.len().min(*size)]);
                wire = &wire[n..];
                0
            }
            Step::Next => 1,
            Step::Drain => usize::MAX,
            Step::LookAtBuffer => {
                session.buffer();
                0
            }
        };
        for _ in 0..times {
            match session.next() {
                Ok(Some((message, _))) => add(&mut log, message),
                Ok(None) if wire.is_empty() => return log,
                Ok(None) => break,
                Err(error) => {
                    log.error = Some(error);
                    return log;
                }
            }
        }
    }
    log
}

fn config() -> Limits {
    Limits::new().with_max_message_size(600).with_max_fragments(6)
}

/// The same by hand: pieces are joined, and a message stands where it ended.
fn through_connection(mut wire: Vec<u8>) -> Log {
    let mut receiver = Receiver::<Server>::new(config());
    let mut log = Log::default();
    let mut message = Vec::new();
    let mut rest = &mut wire[..];
    loop {
        let Received { consumed, event, .. } = match receiver.receive(rest) {
            Ok(received) if received.consumed == 0 => return log,
            Ok(received) => received,
            Err(error) => return Log { error: Some(error), ..log },
        };
        match event {
            None => {}
            Some(Event::Ping(payload)) => add(&mut log, Message::Ping(payload)),
            Some(Event::Pong(payload)) => add(&mut log, Message::Pong(payload)),
            Some(Event::Close(close)) => add(&mut log, Message::Close(close)),
            Some(Event::Data(data)) => {
                message.extend_from_slice(data.payload);
                if data.is_last {
                    let whole = std::mem::take(&mut message);
                    add(
                        &mut log,
                        match data.kind {
                            MessageKind::Text => Message::Text(std::str::from_utf8(&whole).unwrap()),
                            MessageKind::Binary => Message::Binary(&whole),
                        },
                    );
                }
            }
        }
        rest = &mut rest[consumed..];
    }
}

proptest! {
    #[test]
    fn whatever_comes_and_however_it_is_read(wire in any_frames(), mut steps in steps()) {
        // Something is read and looked at in the end.
        steps.extend([Step::Read(1), Step::Next]);
        let expected = through_connection(wire.clone());
        prop_assert_eq!(through_session([0; 731], &wire, &steps), expected.clone());
        #[cfg(feature = "alloc")]
        prop_assert_eq!(through_session(Vec::new(), &wire, &steps), expected);
    }
}
