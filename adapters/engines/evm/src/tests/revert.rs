use alloy_consensus::Header;
use alloy_primitives::{Address, TxKind, B256};

use super::chain::{environment, transaction, Chain, Random, STORE_AT};
use crate::account::Account;
use crate::error::Code;
use crate::world::World;

/// Everything a revert has to restore: the flat maps (through their tries and sorted), receipts, gas.
fn fingerprint(chain: &Chain) -> (B256, Vec<(Address, Account)>, usize, Header, usize) {
    let state = chain.engine.state();
    let (header, size) = chain.engine.open.as_ref().unwrap().finish(B256::ZERO);
    let mut accounts: Vec<_> = state.accounts().collect();
    accounts.sort_by_key(|(address, _)| *address);
    let root = World::build(state).unwrap().root();
    (root, accounts, state.codes.len(), header, size)
}

#[test]
fn a_revert_leaves_no_trace() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut chain = Chain::new();
        for _ in 0..3 {
            chain.random_block(&mut random);
        }
        chain.begin();
        let mut stack = Vec::new();
        for _ in 0..60 {
            match random.below(6) {
                0 => stack.push((chain.engine.checkpoint().unwrap(), fingerprint(&chain))),
                1 if !stack.is_empty() => {
                    let depth = random.below(stack.len() as u64) as usize;
                    let (id, before) = stack.swap_remove(depth);
                    stack.truncate(depth);
                    chain.engine.revert(id).unwrap();
                    assert_eq!(fingerprint(&chain), before);
                }
                2 if !stack.is_empty() => {
                    let depth = random.below(stack.len() as u64) as usize;
                    let before = fingerprint(&chain);
                    chain.engine.commit(stack[depth].0).unwrap();
                    stack.truncate(depth);
                    assert_eq!(fingerprint(&chain), before);
                }
                _ => chain.operate(&mut random),
            }
        }
        if let Some((id, _)) = stack.first() {
            chain.engine.commit(*id).unwrap();
        }
        chain.seal();
        chain.check_root();
    }
}

/// A reverted part must not be visible in anything sealed, also not through caches of the VM.
#[test]
fn a_block_with_reverted_parts_equals_one_without_them() {
    for seed in 0..40 {
        let (mut plain, mut reverting) = (Chain::new(), Chain::new());
        let mut random = Random(seed);
        for _ in 0..4 {
            plain.begin();
            reverting.begin();
            for _ in 0..6 {
                let checkpoint = reverting.engine.checkpoint().unwrap();
                for _ in 0..random.below(4) {
                    reverting.operate(&mut random);
                }
                reverting.engine.revert(checkpoint).unwrap();
                let seed = random.below(1 << 30);
                plain.operate(&mut Random(seed));
                reverting.operate(&mut Random(seed));
            }
            let (a, b) = (plain.seal(), reverting.seal());
            assert_eq!((a.hash, a.diff, a.size), (b.hash, b.diff, b.size));
        }
    }
}

/// An invalid transaction makes revm read accounts; a revert then changes them under it.
#[test]
fn invalid_transactions_leave_nothing_cached() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let send = |nonce| wallet.sign(transaction(nonce, TxKind::Call(STORE_AT), 1, vec![]));
    chain.begin();
    let checkpoint = chain.engine.checkpoint().unwrap();
    assert!(chain.execute(&send(0)).succeeded());
    assert_eq!(chain.execute(&send(0)).code(), "nonce_too_low");
    chain.engine.revert(checkpoint).unwrap();
    assert_eq!(chain.execute(&send(1)).code(), "nonce_too_high");
    assert!(chain.execute(&send(0)).succeeded());
    chain.seal();
    chain.check_root();
}

#[test]
fn a_discarded_block_never_was() {
    let mut random = Random(7);
    let (mut chain, mut other) = (Chain::new(), Chain::new());
    chain.begin();
    for _ in 0..10 {
        chain.operate(&mut random);
    }
    chain.engine.checkpoint().unwrap();
    chain.engine.discard().unwrap();
    assert_eq!(chain.random_block(&mut Random(9)).hash, other.random_block(&mut Random(9)).hash);
}

#[test]
fn misuse_is_refused() {
    let mut chain = Chain::new();
    let code = |result: crate::error::Result<()>| result.unwrap_err().code;
    assert_eq!(code(chain.engine.seal().map(drop)), Code::WrongState);
    assert_eq!(code(chain.engine.begin(&environment(2))), Code::WrongState);
    chain.begin();
    assert_eq!(code(chain.engine.begin(&environment(1))), Code::WrongState);
    assert_eq!(code(chain.engine.unwind(0)), Code::WrongState);
    let (outer, inner) = (chain.engine.checkpoint().unwrap(), chain.engine.checkpoint().unwrap());
    assert_eq!(code(chain.engine.seal().map(drop)), Code::WrongState);
    chain.engine.revert(outer).unwrap();
    assert_eq!(code(chain.engine.commit(inner)), Code::BadCheckpoint);
    assert_eq!(code(chain.engine.revert(outer)), Code::BadCheckpoint);
    chain.seal();
}
