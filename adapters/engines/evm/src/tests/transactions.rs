use alloy_consensus::{SignableTransaction, TxEip2930, TxEnvelope, TxLegacy, Typed2718 as _};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{uint, Address, Signature, TxKind, U256};

use super::chain::{delegation, transaction, Chain, Random, Wallet, CHAIN, GWEI};
use crate::receipt::Executed;

const CURVE_ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
const TO: TxKind = TxKind::Call(Address::repeat_byte(1));

fn legacy(chain_id: Option<u64>) -> TxLegacy {
    TxLegacy { chain_id, gas_limit: 21_000, gas_price: 3 * GWEI, to: TO, ..Default::default() }
}

/// The code, which `inspect` and `execute` have to agree on.
fn refused(chain: &mut Chain, raw: &[u8]) -> &'static str {
    let inspected = chain.inspect(raw).err();
    chain.begin();
    let executed = chain.execute(raw);
    chain.engine.discard().unwrap();
    match (inspected, executed) {
        (None, Executed::Applied(_)) => "accepted",
        (Some(inspected), Executed::Invalid(executed)) if inspected == executed => inspected.code,
        _ => "inspected and executed differ",
    }
}

#[test]
fn every_supported_type_is_decoded_and_its_sender_recovered() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let access = TxEip2930 { chain_id: CHAIN, gas_limit: 21_000, gas_price: GWEI, to: TO, ..Default::default() };
    let all = [
        (0, wallet.sign(legacy(Some(CHAIN)))),
        (1, wallet.sign(access)),
        (2, wallet.sign(transaction(0, TO, 5, vec![]))),
        (4, wallet.sign(delegation(0, &chain.wallets[1], 0, Address::repeat_byte(2)))),
    ];
    for (kind, raw) in all {
        let (transaction, account) = chain.inspect(&raw).unwrap();
        assert_eq!((transaction.envelope.ty(), transaction.sender), (kind, wallet.address));
        assert_eq!((account.nonce, account.balance), (0, U256::from(10).pow(U256::from(21))));
    }
    let (transaction, _) = chain.inspect(&wallet.sign(transaction(0, TO, 5, vec![]))).unwrap();
    assert_eq!(transaction.max_cost(), U256::from(200_000 * 3 * GWEI + 5));
}

#[test]
fn what_needs_no_state_is_refused_with_its_code() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let tx = || transaction(0, TO, 0, vec![]);
    let good = wallet.sign(tx());
    let cases = [
        ("undecodable", vec![]),
        ("undecodable", vec![0x80]),
        ("undecodable", [&good[..], &[0]].concat()),
        ("undecodable", good[..good.len() - 1].to_vec()),
        ("unsupported_type", vec![0, 1]),
        ("unsupported_type", vec![3, 1]),
        ("unsupported_type", vec![5, 1]),
        ("oversized", vec![2; 128 * 1024 + 1]),
        ("unprotected", wallet.sign(legacy(None))),
        ("wrong_chain", wallet.sign(legacy(Some(1)))),
        ("gas_limit", wallet.sign(alloy_consensus::TxEip1559 { gas_limit: 30_000_001, ..tx() })),
        ("intrinsic_gas", wallet.sign(alloy_consensus::TxEip1559 { gas_limit: 20_999, ..tx() })),
        // Enough for the intrinsic gas of 100 bytes, not for their floor (EIP-7623).
        (
            "intrinsic_gas",
            wallet.sign(alloy_consensus::TxEip1559 { gas_limit: 22_700, input: vec![1; 100].into(), ..tx() }),
        ),
        ("initcode", wallet.sign(transaction(0, TxKind::Create, 0, vec![0; 49_153]))),
        ("invalid", wallet.sign(alloy_consensus::TxEip1559 { max_priority_fee_per_gas: 4 * GWEI, ..tx() })),
        ("invalid", wallet.sign(transaction(u64::MAX, TO, 0, vec![]))),
        (
            "invalid",
            wallet.sign(alloy_consensus::TxEip7702 {
                authorization_list: vec![],
                ..delegation(0, &wallet, 0, Address::ZERO)
            }),
        ),
    ];
    for (code, raw) in cases {
        assert_eq!(refused(&mut chain, &raw), code);
    }
}

/// The same signature with the other root is valid mathematics and another hash (EIP-2).
#[test]
fn high_s_is_refused() {
    let mut chain = Chain::new();
    let wallet = Wallet::new(1);
    let tx = transaction(0, TO, 0, vec![]);
    let low = wallet.sign_hash(tx.signature_hash());
    let high = Signature::new(low.r(), CURVE_ORDER - low.s(), !low.v());
    for (signature, code) in [
        (low, "accepted"),
        (high, "bad_signature"),
        (Signature::new(U256::ZERO, low.s(), false), "bad_signature"),
        (Signature::new(CURVE_ORDER, low.s(), false), "bad_signature"),
    ] {
        let raw = TxEnvelope::from(tx.clone().into_signed(signature)).encoded_2718();
        assert_eq!(refused(&mut chain, &raw), code);
    }
}

#[test]
fn no_changed_bytes_decode_to_the_same_transaction() {
    let mut chain = Chain::new();
    let wallet = chain.wallets[0].clone();
    let mut random = Random(5);
    for raw in [wallet.sign(transaction(0, TO, 77, vec![1, 2, 3])), wallet.sign(legacy(Some(CHAIN)))] {
        let hash = chain.inspect(&raw).unwrap().0.hash;
        for _ in 0..5_000 {
            let mut changed = raw.clone();
            let position = random.below(raw.len() as u64) as usize;
            match random.below(3) {
                0 => changed[position] ^= 1 << random.below(8),
                1 => changed.insert(position, random.below(256) as u8),
                _ => drop(changed.remove(position)),
            }
            if let Ok((found, _)) = chain.inspect(&changed) {
                assert!(changed == raw || found.hash != hash);
                let decoded = TxEnvelope::decode_2718_exact(&changed).unwrap();
                assert_eq!(decoded.encoded_2718(), changed);
                assert_eq!(*decoded.tx_hash(), found.hash);
            }
        }
    }
}

/// Enough of them for every core; each comes out as it would by itself.
#[test]
fn many_are_inspected_together() {
    let mut chain = Chain::new();
    let raw: Vec<_> = (0..200u64)
        .map(|nonce| match nonce % 50 {
            7 => vec![2],
            _ => chain.wallets[nonce as usize % 4].sign(transaction(nonce, TO, 0, vec![])),
        })
        .collect();
    let together = chain.engine.inspect(&raw.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(together.len(), raw.len());
    for (nonce, inspected) in together.into_iter().enumerate() {
        match inspected {
            Ok((transaction, _)) => assert_eq!(transaction.sender, chain.wallets[nonce % 4].address),
            Err(refusal) => assert_eq!((nonce % 50, refusal.code), (7, "undecodable")),
        }
    }
}
