use std::collections::BTreeMap;

use alloy_consensus::proofs;
use alloy_primitives::{keccak256, B256, U256};
use alloy_trie::proof::verify_proof;
use alloy_trie::Nibbles;

use super::chain::Random;
use crate::trie::Trie;

/// Keys that share long prefixes or suffix space, so that all shapes of nodes come up, also ones inside their parent.
fn key(random: &mut Random, spread: u64) -> B256 {
    let mut key = B256::ZERO;
    for byte in [0, 1, 15, 30, 31] {
        key[byte] = random.below(spread) as u8;
    }
    match random.below(3) {
        0 => keccak256(key),
        _ => key,
    }
}

fn check(trie: &Trie<U256>, model: &BTreeMap<B256, U256>) {
    assert_eq!(trie.root(), proofs::storage_root(model.iter().map(|(key, value)| (*key, *value))));
}

fn check_proof(trie: &Trie<U256>, model: &BTreeMap<B256, U256>, key: B256) {
    let expected = model.get(&key).map(alloy_rlp::encode);
    assert_eq!(trie.get(key), model.get(&key));
    verify_proof(trie.root(), Nibbles::unpack(key), expected, &trie.prove(key)).unwrap();
}

#[test]
fn equals_an_independent_trie_whatever_the_order() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let spread = [2, 17, 256][seed as usize % 3];
        let (mut trie, mut model) = (Trie::default(), BTreeMap::new());
        let mut kept = Vec::new();
        for step in 0..300 {
            let key = key(&mut random, spread);
            if random.below(5) < 2 {
                trie.remove(key);
                model.remove(&key);
            } else {
                let value = U256::from(1 + random.below(1 << 20)) << (random.below(2) * 200) as usize;
                trie.insert(key, value);
                model.insert(key, value);
            }
            check(&trie, &model);
            if step % 50 == 0 {
                kept.push((trie.clone(), model.clone()));
            }
        }
        for (old, model) in &kept {
            check(old, model);
        }
        for _ in 0..200 {
            check_proof(&trie, &model, key(&mut random, spread));
        }
        for key in model.keys() {
            check_proof(&trie, &model, *key);
        }
        for key in model.clone().into_keys() {
            trie.remove(key);
            model.remove(&key);
            check(&trie, &model);
        }
    }
}

#[test]
fn an_empty_trie_proves_absence() {
    check_proof(&Trie::default(), &BTreeMap::new(), B256::ZERO);
    assert!(Trie::<U256>::default().prove(B256::ZERO).is_empty());
}
