use starknet_api::crypto::patricia_hash::calculate_root;
use starknet_types_core::felt::Felt;
use starknet_types_core::hash::{Pedersen, Poseidon, StarkHash};

use crate::leaves::Slot;
use crate::patricia::{Leaf, Node, Trie};

#[derive(Clone, Copy)]
struct Value(Felt);

impl Leaf for Value {
    type Hasher = Poseidon;

    fn hash(&self) -> Felt {
        self.0
    }
}

/// Keys of 251 bits in no order.
fn key(index: u64) -> Felt {
    let mut bytes = Pedersen::hash(&Felt::from(index), &Felt::ONE).to_bytes_be();
    bytes[0] &= 0x07;
    Felt::from_bytes_be(&bytes)
}

fn filled(keys: impl Iterator<Item = u64>) -> Trie<Slot> {
    let mut trie = Trie::default();
    for index in keys {
        trie.set(&key(index), Some(Slot(Felt::from(index + 1))));
    }
    trie
}

#[test]
fn has_the_root_that_starknets_own_trie_has() {
    for count in [1_u64, 2, 3, 5, 8, 13, 100] {
        let values: Vec<Felt> = (0..count).map(|i| Felt::from(1000 + 7 * i)).collect();
        let mut trie = Trie::<Value, 64>::default();
        for (i, value) in values.iter().enumerate().rev() {
            trie.set(&Felt::from(i as u64), Some(Value(*value)));
        }
        assert_eq!(trie.root(), calculate_root::<Poseidon>(values));
    }
}

#[test]
fn depends_on_what_is_in_it_and_not_on_how_it_got_there() {
    let mut changed = filled(0..300);
    for index in (0..300).filter(|index| index % 3 != 0) {
        changed.set(&key(index), None);
    }
    let direct = filled((0..300).rev().filter(|index| index % 3 == 0));
    assert_eq!(changed.root(), direct.root());
    for index in 0..300 {
        changed.set(&key(index), None);
    }
    assert!(changed.is_empty());
    assert_eq!(changed.root(), Felt::ZERO);
}

#[test]
fn a_copy_stays_as_it_was() {
    let mut trie = filled(0..50);
    let (copy, root) = (trie.clone(), trie.root());
    trie.set(&key(7), Some(Slot(Felt::THREE)));
    trie.set(&key(8), None);
    assert_ne!(trie.root(), root);
    assert_eq!(copy.root(), root);
    assert_eq!(copy.get(&key(7)).map(|slot| slot.0), Some(Felt::from(8)));
    assert_eq!(trie.get(&key(7)).map(|slot| slot.0), Some(Felt::THREE));
    assert!(trie.get(&key(8)).is_none() && trie.get(&key(1000)).is_none());
}

#[test]
fn a_path_hashes_up_to_the_root_whether_it_ends_in_a_leaf_or_not() {
    let trie = filled(0..50);
    for index in [0, 7, 49, 1000, 1001] {
        let path = trie.path(&key(index));
        let mut expected = trie.root();
        for (i, node) in path.iter().enumerate() {
            assert_eq!(node.hash(), expected);
            let below: Vec<Felt> = match node {
                Node::Leaf { .. } => panic!("a leaf is no node of a proof"),
                Node::Binary { left, right, .. } => vec![left.hash(), right.hash()],
                Node::Edge { child, .. } => vec![child.hash()],
            };
            match path.get(i + 1) {
                Some(next) => {
                    assert!(below.contains(&next.hash()));
                    expected = next.hash();
                }
                None => assert_eq!(index < 50, below.contains(&Felt::from(index + 1))),
            }
        }
    }
}
