//! Reads and proofs at a height.

use alloy_consensus::EMPTY_ROOT_HASH;
use alloy_primitives::{keccak256, Address, Bytes, B256, KECCAK256_EMPTY, U256, U64};
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{slot_key, AccountLeaf};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountState {
    nonce: U64,
    balance: U256,
    code_hash: B256,
    storage_root: B256,
}

/// The object of EIP-1186.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountProof {
    address: Address,
    pub account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    pub storage_hash: B256,
    pub storage_proof: Vec<SlotProof>,
}

#[derive(Serialize)]
pub struct SlotProof {
    key: B256,
    value: U256,
    pub proof: Vec<Bytes>,
}

impl Engine {
    /// An account; `None` when it doesn't exist.
    pub fn account(&self, number: u64, address: Address) -> Result<Option<AccountState>> {
        let leaf = self.versions.at(number)?.world.account(address);
        Ok(leaf.map(|AccountLeaf { account, storage }| AccountState {
            nonce: U64::from(account.nonce),
            balance: account.balance,
            code_hash: account.code_hash,
            storage_root: storage.root(),
        }))
    }

    /// The code of an account; empty when there is none.
    pub fn code(&self, number: u64, address: Address) -> Result<Bytes> {
        let leaf = self.versions.at(number)?.world.account(address);
        let code = leaf.filter(|leaf| leaf.account.has_code()).map(|leaf| self.state().code(leaf.account.code_hash));
        Ok(code.map(|code| code.original_bytes()).unwrap_or_default())
    }

    /// The value of a slot.
    pub fn storage(&self, number: u64, address: Address, slot: U256) -> Result<U256> {
        Ok(self.versions.at(number)?.world.slot(address, slot))
    }

    /// The RLP of a header.
    pub fn header(&self, number: u64) -> Result<Vec<u8>> {
        Ok(alloy_rlp::encode(&self.versions.at(number)?.header))
    }

    /// Proofs of an account and of slots of it, or of their absence (EIP-1186).
    pub fn prove(&self, number: u64, address: Address, slots: &[U256]) -> Result<AccountProof> {
        let world = &self.versions.at(number)?.world;
        let leaf = world.account(address);
        let storage_proof = slots.iter().map(|slot| SlotProof {
            key: B256::from(*slot),
            value: world.slot(address, *slot),
            proof: leaf.map(|leaf| leaf.storage.prove(slot_key(*slot))).unwrap_or_default(),
        });
        Ok(AccountProof {
            address,
            account_proof: world.accounts().prove(keccak256(address)),
            balance: leaf.map(|leaf| leaf.account.balance).unwrap_or_default(),
            code_hash: leaf.map_or(KECCAK256_EMPTY, |leaf| leaf.account.code_hash),
            nonce: leaf.map(|leaf| U64::from(leaf.account.nonce)).unwrap_or_default(),
            storage_hash: leaf.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage.root()),
            storage_proof: storage_proof.collect(),
        })
    }
}
