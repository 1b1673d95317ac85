//! `io_uring` behind an interface that can't be used wrongly: the one place of the examples with `unsafe`, since whoever
//! gives the kernel an address promises that the memory behind it stays.
//!
//! Two kinds of memory are lent to the kernel, and each has one owner at any time:
//!
//! * **What arrives** lies in [`SLOTS`] slots of one mapping, which is never unmapped. A slot belongs to the kernel until
//!   it comes back as a [`Slot`], which can't be copied, and again from [`Ring::give_back`] on, which takes it. Only
//!   [`Ring::bytes`] makes a slice of one, for as long as both the ring and the slot are borrowed.
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
const SLOTS: u16 = 256;
/// The most bytes that one slot receives.
const RECEIVED: u32 = 16 * 1024;
/// Free bytes before those, for what was left of a connection's bytes before: the start of a frame fits.
const HEADROOM: usize = 192;
const SLOT: usize = HEADROOM + RECEIVED as usize;
/// The slots' number among the kernel's groups of buffers.
const GROUP: u16 = 0;

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
    Received { token: Token, slot: io::Result<Option<Slot>>, goes_on: bool },
    /// The socket took this many of `bytes[from..]`.
    Sent { token: Token, taken: io::Result<usize>, bytes: Vec<u8>, from: usize },
}

/// Bytes that arrived, to be given back.
#[must_use = "a slot that is not given back is lost"]
pub(crate) struct Slot {
    index: u16,
    len: usize,
}

pub(crate) struct Ring {
    inner: ManuallyDrop<IoUring>,
    slots: NonNull<u8>,
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
    /// When the system has no `io_uring` (Linux 6.1 and later do, if it is not switched off), or too little memory.
    pub(crate) fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .setup_cqsize(16 * 1024)
            .build(4096)?;
        let free_len = usize::from(SLOTS) * size_of::<BufRingEntry>();
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: no address is asked for, so no mapping that exists is touched.
        let mapping = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                free_len + usize::from(SLOTS) * SLOT,
                protection,
                MapFlags::PRIVATE,
            )?
        };
        let free = NonNull::new(mapping.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the slots lie behind the queue in the same mapping.
        let slots = unsafe { free.cast::<u8>().add(free_len) };
        // SAFETY: the queue is as long as is said, begins a page, and is never unmapped.
        unsafe { ring.submitter().register_buf_ring_with_flags(mapping as u64, SLOTS, GROUP, 0)? };
        let (ring, sending) = (ManuallyDrop::new(ring), ManuallyDrop::new(Slab::new()));
        let mut this = Self { inner: ring, slots, free, freed: 0, sending, completed: Vec::new() };
        for index in 0..SLOTS {
            this.give_back(Slot { index, len: 0 });
        }
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

    /// The bytes in a slot, behind `before`; `None` if that is too long for the space that is kept.
    pub(crate) fn bytes(&mut self, slot: &mut Slot, before: &[u8]) -> Option<&mut [u8]> {
        let start = HEADROOM.checked_sub(before.len())?;
        let offset = usize::from(slot.index) * SLOT + start;
        // SAFETY: `index` is below `SLOTS`, and `len` at most what the slot was said to have, so these bytes lie in the
        // mapping and in this slot. They were zeros before the kernel wrote them. A `Slot` exists for what the kernel
        // has given away only, and once, and it is borrowed for as long as the slice is.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(self.slots.add(offset).as_ptr(), before.len() + slot.len)
        };
        bytes[..before.len()].copy_from_slice(before);
        Some(bytes)
    }

    /// Lets the kernel use a slot again.
    #[expect(clippy::needless_pass_by_value, reason = "whoever gives it back has it no longer")]
    pub(crate) fn give_back(&mut self, slot: Slot) {
        // SAFETY: the queue has `SLOTS` entries, of which there is one for each slot, so the entry is free; the kernel
        // does not read it before the count says so.
        unsafe {
            let entry = self.free.add(usize::from(self.freed % SLOTS)).as_mut();
            entry.set_addr(self.slots.add(usize::from(slot.index) * SLOT + HEADROOM).as_ptr() as u64);
            entry.set_len(RECEIVED);
            entry.set_bid(slot.index);
        }
        self.freed = self.freed.wrapping_add(1);
        // SAFETY: the count lies in the queue's first entry, aligned, and the kernel only reads it.
        let count = unsafe { &*BufRingEntry::tail(self.free.as_ptr()).cast::<AtomicU16>() };
        count.store(self.freed, Ordering::Release);
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
                    let slot = result.map(|len| self.filled(cqueue::buffer_select(entry.flags()), len));
                    return Some(Done::Received { token: Token::from_bits(bits), slot, goes_on });
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

    /// The slot that so many bytes arrived in; none at the transport's end.
    fn filled(&mut self, index: Option<u16>, len: usize) -> Option<Slot> {
        let slot = Slot { index: index?, len };
        if len == 0 {
            self.give_back(slot);
            return None;
        }
        Some(slot)
    }

    fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        loop {
            // SAFETY: what the entry points to is a slot, a `Vec` in `sending`, or nothing; see above.
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
