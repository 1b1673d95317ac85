//! An echo server of standard input, with compression if it is there: how much code that takes is told by `size`.
//!
//! ```sh
//! cargo build --release -p wsproto --no-default-features --features alloc --example size
//! size target/release/examples/size    # and again with `--features deflate`, `--features zlib-rs`
//! ```

use std::io::{Read, Write, stdin, stdout};

use wsproto::{Config, Message, Server, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut session = Session::<Server, _>::new(Config::new(), Vec::new());
    #[cfg(feature = "deflate")]
    {
        use wsproto::deflate::{Parameters, Policy};
        session = session.with_deflate(Parameters::default(), Policy::new());
    }
    let mut out = Vec::new();
    loop {
        let n = stdin().read(session.buffer())?;
        if n == 0 {
            return Ok(session.receive_eof()?);
        }
        session.filled(n);
        let Session { incoming, reply, sender } = &mut session;
        while let Some(message) = incoming.next(reply)? {
            match message {
                Message::Text(text) => sender.frame().append_text(text, &mut out)?,
                Message::Binary(payload) => sender.frame().append_binary(payload, &mut out)?,
                _ => {}
            }
        }
        stdout().write_all(&out)?;
        out.clear();
    }
}
