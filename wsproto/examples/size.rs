//! An echo server of standard input, with compression if it is there: how much code that takes is told by `size`.
//!
//! ```sh
//! cargo build --release -p wsproto --no-default-features --features alloc --example size
//! size target/release/examples/size    # and again with `--features deflate`, `--features zlib-rs`
//! ```

use std::io::{Read, Write, stdin, stdout};

use wsproto::{Limits, Server, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
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
        let outcome = session.turn(&mut out, |message, sender, out| {
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        });
        stdout().write_all(&out)?;
        out.clear();
        outcome?;
    }
}
