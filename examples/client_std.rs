//! A client for the terminal: `client_std [OPTIONS] URL` sends each line typed as a text message, and prints what comes. The end of
//! the input closes the connection; the line `/ping` measures the way to the server and back.
//!
//! ```text
//! --header 'NAME: VALUE'  --subprotocol NAME  --proxy URL   (http:// or socks5://; else as the environment says)
//! --ca FILE               an authority (PEM) to trust instead of those that browsers do
//! --insecure              trust anybody: for tests
//! ```
//!
//! Two threads have the two halves of the connection: one waits for the terminal, the other for the server.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use wsproto_blocking::{Client, CloseCode, Connect, Error, MaybeTls, Message, Reader, Writer};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Stream = MaybeTls;

/// How long the answer to a Ping is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let outcome = client(std::env::args().skip(1)).and_then(|client| talk(&client));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("client_std: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Takes the options. None of them is silently nothing.
fn client(mut arguments: impl Iterator<Item = String>) -> Result<Connect> {
    let usage = "usage: client_std [--header 'NAME: VALUE'] [--subprotocol NAME] [--proxy URL] [--ca FILE | --insecure] URL";
    let (mut url, mut headers, mut subprotocols, mut proxy, mut tls) = (None, vec![], vec![], None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value\n{usage}"));
        match argument.as_str() {
            "--header" => headers.push(value()?),
            "--subprotocol" => subprotocols.push(value()?),
            "--proxy" => proxy = Some(value()?),
            "--ca" => tls = Some(trusting(&value()?)?),
            "--insecure" => tls = Some(trusting_anybody()?),
            option if option.starts_with('-') => {
                return Err(format!("no such option: {option}\n{usage}").into());
            }
            _ if url.is_none() => url = Some(argument),
            _ => return Err(usage.into()),
        }
    }
    let mut client = Connect::new(url.ok_or(usage)?).subprotocols(subprotocols).proxy_from_env();
    for header in headers {
        let (name, value) = header.split_once(':').ok_or("--header wants 'NAME: VALUE'")?;
        client = client.header(name.trim(), value.trim());
    }
    client = proxy.into_iter().fold(client, Connect::proxy);
    Ok(tls.into_iter().fold(client, |client, tls| client.tls(Arc::new(tls))))
}

fn talk(client: &Connect) -> Result<()> {
    let socket = client.connect()?;
    if let Some(subprotocol) = socket.subprotocol() {
        note(&format!("subprotocol: {subprotocol}"));
    }
    let (mut reader, writer) = socket.split()?;
    // Not joined: it waits for the terminal, and ends with the process.
    thread::spawn(move || send_lines(writer));
    print_messages(&mut reader)?;
    match (reader.close_code(), reader.close_reason()) {
        (Some(code), Some(reason)) if !reason.is_empty() => note(&format!("closed: {code} {reason:?}")),
        (Some(code), _) => note(&format!("closed: {code}")),
        (None, _) => note("closed"),
    }
    Ok(())
}

/// Sends what is typed, up to its end. That the connection is over is told by the thread that receives.
fn send_lines(mut writer: Writer<Stream, Client>) -> std::result::Result<(), Error> {
    for line in io::stdin().lines().map_while(io::Result::ok) {
        if line == "/ping" {
            let (before, begun) = (writer.latency(), Instant::now());
            writer.ping()?;
            while writer.latency() == before && begun.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
            note(&format!("there and back: {:?}", writer.latency().unwrap_or_default()));
        } else {
            writer.send(line)?;
        }
    }
    writer.send(CloseCode::NORMAL)
}

/// Prints messages up to the connection's end. If nobody reads what is printed, the program ends quietly, as others do.
fn print_messages(reader: &mut Reader<Stream, Client>) -> Result<()> {
    while let Some(message) = reader.recv()? {
        let shown = match message {
            Message::Text(text) => visible(&text),
            Message::Binary(bytes) => {
                let hex = bytes.iter().take(64).map(|b| format!(" {b:02x}")).collect::<Vec<_>>().concat();
                let rest = if bytes.len() > 64 { " …" } else { "" };
                paint(io::stdout().is_terminal(), "36", &format!("[{} bytes]{hex}{rest}", bytes.len()))
            }
        };
        if writeln!(io::stdout(), "{shown}").is_err() {
            std::process::exit(0);
        }
    }
    Ok(())
}

/// Control characters are the peer's, and the terminal is ours; so are those that turn the direction of a text.
fn visible(text: &str) -> String {
    let is_safe = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let escape = |c: char| if is_safe(c) { c.to_string() } else { c.escape_default().to_string() };
    text.chars().map(escape).collect()
}

fn note(text: &str) {
    eprintln!("{}", paint(io::stderr().is_terminal(), "2", text));
}

/// Colours are for terminals, and for those who want them (<https://no-color.org>).
fn paint(is_terminal: bool, colour: &str, text: &str) -> String {
    let is_wanted = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if is_wanted { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

fn trusting(file: &str) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let unreadable = |error| format!("{file}: {error}");
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn trusting_anybody() -> Result<ClientConfig> {
    note("warning: --insecure: whoever answers is believed to be the server");
    let anybody = Anybody(Arc::new(ring::default_provider()));
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&anybody.0)).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(anybody)).with_no_client_auth())
}

/// Checks that the server has the key of its certificate, and not whose that is.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
