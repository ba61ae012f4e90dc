//! Fuel's binary Merkle trees (those of RFC 6962), as their peaks.

use fuel_vm::fuel_crypto::Hasher;

pub type Hash = [u8; 32];

pub fn leaf(data: &[u8]) -> Hash {
    hash(&[&[0], data])
}

pub fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Hasher::default();
    for part in parts {
        hasher.input(part);
    }
    *hasher.digest()
}

/// The peaks of a growing tree, the largest first: what its root and its next leaf depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    leaves: u64,
    hashes: Vec<Hash>,
}

impl Peaks {
    /// `None` where there aren't as many peaks as so many leaves have.
    pub fn new(leaves: u64, hashes: Vec<Hash>) -> Option<Self> {
        (leaves.count_ones() as usize == hashes.len()).then_some(Self { leaves, hashes })
    }

    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                node = hash(&[&[1], &left, &node]);
            }
        }
        self.hashes.push(node);
        self.leaves += 1;
    }

    pub fn root(&self) -> Hash {
        let mut smallest_first = self.hashes.iter().rev();
        match smallest_first.next() {
            None => hash(&[]),
            Some(last) => smallest_first.fold(*last, |node, peak| hash(&[&[1], peak, &node])),
        }
    }
}

pub fn root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let mut peaks = Peaks::default();
    for leaf in leaves {
        peaks.push(leaf);
    }
    peaks.root()
}
