//! Compressed messages as they are sent: the frames, what they need, and what is remembered.

use wsproto::connection::{Client, Message, MessageKind, Sender, Server, encode_shared_message};
use wsproto::deflate::{Compressor, Inflater, Level, Parameters, Policy, WindowBits};
use wsproto::error::{BufferTooSmall, Misuse, SendError};
use wsproto::wire::{MaskingKey, frame};

use crate::common::fragment;

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CONTINUATION: u8 = 0x0;

/// Compresses all there is, and remembers.
const ALL: Policy = Policy::new().with_threshold(0).with_takeover();

fn server(policy: Policy) -> Sender<Server> {
    Sender::new(Server).with_deflate(Parameters::default(), policy)
}

/// The first byte of the frame that makes up all of `bytes`, and its payload, unmasked.
fn read(bytes: &[u8]) -> (u8, Vec<u8>) {
    let mut bytes = bytes.to_vec();
    let first = bytes[0];
    let (frame, len) = frame::decode(&mut bytes, usize::MAX).unwrap().unwrap();
    let payload = frame.payload.to_vec();
    assert_eq!(len, bytes.len());
    (first, payload)
}

fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Vec<u8> {
    let mut plain = vec![0; 1 << 20];
    let inflated = inflater.inflate(payload, true, &mut plain).unwrap();
    assert!(inflated.is_done);
    plain.truncate(inflated.written);
    plain
}

fn inflater() -> Inflater {
    Inflater::new(WindowBits::MAX, true)
}

#[test]
fn a_message_is_sent_as_the_rfc_shows() {
    let mut sender = server(ALL);
    let mut out = [0; 64];
    // [RFC 7692 §7.2.3.1]
    let n = sender.frame().encode("Hello", &mut out).unwrap();
    assert_eq!(out[..n], [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    // [RFC 7692 §7.2.3.2]: with a reference to the first.
    let n = sender.frame().encode("Hello", &mut out).unwrap();
    assert!(n <= 2 + 5, "{:02x?}", &out[..n]);
    assert_eq!(out[0], FIN | RSV1 | TEXT);
    // And in fragments.
    let mut sender = server(ALL);
    let n = sender.frame().encode_fragment(fragment(MessageKind::Text, b"Hel", false), &mut out).unwrap();
    assert_eq!(out[0], RSV1 | TEXT);
    let (_, mut payload) = read(&out[..n]);
    let n = sender.frame().encode_fragment(fragment(MessageKind::Text, b"lo", true), &mut out).unwrap();
    assert_eq!(out[0], FIN | CONTINUATION, "the bit is set on the first frame only");
    payload.extend(read(&out[..n]).1);
    assert_eq!(inflate(&mut inflater(), &payload), b"Hello");
}

#[test]
fn a_client_masks_what_it_compressed() {
    let text = "again and ".repeat(20);
    let mut sender = Sender::new(Client::new(|| KEY)).with_deflate(Parameters::default(), ALL);
    let mut out = [0; 300];
    let n = sender.frame().encode(&text, &mut out).unwrap();
    let (first, payload) = read(&out[..n]);
    assert_eq!(first, FIN | RSV1 | TEXT);
    assert_eq!(inflate(&mut inflater(), &payload), text.as_bytes());
}

#[test]
fn a_message_needs_no_more_space_than_without() {
    for len in [200, 1000, 70_000] {
        let header = if len < 65_536 { 4 } else { 10 };
        let text = "again and ".repeat(len / 10);
        let mut out = vec![0xEE; header + len];
        for policy in [ALL, Policy::new()] {
            let mut sender = server(policy);
            assert_eq!(
                sender.frame().encode(&text, &mut out[1..]),
                Err(SendError::BufferTooSmall(BufferTooSmall { needed: header + len })),
            );
            assert!(out.iter().all(|byte| *byte == 0xEE), "nothing was written");
            assert!(sender.frame().encode(&text, &mut out).unwrap() < len);
            out.fill(0xEE);
        }
    }
}

#[test]
fn what_does_not_shrink_is_sent_as_it_is_unless_it_may_be_referred_to() {
    let noise: Vec<u8> = (0..200_u8).map(|i| i.wrapping_mul(167) ^ 0x5a).collect();
    let mut out = vec![0; 1000];
    let n = server(Policy::new()).frame().encode(&noise, &mut out).unwrap();
    assert_eq!((n, read(&out[..n])), (204, (FIN | BINARY, noise.clone())));

    // With takeover the second one is a reference to the first, if there was space to compress that.
    let mut sender = server(ALL);
    let n = sender.frame().encode(&noise, &mut out).unwrap();
    assert_eq!(out[0], FIN | RSV1 | BINARY);
    assert!(n <= Compressor::bound(200) + 4);
    assert!(sender.frame().encode(&noise, &mut out).unwrap() < 20);
    let n = server(ALL).frame().encode(&noise, &mut out[..204]).unwrap();
    assert_eq!(read(&out[..n]), (FIN | BINARY, noise));
}

#[test]
fn below_the_threshold_and_where_it_is_said_nothing_is_compressed() {
    let text = "a".repeat(128);
    let mut out = [0; 300];
    let mut sender = server(Policy::new());
    for (len, first) in [(127, FIN | TEXT), (128, FIN | RSV1 | TEXT)] {
        sender.frame().encode(&text[..len], &mut out).unwrap();
        assert_eq!(out[0], first, "{len}");
        sender
            .frame()
            .encode_fragment(fragment(MessageKind::Text, &text.as_bytes()[..len], true), &mut out)
            .unwrap();
        assert_eq!(out[0], first, "one fragment of {len}");
    }
    sender.frame().uncompressed().encode(&text, &mut out).unwrap();
    assert_eq!(out[0], FIN | TEXT);
    let header = sender.frame().header(&text).unwrap();
    assert_eq!(header[0], FIN | TEXT);
    // Of a message in fragments the length is not known.
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"a", false), &mut out).unwrap();
    assert_eq!(out[0], RSV1 | TEXT);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"a", true), &mut out).unwrap();
    // Nothing is ever long enough for this.
    let mut sender = server(Policy::new().with_threshold(usize::MAX));
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"a", false), &mut out).unwrap();
    assert_eq!(out[0], TEXT);
}

#[test]
fn a_message_goes_on_as_it_has_begun() {
    let mut out = [0; 64];
    let mut sender = server(ALL);
    let n = sender.frame().encode_fragment(fragment(MessageKind::Text, b"Hel", false), &mut out).unwrap();
    let mut payload = read(&out[..n]).1;
    // Not in the middle of it: a header alone can't be compressed.
    assert_eq!(
        sender.frame().fragment_header(fragment(MessageKind::Text, b"lo", true)),
        Err(Misuse::MessageUnderWay)
    );
    let n = sender
        .frame()
        .uncompressed()
        .encode_fragment(fragment(MessageKind::Text, b"lo", true), &mut out)
        .unwrap();
    payload.extend(read(&out[..n]).1);
    assert_eq!(inflate(&mut inflater(), &payload), b"Hello");

    // And a plain one is plain to its end.
    assert_eq!(sender.frame().fragment_header(fragment(MessageKind::Text, b"Hel", false)).unwrap()[0], TEXT);
    let n = sender.frame().encode_fragment(fragment(MessageKind::Text, b"lo", true), &mut out).unwrap();
    assert_eq!(read(&out[..n]), (FIN | CONTINUATION, b"lo".to_vec()));
}

#[test]
fn a_fragment_that_does_not_fit_changes_nothing() {
    let mut sender = server(ALL);
    let mut out = [0xEE; 64];
    let needed = 2 + Compressor::bound(5);
    assert_eq!(
        sender.frame().encode_fragment(fragment(MessageKind::Text, b"Hello", true), &mut out[..needed - 1]),
        Err(SendError::BufferTooSmall(BufferTooSmall { needed })),
    );
    assert_eq!(out, [0xEE; 64]);
    let n = sender
        .frame()
        .encode_fragment(fragment(MessageKind::Text, b"Hello", true), &mut out[..needed])
        .unwrap();
    assert_eq!(out[..n], [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
}

#[test]
fn without_takeover_no_message_refers_to_another() {
    let agreed = Parameters { server_no_context_takeover: true, ..Parameters::default() };
    let text = "to be, or not to be: that is the question: whether 'tis nobler in the mind to suffer";
    for (agreed, policy) in [(agreed, ALL), (Parameters::default(), Policy::new().with_threshold(0))] {
        let mut sender = Sender::new(Server).with_deflate(agreed, policy);
        let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
        let mut out = [0; 200];
        for _ in 0..2 {
            let n = sender.frame().encode(text, &mut out).unwrap();
            assert_eq!(inflate(&mut inflater(), &read(&out[..n]).1), text.as_bytes());
            let n = sender.frame().with_compressor(&mut shared).encode(text, &mut out).unwrap();
            assert_eq!(inflate(&mut inflater(), &read(&out[..n]).1), text.as_bytes());
        }
    }
}

#[test]
fn one_compressor_serves_many_each_with_its_own_window() {
    for bits in 8..=15 {
        let window = WindowBits::new(bits).unwrap();
        let agreed = Parameters { server_max_window_bits: window, ..Parameters::default() };
        let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
        let mut ends: Vec<_> = (0..3)
            .map(|_| (Sender::new(Server).with_deflate(agreed, ALL), Inflater::new(window, true), 0, 0))
            .collect();
        for round in 0..40 {
            for (who, (sender, inflater, first, last)) in ends.iter_mut().enumerate() {
                let text =
                    format!("{{\"who\":{who},\"says\":\"nothing new from connection {who}\",\"n\":{round}}}");
                let mut out = [0; 200];
                let n = sender.frame().with_compressor(&mut shared).encode(&text, &mut out).unwrap();
                let (flags, payload) = read(&out[..n]);
                if flags & RSV1 != 0 {
                    assert_eq!(inflate(inflater, &payload), text.as_bytes());
                }
                *last = n;
                if round == 0 {
                    *first = n;
                }
            }
        }
        for (_, _, first, last) in ends {
            assert!(last < first / 2 + 5, "window {bits}: {first} bytes at first, {last} in the end");
        }
    }
}

#[test]
fn a_message_can_be_shared_by_all_who_keep_its_window() {
    let bits = |bits| WindowBits::new(bits).unwrap();
    let news = "news of the day ".repeat(50);
    let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
    let mut frame = vec![0; news.len() + 10];
    let n =
        encode_shared_message(MessageKind::Text, news.as_bytes(), bits(10), &mut shared, &mut frame).unwrap();
    let (first, payload) = read(&frame[..n]);
    assert_eq!(first, FIN | RSV1 | TEXT);
    assert_eq!(shared.window(), WindowBits::MAX);

    for window in 8..=15 {
        for has_takeover in [false, true] {
            let agreed = Parameters {
                server_max_window_bits: bits(window),
                server_no_context_takeover: !has_takeover,
                ..Parameters::default()
            };
            // Before and after it the connection sends something of its own, with its own compressor or another's.
            for is_own in [false, true] {
                let mut sender = Sender::new(Server).with_deflate(agreed, ALL);
                let mut inflater = Inflater::new(bits(window), has_takeover);
                let mut other = Compressor::new(Level::FAST, WindowBits::MAX);
                let mut out = [0; 200];
                for round in 0..4 {
                    let text = format!("something of my own, for the {round}th time");
                    let encoder = sender.frame();
                    let encoder = if is_own { encoder } else { encoder.with_compressor(&mut other) };
                    let n = encoder.encode(&text, &mut out).unwrap();
                    let (first, own) = read(&out[..n]);
                    if first & RSV1 != 0 {
                        assert_eq!(inflate(&mut inflater, &own), text.as_bytes());
                    }
                    if window < 10 {
                        assert_eq!(sender.begin_shared_message(bits(10)), Err(Misuse::NotAgreed));
                    } else {
                        assert_eq!(sender.begin_shared_message(bits(10)), Ok(()));
                        assert_eq!(inflate(&mut inflater, &payload), news.as_bytes());
                    }
                }
            }
        }
    }
}

#[test]
fn a_shared_message_waits_like_any_other() {
    let mut out = [0; 64];
    let mut plain = Sender::new(Server);
    assert_eq!(plain.begin_shared_message(WindowBits::MIN), Err(Misuse::NotAgreed));
    let mut sender = server(ALL);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"Hel", false), &mut out).unwrap();
    assert_eq!(sender.begin_shared_message(WindowBits::MIN), Err(Misuse::MessageUnderWay));
    sender.frame().encode(Message::Close(None), &mut out).unwrap();
    assert_eq!(sender.begin_shared_message(WindowBits::MIN), Err(Misuse::CloseSent));
    // What does not shrink is shared as it is.
    let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
    let n = encode_shared_message(MessageKind::Binary, b"\x01\x02", WindowBits::MAX, &mut shared, &mut out);
    assert_eq!(out[..n.unwrap()], [FIN | BINARY, 2, 1, 2]);
}

#[test]
fn what_was_given_back_is_not_referred_to() {
    let mut sender = server(ALL);
    let mut inflater = inflater();
    let mut out = [0; 200];
    let copy = sender.clone();
    for mut sender in [copy, {
        sender.frame().encode("Hello, hello", &mut out).unwrap();
        sender.shrink();
        sender
    }] {
        let n = sender.frame().encode("Hello, hello", &mut out).unwrap();
        assert_eq!(inflate(&mut inflater, &read(&out[..n]).1), b"Hello, hello");
    }
}
