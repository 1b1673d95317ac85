//! In place of `base64`: what the library uses of it, and it may give anything. So what is shown with it holds whatever
//! the real one does, so long as that returns.
#![no_std]

use core::hint::black_box;

pub mod engine {
    pub use crate::Engine;

    pub mod general_purpose {
        pub struct GeneralPurpose;

        pub const STANDARD: GeneralPurpose = GeneralPurpose;

        impl crate::Engine for GeneralPurpose {}
    }
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
