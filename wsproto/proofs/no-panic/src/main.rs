//! No input makes the library panic: this program links only if that is so.
//!
//! Its panic handler calls a function that is nowhere. So if any panic is left in what the table below can reach, after
//! the optimiser has taken away those that it can show to be impossible, the linker asks for that function and
//! fails. Nothing is assumed of an argument but its type: not even that a value was made by the library's own
//! constructors, only that it came from somewhere.
//!
//! `.ci/no-panic` builds it, and once more with the feature `control`, which must fail. It is never run.
#![no_std]
#![no_main]

mod connection;
mod handshake;
mod printing;
mod session;
mod time;
mod wire;

use core::hint::black_box;
use core::panic::PanicInfo;

/// A function that may be called with anything its arguments' types allow.
#[derive(Clone, Copy)]
struct EntryPoint(#[expect(dead_code, reason = "that it is in the program is all")] *const ());

/// SAFETY: nobody follows it.
unsafe impl Sync for EntryPoint {}

/// Makes a table of functions.
macro_rules! entry_points {
    ($($function:expr),* $(,)?) => { &[$(crate::EntryPoint($function as *const ())),*] };
}
use entry_points;

static ENTRY_POINTS: [&[EntryPoint]; 7] = [
    wire::ENTRY_POINTS,
    connection::ENTRY_POINTS,
    session::ENTRY_POINTS,
    handshake::ENTRY_POINTS,
    time::ENTRY_POINTS,
    printing::ENTRY_POINTS,
    CONTROL,
];

#[cfg(not(feature = "control"))]
const CONTROL: &[EntryPoint] = &[];

#[cfg(feature = "control")]
const CONTROL: &[EntryPoint] = {
    fn unchecked_index(bytes: &[u8], index: usize) -> u8 {
        bytes[index]
    }
    entry_points![unchecked_index]
};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        black_box(&ENTRY_POINTS);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    a_panic_can_be_reached(info)
}

#[expect(improper_ctypes, reason = "it is nowhere: that is the point")]
unsafe extern "C" {
    safe fn a_panic_can_be_reached(info: &PanicInfo<'_>) -> !;
}

// `memcpy` and its like come from outside: were they written here, the optimiser might conclude from their bodies.
#[link(name = "c")]
unsafe extern "C" {}

/// The core library comes compiled for unwinding, so its tables name a function for that.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
