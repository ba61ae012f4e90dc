use alloy_primitives::{hex, Address, TxKind};
use serde_json::{json, Value};

use super::chain::{deploy, store, transaction, Chain, BLOCK_HASH_AT, STORE, STORE_AT};
use crate::error::{Code, Result};

fn call(chain: &Chain, number: u64, request: Value) -> Result<Value> {
    let called = chain.engine.call(number, &serde_json::from_value(request).unwrap())?;
    Ok(serde_json::to_value(called).unwrap())
}

fn estimate(chain: &Chain, request: Value) -> Result<Value> {
    let estimated = chain.engine.estimate(chain.number(), &serde_json::from_value(request).unwrap())?;
    Ok(serde_json::to_value(estimated).unwrap())
}

fn gas(value: &Value) -> u64 {
    u64::from_str_radix(value["gas"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn calls_read_their_height_and_not_the_open_block() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    // Returns its slot 1.
    let reader = hex!("60015460005260206000f3");
    chain.block(&[wallet.sign(transaction(0, TxKind::Create, 0, deploy(&reader)))]);
    let address = wallet.address.create(0);
    assert_eq!(call(&chain, 0, json!({ "to": address })).unwrap()["output"], "0x");
    assert_eq!(call(&chain, 1, json!({ "to": address })).unwrap()["output"], hex::encode_prefixed([0; 32]));
    let before = chain.engine.versions.newest().hash;
    chain.begin();
    chain.execute(&wallet.sign(transaction(1, TxKind::Call(STORE_AT), 0, store(1, 1, false))));
    let called = call(&chain, 1, json!({ "to": STORE_AT, "data": hex::encode_prefixed(store(1, 5, false)) })).unwrap();
    assert_eq!(called["success"], true);
    let sealed = chain.seal();
    assert_eq!(sealed.header.parent_hash, before);
    chain.check_root();
}

#[test]
fn calls_check_what_geth_checks() {
    let chain = Chain::new();
    let rich = chain.wallets[0].address;
    let code = |request| call(&chain, 0, request).unwrap_err().code;
    assert!(call(&chain, 0, json!({ "from": STORE_AT, "to": STORE_AT })).is_ok());
    assert_eq!(code(json!({ "to": STORE_AT, "value": "0x1" })), Code::Request("insufficient_funds"));
    assert_eq!(code(json!({ "to": STORE_AT, "gasPrice": "0x77359400" })), Code::Request("insufficient_funds"));
    assert_eq!(code(json!({ "from": rich, "to": STORE_AT, "gasPrice": 1 })), Code::Request("fee_too_low"));
    assert_eq!(code(json!({ "to": STORE_AT, "gas": 5 })), Code::Request("intrinsic_gas"));
    assert_eq!(code(json!({ "gasPrice": 1, "maxFeePerGas": 1 })), Code::BadInput);
    assert!(call(&chain, 0, json!({ "from": rich, "to": STORE_AT, "gasPrice": "0x77359400" })).is_ok());
    let fees =
        json!({ "from": rich, "to": STORE_AT, "value": 1, "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": 1 });
    assert_eq!(call(&chain, 0, fees).unwrap()["success"], true);
    let reverted =
        call(&chain, 0, json!({ "to": STORE_AT, "input": hex::encode_prefixed(store(1, 1, true)) })).unwrap();
    assert_eq!((&reverted["success"], &reverted["reason"]), (&json!(false), &json!("revert")));
    let created = call(&chain, 0, json!({ "data": hex::encode_prefixed(deploy(&STORE)) })).unwrap();
    assert_eq!(created["output"], hex::encode_prefixed(STORE));
}

#[test]
fn an_estimate_is_enough_and_one_less_is_not() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    // Calls the store contract with what the caller sent, and reverts when that fails: needs more than it uses.
    let forwarder = hex!(
        "366000600037" "6000600036600060007357575757575757575757575757575757575757575af1" "602e57" "60006000fd" "5b00"
    );
    chain.block(&[wallet.sign(transaction(0, TxKind::Create, 0, deploy(&forwarder)))]);
    let forwarder = wallet.address.create(0);
    for (to, value, data) in [
        (Address::repeat_byte(1), 1, vec![]),
        (wallet.address, 0, vec![1; 400]),
        (STORE_AT, 0, store(5, 6, false)),
        (STORE_AT, 0, store(0x63, 0, false)),
        (forwarder, 0, store(7, 8, false)),
        (BLOCK_HASH_AT, 0, vec![0; 32]),
    ] {
        let mut request =
            json!({ "from": wallet.address, "to": to, "value": value, "data": hex::encode_prefixed(data) });
        let gas = gas(&estimate(&chain, request.clone()).unwrap());
        request["gas"] = gas.into();
        assert_eq!(call(&chain, 1, request.clone()).unwrap()["success"], true, "{to} {gas}");
        request["gas"] = (gas - 1).into();
        assert!(!call(&chain, 1, request).is_ok_and(|called| called["success"] == true), "{to} {gas}");
    }
}

#[test]
fn an_estimate_of_code_that_burns_what_it_gets_settles_for_enough() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    // Loops until 50,000 gas are left.
    let burner = hex!("5b5a6200c3501060005700");
    chain.block(&[wallet.sign(transaction(0, TxKind::Create, 0, deploy(&burner)))]);
    let mut request = json!({ "from": wallet.address, "to": wallet.address.create(0) });
    let gas = gas(&estimate(&chain, request.clone()).unwrap());
    for enough in [gas, gas - 1] {
        request["gas"] = enough.into();
        assert_eq!(call(&chain, 1, request.clone()).unwrap()["success"], true);
    }
}

#[test]
fn estimates_name_why_they_fail() {
    let chain = Chain::new();
    let from = chain.wallets[0].address;
    let data = hex::encode_prefixed(store(1, 1, true));
    let failed = estimate(&chain, json!({ "from": from, "to": STORE_AT, "data": data })).unwrap();
    assert_eq!(failed["failure"]["reason"], "revert");
    let data = hex::encode_prefixed(store(1, 1, false));
    let failed = estimate(&chain, json!({ "from": from, "to": STORE_AT, "data": data, "gas": 30_000 })).unwrap();
    assert_eq!(failed["failure"]["reason"], "out_of_gas");
    let poor = json!({ "to": STORE_AT, "gasPrice": "0x77359400" });
    assert_eq!(estimate(&chain, poor).unwrap_err().code, Code::Request("insufficient_funds"));
    // 1000 ether at 2,000 gwei a gas: not enough for the largest gas limit, but for the transfer.
    let dear = json!({ "from": from, "to": from, "gasPrice": "0x1d1a94a2000" });
    assert_eq!(gas(&estimate(&chain, dear).unwrap()), 21_000);
}
