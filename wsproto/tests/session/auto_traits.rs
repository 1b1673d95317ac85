//! What can be sent to another thread: the same in each feature set, since a program must not stop to compile because
//! another crate of its turned a feature on.

use std::panic::{RefUnwindSafe, UnwindSafe};

use wsproto::connection::{
    Client, Connection, FrameEncoder, Limits, Message, Received, Receiver, Reply, Sender, Server,
};
use wsproto::session::{Incoming, Next, Session};
use wsproto::wire::MaskingKey;

fn is_all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}

#[test]
fn what_a_program_holds_goes_to_any_thread() {
    is_all::<Connection<Server>>();
    is_all::<Connection<Client>>();
    is_all::<Session<Server, [u8; 131]>>();
    is_all::<Session<Client, [u8; 131]>>();
    is_all::<Incoming<Server, [u8; 131]>>();
    is_all::<Receiver<Server>>();
    is_all::<Sender<Server>>();
    is_all::<Sender<Client>>();
    is_all::<Reply>();
    is_all::<(Message<'_>, Received<'_>, Next, Limits)>();
    #[cfg(feature = "alloc")]
    is_all::<Session<Server, Vec<u8>>>();
    #[cfg(feature = "getrandom")]
    is_all::<Session<Client<wsproto::connection::RandomKeys>, [u8; 131]>>();
}

/// It borrows the sender for writing, which no such thing survives an unwinding with.
#[test]
fn a_frame_encoder_goes_to_any_thread() {
    fn goes<T: Send + Sync + Unpin + RefUnwindSafe>() {}
    goes::<FrameEncoder<'_>>();
}

/// A receiver holds no key: where the source of keys has to stay, the half that reads may go.
#[test]
fn a_receiver_goes_to_any_thread_whatever_the_source_of_keys() {
    type Here = Client<Box<dyn FnMut() -> MaskingKey>>;
    is_all::<Receiver<Here>>();
    is_all::<Incoming<Here, [u8; 131]>>();
}
