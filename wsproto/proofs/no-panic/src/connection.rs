//! Layer 2: the state machine, for both roles.

use wsproto::connection::{
    Client, Connection, ConnectionState, FrameEncoder, Receiver, Sender, Server, should_close_transport,
};
use wsproto::error::ProtocolError;

use crate::{EntryPoint, entry_points};

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    Receiver::<Server>::new,
    Receiver::<Client>::new,
    Receiver::<Server>::receive,
    Receiver::<Client>::receive,
    Receiver::<Server>::receive_eof,
    Receiver::<Client>::receive_eof,
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
    ConnectionState::of,
    should_close_transport::<Server>,
    should_close_transport::<Client>,
    Sender::<Server>::check_message,
    Sender::<Client>::check_message,
    Sender::<Server>::frame,
    Sender::<Client>::frame,
    FrameEncoder::encode_message,
    FrameEncoder::message_header,
    FrameEncoder::encode_text,
    FrameEncoder::encode_binary,
    FrameEncoder::encode_fragment,
    FrameEncoder::text_header,
    FrameEncoder::binary_header,
    FrameEncoder::fragment_header,
    FrameEncoder::encode_ping,
    FrameEncoder::encode_pong,
    FrameEncoder::encode_close,
    FrameEncoder::encode_reply,
    FrameEncoder::encode_failure,
    ProtocolError::close_code,
    ProtocolError::close_frame,
];
