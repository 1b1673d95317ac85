/// Draws a nonce for a [`ClientHandshake`](super::ClientHandshake) from the operating system: 16 bytes, fresh for each
/// connection ([RFC 6455 §4.1]). Returns `None` if the system has no randomness to give: don't connect then.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{ClientHandshake, Offer, random_nonce};
///
/// let nonce = random_nonce().ok_or("no randomness")?;
/// let handshake = ClientHandshake::new(Offer::new("example.com", "/chat"), nonce)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
pub fn random_nonce() -> Option<[u8; 16]> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).ok()?;
    Some(nonce)
}
