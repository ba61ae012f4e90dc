//! A chain to test with: wallets, contracts, seeded random blocks.

use std::collections::BTreeMap;

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{hex, keccak256, Address, Bytes, Signature, TxKind, B256, U256};
use secp256k1::{Message, SecretKey, SECP256K1};
use serde_json::{json, Value};

use crate::config::Genesis;
use crate::engine::{Engine, SealedBlock};
use crate::header::BlockEnvironment;
use crate::packed::{self, Key, Reader};
use crate::receipt::{Executed, Receipt};
use crate::transaction::Inspected;
use crate::world::World;

pub const CHAIN: u64 = 31_337;
pub const GWEI: u128 = 1_000_000_000;
pub const COINBASE: Address = Address::repeat_byte(0xcb);
/// Stores calldata word 1 in slot word 0, logs it, and reverts when word 2 isn't zero.
pub const STORE: [u8; 31] = hex!("6020356000355560203560005260206000a0604035601957005b60006000fd");
pub const STORE_AT: Address = Address::repeat_byte(0x57);
/// Destroys itself, giving its balance to the caller.
pub const DESTROYER: [u8; 2] = hex!("33ff");
pub const DESTROYER_AT: Address = Address::repeat_byte(0xde);
/// Initcode that writes a slot and destroys what it is creating.
pub const BORN_DEAD: [u8; 7] = hex!("600160005533ff");
/// Returns the hash of the block whose number is calldata word 0.
pub const BLOCK_HASH: [u8; 12] = hex!("6000354060005260206000f3");
pub const BLOCK_HASH_AT: Address = Address::repeat_byte(0xb4);

/// A fixed sequence of pseudo-random numbers (Knuth's MMIX constants).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[derive(Clone)]
pub struct Wallet {
    secret: SecretKey,
    pub address: Address,
}

impl Wallet {
    pub fn new(seed: u8) -> Self {
        let secret = SecretKey::from_byte_array(keccak256([seed]).0).unwrap();
        let public = secret.public_key(SECP256K1).serialize_uncompressed();
        Self { secret, address: Address::from_slice(&keccak256(&public[1..])[12..]) }
    }

    pub fn sign_hash(&self, hash: B256) -> Signature {
        let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &self.secret);
        let (parity, compact) = signature.serialize_compact();
        Signature::from_bytes_and_parity(&compact, i32::from(parity) == 1)
    }

    pub fn sign<T: SignableTransaction<Signature>>(&self, transaction: T) -> Vec<u8>
    where
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = self.sign_hash(transaction.signature_hash());
        TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
    }

    pub fn authorize(&self, nonce: u64, to: Address) -> alloy_eips::eip7702::SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN), address: to, nonce };
        let signature = self.sign_hash(authorization.signature_hash());
        authorization.into_signed(signature)
    }
}

/// A transaction with enough gas and a tip of one gwei.
pub fn transaction(nonce: u64, to: TxKind, value: u64, input: impl Into<Bytes>) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 3 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to,
        value: U256::from(value),
        input: input.into(),
        access_list: Default::default(),
    }
}

pub fn delegation(nonce: u64, wallet: &Wallet, authority_nonce: u64, to: Address) -> TxEip7702 {
    TxEip7702 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 3 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: wallet.address,
        authorization_list: vec![wallet.authorize(authority_nonce, to)],
        ..Default::default()
    }
}

/// Calldata of the store contract.
pub fn store(slot: u64, value: u64, revert: bool) -> Vec<u8> {
    [U256::from(slot), U256::from(value), U256::from(revert)].iter().flat_map(|word| word.to_be_bytes::<32>()).collect()
}

/// Initcode that deploys the code it carries.
pub fn deploy(code: &[u8]) -> Vec<u8> {
    let length = u8::try_from(code.len()).unwrap();
    [&[0x60, length, 0x60, 12, 0x60, 0, 0x39, 0x60, length, 0x60, 0, 0xf3], code].concat()
}

impl Executed {
    /// The receipt of what has to be applied.
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::Applied(receipt) => receipt,
            Self::Invalid(refusal) => panic!("{refusal:?}"),
        }
    }

    pub fn succeeded(&self) -> bool {
        self.receipt().reason.is_none()
    }

    /// The code of what has to be invalid.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Applied(receipt) => panic!("{:?} was applied", receipt.hash),
            Self::Invalid(refusal) => refusal.code,
        }
    }
}

/// Accounts at 0x0103, 0x0107 and 0x010b are empty but for slots: they vanish with these when touched.
pub struct Chain {
    pub engine: Engine,
    pub wallets: Vec<Wallet>,
    /// What a store that applies every diff would hold.
    pub stored: BTreeMap<Vec<u8>, Vec<u8>>,
    pub diffs: Vec<Vec<u8>>,
}

impl Chain {
    pub fn new() -> Self {
        let wallets: Vec<_> = (1..=5).map(Wallet::new).collect();
        let mut alloc: serde_json::Map<String, Value> = wallets
            .iter()
            .map(|wallet| (format!("{:?}", wallet.address), json!({ "balance": "1000000000000000000000" })))
            .collect();
        for (address, code) in
            [(STORE_AT, &STORE[..]), (DESTROYER_AT, &DESTROYER[..]), (BLOCK_HASH_AT, &BLOCK_HASH[..])]
        {
            let account = json!({ "nonce": 1, "code": hex::encode_prefixed(code), "storage": { "0x63": "0x64" } });
            alloc.insert(format!("{address:?}"), account);
        }
        for byte in [3, 7, 11] {
            let address = Address::left_padding_from(&[1, byte]);
            alloc.insert(format!("{address:?}"), json!({ "storage": { "0x1": "0x2", "0x3": "0x4" } }));
        }
        let genesis = json!({ "chainId": CHAIN, "gasLimit": "0x5f5e100", "baseFee": 1_000_000_000, "alloc": alloc });
        let genesis: Genesis = serde_json::from_value(genesis).unwrap();
        let engine = Engine::create(&genesis).unwrap();
        let diff = engine.genesis().unwrap().diff;
        let mut chain = Self { engine, wallets, stored: BTreeMap::new(), diffs: Vec::new() };
        chain.keep(diff);
        chain
    }

    pub fn number(&self) -> u64 {
        self.engine.versions.newest().header.number
    }

    pub fn begin(&mut self) {
        self.engine.begin(&environment(self.number() + 1)).unwrap();
    }

    pub fn seal(&mut self) -> SealedBlock {
        let block = self.engine.seal().unwrap();
        self.keep(block.diff.clone());
        block
    }

    pub fn inspect(&mut self, raw: &[u8]) -> Inspected {
        self.engine.inspect(&[raw]).remove(0)
    }

    pub fn execute(&mut self, raw: &[u8]) -> Executed {
        self.engine.execute(raw).unwrap()
    }

    /// Begins, executes, seals.
    pub fn block(&mut self, raw: &[Vec<u8>]) -> Vec<Executed> {
        self.begin();
        let results = raw.iter().map(|raw| self.execute(raw)).collect();
        self.seal();
        results
    }

    pub fn nonce(&self, wallet: usize) -> u64 {
        self.engine.state().account(self.wallets[wallet].address).map_or(0, |account| account.nonce)
    }

    /// One random operation in the open block: all kinds of state changes, failures and invalid ones.
    pub fn operate(&mut self, random: &mut Random) {
        let from = random.below(4) as usize;
        let nonce = self.nonce(from);
        let wallet = self.wallets[from].clone();
        let call = |to: Address, value, input: Vec<u8>| transaction(nonce, TxKind::Call(to), value, input);
        let create = |code: Vec<u8>, value| transaction(nonce, TxKind::Create, value, code);
        let other = Address::left_padding_from(&[1, random.below(30) as u8]);
        let slots = store(random.below(12), random.below(3), random.below(6) == 0);
        let raw = match random.below(10) {
            0 => wallet.sign(call(other, random.below(3), vec![])),
            1 | 2 => wallet.sign(call(STORE_AT, 0, slots)),
            3 => wallet.sign(create(deploy(&STORE), 0)),
            4 => wallet.sign(create(BORN_DEAD.to_vec(), 5)),
            5 => wallet.sign(call(DESTROYER_AT, 7, vec![])),
            6 => wallet.sign(delegation(nonce, &self.wallets[4], self.nonce(4), STORE_AT)),
            7 => wallet.sign(call(self.wallets[4].address, 0, slots)),
            8 => wallet.sign(transaction(nonce + random.below(2), TxKind::Call(other), 1, vec![])),
            _ => {
                self.engine.system_call(STORE_AT, store(50 + random.below(4), random.below(3), false).into()).unwrap();
                return;
            }
        };
        match self.engine.execute(&raw).unwrap() {
            Executed::Applied(_) => {}
            Executed::Invalid(refusal) => assert_eq!(refusal.code, "nonce_too_high"),
        }
    }

    pub fn random_block(&mut self, random: &mut Random) -> SealedBlock {
        self.begin();
        for _ in 0..random.below(6) {
            self.operate(random);
        }
        self.seal()
    }

    /// Fails unless the tries, updated block by block, equal tries built from the flat state.
    pub fn check_root(&self) {
        let newest = self.engine.versions.newest();
        assert_eq!(newest.header.state_root, World::build(self.engine.state()).unwrap().root());
        assert_eq!(newest.header.state_root, newest.world.root());
    }

    /// What `load` takes.
    pub fn entries(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        for (key, value) in &self.stored {
            packed::write_key(&mut entries, Key::decode(key).unwrap());
            packed::write_value(&mut entries, Some(value));
        }
        entries
    }

    fn keep(&mut self, diff: Vec<u8>) {
        let mut reader = Reader::new(&diff);
        while !reader.is_done() {
            let key = Key::decode(reader.key().unwrap()).unwrap().encode();
            assert_eq!(reader.value().unwrap(), self.stored.get(&key).map(Vec::as_slice), "old value");
            match reader.value().unwrap() {
                Some(value) => self.stored.insert(key, value.to_vec()),
                None => self.stored.remove(&key),
            };
        }
        self.diffs.push(diff);
    }
}

pub fn environment(number: u64) -> BlockEnvironment {
    serde_json::from_value(json!({
        "number": number,
        "timestamp": 1_700_000_000 + number,
        "coinbase": COINBASE,
        "gasLimit": 100_000_000,
        "baseFee": "1000000000",
        "mixHash": B256::with_last_byte(number as u8),
        "parentBeaconBlockRoot": B256::ZERO,
    }))
    .unwrap()
}
