//! The state as Merkle-Patricia tries: a trie of accounts whose leaves carry their own storage trie.

use alloy_primitives::{keccak256, Address, B256, U256};
use alloy_rlp::{Encodable, RlpEncodable};

use crate::account::Account;
use crate::diff::{Diff, Direction};
use crate::error::{EngineError, Result};
use crate::node::Leaf;
use crate::state::State;
use crate::trie::Trie;

/// An account with its storage.
#[derive(Clone, Debug, Default)]
pub struct AccountLeaf {
    pub account: Account,
    pub storage: Trie<U256>,
}

#[derive(RlpEncodable)]
struct EncodedAccount {
    nonce: u64,
    balance: U256,
    storage_root: B256,
    code_hash: B256,
}

impl Leaf for AccountLeaf {
    fn encode_leaf(&self) -> Vec<u8> {
        let Account { nonce, balance, code_hash } = self.account;
        alloy_rlp::encode(EncodedAccount { nonce, balance, storage_root: self.storage.root(), code_hash })
    }
}

impl Leaf for U256 {
    fn encode_leaf(&self) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(33);
        self.encode(&mut encoded);
        encoded
    }
}

/// The whole state of one height; a clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct World {
    accounts: Trie<AccountLeaf>,
}

impl World {
    /// Builds the tries of a flat state, in time linear in it. Slots without an account are `bad_input`.
    pub fn build(state: &State) -> Result<Self> {
        if let Some(address) = state.with_slots().find(|address| state.account(*address).is_none()) {
            return Err(EngineError::bad_input(format!("slots of {address:?}, which is no account")));
        }
        let mut world = Self::default();
        for (address, account) in state.accounts() {
            let mut storage = Trie::default();
            for (slot, value) in state.slots(address) {
                storage.insert(slot_key(slot), value);
            }
            world.accounts.insert(keccak256(address), AccountLeaf { account, storage });
        }
        Ok(world)
    }

    pub fn root(&self) -> B256 {
        self.accounts.root()
    }

    pub fn account(&self, address: Address) -> Option<&AccountLeaf> {
        self.accounts.get(keccak256(address))
    }

    /// The value of a slot; zero when there is none.
    pub fn slot(&self, address: Address, slot: U256) -> U256 {
        self.account(address).and_then(|leaf| leaf.storage.get(slot_key(slot))).copied().unwrap_or_default()
    }

    /// The accounts' trie, for proofs.
    pub fn accounts(&self) -> &Trie<AccountLeaf> {
        &self.accounts
    }

    /// Goes one block forward or back, in time linear in what the block changed.
    pub fn apply(&mut self, diff: &Diff, direction: Direction) {
        for (address, change) in &diff.accounts {
            let key = keccak256(address);
            match change.target(direction) {
                None => self.accounts.remove(key),
                Some(account) => {
                    let mut leaf = self.accounts.get(key).cloned().unwrap_or_default();
                    leaf.account = *account;
                    update_slots(&mut leaf, diff, *address, direction);
                    self.accounts.insert(key, leaf);
                }
            }
        }
        for address in diff.slots.keys().filter(|address| !diff.accounts.contains_key(*address)) {
            let key = keccak256(address);
            if let Some(mut leaf) = self.accounts.get(key).cloned() {
                update_slots(&mut leaf, diff, *address, direction);
                self.accounts.insert(key, leaf);
            }
        }
    }
}

/// The key of a slot in a storage trie.
pub fn slot_key(slot: U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}

fn update_slots(leaf: &mut AccountLeaf, diff: &Diff, address: Address, direction: Direction) {
    for (slot, change) in diff.slots.get(&address).into_iter().flatten() {
        match change.target(direction) {
            Some(value) => leaf.storage.insert(slot_key(*slot), *value),
            None => leaf.storage.remove(slot_key(*slot)),
        }
    }
}
