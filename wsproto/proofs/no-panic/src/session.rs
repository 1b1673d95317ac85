//! Layer 3: whole messages, over an array that the session owns and over one that it borrows.

use wsproto::connection::{Client, Server};
use wsproto::session::{Incoming, Session};

use crate::{EntryPoint, entry_points};

/// A size such as programs have, and the least that there can be.
type Owned<R> = Session<R, [u8; 4096]>;
type Least<R> = Session<R, [u8; 131]>;
type Borrowed<R> = Session<R, &'static mut [u8; 1024]>;
type Half<R> = Incoming<R, [u8; 4096]>;

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    Owned::<Server>::new,
    Owned::<Server>::buffer,
    Owned::<Server>::filled,
    Owned::<Server>::push_some,
    Owned::<Server>::next,
    Owned::<Server>::receive_eof,
    Owned::<Server>::state,
    Owned::<Server>::should_close_transport,
    Owned::<Server>::frame,
    Owned::<Server>::sender,
    Owned::<Server>::is_reply_due,
    Owned::<Server>::encode_reply,
    Owned::<Server>::split,
    Owned::<Server>::join,
    Owned::<Client>::new,
    Owned::<Client>::buffer,
    Owned::<Client>::filled,
    Owned::<Client>::push_some,
    Owned::<Client>::next,
    Owned::<Client>::next_bytes,
    Owned::<Client>::receive_eof,
    Owned::<Client>::state,
    Owned::<Client>::should_close_transport,
    Owned::<Client>::frame,
    Owned::<Client>::sender,
    Owned::<Client>::is_reply_due,
    Owned::<Client>::encode_reply,
    Owned::<Client>::split,
    Owned::<Client>::join,
    Least::<Server>::new,
    Least::<Server>::buffer,
    Least::<Server>::filled,
    Least::<Server>::push_some,
    Least::<Server>::next,
    Borrowed::<Client>::new,
    Borrowed::<Client>::buffer,
    Borrowed::<Client>::filled,
    Borrowed::<Client>::push_some,
    Borrowed::<Client>::next,
    Half::<Server>::buffer,
    Half::<Server>::filled,
    Half::<Server>::push_some,
    Half::<Server>::next,
    Half::<Server>::next_bytes,
    Half::<Server>::next_piece,
    Half::<Server>::peek,
    Half::<Server>::peek_piece,
    Half::<Server>::receive_eof,
    Half::<Server>::state,
    Half::<Client>::buffer,
    Half::<Client>::filled,
    Half::<Client>::push_some,
    Half::<Client>::next,
    Half::<Client>::next_bytes,
    Half::<Client>::next_piece,
    Half::<Client>::peek,
    Half::<Client>::peek_piece,
    Half::<Client>::receive_eof,
    Half::<Client>::state,
];
