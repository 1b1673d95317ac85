//! To be measured: a program that echoes bytes.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../board.rs"]
mod board;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use embedded_io::{Read, Write};
    let (mut uart, mut buffer) = (board::Uart::new(), [0; 64]);
    loop {
        let Ok(n) = uart.read(&mut buffer);
        let Ok(_) = uart.write(buffer.get(..n).unwrap_or_default());
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
