//! What is of this machine: its serial port, how it prints, how it ends.
#![allow(dead_code)] // each program takes some of it

use core::convert::Infallible;
use core::panic::PanicInfo;

use cortex_m_rt::{STACK_PAINT_VALUE, heap_start};
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::hio::hstdout;
use embedded_io::{ErrorType, Read, Write};

/// The first serial port of the LM3S6965, a PL011.
pub struct Uart;

const DATA: *mut u32 = 0x4000_C000 as *mut u32;
const FLAGS: *const u32 = 0x4000_C018 as *const u32;
const CONTROL: *mut u32 = 0x4000_C030 as *mut u32;
const RECEIVED_NOTHING: u32 = 1 << 4;
const SENDING: u32 = 1 << 5;

impl Uart {
    /// Switches it on, in both directions.
    pub fn new() -> Self {
        // SAFETY: this register is there, and means only that.
        unsafe { CONTROL.write_volatile(0x301) };
        Self
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some(byte) = buffer.first_mut() else { return Ok(0) };
        // SAFETY: these registers are there, and reading them has no effect but to take the byte.
        *byte = unsafe {
            while FLAGS.read_volatile() & RECEIVED_NOTHING != 0 {}
            DATA.read_volatile().to_le_bytes()[0]
        };
        Ok(1)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for byte in bytes {
            // SAFETY: as above; the byte is sent.
            unsafe {
                while FLAGS.read_volatile() & SENDING != 0 {}
                DATA.write_volatile(u32::from(*byte));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// How deep the stack has been so far, in bytes.
pub fn stack_used() -> usize {
    unsafe extern "C" {
        static _stack_start: u32;
    }
    let top = &raw const _stack_start;
    let mut bottom = heap_start().cast_const();
    // SAFETY: all that lies from the heap's start (there is no heap) to the stack's is RAM, aligned, and was written before
    // `main`. It is only read, and no further than to the first word that the stack has reached.
    while bottom < top && unsafe { bottom.read_volatile() } == STACK_PAINT_VALUE {
        bottom = bottom.wrapping_add(1);
    }
    top as usize - bottom as usize
}

/// By hand: `core::fmt` would be a good part of the program.
pub fn print(what: &str, number: usize) {
    let mut digits = [b'\n'; 11];
    let mut start = digits.len() - 1;
    let mut rest = number;
    while start > 0 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Ok(mut out) = hstdout() {
        // Without a debugger there is no one to tell.
        let _ = out.write_all(what.as_bytes());
        let _ = out.write_all(&digits[start..]);
    }
}

pub fn stop(result: Result<(), ()>) -> ! {
    exit(if result.is_ok() { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop(Err(()))
}
