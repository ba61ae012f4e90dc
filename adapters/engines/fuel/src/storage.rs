//! The state as fuel-vm reads and writes it: a sealed base, an overlay above it, and the block that is executed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::convert::Infallible;

use fuel_vm::fuel_storage::{
    Mappable, StorageInspect, StorageMutate, StorageRead, StorageReadError, StorageSize, StorageWrite,
};
use fuel_vm::fuel_tx::{ConsensusParameters, Contract};
use fuel_vm::fuel_types::{BlockHeight, Bytes32, ContractId, Word};
use fuel_vm::storage::predicate::PredicateStorageRequirements;
use fuel_vm::storage::{
    BlobBytes, BlobData, ContractsAssetKey, ContractsAssets, ContractsAssetsStorage, ContractsRawCode, ContractsState,
    ContractsStateData, ContractsStateKey, InterpreterStorage, UploadedBytecode, UploadedBytecodes,
};

use crate::key::{self, Key};
use crate::params::{CONSENSUS_PARAMETERS_VERSION, STATE_TRANSITION_VERSION};
use crate::state::{Base, Overlay, Value};

/// What a program can find out about the block it is executed in.
#[derive(Clone, Copy, Debug)]
pub struct BlockInfo {
    pub height: u32,
    /// TAI64.
    pub time: u64,
    pub coinbase: ContractId,
}

/// The state within one transaction.
pub struct View<'a> {
    pub base: &'a Base,
    pub overlay: &'a mut Overlay,
    pub block: BlockInfo,
    /// Balances and slots of contracts that were read as they were before the transaction.
    read: RefCell<BTreeSet<Key>>,
    /// Those that the transaction itself has set.
    set: HashSet<Key>,
}

impl<'a> View<'a> {
    pub fn new(base: &'a Base, overlay: &'a mut Overlay, block: BlockInfo) -> Self {
        Self { base, overlay, block, read: RefCell::default(), set: HashSet::new() }
    }

    pub fn value(&self, key: &[u8]) -> Option<&Value> {
        match self.overlay.get(key) {
            Some(value) => value,
            None => self.base.get(key),
        }
    }

    /// The value of a key at a mark of the overlay.
    pub fn value_at(&self, mark: usize, key: &[u8]) -> Option<&Value> {
        match self.overlay.get_at(mark, key) {
            Some(value) => value,
            None => self.base.get(key),
        }
    }

    pub fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        self.overlay.set(self.base, key, value.map(Value::from));
    }

    /// Begins a transaction.
    pub fn watch(&mut self) {
        self.read.get_mut().clear();
        self.set.clear();
    }

    /// What was read since `watch`.
    pub fn take_read(&mut self) -> BTreeSet<Key> {
        std::mem::take(self.read.get_mut())
    }

    fn look(&self, key: &Key) -> Option<&Value> {
        if matches!(key[0], key::BALANCE | key::SLOT) && !self.set.contains(key) {
            self.read.borrow_mut().insert(key.clone());
        }
        self.value(key)
    }

    fn write(&mut self, key: Key, value: Option<&[u8]>) {
        if matches!(key[0], key::BALANCE | key::SLOT) {
            self.set.insert(key.clone());
        }
        self.overlay.set(self.base, key, value.map(Value::from));
    }

    fn swap(&mut self, key: Key, value: Option<&[u8]>) -> Option<Vec<u8>> {
        let before = self.look(&key).map(|value| value.to_vec());
        self.write(key, value);
        before
    }
}

fn read_exact(value: Option<&Value>, offset: usize, buffer: &mut [u8]) -> Result<usize, StorageReadError> {
    let value = value.ok_or(StorageReadError::KeyNotFound)?;
    let end = offset.saturating_add(buffer.len());
    buffer.copy_from_slice(value.get(offset..end).ok_or(StorageReadError::OutOfBounds)?);
    Ok(value.len())
}

fn read_zerofill(value: Option<&Value>, offset: usize, buffer: &mut [u8]) -> Result<usize, StorageReadError> {
    let value = value.ok_or(StorageReadError::KeyNotFound)?;
    let rest = value.get(offset..).ok_or(StorageReadError::OutOfBounds)?;
    let length = rest.len().min(buffer.len());
    buffer[..length].copy_from_slice(&rest[..length]);
    buffer[length..].fill(0);
    Ok(value.len())
}

/// A table of byte strings.
macro_rules! table {
    ($table:ty, $tag:expr, $owned:ty) => {
        impl StorageInspect<$table> for View<'_> {
            type Error = Infallible;

            fn get(&self, id: &<$table as Mappable>::Key) -> Result<Option<Cow<'_, $owned>>, Infallible> {
                let value = self.look(&key::key($tag, id.as_ref()));
                Ok(value.map(|value| Cow::Owned(<$owned>::from(value.to_vec()))))
            }

            fn contains_key(&self, id: &<$table as Mappable>::Key) -> Result<bool, Infallible> {
                Ok(self.look(&key::key($tag, id.as_ref())).is_some())
            }
        }

        impl StorageMutate<$table> for View<'_> {
            fn replace(
                &mut self,
                id: &<$table as Mappable>::Key,
                value: &<$table as Mappable>::Value,
            ) -> Result<Option<$owned>, Infallible> {
                Ok(self.swap(key::key($tag, id.as_ref()), Some(value)).map(Into::into))
            }

            fn take(&mut self, id: &<$table as Mappable>::Key) -> Result<Option<$owned>, Infallible> {
                Ok(self.swap(key::key($tag, id.as_ref()), None).map(Into::into))
            }
        }

        impl StorageWrite<$table> for View<'_> {
            fn write_bytes(&mut self, id: &<$table as Mappable>::Key, bytes: &[u8]) -> Result<(), Infallible> {
                self.write(key::key($tag, id.as_ref()), Some(bytes));
                Ok(())
            }

            fn replace_bytes(
                &mut self,
                id: &<$table as Mappable>::Key,
                bytes: &[u8],
            ) -> Result<Option<Vec<u8>>, Infallible> {
                Ok(self.swap(key::key($tag, id.as_ref()), Some(bytes)))
            }

            fn take_bytes(&mut self, id: &<$table as Mappable>::Key) -> Result<Option<Vec<u8>>, Infallible> {
                Ok(self.swap(key::key($tag, id.as_ref()), None))
            }
        }

        impl StorageSize<$table> for View<'_> {
            fn size_of_value(&self, id: &<$table as Mappable>::Key) -> Result<Option<usize>, Infallible> {
                Ok(self.look(&key::key($tag, id.as_ref())).map(|value| value.len()))
            }
        }

        impl StorageRead<$table> for View<'_> {
            fn read_exact(
                &self,
                id: &<$table as Mappable>::Key,
                offset: usize,
                buffer: &mut [u8],
            ) -> Result<Result<usize, StorageReadError>, Infallible> {
                Ok(read_exact(self.look(&key::key($tag, id.as_ref())), offset, buffer))
            }

            fn read_zerofill(
                &self,
                id: &<$table as Mappable>::Key,
                offset: usize,
                buffer: &mut [u8],
            ) -> Result<Result<usize, StorageReadError>, Infallible> {
                Ok(read_zerofill(self.look(&key::key($tag, id.as_ref())), offset, buffer))
            }

            fn read_alloc(&self, id: &<$table as Mappable>::Key) -> Result<Option<Vec<u8>>, Infallible> {
                Ok(self.look(&key::key($tag, id.as_ref())).map(|value| value.to_vec()))
            }
        }
    };
}

table!(ContractsRawCode, key::CODE, Contract);
table!(ContractsState, key::SLOT, ContractsStateData);
table!(BlobData, key::BLOB, BlobBytes);

fn word(bytes: &[u8]) -> Word {
    bytes.try_into().map_or(0, Word::from_be_bytes)
}

impl StorageInspect<ContractsAssets> for View<'_> {
    type Error = Infallible;

    fn get(&self, id: &ContractsAssetKey) -> Result<Option<Cow<'_, Word>>, Infallible> {
        Ok(self.look(&key::key(key::BALANCE, id.as_ref())).map(|value| Cow::Owned(word(value))))
    }

    fn contains_key(&self, id: &ContractsAssetKey) -> Result<bool, Infallible> {
        Ok(self.look(&key::key(key::BALANCE, id.as_ref())).is_some())
    }
}

impl StorageMutate<ContractsAssets> for View<'_> {
    fn replace(&mut self, id: &ContractsAssetKey, value: &Word) -> Result<Option<Word>, Infallible> {
        let before = self.swap(key::key(key::BALANCE, id.as_ref()), Some(&value.to_be_bytes()));
        Ok(before.map(|value| word(&value)))
    }

    fn take(&mut self, id: &ContractsAssetKey) -> Result<Option<Word>, Infallible> {
        Ok(self.swap(key::key(key::BALANCE, id.as_ref()), None).map(|value| word(&value)))
    }
}

impl ContractsAssetsStorage for View<'_> {}

/// Uploads are refused, so there are none.
impl StorageInspect<UploadedBytecodes> for View<'_> {
    type Error = Infallible;

    fn get(&self, _: &Bytes32) -> Result<Option<Cow<'_, UploadedBytecode>>, Infallible> {
        Ok(None)
    }

    fn contains_key(&self, _: &Bytes32) -> Result<bool, Infallible> {
        Ok(false)
    }
}

impl StorageMutate<UploadedBytecodes> for View<'_> {
    fn replace(&mut self, _: &Bytes32, _: &UploadedBytecode) -> Result<Option<UploadedBytecode>, Infallible> {
        Ok(None)
    }

    fn take(&mut self, _: &Bytes32) -> Result<Option<UploadedBytecode>, Infallible> {
        Ok(None)
    }
}

impl InterpreterStorage for View<'_> {
    type DataError = Infallible;

    fn block_height(&self) -> Result<BlockHeight, Infallible> {
        Ok(self.block.height.into())
    }

    fn consensus_parameters_version(&self) -> Result<u32, Infallible> {
        Ok(CONSENSUS_PARAMETERS_VERSION)
    }

    fn state_transition_version(&self) -> Result<u32, Infallible> {
        Ok(STATE_TRANSITION_VERSION)
    }

    /// Zero for a block that is not known any more.
    fn timestamp(&self, height: BlockHeight) -> Result<Word, Infallible> {
        if *height == self.block.height {
            return Ok(self.block.time);
        }
        Ok(self.value(&key::block(*height)).and_then(|value| value.get(32..)).map_or(0, word))
    }

    /// Zero for genesis, for a block that is not known any more, and for one that is still to come.
    fn block_hash(&self, height: BlockHeight) -> Result<Bytes32, Infallible> {
        if *height == 0 || *height >= self.block.height {
            return Ok(Bytes32::zeroed());
        }
        let id = self.value(&key::block(*height)).and_then(|value| Bytes32::try_from(value.get(..32)?).ok());
        Ok(id.unwrap_or_default())
    }

    fn coinbase(&self) -> Result<ContractId, Infallible> {
        Ok(self.block.coinbase)
    }

    /// Upgrades are refused.
    fn set_consensus_parameters(
        &mut self,
        _: u32,
        _: &ConsensusParameters,
    ) -> Result<Option<ConsensusParameters>, Infallible> {
        Ok(None)
    }

    fn set_state_transition_bytecode(&mut self, _: u32, _: &Bytes32) -> Result<Option<Bytes32>, Infallible> {
        Ok(None)
    }

    /// The VM has charged for every slot of the range; it ends with the last slot there is.
    fn contract_state_remove_range(
        &mut self,
        contract: &ContractId,
        start: &Bytes32,
        range: usize,
    ) -> Result<(), Infallible> {
        let mut slot = **start;
        for _ in 0..range {
            self.swap(key::key(key::SLOT, ContractsStateKey::from((contract, &Bytes32::from(slot))).as_ref()), None);
            let Some(at) = slot.iter().rposition(|byte| *byte != u8::MAX) else { break };
            slot[at] += 1;
            slot[at + 1..].fill(0);
        }
        Ok(())
    }
}

impl PredicateStorageRequirements for View<'_> {
    fn storage_error_to_string(error: Infallible) -> String {
        error.to_string()
    }
}
