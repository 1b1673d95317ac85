use crate::error::BufferTooSmall;

/// Writes what `put` puts to the start of `out`, or nothing: it runs twice, first to count.
pub(super) fn write_all(out: &mut [u8], put: impl Fn(&mut Out<'_>)) -> Result<usize, BufferTooSmall> {
    let mut counted = Out { space: &mut [], len: 0 };
    put(&mut counted);
    let needed = counted.len;
    let space = out.get_mut(..needed).ok_or(BufferTooSmall { needed })?;
    put(&mut Out { space, len: 0 });
    Ok(needed)
}

/// Where bytes are put one after the other; those that don't fit are only counted.
pub(super) struct Out<'o> {
    space: &'o mut [u8],
    len: usize,
}

impl Out<'_> {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let space = self.space.get_mut(self.len..).and_then(|space| space.get_mut(..bytes.len()));
        if let Some(space) = space {
            space.copy_from_slice(bytes);
        }
        self.len = self.len.saturating_add(bytes.len());
    }

    /// A header field's line.
    pub(super) fn put_field(&mut self, name: &str, value: &[u8]) {
        self.put(name.as_bytes());
        self.put(b": ");
        self.put(value);
        self.put(b"\r\n");
    }

    pub(super) fn put_decimal(&mut self, number: usize) {
        // As many digits as a 64-bit number can have.
        let mut digits = [0; 20];
        let mut start = 0;
        let mut rest = number;
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b"0123456789".get(rest % 10).copied().unwrap_or_default();
            start = at;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(start..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_begun() {
        let put = |out: &mut Out<'_>| {
            out.put_field("a", b"bc");
            out.put_decimal(0);
            out.put_decimal(1234);
        };
        let mut space = [b'_'; 12];
        assert_eq!(write_all(&mut space[..11], put), Err(BufferTooSmall { needed: 12 }));
        assert_eq!(&space, b"____________");
        assert_eq!(write_all(&mut space, put), Ok(12));
        assert_eq!(&space, b"a: bc\r\n01234");
    }

    #[test]
    fn the_largest_number_is_written() {
        let mut space = [0; 20];
        let len = write_all(&mut space, |out| out.put_decimal(usize::MAX)).unwrap();
        assert_eq!(std::str::from_utf8(&space[..len]).unwrap(), std::format!("{}", usize::MAX));
    }
}
