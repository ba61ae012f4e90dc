//! The block hashes the BLOCKHASH opcode reads.

use std::collections::VecDeque;
use std::fmt;

use alloy_primitives::B256;
use revm::database_interface::DBErrorMarker;

/// BLOCKHASH reaches back 256 blocks, also right after an unwind across all kept heights: hence twice that.
const KEPT: usize = 512;

/// Consecutive hashes, ending with the newest sealed block's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockHashes {
    first: u64,
    hashes: VecDeque<B256>,
}

impl BlockHashes {
    /// Starts anew with one block.
    pub fn restart(&mut self, number: u64, hash: B256) {
        self.first = number;
        self.hashes = VecDeque::from([hash]);
    }

    /// Appends the hash of the next block.
    pub fn push(&mut self, hash: B256) {
        self.hashes.push_back(hash);
        if self.hashes.len() > KEPT {
            self.hashes.pop_front();
            self.first += 1;
        }
    }

    /// Prepends the hash of the block before the oldest known one.
    pub fn push_older(&mut self, hash: B256) {
        self.first -= 1;
        self.hashes.push_front(hash);
    }

    /// Forgets the blocks above `number`, which has to be known.
    pub fn truncate(&mut self, number: u64) {
        self.hashes.truncate((number - self.first + 1) as usize);
    }

    /// Number and hash of the oldest known block.
    pub fn oldest(&self) -> Option<(u64, B256)> {
        self.hashes.front().map(|hash| (self.first, *hash))
    }

    /// Whether an older hash would still be of use.
    pub fn wants_older(&self) -> bool {
        self.first > 0 && self.hashes.len() < KEPT
    }

    /// The hash of a block inside BLOCKHASH's window. A hash that should be known and isn't is an error, not zero:
    /// another engine would answer differently.
    pub fn get(&self, number: u64) -> Result<B256, MissingBlockHash> {
        number
            .checked_sub(self.first)
            .and_then(|index| self.hashes.get(index as usize))
            .copied()
            .ok_or(MissingBlockHash(number))
    }
}

/// BLOCKHASH asked for a block whose hash was never loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingBlockHash(pub u64);

impl fmt::Display for MissingBlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the hash of block {} was not loaded", self.0)
    }
}

impl std::error::Error for MissingBlockHash {}
impl DBErrorMarker for MissingBlockHash {}
