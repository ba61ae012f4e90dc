//! What a transaction read and wrote of contracts, as the roots in contract inputs and outputs commit to it
//! (fuel-core 0.48: hashes over what was accessed, not over all that there is).

use std::collections::{BTreeMap, BTreeSet};

use fuel_vm::fuel_crypto::Hasher;
use fuel_vm::fuel_types::{Bytes32, ContractId};

use crate::key::{self, Key};
use crate::state::Value;
use crate::storage::View;

/// Keys with their values, at one point.
pub struct Accesses(BTreeMap<Key, Option<Value>>);

impl Accesses {
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// What was read, with its values at a mark.
    pub fn before(view: &View, read: &BTreeSet<Key>, mark: usize) -> Self {
        Self(read.iter().map(|key| (key.clone(), view.value_at(mark, key).cloned())).collect())
    }

    /// What was set since a mark, with its present values.
    pub fn after(view: &View, mark: usize) -> Self {
        let set = view.overlay.set_since(mark).filter(|key| matches!(key[0], key::BALANCE | key::SLOT));
        Self(set.map(|key| (key.clone(), view.value(key).cloned())).collect())
    }

    /// Hash over a contract's balances among them.
    pub fn balance_root(&self, contract: &ContractId) -> Bytes32 {
        self.root(key::BALANCE, contract, |hasher, value| hasher.input(value))
    }

    /// Hash over a contract's slots among them.
    pub fn state_root(&self, contract: &ContractId) -> Bytes32 {
        self.root(key::SLOT, contract, |hasher, value| {
            hasher.input((value.len() as u64).to_be_bytes());
            hasher.input(value);
        })
    }

    fn root(&self, tag: u8, contract: &ContractId, add: impl Fn(&mut Hasher, &[u8])) -> Bytes32 {
        let prefix = key::key(tag, contract.as_ref());
        let mut accessed = self.0.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix)).peekable();
        if accessed.peek().is_none() {
            return Bytes32::zeroed();
        }
        let mut hasher = Hasher::default();
        for (key, value) in accessed {
            hasher.input(&key[prefix.len()..]);
            hasher.input([u8::from(value.is_some())]);
            if let Some(value) = value {
                add(&mut hasher, value);
            }
        }
        hasher.digest()
    }
}
