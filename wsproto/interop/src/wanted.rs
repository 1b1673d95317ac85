//! What our own peers want, on the engine and on tokio-wsproto.

use wsproto::Limits;
use wsproto::deflate::{Level, Policy, WindowBits};

use crate::{Connection, Result};

pub const LIMITS: Limits = Limits::new().with_max_frame_payload(16 << 20).with_max_message_size(16 << 20);

/// All that the other end allows, and everything compressed, also what gets longer by it. Not at the fastest level: with the
/// other engine, a message that gets longer by it is not kept to refer to.
pub const POLICY: Policy = Policy::new().with_takeover().with_threshold(0).with_level(Level::BALANCED);

/// Wants what a connection is planned to offer.
///
/// # Errors
///
/// For a parameter that RFC 7692 does not have.
pub fn policy_to_offer(connection: &Connection) -> Result<Policy> {
    let mut policy = POLICY;
    for (name, value) in &connection.offer {
        let bits =
            value.as_u64().and_then(|bits| WindowBits::new(u8::try_from(bits).ok()?)).unwrap_or_default();
        policy = match name.as_str() {
            "server_no_context_takeover" => policy.with_receive_takeover(false),
            "client_no_context_takeover" => policy.with_send_takeover(false),
            "server_max_window_bits" => policy.with_receive_window(bits),
            "client_max_window_bits" => policy.with_send_window(bits),
            _ => return Err(format!("no such parameter: {name}").into()),
        };
    }
    Ok(policy)
}
