//! Connections over transports that behave as badly as they may.

mod blocking;
mod cancelling;
mod deadlines;
mod opening;
mod pair;
mod pieces;
mod splitting;
mod transport;
mod troubles;
