//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static HEAP: Heap = Heap;

/// The system's allocator; each thread counts for itself, since tests run side by side.
struct Heap;

thread_local! {
    pub static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are held, and the most that were. A thread that frees what another one took is below zero.
    pub static HELD: Cell<isize> = const { Cell::new(0) };
    pub static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn take(size: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    HELD.set(HELD.get() + bytes(size));
    PEAK.set(PEAK.get().max(HELD.get()));
}

fn give_back(size: usize) {
    HELD.set(HELD.get() - bytes(size));
}

/// No layout is larger.
fn bytes(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}

// SAFETY: all is the system's; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        give_back(layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment there are both.
        take(size);
        give_back(layout.size());
        unsafe { System.realloc(at, layout, size) }
    }
}
