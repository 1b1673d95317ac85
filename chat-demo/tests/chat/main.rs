//! The real binary, talked to by an independent client (tungstenite) and by raw sockets.

mod abuse;
mod compression;
mod faults;
mod handshake;
mod limits;
mod pages;
mod process;
mod restart;
mod rig;
mod sources;
mod talk;
