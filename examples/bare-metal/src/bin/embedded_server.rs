//! To be measured: a server on `wsproto-embedded`.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    let mut memory = [0; 1024];
    loop {
        let _ = bare_metal::serve(&mut memory, board::Uart::new());
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
