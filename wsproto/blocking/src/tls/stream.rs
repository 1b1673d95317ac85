//! A TLS stream of rustls as a transport, of a client or a server: in one thread's hands, or in two.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::{ConnectionCommon, SideData, StreamOwned};

use crate::{Input, Output, Split};

impl<C, S, T> Input for StreamOwned<C, T>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    T: Input + Output,
{
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.sock.set_read_timeout(timeout)
    }

    fn abort(&mut self) {
        self.sock.abort();
    }
}

impl<C, S, T> Output for StreamOwned<C, T>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    T: Input + Output,
{
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.sock.set_write_timeout(timeout)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        if how == Shutdown::Write {
            // Once: rustls does nothing at the second call.
            self.conn.send_close_notify();
            while self.conn.wants_write() {
                self.conn.write_tls(&mut self.sock)?;
            }
        }
        self.sock.shutdown(how)
    }

    fn send_at_once(&mut self) -> io::Result<()> {
        self.sock.send_at_once()
    }
}

/// TLS' state stands between the halves, and is locked for as long as bytes are encrypted or decrypted: never while one waits.
impl<C, S, T> Split for StreamOwned<C, T>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    T: Split,
{
    type Input = TlsInput<C, T::Input>;
    type Output = TlsOutput<C, T::Output>;

    fn split(self) -> io::Result<(Self::Input, Self::Output)> {
        let (input, output) = self.sock.split()?;
        let tls = Arc::new(Mutex::new(self.conn));
        let input = TlsInput { tls: Arc::clone(&tls), io: input, buffer: vec![0; 16 * 1024], unread: 0..0 };
        Ok((input, TlsOutput { tls, io: output, records: Vec::new(), written: 0 }))
    }
}

/// The half of a TLS stream that is read from.
#[derive(Debug)]
pub struct TlsInput<C, I> {
    tls: Arc<Mutex<C>>,
    io: I,
    buffer: Vec<u8>,
    /// What came and TLS has not taken yet.
    unread: Range<usize>,
}

/// The half of a TLS stream that is written to.
#[derive(Debug)]
pub struct TlsOutput<C, O> {
    tls: Arc<Mutex<C>>,
    io: O,
    /// Records on their way, and how much of them is written.
    records: Vec<u8>,
    written: usize,
}

fn lock<C>(tls: &Mutex<C>) -> MutexGuard<'_, C> {
    tls.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C, S, I> Read for TlsInput<C, I>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    I: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut tls = lock(&self.tls);
            match tls.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
            // What this asks to be sent, such as new keys, leaves with what is written next.
            if let Some(mut unread @ [_, ..]) = self.buffer.get(self.unread.clone()) {
                self.unread.start += tls.read_tls(&mut unread)?;
                tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
                continue;
            }
            drop(tls);
            match self.io.read(&mut self.buffer)? {
                0 => {
                    lock(&self.tls).read_tls(&mut io::empty())?;
                }
                n => self.unread = 0..n,
            }
        }
    }
}

impl<C, S, I> Input for TlsInput<C, I>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    I: Input,
{
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.io.set_read_timeout(timeout)
    }

    fn abort(&mut self) {
        self.io.abort();
    }
}

impl<C, S, O> TlsOutput<C, O>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    O: Write,
{
    /// Encrypts, as much as `each` writes, and returns what `each` does. No record overtakes another: there is one who writes.
    fn encrypt<V>(&mut self, each: impl FnOnce(&mut C) -> io::Result<V>) -> io::Result<V> {
        let mut tls = lock(&self.tls);
        let value = each(&mut tls)?;
        while tls.wants_write() {
            tls.write_tls(&mut self.records)?;
        }
        Ok(value)
    }

    /// Writes what is encrypted.
    fn push(&mut self) -> io::Result<()> {
        while let Some(rest @ [_, ..]) = self.records.get(self.written..) {
            match self.io.write(rest)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                n => self.written += n,
            }
        }
        self.records.clear();
        self.written = 0;
        Ok(())
    }
}

impl<C, S, O> Write for TlsOutput<C, O>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    O: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.push()?;
        let taken = self.encrypt(|tls| tls.writer().write(buf))?;
        // These bytes are taken, whatever comes of them: the next call tells.
        let _ = self.push();
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encrypt(|_| Ok(()))?;
        self.push()?;
        self.io.flush()
    }
}

impl<C, S, O> Output for TlsOutput<C, O>
where
    C: DerefMut + Deref<Target = ConnectionCommon<S>>,
    S: SideData,
    O: Output,
{
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.io.set_write_timeout(timeout)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        if how == Shutdown::Write {
            self.encrypt(|tls| {
                tls.send_close_notify();
                Ok(())
            })?;
            self.push()?;
        }
        self.io.shutdown(how)
    }
}
