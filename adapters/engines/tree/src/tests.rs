use fuel_merkle::common::Bytes32;
use fuel_merkle::sparse::in_memory::MerkleTree;
use fuel_merkle::sparse::MerkleTreeKey;

use crate::error::Code;
use crate::tree::{Tree, KEPT};

type Pairs = std::collections::BTreeMap<Vec<u8>, Vec<u8>>;

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The root of a tree that is built anew.
fn root_of(pairs: &Pairs) -> Bytes32 {
    MerkleTree::root_from_set(pairs.iter().map(|(key, value)| (MerkleTreeKey::new(key), value)))
}

fn change(random: &mut Random, pairs: &mut Pairs) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    (0..random.below(6))
        .map(|_| {
            let key = random.below(40).to_le_bytes().to_vec();
            let value = (random.below(3) > 0).then(|| random.below(4).to_le_bytes().to_vec());
            match &value {
                Some(value) => pairs.insert(key.clone(), value.clone()),
                None => pairs.remove(&key),
            };
            (key, value)
        })
        .collect()
}

fn borrowed(changes: &[(Vec<u8>, Option<Vec<u8>>)]) -> Vec<(&[u8], Option<&[u8]>)> {
    changes.iter().map(|(key, value)| (key.as_slice(), value.as_deref())).collect()
}

/// Every key is proven at every readable version, present or absent as it was then.
fn check(tree: &Tree, versions: &[Pairs]) {
    for (number, pairs) in versions.iter().enumerate().rev().take(KEPT) {
        let root = tree.root(number as u64).unwrap();
        assert_eq!(root, root_of(pairs), "version {number}");
        for key in 0..40u64 {
            let key = key.to_le_bytes();
            let proof = tree.prove(number as u64, &key).unwrap();
            assert_eq!(proof_root(&key, pairs.get(key.as_slice()), &proof), root);
        }
    }
}

fn proof_root(key: &[u8], value: Option<&Vec<u8>>, proof: &crate::tree::ProofNodes) -> Bytes32 {
    use fuel_merkle::common::sum;
    let path = sum(key);
    let leaf = |key: &Bytes32, value: &Bytes32| sum([&[0u8][..], key, value].concat());
    let start = match (value, &proof.other) {
        (Some(value), None) => leaf(&path, &sum(value)),
        (None, Some((other, value))) => leaf(other, value),
        (None, None) => [0; 32],
        (Some(_), Some(_)) => panic!("a key that is there was proven absent"),
    };
    let depth = proof.siblings.len();
    proof.siblings.iter().enumerate().fold(start, |node, (i, sibling)| {
        let bit = depth - 1 - i;
        let right = path[bit / 8] >> (7 - bit % 8) & 1 == 1;
        let (left, right) = if right { (sibling, &node) } else { (&node, sibling) };
        sum([&[1u8][..], left, right].concat())
    })
}

#[test]
fn every_readable_version_keeps_its_root_and_its_proofs() {
    let (mut random, mut pairs, mut tree) = (Random(7), Pairs::new(), Tree::new(0));
    tree.loaded().unwrap();
    let mut versions = vec![pairs.clone()];
    for _ in 0..600 {
        let changes = change(&mut random, &mut pairs);
        tree.seal(&borrowed(&changes)).unwrap();
        versions.push(pairs.clone());
    }
    check(&tree, &versions);
    assert_eq!(tree.root(600 - KEPT as u64).unwrap_err().code, Code::HeightUnavailable);
    assert_eq!(tree.root(601).unwrap_err().code, Code::HeightUnavailable);
    // Some 40 leaves, at most 5 changes a version: what no version has is forgotten.
    assert!(tree.size() < KEPT * 60, "{} nodes", tree.size());
}

#[test]
fn a_tree_is_loaded_with_the_versions_before() {
    let (mut random, mut pairs) = (Random(11), Pairs::new());
    let mut versions = vec![pairs.clone()];
    for _ in 0..300 {
        change(&mut random, &mut pairs);
        versions.push(pairs.clone());
    }
    let mut tree = Tree::new(300);
    let whole = pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect::<Vec<_>>();
    tree.load(&borrowed(&whole)).unwrap();
    tree.loaded().unwrap();
    for number in (1..=300usize).rev() {
        let (after, before) = (&versions[number], &versions[number - 1]);
        let keys = after.keys().chain(before.keys()).filter(|key| after.get(*key) != before.get(*key));
        let undo = keys.map(|key| (key.clone(), before.get(key).cloned())).collect::<Vec<_>>();
        assert_eq!(tree.load_undo(&borrowed(&undo)).unwrap(), 300 - number + 1 < KEPT);
    }
    check(&tree, &versions);
    for _ in 0..300 {
        let changes = change(&mut random, &mut pairs);
        tree.seal(&borrowed(&changes)).unwrap();
        versions.push(pairs.clone());
    }
    check(&tree, &versions);
}
