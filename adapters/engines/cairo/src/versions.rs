//! The last 256 heights, newest last, each with its whole state.

use std::collections::VecDeque;

use blockifier::execution::contract_class::RunnableCompiledClass;
use blockifier::state::errors::StateError;
use blockifier::state::state_api::{StateReader, StateResult};
use starknet_api::core::{ClassHash, CompiledClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::classes::Classes;
use crate::diff::{Change, Changes};
use crate::error::{Code, EngineError, Result};
use crate::header::Head;
use crate::leaves::{state_commitment, ClassLeaf, ContractLeaf, Slot};
use crate::patricia::Trie;
use crate::state;

/// How many heights are readable, the newest included.
pub const KEPT: usize = 256;

/// The tries of a height.
#[derive(Clone, Default)]
pub struct World {
    pub contracts: Trie<ContractLeaf>,
    pub classes: Trie<ClassLeaf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Back,
}

impl World {
    pub fn root(&self) -> Felt {
        state_commitment(self.contracts.root(), self.classes.root())
    }

    pub fn contract(&self, address: ContractAddress) -> Option<&ContractLeaf> {
        self.contracts.get(address.0.key())
    }

    /// Goes one block forward or back.
    pub fn apply(&mut self, changes: &Changes, direction: Direction) {
        for address in changes.touched() {
            let mut leaf = self.contract(address).cloned().unwrap_or_default();
            if let Some(change) = changes.contracts.get(&address) {
                leaf.contract = target(change, direction).copied().unwrap_or_default();
            }
            let slots = changes.slots.range((address, StorageKey::from(0_u64))..);
            for ((_, key), change) in slots.take_while(|((owner, _), _)| *owner == address) {
                leaf.storage.set(key.0.key(), target(change, direction).copied().map(Slot));
            }
            let exists = !leaf.contract.is_nothing() || !leaf.storage.is_empty();
            self.contracts.set(address.0.key(), exists.then_some(leaf));
        }
        for (hash, change) in &changes.classes {
            let leaf = target(change, direction).map(|class| ClassLeaf(class.compiled_hash));
            self.classes.set(&hash.0, leaf);
        }
    }
}

fn target<T>(change: &Change<T>, direction: Direction) -> Option<&T> {
    match direction {
        Direction::Forward => change.new.as_ref(),
        Direction::Back => change.old.as_ref(),
    }
}

/// One sealed height.
pub struct Version {
    pub head: Head,
    pub world: World,
    /// What this block changed; `None` for the oldest height after loading, whose own diff isn't known.
    pub changes: Option<Changes>,
}

impl Version {
    pub fn number(&self) -> u64 {
        self.head.header.block_number
    }
}

/// Never empty.
pub struct Versions {
    ring: VecDeque<Version>,
}

impl Versions {
    pub fn new(first: Version) -> Self {
        Self { ring: VecDeque::from([first]) }
    }

    pub fn newest(&self) -> &Version {
        &self.ring[self.ring.len() - 1]
    }

    pub fn oldest(&self) -> &Version {
        &self.ring[0]
    }

    pub fn is_full(&self) -> bool {
        self.ring.len() >= KEPT
    }

    /// The version of a height, else `height_unavailable`.
    pub fn at(&self, number: u64) -> Result<&Version> {
        let oldest = self.oldest().number();
        number.checked_sub(oldest).and_then(|index| self.ring.get(index as usize)).ok_or_else(|| {
            let newest = self.newest().number();
            let message = format!("block {number} is not among the readable ones, {oldest} to {newest}");
            EngineError::new(Code::HeightUnavailable, message)
        })
    }

    /// Adds the next height and drops the oldest when there are too many.
    pub fn push(&mut self, version: Version) {
        self.ring.push_back(version);
        if self.ring.len() > KEPT {
            self.ring.pop_front();
        }
    }

    /// Adds the height before the oldest, which `changes` led to.
    pub fn push_older(&mut self, version: Version, changes: Changes) {
        self.ring[0].changes = Some(changes);
        self.ring.push_front(version);
    }

    /// Gives the oldest height its changes, for which there is no older one.
    pub fn complete_oldest(&mut self, changes: Changes) {
        self.ring[0].changes = Some(changes);
    }
}

/// A version as blockifier reads it. Classes come from the newest state: none is ever overwritten.
pub struct View<'a> {
    pub world: &'a World,
    pub classes: &'a Classes,
}

impl View<'_> {
    fn has_class(&self, hash: ClassHash) -> bool {
        self.world.classes.get(&hash.0).is_some()
    }
}

impl StateReader for View<'_> {
    fn get_storage_at(&self, address: ContractAddress, key: StorageKey) -> StateResult<Felt> {
        let slot = self.world.contract(address).and_then(|leaf| leaf.storage.get(key.0.key()));
        Ok(slot.map(|slot| slot.0).unwrap_or_default())
    }

    fn get_nonce_at(&self, address: ContractAddress) -> StateResult<Nonce> {
        Ok(self.world.contract(address).map(|leaf| leaf.contract.nonce).unwrap_or_default())
    }

    fn get_class_hash_at(&self, address: ContractAddress) -> StateResult<ClassHash> {
        Ok(self.world.contract(address).map(|leaf| leaf.contract.class_hash).unwrap_or_default())
    }

    fn get_compiled_class(&self, hash: ClassHash) -> StateResult<RunnableCompiledClass> {
        if !self.has_class(hash) {
            return Err(StateError::UndeclaredClassHash(hash));
        }
        state::runnable(self.classes, hash)
    }

    fn get_compiled_class_hash(&self, hash: ClassHash) -> StateResult<CompiledClassHash> {
        Ok(self.world.classes.get(&hash.0).map(|leaf| leaf.0).unwrap_or_default())
    }

    fn get_compiled_class_hash_v2(
        &self,
        hash: ClassHash,
        class: &RunnableCompiledClass,
    ) -> StateResult<CompiledClassHash> {
        blockifier::state::utils::get_compiled_class_hash_v2(self, hash, class)
    }
}
