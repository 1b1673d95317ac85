//! A client on the Cortex-M3 whose serial port is a connection to `chat-demo`: posts a message and waits until the room shows it.
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
    let result = bare_metal::report(&mut [0; 1024], board::Uart::new(), random::Counting(1), "21.5 °C");
    board::stop(result.map_err(|_| ()))
}

#[cfg(not(target_os = "none"))]
fn main() {}
