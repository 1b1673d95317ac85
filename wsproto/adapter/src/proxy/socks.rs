//! A tunnel by a SOCKS proxy of version 5 ([RFC 1928]), with a user and a password if it wants them ([RFC 1929]).
//!
//! [RFC 1928]: https://www.rfc-editor.org/rfc/rfc1928
//! [RFC 1929]: https://www.rfc-editor.org/rfc/rfc1929

use std::net::IpAddr;

use super::{Progress, ProxyError, SocksError, User};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// A conversation with a SOCKS proxy.
#[derive(Debug)]
pub(super) struct Socks {
    awaited: Awaited,
    /// What came of the answer that is awaited, and how long that is.
    received: Vec<u8>,
    len: usize,
    request: Vec<u8>,
    proof: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
enum Awaited {
    Choice,
    Proof,
    Reply,
    NameLength,
    Address,
}

impl Socks {
    /// Begins with a greeting, which goes to `out`. What can't be said is found before anything is.
    pub(super) fn new(
        host: &str,
        port: u16,
        user: Option<&User>,
        out: &mut Vec<u8>,
    ) -> Result<Self, ProxyError> {
        let request = connect_request(host, port)?;
        let proof = user.map(user_request).transpose()?;
        // [RFC 1928 §3] The ways to prove who asks.
        out.extend_from_slice(match proof {
            Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
            None => &[VERSION, 1, NO_AUTHENTICATION],
        });
        Ok(Self { awaited: Awaited::Choice, received: Vec::new(), len: 2, request, proof })
    }

    /// Returns how many bytes may be read, and not one more: what follows is the server's.
    pub(super) fn missing(&self) -> usize {
        self.len.saturating_sub(self.received.len())
    }

    /// Takes at most [`missing`](Self::missing) bytes.
    pub(super) fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Progress, ProxyError> {
        self.received.extend_from_slice(bytes);
        if self.missing() > 0 {
            return Ok(Progress::Asking);
        }
        let answer = std::mem::take(&mut self.received);
        (self.awaited, self.len) = match (self.awaited, &answer[..]) {
            // [RFC 1928 §3] The proxy's choice. [RFC 1929 §2] The answer's version should be 1; some send 5.
            (Awaited::Choice, [VERSION, NO_AUTHENTICATION]) | (Awaited::Proof, [_, 0]) => self.ask(out),
            (Awaited::Choice, [VERSION, USER_AND_PASSWORD]) if self.proof.is_some() => {
                out.extend(self.proof.take().unwrap_or_default());
                (Awaited::Proof, 2)
            }
            (Awaited::Choice, [VERSION, NONE_ACCEPTABLE]) => return Err(ProxyError::UserNeeded),
            (Awaited::Proof, _) => return Err(ProxyError::UserUnknown),
            // [RFC 1928 §6] The reply ends with the address that the proxy connects from, which nobody needs, and a port.
            (Awaited::Reply, [VERSION, 0, _, IPV4]) => (Awaited::Address, 4 + 2),
            (Awaited::Reply, [VERSION, 0, _, IPV6]) => (Awaited::Address, 16 + 2),
            (Awaited::Reply, [VERSION, 0, _, NAME]) => (Awaited::NameLength, 1),
            (Awaited::Reply, &[VERSION, code, _, _]) if code > 0 => {
                return Err(ProxyError::Socks(SocksError(code)));
            }
            (Awaited::NameLength, &[len]) => (Awaited::Address, usize::from(len) + 2),
            (Awaited::Address, _) => return Ok(Progress::Open),
            _ => return Err(ProxyError::Malformed(None)),
        };
        Ok(Progress::Asking)
    }

    fn ask(&mut self, out: &mut Vec<u8>) -> (Awaited, usize) {
        out.append(&mut self.request);
        (Awaited::Reply, 4)
    }
}

/// [RFC 1928 §4] A name is left to the proxy to resolve.
fn connect_request(host: &str, port: u16) -> Result<Vec<u8>, ProxyError> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(NAME);
            put_short(host.as_bytes(), &mut request)?;
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// [RFC 1929 §2]
fn user_request(user: &User) -> Result<Vec<u8>, ProxyError> {
    let mut request = vec![1];
    put_short(&user.name, &mut request)?;
    put_short(&user.password, &mut request)?;
    Ok(request)
}

/// Appends 1 to 255 bytes behind their number.
fn put_short(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ProxyError> {
    let len = u8::try_from(bytes.len()).ok().filter(|len| *len > 0).ok_or(ProxyError::Length)?;
    out.push(len);
    out.extend_from_slice(bytes);
    Ok(())
}
