//! A persistent Merkle-Patricia trie: a clone costs one reference, versions share every node they have in common.
//!
//! Keys have one length (they are hashes), so no key is a prefix of another. Recursion goes as deep as a key has
//! half-bytes: 64.

use std::sync::Arc;

use alloy_consensus::EMPTY_ROOT_HASH;
use alloy_primitives::{keccak256, Bytes, B256};

use crate::nibbles;
use crate::node::{Children, Kind, Leaf, Node};

#[derive(Clone, Debug)]
pub struct Trie<V> {
    root: Option<Arc<Node<V>>>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Leaf> Trie<V> {
    /// The value under a key.
    pub fn get(&self, key: B256) -> Option<&V> {
        let path = nibbles::from_bytes(key.as_slice());
        let mut rest = path.as_slice();
        let mut node = self.root.as_ref()?;
        loop {
            match node.kind() {
                Kind::Leaf { path, value } => return (path == rest).then_some(value),
                Kind::Extension { path, child } => {
                    rest = rest.strip_prefix(path.as_slice())?;
                    node = child;
                }
                Kind::Branch(children) => {
                    node = children[usize::from(rest[0])].as_ref()?;
                    rest = &rest[1..];
                }
            }
        }
    }

    /// Sets the value under a key.
    pub fn insert(&mut self, key: B256, value: V) {
        insert_at(&mut self.root, &nibbles::from_bytes(key.as_slice()), value);
    }

    /// Removes a key; one that isn't there changes nothing.
    pub fn remove(&mut self, key: B256) {
        if self.get(key).is_none() {
            return;
        }
        if let Some(root) = &mut self.root {
            if remove_from(root, &nibbles::from_bytes(key.as_slice())) {
                self.root = None;
            }
        }
    }

    /// The root hash; computes only what changed since it was last asked for.
    pub fn root(&self) -> B256 {
        match &self.root {
            None => EMPTY_ROOT_HASH,
            Some(root) => root.reference().hash().unwrap_or_else(|| keccak256(root.encode())),
        }
    }

    /// The nodes from the root towards a key, as EIP-1186 lists them: proof of its value, or of its absence. Nodes that
    /// stand inside their parent aren't listed. An empty trie has an empty proof.
    pub fn prove(&self, key: B256) -> Vec<Bytes> {
        let path = nibbles::from_bytes(key.as_slice());
        let mut rest = path.as_slice();
        let mut proof = Vec::new();
        let mut next = self.root.as_ref();
        while let Some(node) = next {
            if proof.is_empty() || node.reference().hash().is_some() {
                proof.push(node.encode().into());
            }
            next = match node.kind() {
                Kind::Leaf { .. } => None,
                Kind::Extension { path, child } => rest.strip_prefix(path.as_slice()).map(|left| {
                    rest = left;
                    child
                }),
                Kind::Branch(children) => {
                    let child = children[usize::from(rest[0])].as_ref();
                    rest = &rest[1..];
                    child
                }
            };
        }
        proof
    }
}

fn insert_at<V: Leaf>(link: &mut Option<Arc<Node<V>>>, path: &[u8], value: V) {
    match link {
        None => *link = Some(Node::leaf(path, value)),
        Some(node) => insert_into(node, path, value),
    }
}

fn insert_into<V: Leaf>(node: &mut Arc<Node<V>>, path: &[u8], value: V) {
    let kind = Node::edit(node);
    match kind {
        Kind::Branch(children) => insert_at(&mut children[usize::from(path[0])], &path[1..], value),
        Kind::Leaf { path: own, value: held } => {
            let shared = nibbles::common(own, path);
            if shared == own.len() {
                *held = value;
                return;
            }
            let old = (own[shared], Node::leaf(&own[shared + 1..], held.clone()));
            *kind = fork(path, shared, old, value);
        }
        Kind::Extension { path: own, child } => {
            let shared = nibbles::common(own, path);
            if shared == own.len() {
                insert_into(child, &path[shared..], value);
                return;
            }
            let old = (own[shared], lengthen(&own[shared + 1..], child.clone()));
            *kind = fork(path, shared, old, value);
        }
    }
}

/// A branch below the first `shared` half-bytes of `path`, holding an old node and a new leaf.
fn fork<V>(path: &[u8], shared: usize, old: (u8, Arc<Node<V>>), value: V) -> Kind<V> {
    let mut children: Children<V> = Box::default();
    children[usize::from(old.0)] = Some(old.1);
    children[usize::from(path[shared])] = Some(Node::leaf(&path[shared + 1..], value));
    let branch = Kind::Branch(children);
    if shared == 0 {
        return branch;
    }
    Kind::Extension { path: path[..shared].to_vec(), child: Node::new(branch) }
}

/// A branch reached through a path: itself when the path is empty.
fn lengthen<V>(path: &[u8], branch: Arc<Node<V>>) -> Arc<Node<V>> {
    if path.is_empty() {
        return branch;
    }
    Node::new(Kind::Extension { path: path.to_vec(), child: branch })
}

/// Removes a key that is there. True when nothing is left of the node.
fn remove_from<V: Leaf>(node: &mut Arc<Node<V>>, path: &[u8]) -> bool {
    let kind = Node::edit(node);
    let merged = match kind {
        Kind::Leaf { .. } => return true,
        Kind::Extension { path: own, child } => {
            // Below an extension stands a branch, and a branch never vanishes: two keys or more were in it.
            remove_from(child, &path[own.len()..]);
            prepend(own, child)
        }
        Kind::Branch(children) => {
            let slot = &mut children[usize::from(path[0])];
            if slot.as_mut().is_some_and(|child| remove_from(child, &path[1..])) {
                *slot = None;
            }
            match only_child(children) {
                None => return false,
                Some((nibble, child)) => prepend(&[nibble], child),
            }
        }
    };
    *kind = merged;
    false
}

fn only_child<V>(children: &Children<V>) -> Option<(u8, &Arc<Node<V>>)> {
    let mut present = (0..16).filter_map(|nibble| Some((nibble, children[usize::from(nibble)].as_ref()?)));
    let first = present.next()?;
    present.next().is_none().then_some(first)
}

/// What stands in place of a path that leads to one node: paths of leaves and extensions melt into one.
fn prepend<V: Leaf>(prefix: &[u8], node: &Arc<Node<V>>) -> Kind<V> {
    match node.kind() {
        Kind::Leaf { path, value } => Kind::Leaf { path: [prefix, path].concat(), value: value.clone() },
        Kind::Extension { path, child } => Kind::Extension { path: [prefix, path].concat(), child: child.clone() },
        Kind::Branch(_) => Kind::Extension { path: prefix.to_vec(), child: node.clone() },
    }
}
