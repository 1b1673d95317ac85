//! All cases of frames against an echo of twenty lines on the engine: how `check_frames` is used.
#![cfg(feature = "vectors")]

use wsproto::connection::Role;
use wsproto::{Client, CloseCode, CloseFrame, Limits, MaskingKey, Message, Server, Session};
use wsproto_test::vectors::{Case, Entry, Told, check_frames};

#[test]
fn an_echo_on_the_engine_does_what_the_table_says() {
    let runs = check_frames(
        |_| true,
        |case, pieces| {
            if case.is_client() {
                echo(case, Client::new(|| MaskingKey::new([7; 4])), pieces)
            } else {
                echo(case, Server, pieces)
            }
        },
    );
    match runs {
        Ok(runs) => assert!(runs > 10_000, "{runs}"),
        Err(mismatch) => panic!("{mismatch}"),
    }
}

#[test]
fn an_echo_of_the_wrong_kind_is_noticed() {
    let keys = || MaskingKey::new([7; 4]);
    let all_are_clients = check_frames(|_| true, |case, pieces| echo(case, Client::new(keys), pieces));
    assert!(all_are_clients.is_err());
}

fn echo<R: Role>(case: &Case, role: R, pieces: &[&[u8]]) -> Told {
    let mut told = Told::default();
    let mut session = Session::new(role, limits(case), Vec::new());
    if let Some(code) = case.starts() {
        let close = code.map(|code| CloseFrame::from(CloseCode::new(code).unwrap()));
        session.frame().append(Message::Close(close), &mut told.out).unwrap();
    }
    for piece in pieces {
        session.push(piece);
        let (events, started) = (&mut told.events, case.starts().is_some());
        let outcome = session.turn(&mut told.out, |message, sender, out| {
            events.push(entry(message));
            // Behind its own Close frame an endpoint sends no data.
            if message.is_data() && !started { sender.frame().append(message, out) } else { Ok(()) }
        });
        if outcome.is_err() {
            told.fails = true;
            break;
        }
    }
    told
}

fn entry(message: Message<'_>) -> Entry {
    match message {
        Message::Text(text) => Entry::Text(text.to_owned()),
        Message::Binary(payload) => Entry::Binary(payload.to_vec()),
        Message::Ping(payload) => Entry::Ping(payload.to_vec()),
        Message::Pong(payload) => Entry::Pong(payload.to_vec()),
        Message::Close(close) => {
            Entry::Close(close.map(|close| (close.code().get(), close.reason().to_owned())))
        }
    }
}

fn limits(case: &Case) -> Limits {
    let mut limits = Limits::new();
    let frames = |name| case.limit(name).map(|frames| u32::try_from(frames).unwrap());
    if let Some(bytes) = case.limit("max_frame_payload") {
        limits = limits.with_max_frame_payload(bytes);
    }
    if let Some(bytes) = case.limit("max_message_size") {
        limits = limits.with_max_message_size(bytes);
    }
    if let Some(frames) = frames("max_fragments") {
        limits = limits.with_max_fragments(frames);
    }
    if let Some(frames) = frames("max_control_frames") {
        limits = limits.with_max_control_frames(frames);
    }
    limits
}
