//! What prints: the errors, and what was received.

use core::fmt::{Debug, Display};

use wsproto::connection::{Connection, Server};
use wsproto::deflate::{Level, WindowBits};
use wsproto::error::{AbnormalClosure, BufferTooSmall, Misuse, ProtocolError, SendError};
use wsproto::handshake::extensions::ParamValue;
use wsproto::handshake::permessage_deflate::{Agreement, NegotiationError, OfferText};
use wsproto::handshake::{
    HandshakeMisuse, HeadError, HeadFields, HttpVersion, Origin, RequestError, RequestFault, ResponseError,
    Url, UrlError,
};
use wsproto::session::Session;
use wsproto::wire::frame::{EncodeError, FrameError};
use wsproto::wire::{
    CloseCode, CloseFrame, CloseFrameError, CloseReasonTooLong, FrameHeader, HeaderError, Opcode, Utf8Error,
};

use crate::{EntryPoint, entry_points};

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    <AbnormalClosure as Display>::fmt,
    <Agreement as Display>::fmt,
    <BufferTooSmall as Display>::fmt,
    <CloseCode as Display>::fmt,
    <CloseFrame<'static> as Display>::fmt,
    <CloseFrameError as Display>::fmt,
    <CloseReasonTooLong as Display>::fmt,
    <EncodeError as Display>::fmt,
    <FrameError as Display>::fmt,
    <HandshakeMisuse as Display>::fmt,
    <HeadError as Display>::fmt,
    <HeaderError as Display>::fmt,
    <HttpVersion as Display>::fmt,
    <Level as Display>::fmt,
    <Misuse as Display>::fmt,
    <NegotiationError as Display>::fmt,
    <OfferText as Display>::fmt,
    <Opcode as Display>::fmt,
    <Origin<'static> as Display>::fmt,
    <ParamValue<'static> as Display>::fmt,
    <ProtocolError as Display>::fmt,
    <RequestError as Display>::fmt,
    <RequestFault as Display>::fmt,
    <ResponseError as Display>::fmt,
    <SendError as Display>::fmt,
    <Url<'static> as Display>::fmt,
    <UrlError as Display>::fmt,
    <Utf8Error as Display>::fmt,
    <WindowBits as Display>::fmt,
    <Connection<Server> as Debug>::fmt,
    <FrameHeader as Debug>::fmt,
    <HeadFields<'static> as Debug>::fmt,
    <ProtocolError as Debug>::fmt,
    <RequestError as Debug>::fmt,
    <Session<Server, [u8; 4096]> as Debug>::fmt,
];
