//! To be measured: a client on `wsproto-embedded`.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;

#[cfg(target_os = "none")]
#[path = "../random.rs"]
mod random;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    let mut memory = [0; 1024];
    loop {
        let _ = bare_metal::repeat(&mut memory, board::Uart::new(), random::Counting(1));
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
