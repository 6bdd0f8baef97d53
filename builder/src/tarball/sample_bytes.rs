//! Bytes for tests, the same each time.

/// Bytes that compress a little.
pub(crate) fn compressible(length: usize) -> Vec<u8> {
    (0..length as u64).map(|i| (i.wrapping_mul(i) >> 7) as u8 & 0x3f).collect()
}

/// Bytes without a pattern that deflate finds: the output of a xorshift generator. The length is rounded
/// down to a multiple of 8.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(length / 8).flatten().collect()
}
