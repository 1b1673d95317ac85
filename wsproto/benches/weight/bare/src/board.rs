// Included by each program: a serial line of two registers, the start, and what a panic does.

/// A byte at a time, of a register that the compiler can't know: nothing is optimised away.
struct Line(*mut u8);

const UART: *mut u8 = 0x4000_C000 as *mut u8;

impl Line {
    fn read(&mut self, buf: &mut [u8]) -> usize {
        match buf.first_mut() {
            // SAFETY: the register of a UART; on the machine of the one who builds, nobody runs this.
            Some(byte) => *byte = unsafe { core::ptr::read_volatile(self.0) },
            None => return 0,
        }
        1
    }

    fn write_all(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // SAFETY: as above.
            unsafe { core::ptr::write_volatile(self.0, *byte) };
        }
    }
}

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn start() -> ! {
    loop {
        serve(&mut Line(UART));
    }
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_os = "none"))]
fn main() {
    // Compiled, never run: there is no such register here.
    let _: (fn(&mut Line), Line) = (serve, Line(UART));
}
