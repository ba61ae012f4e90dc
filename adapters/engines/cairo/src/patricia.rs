//! Starknet's Merkle-Patricia trie, persistent: a copy costs nothing and never changes.
//! (https://docs.starknet.io/architecture/state/ "Merkle-Patricia trie")

use std::sync::{Arc, OnceLock};

use starknet_types_core::felt::Felt;
use starknet_types_core::hash::StarkHash;

use crate::key::Key;

/// What stands at a key.
pub trait Leaf: Clone {
    /// Hashes the nodes above.
    type Hasher: StarkHash;
    fn hash(&self) -> Felt;
}

pub enum Node<L> {
    Leaf {
        key: Key,
        leaf: L,
    },
    Binary {
        left: Arc<Node<L>>,
        right: Arc<Node<L>>,
        hash: OnceLock<Felt>,
    },
    /// Bits `start` to `end` of `key`, which is that of any leaf below.
    Edge {
        key: Key,
        start: usize,
        end: usize,
        child: Arc<Node<L>>,
        hash: OnceLock<Felt>,
    },
}

impl<L: Leaf> Node<L> {
    pub fn hash(&self) -> Felt {
        match self {
            Self::Leaf { leaf, .. } => leaf.hash(),
            Self::Binary { left, right, hash } => *hash.get_or_init(|| L::Hasher::hash(&left.hash(), &right.hash())),
            Self::Edge { key, start, end, child, hash } => *hash.get_or_init(|| {
                L::Hasher::hash(&child.hash(), &key.path(*start, *end)) + Felt::from((end - start) as u64)
            }),
        }
    }

    /// Key of some leaf at or below this node.
    fn any_key(&self) -> &Key {
        match self {
            Self::Leaf { key, .. } | Self::Edge { key, .. } => key,
            Self::Binary { left, .. } => left.any_key(),
        }
    }
}

/// A trie of `HEIGHT` bits.
#[derive(Clone)]
pub struct Trie<L, const HEIGHT: usize = 251> {
    root: Option<Arc<Node<L>>>,
}

impl<L, const HEIGHT: usize> Default for Trie<L, HEIGHT> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<L: Leaf, const HEIGHT: usize> Trie<L, HEIGHT> {
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Zero where it is empty.
    pub fn root(&self) -> Felt {
        self.root.as_ref().map_or(Felt::ZERO, |node| node.hash())
    }

    pub fn get(&self, key: &Felt) -> Option<&L> {
        let key = Key::new(key, HEIGHT);
        let mut node = self.root.as_deref()?;
        let mut depth = 0;
        loop {
            match node {
                Node::Leaf { leaf, .. } => return Some(leaf),
                Node::Binary { left, right, .. } => {
                    node = if key.bit(depth) { right } else { left };
                    depth += 1;
                }
                Node::Edge { key: own, end, child, .. } => {
                    if own.common(&key, depth, *end) < *end {
                        return None;
                    }
                    node = child;
                    depth = *end;
                }
            }
        }
    }

    /// Sets a leaf, or removes it.
    pub fn set(&mut self, key: &Felt, leaf: Option<L>) {
        let key = Key::new(key, HEIGHT);
        self.root = set::<L, HEIGHT>(self.root.as_ref(), 0, &key, leaf);
    }

    /// The nodes from the root towards a key: to its leaf, or to the node that shows that there is none.
    pub fn path(&self, key: &Felt) -> Vec<&Node<L>> {
        let key = Key::new(key, HEIGHT);
        let mut nodes = Vec::new();
        let mut next = self.root.as_deref();
        let mut depth = 0;
        while let Some(node) = next {
            match node {
                Node::Leaf { .. } => break,
                Node::Binary { left, right, .. } => {
                    next = Some(if key.bit(depth) { right } else { left });
                    depth += 1;
                }
                Node::Edge { key: own, end, child, .. } => {
                    next = (own.common(&key, depth, *end) == *end).then_some(child);
                    depth = *end;
                }
            }
            nodes.push(node);
        }
        nodes
    }
}

/// An edge from `start` to a node at depth `end`; one with the edge below it where there is one.
fn edge<L: Leaf>(start: usize, end: usize, child: Arc<Node<L>>) -> Arc<Node<L>> {
    if start == end {
        return child;
    }
    let (key, end, child) = match &*child {
        Node::Edge { key, end, child, .. } => (*key, *end, child.clone()),
        other => (*other.any_key(), end, child.clone()),
    };
    Arc::new(Node::Edge { key, start, end, child, hash: OnceLock::new() })
}

fn binary<L>(left: Arc<Node<L>>, right: Arc<Node<L>>) -> Arc<Node<L>> {
    Arc::new(Node::Binary { left, right, hash: OnceLock::new() })
}

fn set<L: Leaf, const HEIGHT: usize>(
    node: Option<&Arc<Node<L>>>,
    depth: usize,
    key: &Key,
    leaf: Option<L>,
) -> Option<Arc<Node<L>>> {
    let new_leaf = |leaf| Arc::new(Node::Leaf { key: *key, leaf });
    let Some(node) = node else { return leaf.map(|leaf| edge(depth, HEIGHT, new_leaf(leaf))) };
    match &**node {
        Node::Leaf { .. } => leaf.map(new_leaf),
        Node::Binary { left, right, .. } => {
            let (own, other) = if key.bit(depth) { (right, left) } else { (left, right) };
            Some(match set::<L, HEIGHT>(Some(own), depth + 1, key, leaf) {
                Some(child) if key.bit(depth) => binary(left.clone(), child),
                Some(child) => binary(child, right.clone()),
                None => edge(depth, depth + 1, other.clone()),
            })
        }
        Node::Edge { key: own, end, child, .. } => {
            let fork = own.common(key, depth, *end);
            if fork == *end {
                return set::<L, HEIGHT>(Some(child), *end, key, leaf).map(|child| edge(depth, *end, child));
            }
            let Some(leaf) = leaf else { return Some(node.clone()) };
            let old = edge(fork + 1, *end, child.clone());
            let new = edge(fork + 1, HEIGHT, new_leaf(leaf));
            let both = if key.bit(fork) { binary(old, new) } else { binary(new, old) };
            Some(edge(depth, fork, both))
        }
    }
}
