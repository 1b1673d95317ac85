//! Where a head ends that arrives in pieces, and where its parts are.

use super::error::HeadError;
use super::limits::HeadLimits;
use super::lines::next_line_end;
use super::start_line::{LineError, StartLine};

/// Finds the end of a head that arrives in pieces, and looks at each byte once.
#[derive(Debug, Clone)]
pub(crate) struct HeadScanner {
    limits: HeadLimits,
    start_line: StartLine,
    /// Where the field line begins that is not complete yet.
    line: usize,
    /// How many bytes were looked at, of the field lines.
    scanned: usize,
    /// Complete field lines, of interim heads too.
    fields: usize,
}

/// The parts of a head, as indices into the bytes that it was found in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    start_line: StartLine,
    fields_end: usize,
}

impl Head {
    /// Returns the start line, with CR LF.
    pub(crate) fn line<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start_line.start..self.start_line.at).unwrap_or_default()
    }

    pub(crate) fn method<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start_line.start..self.start_line.first).unwrap_or_default()
    }

    pub(crate) fn target<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start_line.first.saturating_add(1)..self.start_line.second).unwrap_or_default()
    }

    /// Returns the field lines, without the blank one.
    pub(crate) fn fields<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start_line.at..self.fields_end).unwrap_or_default()
    }

    /// Returns the index behind the head, and its blank line.
    pub(crate) const fn end(&self) -> usize {
        self.fields_end.saturating_add(2)
    }
}

impl HeadScanner {
    pub(crate) const fn new(limits: HeadLimits, start_line: StartLine) -> Self {
        Self { limits, start_line, line: 0, scanned: 0, fields: 0 }
    }

    /// Looks at what is new in `buf`: `None` until the blank line has come.
    pub(crate) fn scan(&mut self, buf: &[u8]) -> Result<Option<Head>, LineError> {
        if buf.len() < self.start_line.at.max(self.scanned) {
            // These are other bytes than before; what is known of those doesn't help.
            self.reset();
        }
        // Nothing past the limit is looked at, so that the outcome doesn't depend on how much came at once.
        let allowed = buf.get(..self.limits.bytes).unwrap_or(buf);
        if self.start_line.scan(allowed)? {
            if let Some(fields_end) = self.scan_fields(allowed)? {
                return Ok(Some(Head { start_line: self.start_line, fields_end }));
            }
        }
        if buf.len() >= self.limits.bytes {
            return Err(HeadError::TooLong.into());
        }
        Ok(None)
    }

    /// Looks at what is new of the field lines, and returns where they end.
    fn scan_fields(&mut self, allowed: &[u8]) -> Result<Option<usize>, HeadError> {
        self.line = self.line.max(self.start_line.at);
        self.scanned = self.scanned.max(self.start_line.at);
        while let Some(end) = next_line_end(allowed, self.scanned) {
            let line = allowed.get(self.line..end).unwrap_or_default();
            if !line.ends_with(b"\r\n") {
                return Err(HeadError::BareLineFeed);
            }
            if line.len() == 2 {
                return Ok(Some(self.line));
            }
            if self.fields >= self.limits.fields {
                return Err(HeadError::TooManyFields);
            }
            self.fields = self.fields.saturating_add(1);
            self.line = end;
            self.scanned = end;
        }
        self.scanned = allowed.len();
        Ok(None)
    }

    /// Goes on behind a head that is not the last: what it took of the limits is gone.
    pub(crate) const fn skip(&mut self, head: &Head) {
        self.start_line.restart(head.end());
        self.line = head.end();
        self.scanned = head.end();
    }

    /// Begins anew, for another head at the start of a buffer.
    pub(crate) const fn reset(&mut self) {
        self.start_line.restart(0);
        (self.line, self.scanned, self.fields) = (0, 0, 0);
    }

    /// Tells whether what was seen of the head begins with these bytes, none of them behind the limit.
    pub(crate) fn begins_with(&self, buf: &[u8], start: &[u8]) -> bool {
        let allowed = buf.get(..self.limits.bytes).unwrap_or(buf);
        allowed.get(self.start_line.start..).is_some_and(|line| line.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nA: 1\r\nB:2 \r\n\r\n";

    fn scanner() -> HeadScanner {
        HeadScanner::new(HeadLimits::DEFAULT, StartLine::request())
    }

    #[test]
    fn each_byte_is_looked_at_once() {
        let mut scanner = scanner();
        for len in 0..HEAD.len() {
            assert!(scanner.scan(&HEAD[..len]).unwrap().is_none());
            assert_eq!(scanner.scanned.max(scanner.start_line.at), len);
        }
        assert_eq!(scanner.scan(HEAD).unwrap().unwrap().end(), HEAD.len());
    }

    #[test]
    fn the_parts_are_where_they_stand() {
        let head = scanner().scan(HEAD).unwrap().unwrap();
        assert_eq!(head.line(HEAD), b"GET / HTTP/1.1\r\n");
        assert_eq!((head.method(HEAD), head.target(HEAD)), (&b"GET"[..], &b"/"[..]));
        assert_eq!(head.fields(HEAD), b"A: 1\r\nB:2 \r\n");
        assert_eq!((head.method(b""), head.target(b""), head.fields(b"")), (&b""[..], &b""[..], &b""[..]));
    }

    #[test]
    fn a_shorter_buffer_starts_the_search_anew() {
        let mut scanner = scanner();
        assert!(scanner.scan(&[b'x'; 100]).unwrap().is_none());
        assert_eq!(scanner.scan(HEAD).unwrap().unwrap().end(), HEAD.len());
    }

    #[test]
    fn heads_behind_each_other_share_the_limits() {
        let two = b"HTTP/1.1 100 \r\nA: 1\r\n\r\nHTTP/1.1 101 \r\nA: 1\r\n\r\n";
        let scan = |limits| {
            let mut scanner = HeadScanner::new(limits, StartLine::response());
            let first = scanner.scan(two)?.unwrap();
            scanner.skip(&first);
            scanner.scan(two).map(|head| head.unwrap().end())
        };
        let limits = HeadLimits { bytes: two.len(), fields: 2 };
        assert_eq!(scan(limits), Ok(two.len()));
        assert_eq!(scan(limits.with_fields(1)), Err(LineError::Head(HeadError::TooManyFields)));
        assert_eq!(scan(limits.with_bytes(two.len() - 1)), Err(LineError::Head(HeadError::TooLong)));
    }
}
