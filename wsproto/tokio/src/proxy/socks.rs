//! A tunnel by a SOCKS proxy of version 5 ([RFC 1928]), with a user and a password if it wants them ([RFC 1929]).
//!
//! [RFC 1928]: https://www.rfc-editor.org/rfc/rfc1928
//! [RFC 1929]: https://www.rfc-editor.org/rfc/rfc1929

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{ProxyError, SocksError, User};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) async fn tunnel<T>(
    stream: &mut T,
    (host, port): (&str, u16),
    user: Option<&User>,
) -> Result<(), ProxyError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // What can't be said is found before anything is.
    let request = connect_request(host, port)?;
    let proof = user.map(user_request).transpose()?;

    // [RFC 1928 §3] The ways to prove who asks, and the proxy's choice.
    let greeting: &[u8] = match proof {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    match (exchange(stream, greeting).await?, proof) {
        ([VERSION, NO_AUTHENTICATION], _) => {}
        ([VERSION, USER_AND_PASSWORD], Some(proof)) => match exchange(stream, &proof).await? {
            // [RFC 1929 §2] The answer's version should be 1; some send 5.
            [_, 0] => {}
            _ => return Err(ProxyError::UserUnknown),
        },
        ([VERSION, NONE_ACCEPTABLE], _) => return Err(ProxyError::UserNeeded),
        _ => return Err(ProxyError::Malformed(None)),
    }

    // [RFC 1928 §6] The reply ends with the address that the proxy connects from, which nobody needs.
    let [version, code, _, kind] = exchange(stream, &request).await?;
    if version != VERSION {
        return Err(ProxyError::Malformed(None));
    }
    if code != 0 {
        return Err(ProxyError::Socks(SocksError(code)));
    }
    let len = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => stream.read_u8().await?.into(),
        _ => return Err(ProxyError::Malformed(None)),
    };
    let mut address = [0; 255 + 2];
    stream.read_exact(&mut address[..len + 2]).await?;
    Ok(())
}

/// Writes `message`, and reads an answer of `N` bytes and not one more: what follows is the server's.
async fn exchange<T, const N: usize>(stream: &mut T, message: &[u8]) -> Result<[u8; N], ProxyError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(message).await?;
    stream.flush().await?;
    let mut answer = [0; N];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
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
