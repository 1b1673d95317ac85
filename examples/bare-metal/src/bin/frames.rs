//! To be measured: the engine without the opening handshake.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;
#[cfg(target_os = "none")]
#[path = "../engine.rs"]
mod engine;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use wsproto::{Limits, Server, Session};

    let mut memory = [0; 1024];
    loop {
        let mut session = Session::new(Server, Limits::new(), &mut memory);
        engine::echo(&mut session, &mut board::Uart::new());
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
