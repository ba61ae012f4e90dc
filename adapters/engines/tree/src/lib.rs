//! The state commitment of VMs that have none of their own: a sparse Merkle tree with its last 256 versions.

mod error;
mod nodes;
#[cfg(test)]
mod tests;
mod tree;

pub use error::{Code, Result, TreeError};
pub use tree::{Change, ProofNodes, Tree, KEPT};
