//! The oracles of the fuzz targets: the same told in another way, as plainly as can be, without a thought for speed.

pub mod cuts;
pub mod deflate;
pub mod deflate_pair;
pub mod frames;
pub mod handshakes;
pub mod http;
pub mod inflate;
pub mod lists;
pub mod messages;
pub mod pair;
pub mod requests;
pub mod responses;
