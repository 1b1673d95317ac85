//! An echo server on blocking sockets over wsproto, with messages of up to 1 MiB.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use wsproto::handshake::{Answer, HeadLimits, Request, RequestDecoder};
use wsproto::{Config, Message, Server, Session};

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
    let mut session = Session::<Server, _>::new(Config::new(), Vec::new());
    if !handshake(&mut stream, &mut session)? {
        return Ok(());
    }
    let mut out = Vec::new();
    loop {
        let Session { incoming, reply, sender } = &mut session;
        let failed = loop {
            match incoming.next(reply) {
                Ok(Some(Message::Text(text))) => sender.frame().append_text(text, &mut out)?,
                Ok(Some(Message::Binary(payload))) => sender.frame().append_binary(payload, &mut out)?,
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        session.append_reply(&mut out)?;
        stream.write_all(&out)?;
        out.clear();
        if let Some(error) = failed {
            return Err(error.into());
        }
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
    let (mut decoder, mut out) = (RequestDecoder::new(), [0; 256]);
    loop {
        match stream.read(&mut head[filled..])? {
            0 => return Ok(false),
            n => filled += n,
        }
        let (n, is_open) = match decoder.decode(&head[..filled]) {
            Ok(None) => continue,
            Ok(Some((Request::Upgrade(upgrade), consumed))) => {
                let _ = session.push(&head[consumed..filled]);
                (upgrade.accept(Answer::default())?.encode(&mut out)?, true)
            }
            Ok(Some((Request::Http(_), _))) => (0, false),
            Err(error) => (error.encode_response(&mut out)?, false),
        };
        stream.write_all(&out[..n])?;
        return Ok(is_open);
    }
}
