//! Keys of a trie as bits, the highest first.

use starknet_types_core::felt::Felt;

/// The low bits of a felt, as many as the trie is high, moved to the left end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    pub fn new(felt: &Felt, height: usize) -> Self {
        let bytes = felt.to_bytes_be();
        let (skipped, shift) = ((256 - height) / 8, (256 - height) % 8);
        let mut key = [0; 32];
        for (i, byte) in key.iter_mut().enumerate().take(32 - skipped) {
            let here = u16::from(bytes[i + skipped]);
            let next = u16::from(bytes.get(i + skipped + 1).copied().unwrap_or(0));
            *byte = ((here << 8 | next) >> (8 - shift)) as u8;
        }
        Self(key)
    }

    pub fn bit(&self, index: usize) -> bool {
        self.0[index / 8] >> (7 - index % 8) & 1 == 1
    }

    /// First bit from `start` on, and below `end`, in which two keys differ; `end` where none does.
    pub fn common(&self, other: &Self, start: usize, end: usize) -> usize {
        (start..end).find(|index| self.bit(*index) != other.bit(*index)).unwrap_or(end)
    }

    /// Bits `start` to `end` as a number.
    pub fn path(&self, start: usize, end: usize) -> Felt {
        let mut bytes = [0; 32];
        for index in start..end {
            if self.bit(index) {
                let place = 256 - end + index;
                bytes[place / 8] |= 1 << (7 - place % 8);
            }
        }
        Felt::from_bytes_be(&bytes)
    }
}
