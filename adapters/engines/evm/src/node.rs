//! Nodes of the Merkle-Patricia trie and their encoding.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{keccak256, B256};
use alloy_rlp::{Encodable, Header};

use crate::nibbles;

/// What a leaf holds.
pub trait Leaf: Clone {
    /// The bytes that stand in the trie.
    fn encode_leaf(&self) -> Vec<u8>;
}

/// A node shared between versions of a trie. Its reference is computed once, when it is first asked for.
#[derive(Clone, Debug)]
pub struct Node<V> {
    kind: Kind<V>,
    reference: OnceLock<Reference>,
}

/// Keys never are prefixes of each other here, so a branch holds no value.
#[derive(Clone, Debug)]
pub enum Kind<V> {
    Leaf { path: Vec<u8>, value: V },
    Extension { path: Vec<u8>, child: Arc<Node<V>> },
    Branch(Children<V>),
}

pub type Children<V> = Box<[Option<Arc<Node<V>>>; 16]>;

/// How a parent refers to a node: by hash, or by the node itself when that is shorter.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    length: u8,
    bytes: [u8; 33],
}

impl Reference {
    fn new(encoded: &[u8]) -> Self {
        let mut bytes = [0; 33];
        if encoded.len() < 32 {
            bytes[..encoded.len()].copy_from_slice(encoded);
            return Self { length: encoded.len() as u8, bytes };
        }
        bytes[0] = 0xa0;
        bytes[1..].copy_from_slice(keccak256(encoded).as_slice());
        Self { length: 33, bytes }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }

    /// The hash, unless the node stands in its parent itself.
    pub fn hash(&self) -> Option<B256> {
        (self.length == 33).then(|| B256::from_slice(&self.bytes[1..]))
    }
}

impl<V> Node<V> {
    pub fn new(kind: Kind<V>) -> Arc<Self> {
        Arc::new(Self { kind, reference: OnceLock::new() })
    }

    pub fn leaf(path: &[u8], value: V) -> Arc<Self> {
        Self::new(Kind::Leaf { path: path.to_vec(), value })
    }

    pub fn kind(&self) -> &Kind<V> {
        &self.kind
    }
}

impl<V: Leaf> Node<V> {
    /// Gives the node for changing: copied first if another version shares it, its cached reference forgotten.
    pub fn edit(node: &mut Arc<Self>) -> &mut Kind<V> {
        let node = Arc::make_mut(node);
        node.reference = OnceLock::new();
        &mut node.kind
    }

    pub fn reference(&self) -> &Reference {
        self.reference.get_or_init(|| Reference::new(&self.encode()))
    }

    /// The RLP of the node, as proofs carry it.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(532);
        match &self.kind {
            Kind::Leaf { path, value } => {
                nibbles::hex_prefix(path, true).as_slice().encode(&mut payload);
                value.encode_leaf().as_slice().encode(&mut payload);
            }
            Kind::Extension { path, child } => {
                nibbles::hex_prefix(path, false).as_slice().encode(&mut payload);
                payload.extend_from_slice(child.reference().as_slice());
            }
            Kind::Branch(children) => {
                for child in children.iter() {
                    match child {
                        Some(child) => payload.extend_from_slice(child.reference().as_slice()),
                        None => payload.push(alloy_rlp::EMPTY_STRING_CODE),
                    }
                }
                payload.push(alloy_rlp::EMPTY_STRING_CODE);
            }
        }
        let mut encoded = Vec::with_capacity(payload.len() + 3);
        Header { list: true, payload_length: payload.len() }.encode(&mut encoded);
        encoded.extend_from_slice(&payload);
        encoded
    }
}
