//! Randomness for a test. **A device takes it from its own generator**: what nobody may predict is not made by counting.

use core::convert::Infallible;

use wsproto_embedded::rand_core::{TryCryptoRng, TryRng};

pub struct Counting(pub u32);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for byte in dst {
            let Ok(word) = self.try_next_u32();
            *byte = word.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}
