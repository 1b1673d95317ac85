//! Asking a proxy for a tunnel, whatever the proxy: bytes in, bytes out.

use wsproto::handshake::{ProxyAnswer, ProxyConnect, ProxyDecoder};

use super::socks::Socks;
use super::{Kind, Proxy, ProxyError};
use crate::Response;

/// A tunnel that is asked for. Write [`take_out`](Self::take_out), read at most [`most`](Self::most) bytes, give them to
/// [`receive`](Self::receive), and so on until that says what came of it.
#[derive(Debug)]
pub struct Tunnel {
    asked: Asked,
    out: Vec<u8>,
}

#[derive(Debug)]
enum Asked {
    Http { decoder: ProxyDecoder, received: Vec<u8> },
    Socks(Socks),
}

/// How far a [`Tunnel`] has come.
#[derive(Debug)]
pub enum Progress {
    /// There is something to write, or more to read.
    Asking,
    /// From here on the stream is one to the server.
    Open,
    /// The proxy refuses. These bytes came behind the head of its answer, whose body may have more.
    Refused(Response, Vec<u8>),
}

impl Proxy {
    /// Asks for a tunnel to a host and port.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Url`] and [`ProxyError::Length`] for what can't be asked.
    pub fn tunnel(&self, host: &str, port: u16) -> Result<Tunnel, ProxyError> {
        let mut out = Vec::new();
        let asked = match self.kind {
            Kind::Socks5 => Asked::Socks(Socks::new(host, port, self.user.as_ref(), &mut out)?),
            Kind::Http => {
                let authorization = self.user.as_ref().map(super::User::basic);
                let header = authorization.as_ref().map(|value| ("Proxy-Authorization", value.as_bytes()));
                // Nothing in base64 can be malformed, and the URL's host is well-formed: what may be left is a name that
                // HTTP has not.
                let connect =
                    ProxyConnect::new(host, port, header.as_slice()).map_err(|_| ProxyError::Url)?;
                connect.append(&mut out);
                Asked::Http { decoder: ProxyDecoder::new(), received: Vec::new() }
            }
        };
        Ok(Tunnel { asked, out })
    }
}

impl Tunnel {
    /// Returns what is to be written before anything is read. It may be nothing.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Returns how many bytes may be read at most: what follows may be the server's.
    pub fn most(&self) -> usize {
        match &self.asked {
            Asked::Http { .. } => 1024,
            Asked::Socks(socks) => socks.missing(),
        }
    }

    /// Takes bytes that came.
    ///
    /// # Errors
    ///
    /// [`ProxyError`]: close the stream.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Progress, ProxyError> {
        let (decoder, received) = match &mut self.asked {
            Asked::Socks(socks) => return socks.receive(bytes, &mut self.out),
            Asked::Http { decoder, received } => (decoder, received),
        };
        received.extend_from_slice(bytes);
        let Some((answer, taken)) = decoder.decode(received)? else {
            return Ok(Progress::Asking);
        };
        let behind = received.get(taken..).unwrap_or_default();
        match answer {
            // Neither TLS nor HTTP lets the server speak first.
            ProxyAnswer::Open if !behind.is_empty() => Err(ProxyError::Malformed(None)),
            ProxyAnswer::Open => Ok(Progress::Open),
            ProxyAnswer::Refused(response) => Ok(Progress::Refused(Response::of(&response), behind.to_vec())),
        }
    }
}
