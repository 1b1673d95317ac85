//! `io_uring` behind an interface that can't be used wrongly: the one place of the examples with `unsafe`, since whoever
//! gives the kernel an address promises that the memory behind it stays.
//!
//! Two kinds of memory are lent to the kernel, and each byte has one owner at any time:
//!
//! * **What arrives** lies in [`SLOTS`] slots of one mapping, which is never unmapped. The kernel fills a slot from its
//!   beginning to its end, with whatever comes next on any socket, and tells of each [`Part`] once; a part can't be
//!   copied. Only [`Ring::bytes`] makes a slice of one, for as long as both the ring and the part are borrowed. When
//!   all parts of a slot were given back to [`Ring::give_back`], which takes them, the kernel fills it anew.
//! * **What is sent** is a `Vec` that moves into the ring with [`Ring::send`] and out of it with [`Done::Sent`]. Its
//!   bytes do not move meanwhile: the ring keeps it where nobody can reach it.
//!
//! A ring that is dropped leaks both, for the kernel may still use them.

use std::io;
use std::mem::ManuallyDrop;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use io_uring::types::{BufRingEntry, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use slab::Slab;

/// How many slots there are, a power of two. With their size: 4 MiB stay in a processor's cache, 16 MiB do not.
const SLOTS: u16 = 8;
/// The bytes in one. Few messages lie across the end of so many.
const SLOT: u32 = 512 * 1024;
/// The slots' number among the kernel's groups of buffers.
const GROUP: u16 = 0;
/// To fill slots with many parts each: `IOU_PBUF_RING_INC` of `linux/io_uring.h`.
const IN_PARTS: u16 = 2;

/// Whom a request belongs to: a place, and the how-many-th tenant of that place. What was asked for by one that has
/// left is told apart from what the next one asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) place: u32,
    pub(crate) tenant: u16,
}

/// What the kernel has done.
pub(crate) enum Done {
    /// A client connected, or could not. `goes_on` is whether more will be told without being asked for.
    Accepted { socket: io::Result<OwnedFd>, goes_on: bool },
    /// Bytes arrived; `None` is the transport's end.
    Received { token: Token, part: io::Result<Option<Part>>, goes_on: bool },
    /// The socket took this many of `bytes[from..]`.
    Sent { token: Token, taken: io::Result<usize>, bytes: Vec<u8>, from: usize },
}

/// Bytes that arrived, to be given back.
#[must_use = "a part that is not given back keeps its slot"]
pub(crate) struct Part {
    slot: u16,
    offset: u32,
    len: u32,
}

/// What is known of a slot since the kernel may use it.
#[derive(Clone, Copy, Default)]
struct Slot {
    filled: u32,
    /// How many of its parts are not given back yet.
    parts: u32,
    /// Whether the kernel will fill no more of it.
    is_full: bool,
}

pub(crate) struct Ring {
    inner: ManuallyDrop<IoUring>,
    /// Where the slots lie, and what is known of each.
    memory: NonNull<u8>,
    slots: [Slot; SLOTS as usize],
    /// The queue in which the kernel finds the slots that it may use, and how many were ever put there.
    free: NonNull<BufRingEntry>,
    freed: u16,
    sending: ManuallyDrop<Slab<Sending>>,
    completed: Vec<cqueue::Entry>,
}

struct Sending {
    token: Token,
    bytes: Vec<u8>,
    from: usize,
}

impl Ring {
    /// Makes a ring for this thread alone.
    ///
    /// # Errors
    ///
    /// When the system has no `io_uring` that fills buffers in parts (Linux 6.12 and later do, if it is not switched off),
    /// or too little memory.
    pub(crate) fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .setup_cqsize(16 * 1024)
            .build(4096)?;
        let queue = usize::from(SLOTS) * size_of::<BufRingEntry>();
        let len = queue + usize::from(SLOTS) * SLOT as usize;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: no address is asked for, so no mapping that exists is touched.
        let mapping = unsafe { mmap_anonymous(ptr::null_mut(), len, protection, MapFlags::PRIVATE)? };
        let free = NonNull::new(mapping.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the slots lie behind the queue in the same mapping.
        let memory = unsafe { free.cast::<u8>().add(queue) };
        // SAFETY: the queue is as long as is said, begins a page, and is never unmapped.
        unsafe { ring.submitter().register_buf_ring_with_flags(mapping as u64, SLOTS, GROUP, IN_PARTS)? };
        let (inner, sending) = (ManuallyDrop::new(ring), ManuallyDrop::new(Slab::new()));
        let slots = [Slot::default(); SLOTS as usize];
        let mut this = Self { inner, memory, slots, free, freed: 0, sending, completed: Vec::new() };
        (0..SLOTS).for_each(|slot| this.free(slot));
        Ok(this)
    }

    /// Asks for all clients to come, until `goes_on` says no more.
    pub(crate) fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        self.push(&opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).build().user_data(ACCEPT))
    }

    /// Withdraws that.
    pub(crate) fn stop_accepting(&mut self) -> io::Result<()> {
        self.push(&opcode::AsyncCancel::new(ACCEPT).build().user_data(CANCEL))
    }

    /// Asks for all bytes to come on a socket, until `goes_on` says no more.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>, token: Token) -> io::Result<()> {
        let entry = opcode::RecvMulti::new(Fd(socket.as_raw_fd()), GROUP).build();
        self.push(&entry.user_data(RECEIVE | token.to_bits()))
    }

    /// Withdraws that. What arrived meanwhile still comes.
    pub(crate) fn stop_receiving(&mut self, token: Token) -> io::Result<()> {
        self.push(&opcode::AsyncCancel::new(RECEIVE | token.to_bits()).build().user_data(CANCEL))
    }

    /// Sends `bytes[from..]`, or as much as the socket takes at once when it takes some: [`Done::Sent`] tells.
    pub(crate) fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        token: Token,
        bytes: Vec<u8>,
        from: usize,
    ) -> io::Result<()> {
        let rest = &bytes[from..];
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(Fd(socket.as_raw_fd()), rest.as_ptr(), len);
        let entry = entry.flags(NO_SIGNAL).build();
        // The `Vec` moves, what it owns stays where it is.
        let key = self.sending.insert(Sending { token, bytes, from });
        self.push(&entry.user_data(SEND | key as u64))
    }

    /// The bytes that arrived.
    pub(crate) fn bytes(&mut self, part: &mut Part) -> &mut [u8] {
        let offset = usize::from(part.slot) * SLOT as usize + part.offset as usize;
        // SAFETY: `filled` keeps all parts within their slot, so within the mapping. They were zeros before the kernel
        // wrote them, once; it goes on behind them. There is one `Part` for them, borrowed for as long as the slice is.
        unsafe { std::slice::from_raw_parts_mut(self.memory.add(offset).as_ptr(), part.len as usize) }
    }

    /// Lets go of what arrived.
    #[expect(clippy::needless_pass_by_value, reason = "whoever gives it back has it no longer")]
    pub(crate) fn give_back(&mut self, part: Part) {
        self.slots[usize::from(part.slot)].parts -= 1;
        self.free_if_used(part.slot);
    }

    fn free_if_used(&mut self, slot: u16) {
        let Slot { parts, is_full, .. } = self.slots[usize::from(slot)];
        if is_full && parts == 0 {
            self.free(slot);
        }
    }

    /// Lets the kernel fill a slot.
    fn free(&mut self, slot: u16) {
        self.slots[usize::from(slot)] = Slot::default();
        // SAFETY: the queue has `SLOTS` entries, of which there is one for each slot, so the entry is free; the kernel
        // does not read it before the count says so.
        unsafe {
            let entry = self.free.add(usize::from(self.freed % SLOTS)).as_mut();
            entry.set_addr(self.memory.add(usize::from(slot) * SLOT as usize).as_ptr() as u64);
            entry.set_len(SLOT);
            entry.set_bid(slot);
        }
        self.freed = self.freed.wrapping_add(1);
        // SAFETY: the count lies in the queue's first entry, aligned, and the kernel only reads it.
        let count = unsafe { &*BufRingEntry::tail(self.free.as_ptr()).cast::<AtomicU16>() };
        count.store(self.freed, Ordering::Release);
    }

    /// The part of a slot that was filled; none at the transport's end.
    fn filled(&mut self, slot: u16, len: usize, is_full: bool) -> Option<Part> {
        let known = self.slots.get_mut(usize::from(slot))?;
        let offset = known.filled;
        let len = u32::try_from(len).unwrap_or(u32::MAX).min(SLOT - offset);
        known.filled += len;
        known.is_full |= is_full;
        if len == 0 {
            self.free_if_used(slot);
            return None;
        }
        known.parts += 1;
        Some(Part { slot, offset, len })
    }

    /// Hands over what was asked for, and waits for something to be done, or for the time to pass.
    pub(crate) fn wait(&mut self, time: Duration) -> io::Result<()> {
        let time = Timespec::from(time);
        match self.inner.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&time)) {
            Ok(_) => {}
            Err(error) => match error.raw_os_error() {
                // Time has passed, a signal came, or so much is done that it has to be looked at first.
                Some(ETIME | EINTR | EBUSY) => {}
                _ => return Err(error),
            },
        }
        self.completed.extend(self.inner.completion());
        // They are taken from the end.
        self.completed.reverse();
        Ok(())
    }

    /// What was done next.
    pub(crate) fn next(&mut self) -> Option<Done> {
        loop {
            let entry = self.completed.pop()?;
            let bits = entry.user_data();
            let goes_on = cqueue::more(entry.flags());
            let result = usize::try_from(entry.result())
                .map_err(|_| io::Error::from_raw_os_error(entry.result().wrapping_neg()));
            match bits & KIND {
                ACCEPT => {
                    // SAFETY: the kernel gives a descriptor that nobody else has.
                    let socket = result.map(|_| unsafe { OwnedFd::from_raw_fd(entry.result()) });
                    return Some(Done::Accepted { socket, goes_on });
                }
                RECEIVE => {
                    let slot = cqueue::buffer_select(entry.flags());
                    let is_full = !cqueue::buffer_more(entry.flags());
                    let part = result.map(|len| slot.and_then(|slot| self.filled(slot, len, is_full)));
                    return Some(Done::Received { token: Token::from_bits(bits), part, goes_on });
                }
                SEND => {
                    let key = (bits & !KIND) as usize;
                    let Some(Sending { token, bytes, from }) = self.sending.try_remove(key) else { continue };
                    return Some(Done::Sent { token, taken: result, bytes, from });
                }
                // Something was withdrawn; what it was tells so itself.
                _ => {}
            }
        }
    }

    fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        loop {
            // SAFETY: what the entry points to is a `Vec` in `sending`, or nothing; see above.
            if unsafe { self.inner.submission().push(entry) }.is_ok() {
                return Ok(());
            }
            self.inner.submit()?;
        }
    }
}

/// The kinds of requests, in the two highest bits of what the kernel hands back with the answer.
const KIND: u64 = 3 << 62;
const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1 << 62;
const SEND: u64 = 2 << 62;
const CANCEL: u64 = 3 << 62;

impl Token {
    fn to_bits(self) -> u64 {
        u64::from(self.tenant) << 32 | u64::from(self.place)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves are what they were made from")]
    fn from_bits(bits: u64) -> Self {
        Self { place: bits as u32, tenant: (bits >> 32) as u16 }
    }
}

// Of Linux, on all of its architectures but where said.
const NO_SIGNAL: i32 = 0x4000;
const EINTR: i32 = 4;
const EBUSY: i32 = 16;
const ETIME: i32 = 62;
