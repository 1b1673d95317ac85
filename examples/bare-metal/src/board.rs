//! What is of this machine: where a program begins, how it prints, how it ends.

use core::panic::PanicInfo;

use cortex_m_rt::{STACK_PAINT_VALUE, entry, heap_start};
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::hio::hstdout;
use wsproto::connection::{Client, Connection, Receiver, Reply, Sender, Server};
use wsproto::handshake::{RequestDecoder, RequestHead};
use wsproto::session::Session;

use crate::script;

#[entry]
fn main() -> ! {
    let result = script::run();
    print("RAM, stack: ", stack_used());
    print("Connection<Server>: ", size_of::<Connection<Server>>());
    print("Connection<Client>: ", size_of::<Connection<Client>>());
    print("Receiver<Server>: ", size_of::<Receiver<Server>>());
    print("Sender<Server>: ", size_of::<Sender<Server>>());
    print("Reply: ", size_of::<Reply>());
    print("Session<Server, [u8; 131]>: ", size_of::<Session<Server, [u8; 131]>>());
    print("Session<Server, [u8; 1024]>: ", size_of::<Session<Server, [u8; 1024]>>());
    print("RequestDecoder: ", size_of::<RequestDecoder>());
    print("RequestHead: ", size_of::<RequestHead>());
    stop(result);
}

/// How deep the stack has been so far, in bytes.
fn stack_used() -> usize {
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
fn print(what: &str, number: usize) {
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

fn stop(result: Result<(), ()>) -> ! {
    exit(if result.is_ok() { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop(Err(()))
}
