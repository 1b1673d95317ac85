//! An echo server on blocking sockets over wsproto, with messages of up to 1 MiB.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use wsproto::handshake::{Choice, HeadLimits, Request, RequestDecoder};
use wsproto::{Limits, Server, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream).map_err(|error| eprintln!("{error}")));
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> Result<()> {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    if !handshake(&mut stream, &mut session)? {
        return Ok(());
    }
    let mut out = Vec::new();
    loop {
        let outcome = session.turn(&mut out, |message, sender, out| {
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        });
        stream.write_all(&out)?;
        out.clear();
        outcome?;
        if session.should_close_transport() {
            return Ok(());
        }
        match stream.read(session.buffer())? {
            0 => return Ok(session.receive_eof()?),
            n => session.filled(n),
        }
    }
}

/// Gives whether there is a connection now, in which the client's first bytes are.
fn handshake(stream: &mut TcpStream, session: &mut Session<Server, Vec<u8>>) -> Result<bool> {
    let (mut head, mut filled) = ([0; HeadLimits::DEFAULT.bytes], 0);
    let (mut decoder, mut out) = (RequestDecoder::new(), Vec::new());
    loop {
        match stream.read(&mut head[filled..])? {
            0 => return Ok(false),
            n => filled += n,
        }
        let is_open = match decoder.decode(&head[..filled]) {
            Ok(None) => continue,
            Ok(Some(found)) => match found.request(&head) {
                Request::WebSocket(handshake) => {
                    handshake.accept(Choice::default())?.append(&mut out);
                    session.push(&head[found.end()..filled]);
                    true
                }
                Request::Http(_) => false,
            },
            Err(error) => {
                error.answer().append(&mut out);
                false
            }
        };
        stream.write_all(&out)?;
        return Ok(is_open);
    }
}
