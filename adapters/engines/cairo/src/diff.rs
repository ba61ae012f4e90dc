//! What a block changed, in both directions; packed as `adapters/diff.ts` has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use starknet_api::core::{ClassHash, ContractAddress};
use starknet_api::state::{StorageKey, ThinStateDiff};
use starknet_types_core::felt::Felt;

use crate::classes::Class;
use crate::error::{EngineError, Result};
use crate::header::Head;
use crate::leaves::Contract;
use crate::packed::{self, Key, Reader};

/// A value before and after; `None` where it is absent.
pub struct Change<T> {
    pub old: Option<T>,
    pub new: Option<T>,
}

/// Net changes of the state.
#[derive(Default)]
pub struct Changes {
    pub contracts: BTreeMap<ContractAddress, Change<Contract>>,
    pub slots: BTreeMap<(ContractAddress, StorageKey), Change<Felt>>,
    pub classes: BTreeMap<ClassHash, Change<Arc<Class>>>,
}

impl Changes {
    /// Contracts whose leaf changes.
    pub fn touched(&self) -> BTreeSet<ContractAddress> {
        self.contracts.keys().chain(self.slots.keys().map(|(address, _)| address)).copied().collect()
    }

    /// In Starknet's terms, for the block's commitment to it.
    pub fn state_diff(&self) -> ThinStateDiff {
        let mut diff = ThinStateDiff::default();
        for (address, Change { old, new }) in &self.contracts {
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            if old.class_hash != new.class_hash {
                diff.deployed_contracts.insert(*address, new.class_hash);
            }
            if old.nonce != new.nonce {
                diff.nonces.insert(*address, new.nonce);
            }
        }
        for ((address, key), Change { new, .. }) in &self.slots {
            diff.storage_diffs.entry(*address).or_default().insert(*key, new.unwrap_or_default());
        }
        for (hash, Change { new, .. }) in &self.classes {
            if let Some(class) = new {
                diff.class_hash_to_compiled_class_hash.insert(*hash, class.compiled_hash);
            }
        }
        diff
    }

    /// The packed diff of the block that made these changes and became the newest.
    pub fn pack(&self, old_head: Option<&Head>, head: &Head) -> Vec<u8> {
        let mut out = Vec::new();
        for (address, change) in &self.contracts {
            write(&mut out, Key::Contract(*address), change, packed::pack_contract);
        }
        for (hash, change) in &self.classes {
            write(&mut out, Key::Class(*hash), change, |class| class.pack());
        }
        packed::write_key(&mut out, Key::Head);
        packed::write_value(&mut out, old_head.map(Head::pack).as_deref());
        packed::write_value(&mut out, Some(&head.pack()));
        for ((address, key), change) in &self.slots {
            write(&mut out, Key::Slot(*address, *key), change, |value| value.to_bytes_be().to_vec());
        }
        out
    }

    /// Reads a packed diff with the heads it leads from and to.
    pub fn unpack(bytes: &[u8]) -> Result<(Self, Option<Head>, Head)> {
        let mut changes = Self::default();
        let mut heads = None;
        let mut reader = Reader::new(bytes);
        while !reader.is_done() {
            match Key::decode(reader.key()?)? {
                Key::Contract(address) => {
                    changes.contracts.insert(address, read(&mut reader, packed::unpack_contract)?);
                }
                Key::Class(hash) => {
                    let change = read(&mut reader, |bytes| Class::unpack(bytes).map(Arc::new))?;
                    changes.classes.insert(hash, change);
                }
                Key::Head => heads = Some(read(&mut reader, Head::unpack)?),
                Key::Slot(address, key) => {
                    changes.slots.insert((address, key), read(&mut reader, packed::unpack_slot)?);
                }
            }
        }
        match heads {
            Some(Change { old, new: Some(new) }) => Ok((changes, old, new)),
            _ => Err(EngineError::bad_input("a diff without a head")),
        }
    }
}

fn write<T>(out: &mut Vec<u8>, key: Key, change: &Change<T>, pack: impl Fn(&T) -> Vec<u8>) {
    packed::write_key(out, key);
    packed::write_value(out, change.old.as_ref().map(&pack).as_deref());
    packed::write_value(out, change.new.as_ref().map(&pack).as_deref());
}

fn read<T>(reader: &mut Reader<'_>, unpack: impl Fn(&[u8]) -> Result<T>) -> Result<Change<T>> {
    let old = reader.value()?.map(&unpack).transpose()?;
    let new = reader.value()?.map(&unpack).transpose()?;
    Ok(Change { old, new })
}
