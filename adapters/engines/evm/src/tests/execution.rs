use alloy_consensus::{TxEip1559, TxEip2930, EMPTY_ROOT_HASH};
use alloy_primitives::{hex, Address, TxKind, B256, U256};
use alloy_trie::proof::verify_proof;
use alloy_trie::Nibbles;

use super::chain::{
    delegation, deploy, environment, store, transaction, Chain, Random, BORN_DEAD, COINBASE, DESTROYER_AT, GWEI, STORE,
    STORE_AT,
};
use crate::receipt::Executed;
use crate::world::{slot_key, World};

fn balance(chain: &Chain, address: Address) -> U256 {
    chain.engine.state().account(address).map(|account| account.balance).unwrap_or_default()
}

#[test]
fn the_base_fee_is_burnt_and_the_tip_paid() {
    let mut chain = Chain::new();
    let (from, to) = (chain.wallets[0].clone(), Address::repeat_byte(9));
    let before = balance(&chain, from.address);
    let receipt = chain.block(&[from.sign(transaction(0, TxKind::Call(to), 5, vec![]))]).remove(0);
    assert_eq!(receipt.receipt().effective_gas_price, 2 * GWEI);
    assert_eq!(balance(&chain, COINBASE), U256::from(21_000 * GWEI));
    assert_eq!(balance(&chain, from.address), before - U256::from(21_000 * 2 * GWEI + 5));
    assert_eq!(balance(&chain, to), U256::from(5));
}

#[test]
fn invalid_against_state_leaves_no_trace() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let tx = |nonce| transaction(nonce, TxKind::Call(STORE_AT), 0, vec![]);
    let rich = U256::from(10).pow(U256::from(30));
    let cases = [
        ("nonce_too_high", wallet.sign(tx(1))),
        ("insufficient_funds", wallet.sign(TxEip1559 { value: rich, ..tx(0) })),
        ("insufficient_funds", wallet.sign(TxEip1559 { value: U256::MAX, ..tx(0) })),
        ("fee_too_low", wallet.sign(TxEip1559 { max_fee_per_gas: GWEI - 1, max_priority_fee_per_gas: 0, ..tx(0) })),
    ];
    chain.begin();
    for (code, raw) in cases {
        assert_eq!(chain.execute(&raw).code(), code);
    }
    let empty = chain.engine.versions.newest().header.state_root;
    let sealed = chain.seal();
    assert_eq!((sealed.header.state_root, sealed.header.gas_used), (empty, 0));
}

#[test]
fn gas_limits_of_transaction_and_block() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    chain
        .engine
        .begin(&{
            let mut environment = environment(1);
            environment.gas_limit = alloy_primitives::U64::from(100_000);
            environment
        })
        .unwrap();
    let tx = |nonce, gas_limit| TxEip1559 { gas_limit, ..transaction(nonce, TxKind::Call(Address::ZERO), 1, vec![]) };
    assert_eq!(chain.execute(&wallet.sign(tx(0, 100_001))).code(), "block_gas");
    assert!(chain.execute(&wallet.sign(tx(0, 100_000))).succeeded());
    assert_eq!(chain.execute(&wallet.sign(tx(1, 79_001))).code(), "block_gas");
    let receipt = chain.execute(&wallet.sign(tx(1, 79_000)));
    assert_eq!(receipt.receipt().cumulative_gas_used, 42_000);
}

#[test]
fn failures_pay_and_count() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let results = chain.block(&[
        wallet.sign(transaction(0, TxKind::Call(STORE_AT), 0, store(1, 9, true))),
        wallet.sign(TxEip1559 { gas_limit: 30_000, ..transaction(1, TxKind::Call(STORE_AT), 0, store(1, 9, false)) }),
        wallet.sign(transaction(2, TxKind::Create, 0, vec![0xfe])),
    ]);
    for (result, reason) in results.iter().zip(["revert", "out_of_gas", "invalid_opcode"]) {
        assert_eq!(result.receipt().reason, Some(reason));
        assert!(result.receipt().logs.is_empty());
    }
    assert_eq!(results[2].receipt().contract_address, Some(wallet.address.create(2)));
    assert_eq!(chain.nonce(0), 3);
    assert_eq!(chain.engine.storage(1, STORE_AT, U256::from(1)).unwrap(), U256::ZERO);
}

#[test]
fn accounts_can_delegate_to_code() {
    let mut chain = Chain::new();
    let (sender, authority) = (chain.wallets[0].clone(), chain.wallets[4].clone());
    chain.block(&[
        sender.sign(delegation(0, &authority, 0, STORE_AT)),
        sender.sign(transaction(1, TxKind::Call(authority.address), 0, store(3, 4, false))),
    ]);
    let code = chain.engine.code(1, authority.address).unwrap();
    assert_eq!(code, [&hex!("ef0100")[..], STORE_AT.as_slice()].concat());
    assert_eq!(chain.engine.storage(1, authority.address, U256::from(3)).unwrap(), U256::from(4));
    // A delegated account still sends (EIP-3607 makes an exception), and can take its delegation back.
    let results = chain.block(&[
        authority.sign(transaction(1, TxKind::Call(STORE_AT), 0, vec![])),
        sender.sign(delegation(2, &authority, 2, Address::ZERO)),
    ]);
    assert!(results.iter().all(Executed::succeeded));
    assert!(chain.engine.code(2, authority.address).unwrap().is_empty());
    assert_eq!(chain.engine.code(1, authority.address).unwrap(), code);
    chain.check_root();
}

/// EIP-6780: only what was created in the same transaction is destroyed.
#[test]
fn self_destruction() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let results = chain.block(&[
        wallet.sign(transaction(0, TxKind::Create, 5, BORN_DEAD)),
        wallet.sign(transaction(1, TxKind::Call(DESTROYER_AT), 7, vec![])),
    ]);
    assert!(results.iter().all(Executed::succeeded));
    assert!(chain.engine.account(1, wallet.address.create(0)).unwrap().is_none());
    assert!(!chain.engine.code(1, DESTROYER_AT).unwrap().is_empty());
    assert_eq!(balance(&chain, DESTROYER_AT), U256::ZERO);
    assert_eq!(chain.engine.storage(1, DESTROYER_AT, U256::from(0x63)).unwrap(), U256::from(0x64));
    chain.check_root();
}

/// EIP-161; slots of a vanishing account vanish with it, and come back with it.
#[test]
fn touched_empty_accounts_vanish() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let (never, slots_only) = (Address::repeat_byte(8), Address::left_padding_from(&[1, 3]));
    let touch = |nonce, address| wallet.sign(transaction(nonce, TxKind::Call(address), 0, vec![]));
    chain.begin();
    chain.execute(&touch(0, slots_only));
    assert_eq!(chain.engine.state().slots(slots_only).count(), 0);
    chain.engine.discard().unwrap();
    assert_eq!(chain.engine.state().slots(slots_only).count(), 2);

    chain.block(&[touch(0, never), touch(1, slots_only)]);
    chain.check_root();
    assert!(chain.engine.account(1, never).unwrap().is_none());
    assert!(chain.engine.account(1, slots_only).unwrap().is_none());
    assert_eq!(chain.engine.storage(1, slots_only, U256::from(1)).unwrap(), U256::ZERO);
    chain.engine.unwind(0).unwrap();
    chain.check_root();
    assert_eq!(chain.engine.storage(0, slots_only, U256::from(1)).unwrap(), U256::from(2));
}

#[test]
fn system_calls_cost_nobody_anything() {
    let mut chain = Chain::new();
    chain.begin();
    let outcome = chain.engine.system_call(STORE_AT, store(1, 2, false).into()).unwrap();
    assert!(outcome.succeeded() && outcome.gas_used > 20_000);
    assert!(chain.engine.system_call(Address::repeat_byte(3), vec![1].into()).unwrap().succeeded());
    let failed = chain.engine.system_call(STORE_AT, store(1, 3, true).into()).unwrap();
    assert_eq!(failed.reason, Some("revert"));
    let sealed = chain.seal();
    assert_eq!((sealed.header.gas_used, sealed.header.receipts_root), (0, EMPTY_ROOT_HASH));
    assert_eq!(chain.engine.storage(1, STORE_AT, U256::from(1)).unwrap(), U256::from(2));
    chain.check_root();
}

/// GAS has to read the same whatever the instance executed before: 30M at the start, precompiles warm.
#[test]
fn system_calls_do_not_depend_on_what_ran_before() {
    // Calls the precompile at 4 and stores the gas left after it.
    let measuring = hex!("6000600060006000600060045af1505a60005500");
    let mut results = Vec::new();
    for transactions in [0, 1] {
        let mut chain = Chain::new();
        let wallet = chain.wallets[0].clone();
        chain.block(&[wallet.sign(transaction(0, TxKind::Create, 0, deploy(&measuring)))]);
        chain.begin();
        for nonce in 1..=transactions {
            chain.execute(&wallet.sign(transaction(nonce, TxKind::Call(STORE_AT), 0, store(1, 1, false))));
        }
        chain.engine.system_call(wallet.address.create(0), vec![].into()).unwrap();
        chain.seal();
        results.push(chain.engine.storage(2, wallet.address.create(0), U256::ZERO).unwrap());
    }
    assert_eq!(results[0], results[1]);
    assert!(results[0] > U256::from(29_999_000) && results[0] < U256::from(30_000_000));
}

#[test]
fn an_empty_block_only_adds_a_header() {
    let mut chain = Chain::new();
    chain.begin();
    let parent = (chain.engine.versions.newest().hash, chain.engine.versions.newest().header.state_root);
    let sealed = chain.seal();
    assert_eq!((sealed.header.parent_hash, sealed.header.state_root), parent);
    assert_eq!((sealed.header.transactions_root, sealed.header.receipts_root), (EMPTY_ROOT_HASH, EMPTY_ROOT_HASH));
    assert_eq!(sealed.size, alloy_rlp::encode(&sealed.header).len() + 6);
}

#[test]
fn proofs_hold_at_every_height() {
    let mut random = Random(21);
    let mut chain = Chain::new();
    for _ in 0..30 {
        chain.random_block(&mut random);
        let (number, root) = (chain.number(), chain.engine.versions.newest().header.state_root);
        for address in [STORE_AT, COINBASE, chain.wallets[4].address, Address::repeat_byte(0x77)] {
            let slots: Vec<_> = (0..14).map(U256::from).collect();
            let proof = chain.engine.prove(number, address, &slots).unwrap();
            let leaf = chain.engine.versions.newest().world.account(address);
            let expected = leaf.map(crate::node::Leaf::encode_leaf);
            verify_proof(root, nibbles(alloy_primitives::keccak256(address)), expected, &proof.account_proof).unwrap();
            for (slot, entry) in slots.iter().zip(&proof.storage_proof) {
                let value = chain.engine.storage(number, address, *slot).unwrap();
                let expected = (!value.is_zero()).then(|| alloy_rlp::encode(value));
                verify_proof(proof.storage_hash, nibbles(slot_key(*slot)), expected, &entry.proof).unwrap();
            }
        }
    }
}

fn nibbles(key: B256) -> Nibbles {
    Nibbles::unpack(key)
}

/// The whole state, hashed by another implementation.
#[test]
fn state_roots_equal_an_independent_implementation() {
    use alloy_consensus::proofs;
    let mut random = Random(33);
    let mut chain = Chain::new();
    for _ in 0..60 {
        let sealed = chain.random_block(&mut random);
        let state = chain.engine.state();
        let root = proofs::state_root_unhashed(state.accounts().map(|(address, account)| {
            let slots = state.slots(address).map(|(slot, value)| (B256::from(slot), value));
            let leaf = alloy_trie::TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: proofs::storage_root_unhashed(slots),
                code_hash: account.code_hash,
            };
            (address, leaf)
        }));
        assert_eq!(sealed.header.state_root, root);
        assert_eq!(World::build(state).unwrap().root(), root);
    }
}

#[test]
fn deployed_code_and_access_lists_work() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let results = chain.block(&[
        wallet.sign(transaction(0, TxKind::Create, 0, deploy(&STORE))),
        wallet.sign(TxEip2930 {
            chain_id: super::chain::CHAIN,
            nonce: 1,
            gas_price: 2 * GWEI,
            gas_limit: 100_000,
            to: TxKind::Call(wallet.address.create(0)),
            input: store(7, 8, false).into(),
            access_list: vec![alloy_eips::eip2930::AccessListItem {
                address: wallet.address.create(0),
                storage_keys: vec![B256::from(U256::from(7))],
            }]
            .into(),
            ..Default::default()
        }),
    ]);
    assert_eq!(results[0].receipt().output, STORE[..]);
    assert_eq!(results[1].receipt().logs[0].data.data, U256::from(8).to_be_bytes::<32>()[..]);
    assert_eq!(chain.engine.code(1, wallet.address.create(0)).unwrap(), STORE.to_vec());
}
