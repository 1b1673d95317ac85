//! Layer 3: whole messages, over an array that the session owns and over one that it borrows.

use wsproto::connection::{Client, Server};
use wsproto::session::{Incoming, Reply, Session};

use crate::{EntryPoint, entry_points};

/// A size such as programs have, and the least that there can be.
type Owned<R> = Session<R, [u8; 4096]>;
type Least<R> = Session<R, [u8; 131]>;
type Borrowed<R> = Session<R, &'static mut [u8; 1024]>;

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    Owned::<Server>::new,
    Owned::<Server>::buffer,
    Owned::<Server>::filled,
    Owned::<Server>::push,
    Owned::<Server>::next,
    Owned::<Server>::receive_eof,
    Owned::<Server>::state,
    Owned::<Server>::should_close_transport,
    Owned::<Server>::frame,
    Owned::<Server>::encode_reply,
    Owned::<Client>::new,
    Owned::<Client>::buffer,
    Owned::<Client>::filled,
    Owned::<Client>::push,
    Owned::<Client>::next,
    Owned::<Client>::receive_eof,
    Owned::<Client>::state,
    Owned::<Client>::should_close_transport,
    Owned::<Client>::frame,
    Owned::<Client>::encode_reply,
    Least::<Server>::new,
    Least::<Server>::buffer,
    Least::<Server>::filled,
    Least::<Server>::push,
    Least::<Server>::next,
    Borrowed::<Client>::new,
    Borrowed::<Client>::buffer,
    Borrowed::<Client>::filled,
    Borrowed::<Client>::push,
    Borrowed::<Client>::next,
    Incoming::<Server, [u8; 4096]>::next,
    Incoming::<Client, [u8; 4096]>::next,
    Reply::answer,
    Reply::tell,
    Reply::take,
    Reply::encode,
];
