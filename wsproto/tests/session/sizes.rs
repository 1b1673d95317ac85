//! How large the types are: API, for those who hold a million of them.

use wsproto::connection::{
    Client, Connection, Event, Limits, Message, Received, Receiver, Reply, Sender, Server,
};
use wsproto::error::{ProtocolError, SendError};
use wsproto::session::{Next, Session};
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
        ("Message", size_of::<Message<'_>>(), 32),
        ("Next", size_of::<Next>(), 1),
        ("Reply", size_of::<Reply>(), 127),
        ("Sender<Server>", size_of::<Sender<Server>>(), if place > 0 { 16 } else { 6 }),
        ("Receiver<Server>", size_of::<Receiver<Server>>(), 64 + place),
        ("Connection<Server>", size_of::<Connection<Server>>(), 72 + 2 * place),
        ("Connection<Client>", size_of::<Connection<Client>>(), 80 + 2 * place),
        ("Session<Server, [u8; 1024]>", size_of::<Session<Server, [u8; 1024]>>(), 1024 + 240 + 3 * place),
        ("Session<Client, [u8; 1024]>", size_of::<Session<Client, [u8; 1024]>>(), 1024 + 248 + 3 * place),
    ];
    let over: Vec<_> = ceilings.iter().filter(|(_, size, ceiling)| size > ceiling).collect();
    assert!(over.is_empty(), "(type, size, ceiling): {over:?}");
    for (name, size, _) in ceilings {
        println!("{name}: {size} bytes");
    }
}

/// [`Client`] by itself names a pointer to a function; a function has a type of its own, which has no size.
#[test]
fn a_source_of_keys_that_is_a_function_takes_no_memory() {
    fn key() -> MaskingKey {
        MaskingKey::new([1, 2, 3, 4])
    }
    assert_eq!(size_of_val(&Sender::new(Client::new(key))), size_of::<Sender<Server>>());
    let session = Session::new(Client::new(|| Some(key())), Limits::new(), [0; 1024]);
    assert_eq!(size_of_val(&session), size_of::<Session<Server, [u8; 1024]>>());
}
