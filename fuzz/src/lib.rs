//! The oracles of the fuzz targets: the same told in another way, as plainly as can be, without a thought for speed.

use wsproto::connection::Client;
use wsproto::wire::MaskingKey;

pub mod cuts;
pub mod deflate;
pub mod deflate_pair;
pub mod frames;
pub mod handshakes;
pub mod http;
pub mod incoming;
pub mod inflate;
pub mod lists;
pub mod messages;
pub mod pair;
pub mod requests;
pub mod responses;
pub mod sessions;
pub mod sockets;

const fn key() -> MaskingKey {
    MaskingKey::new([0x37, 0xfa, 0x21, 0x3d])
}

/// A client whose frames are the same each time.
pub const CLIENT: Client = Client::new(key);
