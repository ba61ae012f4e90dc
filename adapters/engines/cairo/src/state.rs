//! The newest state: flat maps, and a journal that takes back any number of transactions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use blockifier::execution::contract_class::RunnableCompiledClass;
use blockifier::state::cached_state::{ContractClassMapping, StateMaps};
use blockifier::state::errors::StateError;
use blockifier::state::state_api::{StateReader, StateResult, UpdatableState};
use starknet_api::core::{ClassHash, CompiledClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::classes::{Class, Classes};
use crate::diff::{Change, Changes};
use crate::leaves::Contract;

/// The maps are std's: anyone chooses addresses and keys, so their hash has to be keyed.
#[derive(Default)]
pub struct State {
    /// None is nothing.
    contracts: HashMap<ContractAddress, Contract>,
    /// No value is zero.
    slots: HashMap<(ContractAddress, StorageKey), Felt>,
    /// Older heights read from it too.
    pub classes: Classes,
    journal: Vec<Undo>,
}

/// How to take back one change.
enum Undo {
    Contract(ContractAddress, Option<Contract>),
    Slot((ContractAddress, StorageKey), Option<Felt>),
    Class(ClassHash),
}

impl State {
    pub fn contract(&self, address: ContractAddress) -> Contract {
        self.contracts.get(&address).copied().unwrap_or_default()
    }

    pub fn set_contract(&mut self, address: ContractAddress, contract: Contract) {
        let new = (!contract.is_nothing()).then_some(contract);
        let old = put(&mut self.contracts, address, new);
        if old != new {
            self.journal.push(Undo::Contract(address, old));
        }
    }

    pub fn slot(&self, address: ContractAddress, key: StorageKey) -> Felt {
        self.slots.get(&(address, key)).copied().unwrap_or_default()
    }

    /// Sets a slot; zero removes it.
    pub fn set_slot(&mut self, address: ContractAddress, key: StorageKey, value: Felt) {
        let new = (value != Felt::ZERO).then_some(value);
        let old = put(&mut self.slots, (address, key), new);
        if old != new {
            self.journal.push(Undo::Slot((address, key), old));
        }
    }

    pub fn add_class(&mut self, hash: ClassHash, class: Arc<Class>) {
        if self.classes.insert(hash, class).is_none() {
            self.journal.push(Undo::Class(hash));
        }
    }

    /// Where the journal stands, for `revert_to`.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    /// Takes back every change made since the mark.
    pub fn revert_to(&mut self, mark: usize) {
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some(Undo::Contract(address, old)) => drop(put(&mut self.contracts, address, old)),
                Some(Undo::Slot(key, old)) => drop(put(&mut self.slots, key, old)),
                Some(Undo::Class(hash)) => drop(self.classes.remove(&hash)),
                None => return,
            }
        }
    }

    /// Empties the journal into the net changes since it was last empty.
    pub fn take_changes(&mut self) -> Changes {
        let (mut contracts, mut slots, mut classes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        // The oldest entry of a key holds its value before the block, so the first one in wins.
        for undo in self.journal.drain(..) {
            match undo {
                Undo::Contract(address, old) => drop(contracts.entry(address).or_insert(old)),
                Undo::Slot(key, old) => drop(slots.entry(key).or_insert(old)),
                Undo::Class(hash) => {
                    classes.insert(hash, Change { old: None, new: self.classes.get(&hash).cloned() });
                }
            }
        }
        Changes {
            contracts: net(contracts, |address| self.contracts.get(address).copied()),
            slots: net(slots, |key| self.slots.get(key).copied()),
            classes,
        }
    }
}

/// Sets or removes; gives what was there.
fn put<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

/// Pairs old values with the present ones and drops what is equal.
fn net<K: Ord, T: PartialEq>(
    olds: BTreeMap<K, Option<T>>,
    present: impl Fn(&K) -> Option<T>,
) -> BTreeMap<K, Change<T>> {
    olds.into_iter()
        .map(|(key, old)| {
            let new = present(&key);
            (key, Change { old, new })
        })
        .filter(|(_, change)| change.old != change.new)
        .collect()
}

/// Runnable form of a class, in blockifier's terms.
pub fn runnable(classes: &Classes, hash: ClassHash) -> StateResult<RunnableCompiledClass> {
    let class = classes.get(&hash).ok_or(StateError::UndeclaredClassHash(hash))?;
    // An error here would revert the transaction, and a broken engine is no outcome.
    Ok(class.runnable().unwrap_or_else(|error| panic!("{error}")))
}

impl StateReader for State {
    fn get_storage_at(&self, address: ContractAddress, key: StorageKey) -> StateResult<Felt> {
        Ok(self.slot(address, key))
    }

    fn get_nonce_at(&self, address: ContractAddress) -> StateResult<Nonce> {
        Ok(self.contract(address).nonce)
    }

    fn get_class_hash_at(&self, address: ContractAddress) -> StateResult<ClassHash> {
        Ok(self.contract(address).class_hash)
    }

    fn get_compiled_class(&self, hash: ClassHash) -> StateResult<RunnableCompiledClass> {
        runnable(&self.classes, hash)
    }

    fn get_compiled_class_hash(&self, hash: ClassHash) -> StateResult<CompiledClassHash> {
        Ok(self.classes.get(&hash).map(|class| class.compiled_hash).unwrap_or_default())
    }

    fn get_compiled_class_hash_v2(
        &self,
        hash: ClassHash,
        class: &RunnableCompiledClass,
    ) -> StateResult<CompiledClassHash> {
        blockifier::state::utils::get_compiled_class_hash_v2(self, hash, class)
    }
}

impl UpdatableState for State {
    /// Takes what a transaction wrote, in blockifier's random order: nothing here depends on it. A declared class is
    /// added by whoever executed the DECLARE, who has its Sierra.
    fn apply_writes(&mut self, writes: &StateMaps, _: &ContractClassMapping) {
        for ((address, key), value) in &writes.storage {
            self.set_slot(*address, *key, *value);
        }
        for (address, nonce) in &writes.nonces {
            self.set_contract(*address, Contract { nonce: *nonce, ..self.contract(*address) });
        }
        for (address, class_hash) in &writes.class_hashes {
            self.set_contract(*address, Contract { class_hash: *class_hash, ..self.contract(*address) });
        }
    }
}
