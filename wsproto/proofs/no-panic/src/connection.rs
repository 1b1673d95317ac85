//! Layer 2: the state machine, for both roles.

use wsproto::connection::{
    Client, Connection, ConnectionState, Data, Event, Fragment, FrameEncoder, MaskingKeys, Message,
    RandomKeys, Receiver, Reply, Role, Sender, Server, should_close_transport,
};
use wsproto::error::{BufferTooSmall, Misuse, ProtocolError, SendError};
use wsproto::wire::{CloseCode, CloseFrame, EncodedHeader};

use crate::{EntryPoint, entry_points};

/// A client whose keys come from the operating system, which may have none.
type Random = Client<RandomKeys>;

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    Receiver::<Server>::new,
    Receiver::<Client>::new,
    Receiver::<Server>::receive,
    Receiver::<Client>::receive,
    Receiver::<Server>::receive_eof,
    Receiver::<Client>::receive_eof,
    Receiver::<Server>::state,
    Connection::<Server>::new,
    Connection::<Client>::new,
    Connection::<Server>::receive,
    Connection::<Client>::receive,
    Connection::<Server>::receive_eof,
    Connection::<Client>::receive_eof,
    Connection::<Server>::state,
    Connection::<Client>::state,
    Connection::<Server>::should_close_transport,
    Connection::<Client>::should_close_transport,
    Connection::<Server>::frame,
    Connection::<Client>::frame,
    Connection::<Server>::split,
    Connection::<Client>::split,
    Connection::<Server>::join,
    Connection::<Client>::join,
    encode_reply_of_connection::<Server>,
    encode_reply_of_connection::<Client>,
    ConnectionState::of,
    should_close_transport::<Server>,
    should_close_transport::<Client>,
    Sender::<Server>::new,
    Sender::<Client>::new,
    Sender::<Server>::state,
    Sender::<Server>::peer_is,
    Sender::<Client>::peer_is,
    Sender::<Server>::check_message,
    Sender::<Client>::check_message,
    Sender::<Server>::frame,
    Sender::<Client>::frame,
    Sender::<Random>::frame,
    <RandomKeys as MaskingKeys>::next_key,
    encode_reply::<Server, Reply>,
    encode_reply::<Client, Reply>,
    encode_reply::<Random, Reply>,
    encode_reply::<Server, &'static Event<'static>>,
    encode_reply::<Client, &'static Event<'static>>,
    encode_reply::<Server, ProtocolError>,
    encode_reply::<Client, ProtocolError>,
    Reply::answer,
    Reply::tell,
    Reply::tell_eof,
    Reply::take,
    Reply::is_due,
    encode::<Message<'static>>,
    encode::<&'static str>,
    encode::<&'static [u8]>,
    encode::<&'static [u8; 4]>,
    encode::<CloseFrame<'static>>,
    encode::<CloseCode>,
    header::<Message<'static>>,
    FrameEncoder::encode_fmt,
    encode_fragment::<Fragment<'static>>,
    encode_fragment::<Data<'static>>,
    fragment_header::<Fragment<'static>>,
    EncodedHeader::masking_key,
    Message::is_data,
    Message::len,
    Message::is_empty,
    ProtocolError::close_code,
    ProtocolError::close_frame,
];

// Those that take what converts.

fn encode_reply<R: Role, T: Into<Reply>>(
    sender: &mut Sender<R>,
    reply: T,
    dst: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    sender.encode_reply(reply, dst)
}

fn encode_reply_of_connection<R: Role>(
    connection: &mut Connection<R>,
    reply: Reply,
    dst: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    connection.encode_reply(reply, dst)
}

fn encode<M: Into<Message<'static>>>(
    frame: FrameEncoder<'_>,
    message: M,
    dst: &mut [u8],
) -> Result<usize, SendError> {
    frame.encode(message, dst)
}

fn header<M: Into<Message<'static>>>(frame: FrameEncoder<'_>, message: M) -> Result<EncodedHeader, Misuse> {
    frame.header(message)
}

fn encode_fragment<F: Into<Fragment<'static>>>(
    frame: FrameEncoder<'_>,
    fragment: F,
    dst: &mut [u8],
) -> Result<usize, SendError> {
    frame.encode_fragment(fragment, dst)
}

fn fragment_header<F: Into<Fragment<'static>>>(
    frame: FrameEncoder<'_>,
    fragment: F,
) -> Result<EncodedHeader, Misuse> {
    frame.fragment_header(fragment)
}
