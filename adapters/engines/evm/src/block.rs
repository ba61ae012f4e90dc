//! The open block: what was applied so far, and the checkpoints into it.

use alloy_consensus::{proofs, Header, EMPTY_ROOT_HASH};
use alloy_primitives::{Bloom, B256};
use alloy_rlp::Encodable;

use crate::error::{Code, EngineError, Result};
use crate::receipt::EncodedReceipt;

/// A block between `begin` and `seal`.
pub struct OpenBlock {
    /// Complete but for state root, roots of lists, bloom and gas used.
    pub draft: Header,
    applied: Vec<Applied>,
    checkpoints: Vec<Checkpoint>,
    next_checkpoint: u32,
}

struct Applied {
    raw: Vec<u8>,
    receipt: EncodedReceipt,
    cumulative_gas: u64,
}

/// Where state journal and list of transactions stood.
struct Checkpoint {
    id: u32,
    mark: usize,
    applied: usize,
}

impl OpenBlock {
    pub fn new(draft: Header) -> Self {
        Self { draft, applied: Vec::new(), checkpoints: Vec::new(), next_checkpoint: 0 }
    }

    pub fn gas_used(&self) -> u64 {
        self.applied.last().map_or(0, |applied| applied.cumulative_gas)
    }

    pub fn gas_left(&self) -> u64 {
        self.draft.gas_limit - self.gas_used()
    }

    /// Records an applied transaction; `cumulative_gas` includes it.
    pub fn push(&mut self, raw: &[u8], receipt: EncodedReceipt, cumulative_gas: u64) {
        self.applied.push(Applied { raw: raw.to_vec(), receipt, cumulative_gas });
    }

    /// Opens a checkpoint at a mark of the state's journal. Its id is unique within the block.
    pub fn checkpoint(&mut self, mark: usize) -> u32 {
        let id = self.next_checkpoint;
        self.next_checkpoint += 1;
        self.checkpoints.push(Checkpoint { id, mark, applied: self.applied.len() });
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
        let Checkpoint { mark, applied, .. } = self.checkpoints[position];
        self.checkpoints.truncate(position);
        self.applied.truncate(applied);
        Ok(mark)
    }

    pub fn has_checkpoints(&self) -> bool {
        !self.checkpoints.is_empty()
    }

    /// The finished header, and the size in bytes of the block's RLP.
    pub fn finish(&self, state_root: B256) -> (Header, usize) {
        let header = Header {
            state_root,
            transactions_root: list_root(&self.applied, |applied| &applied.raw),
            receipts_root: list_root(&self.applied, |applied| &applied.receipt.bytes),
            logs_bloom: self.applied.iter().fold(Bloom::ZERO, |bloom, applied| bloom | applied.receipt.bloom),
            gas_used: self.gas_used(),
            ..self.draft.clone()
        };
        let size = self.size(&header);
        (header, size)
    }

    /// The block is the list of header, transactions, no ommers and no withdrawals. A typed transaction stands in it as
    /// a byte string, a legacy one as it is.
    fn size(&self, header: &Header) -> usize {
        let length = |applied: &Applied| match applied.raw[0] {
            0xc0.. => applied.raw.len(),
            _ => applied.raw.as_slice().length(),
        };
        let transactions = list_length(self.applied.iter().map(length).sum());
        list_length(header.length() + transactions + 2)
    }

    fn position(&self, id: u32) -> Result<usize> {
        self.checkpoints
            .binary_search_by_key(&id, |checkpoint| checkpoint.id)
            .map_err(|_| EngineError::new(Code::BadCheckpoint, format!("checkpoint {id} is not open")))
    }
}

fn list_root(applied: &[Applied], bytes: impl Fn(&Applied) -> &[u8]) -> B256 {
    if applied.is_empty() {
        return EMPTY_ROOT_HASH;
    }
    proofs::ordered_trie_root_with_encoder(applied, |item, out| out.extend_from_slice(bytes(item)))
}

fn list_length(payload_length: usize) -> usize {
    alloy_rlp::Header { list: true, payload_length }.length() + payload_length
}
