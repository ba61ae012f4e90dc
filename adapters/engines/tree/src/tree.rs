//! A sparse Merkle tree over sha256 of a key → sha256 of its value, with its last versions.

use std::collections::VecDeque;

use fuel_merkle::common::Bytes32;
use fuel_merkle::sparse::in_memory::NodesTable;
use fuel_merkle::sparse::proof::{ExclusionLeaf, Proof};
use fuel_merkle::sparse::{MerkleTree, MerkleTreeKey};

use crate::error::{Code, Result, TreeError};
use crate::nodes::{Direction, Nodes};

/// How many versions are readable, the newest included.
pub const KEPT: usize = 256;

/// A key with its new value; `None` where it has none any more.
pub type Change<'a> = (&'a [u8], Option<&'a [u8]>);

/// Sibling hashes from the leaf up, and for an absent key the leaf that stands in its place, if any.
pub struct ProofNodes {
    pub siblings: Vec<Bytes32>,
    /// Hashes of key and value of the other leaf.
    pub other: Option<(Bytes32, Bytes32)>,
}

pub struct Tree {
    nodes: Nodes,
    /// Roots of the readable versions, newest last; empty while the first version is built.
    roots: VecDeque<Bytes32>,
    building: Bytes32,
    newest: u64,
}

impl Tree {
    /// A tree whose first version gets this number.
    pub fn new(number: u64) -> Self {
        let building = *MerkleTree::<NodesTable, Nodes>::empty_root();
        Self { nodes: Nodes::new(), roots: VecDeque::new(), building, newest: number }
    }

    /// Adds to the first version.
    pub fn load(&mut self, changes: &[Change]) -> Result<()> {
        if !self.roots.is_empty() {
            return Err(TreeError::new(Code::WrongState, "the tree is loaded already"));
        }
        self.building = apply(&mut self.nodes, &self.building, changes)?;
        Ok(())
    }

    /// Ends the first version.
    pub fn loaded(&mut self) -> Result<Bytes32> {
        if self.roots.is_empty() {
            self.roots.push_back(self.building);
        }
        self.root(self.newest)
    }

    /// Goes back from the oldest version to the one before it, whose values `changes` are; false when it isn't kept.
    pub fn load_undo(&mut self, changes: &[Change]) -> Result<bool> {
        let oldest = self.oldest()?;
        if self.roots.len() >= KEPT || oldest == 0 {
            return Ok(false);
        }
        self.nodes.direction = Direction::BackFrom(oldest);
        let before = apply(&mut self.nodes, &self.roots[0], changes)?;
        self.roots.push_front(before);
        Ok(true)
    }

    /// Adds the next version.
    pub fn seal(&mut self, changes: &[Change]) -> Result<Bytes32> {
        self.oldest()?;
        let before = self.roots[self.roots.len() - 1];
        self.newest += 1;
        self.nodes.direction = Direction::To(self.newest);
        let root = apply(&mut self.nodes, &before, changes)?;
        self.roots.push_back(root);
        if self.roots.len() > KEPT {
            self.roots.pop_front();
        }
        self.nodes.forget_before(self.oldest()?);
        Ok(root)
    }

    pub fn root(&self, number: u64) -> Result<Bytes32> {
        let oldest = self.oldest()?;
        number.checked_sub(oldest).and_then(|index| self.roots.get(index as usize)).copied().ok_or_else(|| {
            let message = format!("block {number} is not among the readable ones, {oldest} to {}", self.newest);
            TreeError::new(Code::HeightUnavailable, message)
        })
    }

    pub fn prove(&self, number: u64, key: &[u8]) -> Result<ProofNodes> {
        let root = self.root(number)?;
        let tree = MerkleTree::<NodesTable, _>::load(&self.nodes, &root).map_err(broken)?;
        Ok(match tree.generate_proof(&MerkleTreeKey::new(key)).map_err(broken)? {
            Proof::Inclusion(proof) => ProofNodes { siblings: proof.proof_set, other: None },
            Proof::Exclusion(proof) => ProofNodes {
                siblings: proof.proof_set,
                other: match proof.leaf {
                    ExclusionLeaf::Leaf(leaf) => Some((leaf.leaf_key, leaf.leaf_value)),
                    ExclusionLeaf::Placeholder => None,
                },
            },
        })
    }

    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.nodes.count()
    }

    fn oldest(&self) -> Result<u64> {
        match self.roots.len() {
            0 => Err(TreeError::new(Code::WrongState, "the tree is still loading")),
            length => Ok(self.newest + 1 - length as u64),
        }
    }
}

/// The root after changes to the version with this root.
fn apply(nodes: &mut Nodes, root: &Bytes32, changes: &[Change]) -> Result<Bytes32> {
    let mut tree = MerkleTree::<NodesTable, _>::load(nodes, root).map_err(broken)?;
    for (key, value) in changes {
        let key = MerkleTreeKey::new(key);
        match value {
            Some(value) => tree.insert(key, value),
            None => tree.delete(key),
        }
        .map_err(broken)?;
    }
    Ok(tree.root())
}

fn broken(error: impl std::fmt::Debug) -> TreeError {
    TreeError::new(Code::Broken, format!("{error:?}"))
}
