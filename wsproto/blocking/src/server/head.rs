//! A request's head: read from a stream, and answered.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use wsproto::handshake::{Answer, RequestDecoder, RequestHead};

use crate::patience::Until;
use crate::{AcceptError, Input, Options, Output};

/// A request's head, and what was read behind it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    pub(super) head: RequestHead,
}

/// Reads a head. One that is malformed or late is answered.
pub(super) fn read<T: Input + Output>(stream: &mut T, options: &Options) -> Result<Head, AcceptError> {
    let mut bytes = Vec::new();
    let outcome = read_into(&mut within(stream, options.timeouts().opening()), &mut bytes);
    match &outcome {
        Err(AcceptError::Request(error)) => answer(stream, error.answer(), options)?,
        // [RFC 9110 §15.5.9]; who said nothing asked for nothing.
        Err(AcceptError::Deadline) if !bytes.is_empty() => {
            if let Ok(late) = Answer::new(408, &[], b"the request took too long\n") {
                answer(stream, late, options)?;
            }
        }
        _ => {}
    }
    Ok(Head { head: outcome?, bytes })
}

fn read_into(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<RequestHead, AcceptError> {
    let mut decoder = RequestDecoder::new();
    let mut buffer = [0; 1024];
    loop {
        let n = stream.read(&mut buffer).map_err(of_stream)?;
        if n == 0 {
            return Err(AcceptError::Disconnected);
        }
        bytes.extend_from_slice(&buffer[..n]);
        if let Some(head) = decoder.decode(bytes).map_err(AcceptError::Request)? {
            return Ok(head);
        }
    }
}

/// Sends what is no acceptance, and ends the stream so that it arrives: unread bytes would reset the connection.
pub(super) fn answer<T: Input + Output>(
    stream: &mut T,
    answer: Answer<'_>,
    options: &Options,
) -> Result<(), AcceptError> {
    let mut bytes = Vec::new();
    answer.append(&mut bytes);
    send(stream, &bytes, options)?;
    let end = options.timeouts().end();
    // Where nothing limits how long a read waits, none is begun. Whether the client ends its side in time is no matter any more.
    if stream.shutdown(Shutdown::Write).is_ok() && stream.set_read_timeout(end).is_ok() {
        let _ = io::copy(&mut within(stream, end), &mut io::sink());
    }
    Ok(())
}

/// Sends the bytes of an answer, in the time of an opening handshake.
pub(super) fn send<T: Output>(stream: &mut T, bytes: &[u8], options: &Options) -> Result<(), AcceptError> {
    let mut stream = within(stream, options.timeouts().opening());
    stream.write_all(bytes).and_then(|()| stream.flush()).map_err(of_stream)
}

fn within<T>(stream: &mut T, time: Option<Duration>) -> Until<'_, T> {
    Until::new(stream, time.and_then(|time| Instant::now().checked_add(time)))
}

fn of_stream(error: io::Error) -> AcceptError {
    match error.kind() {
        ErrorKind::TimedOut => AcceptError::Deadline,
        _ => AcceptError::Io(error),
    }
}
