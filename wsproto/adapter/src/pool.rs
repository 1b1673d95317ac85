//! What the connections of a thread share: buffers, which an idle connection has none of, and compressors.

use std::cell::RefCell;

use wsproto::deflate::{Compressor, Level, WindowBits};

/// How much one read takes at most.
pub const READ_SIZE: usize = 64 * 1024;

/// A buffer that has grown larger is not kept.
const MAX_WRITE_KEPT: usize = 128 * 1024;

/// How many buffers of a kind a thread keeps: they come back on other threads than they were taken from.
const MAX_KEPT: usize = 4;

thread_local! {
    static READ: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static WRITE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static COMPRESSORS: RefCell<Vec<(Level, Box<Compressor>)>> = const { RefCell::new(Vec::new()) };
}

/// Returns a buffer of [`READ_SIZE`] bytes.
pub fn take_read() -> Vec<u8> {
    let kept = READ.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
    kept.unwrap_or_else(|| vec![0; READ_SIZE])
}

/// Takes a buffer back, if it is one of those.
pub fn give_read(buffer: Vec<u8>) {
    if buffer.len() == READ_SIZE {
        let _ = READ.try_with(|pool| keep(&mut pool.borrow_mut(), buffer));
    }
}

/// Returns an empty buffer, which may have some capacity.
pub fn take_write() -> Vec<u8> {
    WRITE.try_with(|pool| pool.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

/// Takes a buffer back whose contents are not needed any more.
pub fn give_write(mut buffer: Vec<u8>) {
    if (1..=MAX_WRITE_KEPT).contains(&buffer.capacity()) {
        buffer.clear();
        let _ = WRITE.try_with(|pool| keep(&mut pool.borrow_mut(), buffer));
    }
}

fn keep(pool: &mut Vec<Vec<u8>>, buffer: Vec<u8>) {
    if pool.len() < MAX_KEPT {
        pool.push(buffer);
    }
}

/// Calls `each` with the thread's compressor of that level, which is not to be found there meanwhile.
pub fn with_compressor<T>(level: Level, each: impl FnOnce(&mut Compressor) -> T) -> T {
    let kept = COMPRESSORS.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let at = kept.iter().position(|(made_for, _)| *made_for == level)?;
        Some(kept.swap_remove(at).1)
    });
    let mut compressor =
        kept.ok().flatten().unwrap_or_else(|| Box::new(Compressor::new(level, WindowBits::MAX)));
    let done = each(&mut compressor);
    let _ = COMPRESSORS.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < MAX_KEPT {
            kept.push((level, compressor));
        }
    });
    done
}
