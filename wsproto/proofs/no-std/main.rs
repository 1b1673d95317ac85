//! Is never run: that it builds is the proof. There is no C library, no allocator, and a second panic handler beside the
//! standard library's would be an error: nothing in the engine can need one of them.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use wsproto::handshake::{Choice, ClientHandshake, Offer, Request};
use wsproto::{Client, Limits, MaskingKey, Server, Session};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (mut wire, mut out) = ([0; 1024], [0; 1024]);
    loop {
        black_box(open(&mut wire, &mut out));
        black_box(talk(&mut wire, &mut out));
    }
}

/// Both ends of an opening handshake.
fn open(wire: &mut [u8], out: &mut [u8]) -> Option<usize> {
    let handshake = ClientHandshake::new(Offer::new("example.com", "/"), black_box([0; 16])).ok()?;
    let sent = handshake.encode(wire).ok()?;
    let Ok(Some((Request::WebSocket(opening), _))) = Request::decode(black_box(&wire[..sent])) else {
        return None;
    };
    let answered = opening.accept(Choice::default()).ok()?.encode(out).ok()?;
    handshake.decode(black_box(&out[..answered])).ok()??;
    Some(answered)
}

/// Both ends of a connection.
fn talk(wire: &mut [u8], out: &mut [u8]) -> Option<usize> {
    let keys = || MaskingKey::new(black_box([0; 4]));
    let mut client = Session::new(Client::new(keys), Limits::new(), [0; 256]);
    let mut server = Session::new(Server, Limits::new(), [0; 256]);
    let sent = client.frame().encode("Hello", wire).ok()?;
    let _ = server.push_some(black_box(&wire[..sent]));
    let written = match server.next() {
        Ok(Some((message, sender))) if message.is_data() => sender.frame().encode(message, out).ok()?,
        _ => server.encode_reply(out).ok()?,
    };
    let _ = client.push_some(black_box(&out[..written]));
    client.next().ok()??;
    Some(written)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    platform::stop()
}

/// What the compiler asks of any platform; a real one has better. The core library comes compiled for unwinding, so its
/// tables name a function for that.
mod platform {
    pub fn stop() -> ! {
        loop {
            core::hint::spin_loop();
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}

    #[unsafe(no_mangle)]
    extern "C" fn memcpy(_to: *mut u8, _from: *const u8, _len: usize) -> *mut u8 {
        stop()
    }

    #[unsafe(no_mangle)]
    extern "C" fn memmove(_to: *mut u8, _from: *const u8, _len: usize) -> *mut u8 {
        stop()
    }

    #[unsafe(no_mangle)]
    extern "C" fn memset(_to: *mut u8, _byte: i32, _len: usize) -> *mut u8 {
        stop()
    }

    #[unsafe(no_mangle)]
    extern "C" fn memcmp(_left: *const u8, _right: *const u8, _len: usize) -> i32 {
        stop()
    }

    #[unsafe(no_mangle)]
    extern "C" fn bcmp(_left: *const u8, _right: *const u8, _len: usize) -> i32 {
        stop()
    }
}
