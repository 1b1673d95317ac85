//! The client that is let loose on the Autobahn|Testsuite's `fuzzingserver`: `autobahn_client [ADDR]`, by default
//! 127.0.0.1:9002. It asks for the number of cases, echoes in each until it is closed, and has the reports written.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wsproto::connection::ConnectionState;
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{ClientHandshake, HeadLimits, Offer, Response, ResponseDecoder, permessage_deflate};
use wsproto::{Client, Limits, Message, RandomKeys, Session};

/// How long a server may take for each part of its opening handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The cases 9.* send messages of 16 MiB, some of them in fragments of 64 bytes.
const LIMITS: Limits = Limits::new()
    .with_max_frame_payload(16 << 20)
    .with_max_message_size(16 << 20)
    .with_max_fragments(1 << 20)
    .with_max_control_frames(1 << 20);

/// The cases 12.* and 13.* compress: also the shortest messages here, with all that can be agreed on.
const POLICY: Policy = Policy::new().with_threshold(0).with_takeover().with_accept_full_window(true);

const AGENT: &str = "wsproto";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let mut count = String::new();
    converse(&address, "/getCaseCount", &mut |text| text.clone_into(&mut count))?;
    let count: u32 = count.parse()?;
    println!("{count} cases");
    for case in 1..=count {
        // How a case ended is the suite's to judge; many end in an error on purpose.
        if let Err(error) = converse(&address, &format!("/runCase?case={case}&agent={AGENT}"), &mut |_| {}) {
            println!("case {case}: {error}");
        }
    }
    // The server writes its reports and is gone, often before it answers the handshake.
    let target = format!("/updateReports?agent={AGENT}&shutdownOnComplete=true");
    if let Err(error) = converse(&address, &target, &mut |_| {}) {
        println!("reports: {error}");
    }
    Ok(())
}

/// Echoes all that comes until the transport ends; `on_text` sees each text.
fn converse(address: &str, target: &str, on_text: &mut dyn FnMut(&str)) -> Result<()> {
    let Connected { mut stream, first_bytes, agreed } =
        open(TcpStream::connect(address)?, Offer::new(address, target))?;
    // Masking keys come from the system: no author of a payload can foresee them [RFC 6455 §10.3].
    let client = Client::new(RandomKeys::new());
    let mut session = Session::new(client, LIMITS, Vec::new()).with_deflate(agreed, POLICY);
    session.push(&first_bytes);
    let mut out = Vec::new();
    loop {
        let outcome = session.turn(&mut out, |message, sender, out| {
            if let Message::Text(text) = message {
                on_text(text);
            }
            if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
        });
        stream.write_all(&out)?;
        out.clear();
        // The Close frame that names the error is on its way.
        outcome?;
        if session.should_close_transport() {
            return Ok(());
        }
        match stream.read(session.buffer()) {
            Ok(0) => session.receive_eof()?,
            Ok(n) => session.filled(n),
            // All that there was to say is said: how the transport then ends doesn't matter.
            Err(_) if session.state() == ConnectionState::Closed => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A connection behind its opening handshake.
struct Connected {
    stream: TcpStream,
    /// What the server sent behind its answer: the first bytes of its frames.
    first_bytes: Vec<u8>,
    /// How messages are to be compressed, if they are.
    agreed: Option<Parameters>,
}

/// Sends an opening handshake, offers compression, and reads the answer.
fn open(mut stream: TcpStream, offer: Offer<'_>) -> Result<Connected> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let deflate = permessage_deflate::offer(&POLICY);
    let handshake = ClientHandshake::new(Offer { extensions: Some(&deflate), ..offer }, nonce)?;
    let mut request = Vec::new();
    handshake.append(&mut request);
    stream.write_all(&request)?;

    // The decoder refuses a head that fills this, and remembers what it has seen: each byte is looked at once.
    let mut head = [0; HeadLimits::DEFAULT.bytes];
    let mut decoder = ResponseDecoder::new(handshake);
    let mut filled = 0;
    loop {
        match stream.read(&mut head[filled..])? {
            0 => return Err("the transport ended inside the opening handshake".into()),
            n => filled += n,
        }
        let Some(found) = decoder.decode(&head[..filled])? else { continue };
        let agreed = match found.response(&head) {
            Response::WebSocket(accepted) => accepted.deflate(),
            Response::Http(response) => {
                return Err(format!("refused: {} {}", response.status(), response.reason()).into());
            }
        };
        stream.set_read_timeout(None)?;
        let first_bytes = head[found.end()..filled].to_vec();
        return Ok(Connected { stream, first_bytes, agreed });
    }
}
