//! In place of `base64`: what the library uses of it, and it may give anything. So what is shown with it holds whatever
//! the real one does, so long as that returns.
#![no_std]

use core::hint::black_box;

pub mod alphabet {
    pub struct Alphabet;

    pub const STANDARD: Alphabet = Alphabet;
}

pub mod engine {
    pub struct GeneralPurpose;

    pub struct GeneralPurposeConfig;

    impl GeneralPurpose {
        pub const fn new(_: &crate::alphabet::Alphabet, _: GeneralPurposeConfig) -> Self {
            Self
        }
    }

    impl GeneralPurposeConfig {
        pub const fn new() -> Self {
            Self
        }

        pub const fn with_decode_allow_trailing_bits(self, _: bool) -> Self {
            self
        }
    }

    impl crate::Engine for GeneralPurpose {}
}

pub trait Engine {
    fn encode_slice(&self, input: impl AsRef<[u8]>, output: &mut [u8]) -> Result<usize, Error> {
        answer(input.as_ref(), output)
    }

    fn decode_slice(&self, input: impl AsRef<[u8]>, output: &mut [u8]) -> Result<usize, Error> {
        answer(input.as_ref(), output)
    }
}

pub struct Error;

fn answer(input: &[u8], output: &mut [u8]) -> Result<usize, Error> {
    black_box((input, output));
    black_box(Ok(0))
}
