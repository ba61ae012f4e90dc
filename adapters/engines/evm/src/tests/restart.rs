use alloy_primitives::{hex, U256};
use serde_json::json;

use super::chain::{Chain, Random, BLOCK_HASH_AT, STORE_AT};
use crate::config::ChainConfig;
use crate::diff::Diff;
use crate::engine::Engine;
use crate::error::Code;
use crate::loader::Loader;

fn config() -> ChainConfig {
    serde_json::from_value(json!({ "chainId": super::chain::CHAIN })).unwrap()
}

fn reload(chain: &Chain, undos: usize) -> Engine {
    let mut loader = Loader::new(config());
    loader.load(&chain.entries()).unwrap();
    let mut engine = loader.finish().unwrap();
    for diff in chain.diffs.iter().rev().take(undos) {
        if !engine.load_undo(diff).unwrap() {
            break;
        }
    }
    engine
}

/// What BLOCKHASH gives for `asked` in a call at `number`.
fn block_hash(engine: &Engine, number: u64, asked: u64) -> String {
    let request = json!({ "to": BLOCK_HASH_AT, "data": hex::encode_prefixed(U256::from(asked).to_be_bytes::<32>()) });
    let called = engine.call(number, &serde_json::from_value(request).unwrap()).unwrap();
    serde_json::to_value(called).unwrap()["output"].as_str().unwrap().to_owned()
}

#[test]
fn a_loaded_engine_equals_one_that_never_stopped() {
    let mut random = Random(11);
    let mut chain = Chain::new();
    for _ in 0..700 {
        chain.random_block(&mut random);
    }
    chain.check_root();
    let mut loaded = reload(&chain, usize::MAX);
    for number in 700 - 255..=700 {
        let (a, b) = (chain.engine.versions.at(number).unwrap(), loaded.versions.at(number).unwrap());
        assert_eq!((a.hash, &a.header, a.world.root()), (b.hash, &b.header, b.world.root()));
        for slot in 0..12 {
            let slot = U256::from(slot);
            assert_eq!(chain.engine.storage(number, STORE_AT, slot), loaded.storage(number, STORE_AT, slot));
        }
        for asked in [number.saturating_sub(256), number - 1] {
            assert_eq!(block_hash(&chain.engine, number, asked), block_hash(&loaded, number, asked));
        }
    }
    assert_eq!(loaded.account(700 - 256, STORE_AT).err().unwrap().code, Code::HeightUnavailable);
    // Back as far as it goes, then on: BLOCKHASH needs hashes from before the oldest readable height.
    loaded.unwind(700 - 255).unwrap();
    assert_ne!(block_hash(&loaded, 445, 445 - 256), hex::encode_prefixed([0; 32]));

    let mut other = Chain { engine: reload(&chain, usize::MAX), ..Chain::new() };
    other.stored = chain.stored.clone();
    for _ in 0..5 {
        let seed = random.below(1 << 30);
        let (a, b) = (chain.random_block(&mut Random(seed)), other.random_block(&mut Random(seed)));
        assert_eq!((a.hash, a.diff), (b.hash, b.diff));
    }
}

#[test]
fn unwinding_and_sealing_again_gives_the_same_chain() {
    let mut chain = Chain::new();
    let hashes: Vec<_> = (0..40).map(|seed| chain.random_block(&mut Random(seed)).hash).collect();
    for number in [39, 20, 3, 0] {
        chain.engine.unwind(number).unwrap();
        chain.check_root();
        assert_eq!(chain.number(), number);
        for diff in chain.diffs.split_off(number as usize + 1).iter().rev() {
            undo(&mut chain, diff);
        }
        for seed in number..40 {
            assert_eq!(chain.random_block(&mut Random(seed)).hash, hashes[seed as usize]);
        }
    }
    assert_eq!(chain.engine.unwind(41).unwrap_err().code, Code::HeightUnavailable);
}

/// What a store does to go back one height.
fn undo(chain: &mut Chain, diff: &[u8]) {
    let mut reader = crate::packed::Reader::new(diff);
    while !reader.is_done() {
        let key = crate::packed::Key::decode(reader.key().unwrap()).unwrap().encode();
        let old = reader.value().unwrap();
        reader.value().unwrap();
        match old {
            Some(value) => chain.stored.insert(key, value.to_vec()),
            None => chain.stored.remove(&key),
        };
    }
}

#[test]
fn diffs_keep_their_form() {
    let mut random = Random(3);
    let mut chain = Chain::new();
    for _ in 0..50 {
        chain.random_block(&mut random);
    }
    for packed in &chain.diffs {
        let diff = Diff::decode(packed).unwrap();
        assert_eq!(&diff.encode(), packed);
        for cut in [1, packed.len() / 2, packed.len() - 1] {
            assert!(Diff::decode(&packed[..cut]).is_err());
        }
    }
}

#[test]
fn wrong_state_is_not_loaded() {
    let mut chain = Chain::new();
    for seed in 0..20 {
        chain.random_block(&mut Random(seed));
    }
    let mut tampered = chain.stored.clone();
    let slot = tampered.iter_mut().find(|(key, _)| key[0] == 0x73).unwrap();
    slot.1[31] ^= 1;
    let good = std::mem::replace(&mut chain.stored, tampered);
    let mut loader = Loader::new(config());
    loader.load(&chain.entries()).unwrap();
    assert_eq!(loader.finish().err().unwrap().code, Code::RootMismatch);

    chain.stored = good;
    let mut engine = reload(&chain, 0);
    assert_eq!(engine.load_undo(&chain.diffs[10]).unwrap_err().code, Code::BadInput);
    // A hash inside BLOCKHASH's window that wasn't loaded must stop the engine, not read as zero.
    let data = hex::encode_prefixed(U256::from(5).to_be_bytes::<32>());
    let request = serde_json::from_value(json!({ "to": BLOCK_HASH_AT, "data": data })).unwrap();
    assert_eq!(engine.call(20, &request).err().unwrap().code, Code::BlockHashUnavailable);
    assert!(engine.load_undo(&chain.diffs[20]).unwrap());
}
