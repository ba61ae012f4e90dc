//! The open block: what was applied so far, and the checkpoints into it.

use std::collections::HashSet;

use fuel_vm::fuel_types::{Bytes32, MessageId};

use crate::error::{Code, EngineError, Result};
use crate::execute::Executed;
use crate::merkle::{self, Hash};

/// Transactions of a block, the mint included, are counted in 16 bits.
const MOST_TRANSACTIONS: usize = u16::MAX as usize - 1;

/// What of an applied transaction outlives it.
struct Applied {
    /// Leaf of the transactions root.
    leaf: Hash,
    /// sha256 of its receipt.
    receipt: Hash,
    receipt_bytes: usize,
    gas_used: u64,
    fee: u64,
    messages: Vec<MessageId>,
}

/// Where the journal and the list of transactions stood.
struct Checkpoint {
    id: u32,
    mark: usize,
    applied: usize,
    returned: usize,
}

/// A block between `begin` and `seal`.
pub struct OpenBlock {
    /// TAI64.
    pub time: u64,
    pub shared_height: u64,
    pub shared_header: Hash,
    applied: Vec<Applied>,
    /// Ids of what went back for want of room, also in order.
    returned: HashSet<Bytes32>,
    returned_order: Vec<Bytes32>,
    checkpoints: Vec<Checkpoint>,
    next_checkpoint: u32,
}

impl OpenBlock {
    pub fn new(time: u64, shared_height: u64, shared_header: Hash) -> Self {
        let (applied, checkpoints) = (Vec::new(), Vec::new());
        let (returned, returned_order) = (HashSet::new(), Vec::new());
        let next_checkpoint = 0;
        Self { time, shared_height, shared_header, applied, returned, returned_order, checkpoints, next_checkpoint }
    }

    pub fn count(&self) -> u16 {
        self.applied.len() as u16
    }

    pub fn is_full(&self) -> bool {
        self.applied.len() >= MOST_TRANSACTIONS
    }

    pub fn gas_used(&self) -> u64 {
        self.applied.iter().map(|applied| applied.gas_used).sum()
    }

    pub fn fees(&self) -> u64 {
        self.applied.iter().fold(0, |sum, applied| sum.saturating_add(applied.fee))
    }

    pub fn receipt_bytes(&self) -> usize {
        self.applied.iter().map(|applied| applied.receipt_bytes).sum()
    }

    pub fn leaves(&self) -> impl Iterator<Item = Hash> + '_ {
        self.applied.iter().map(|applied| applied.leaf)
    }

    pub fn messages(&self) -> impl Iterator<Item = &MessageId> {
        self.applied.iter().flat_map(|applied| &applied.messages)
    }

    /// sha256 of each receipt, one after the other.
    pub fn receipts(&self) -> Vec<u8> {
        self.applied.iter().flat_map(|applied| applied.receipt).collect()
    }

    pub fn push(&mut self, executed: &Executed) {
        self.applied.push(Applied {
            leaf: merkle::leaf(&executed.transaction),
            receipt: merkle::hash(&[&executed.receipt]),
            receipt_bytes: executed.receipt.len(),
            gas_used: executed.gas_used,
            fee: executed.fee,
            messages: executed.messages.clone(),
        });
    }

    /// Notes that a transaction went back: what spends its outputs has to go back too.
    pub fn give_back(&mut self, id: Bytes32) {
        if self.returned.insert(id) {
            self.returned_order.push(id);
        }
    }

    pub fn has_returned(&self, id: &Bytes32) -> bool {
        self.returned.contains(id)
    }

    /// Opens a checkpoint at a mark of the journal. Its id is unique within the block.
    pub fn checkpoint(&mut self, mark: usize) -> u32 {
        let id = self.next_checkpoint;
        self.next_checkpoint += 1;
        let (applied, returned) = (self.applied.len(), self.returned_order.len());
        self.checkpoints.push(Checkpoint { id, mark, applied, returned });
        id
    }

    /// Drops a checkpoint and those above it. An id that isn't open is `bad_checkpoint`.
    pub fn commit(&mut self, id: u32) -> Result<()> {
        let position = self.position(id)?;
        self.checkpoints.truncate(position);
        Ok(())
    }

    /// Drops a checkpoint, those above it and what was applied since; returns the mark to take the state back to.
    pub fn revert(&mut self, id: u32) -> Result<usize> {
        let position = self.position(id)?;
        let Checkpoint { mark, applied, returned, .. } = self.checkpoints[position];
        self.checkpoints.truncate(position);
        self.applied.truncate(applied);
        for id in self.returned_order.drain(returned..) {
            self.returned.remove(&id);
        }
        Ok(mark)
    }

    pub fn has_checkpoints(&self) -> bool {
        !self.checkpoints.is_empty()
    }

    fn position(&self, id: u32) -> Result<usize> {
        self.checkpoints
            .binary_search_by_key(&id, |checkpoint| checkpoint.id)
            .map_err(|_| EngineError::new(Code::BadCheckpoint, format!("checkpoint {id} is not open")))
    }
}
