/// Does `work` with the widest vectors that this machine has: code of this crate that is inlined into it is compiled for
/// them too. Looking for them costs some two nanoseconds.
#[cfg(all(feature = "simd", any(target_arch = "x86", target_arch = "x86_64")))]
#[inline]
pub(super) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    use fearless_simd::Simd;

    match fearless_simd::Level::new().as_avx2() {
        Some(avx2) => avx2.vectorize(work),
        None => work(),
    }
}

/// Does `work`, with the vectors that every machine of the target has.
#[cfg(not(all(feature = "simd", any(target_arch = "x86", target_arch = "x86_64"))))]
#[inline]
pub(super) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    work()
}
