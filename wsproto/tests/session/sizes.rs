//! How large the types are: API, for those who hold a million of them.

use wsproto::connection::{Client, Connection, Event, Received, Receiver, Sender, Server};
use wsproto::error::{ProtocolError, SendError};
use wsproto::session::{Reply, Session};
use wsproto::wire::{EncodedHeader, FrameHeader, MaskingKey, Utf8Validator};

#[test]
fn types_stay_small() {
    // What the feature adds, also to those that did not agree on compression: a place for it, in each direction.
    let place = if cfg!(feature = "deflate") { 8 } else { 0 };
    let ceilings = [
        ("FrameHeader", size_of::<FrameHeader>(), 16),
        ("EncodedHeader", size_of::<EncodedHeader>(), 15),
        ("MaskingKey", size_of::<MaskingKey>(), 4),
        ("Utf8Validator", size_of::<Utf8Validator>(), 3),
        ("ProtocolError", size_of::<ProtocolError>(), 16),
        ("SendError", size_of::<SendError>(), 16),
        ("Event", size_of::<Event<'_>>(), 32),
        ("Received", size_of::<Received<'_>>(), 40),
        ("Sender<Server>", size_of::<Sender<Server>>(), if place > 0 { 16 } else { 5 }),
        ("Receiver<Server>", size_of::<Receiver<Server>>(), 72 + place),
        ("Connection<Server>", size_of::<Connection<Server>>(), 80 + 2 * place),
        ("Connection<Client>", size_of::<Connection<Client>>(), 80 + 2 * place),
        ("Reply", size_of::<Reply>(), 144),
        ("Session<Server, [u8; 1024]>", size_of::<Session<Server, [u8; 1024]>>(), 1024 + 264 + 3 * place),
    ];
    let over: Vec<_> = ceilings.iter().filter(|(_, size, ceiling)| size > ceiling).collect();
    assert!(over.is_empty(), "(type, size, ceiling): {over:?}");
    for (name, size, _) in ceilings {
        println!("{name}: {size} bytes");
    }
}
