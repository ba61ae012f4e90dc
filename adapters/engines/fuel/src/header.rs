//! Fuel's block header, and the record of the newest block in the flat state.

use crate::error::{EngineError, Result};
use crate::merkle::{self, Hash, Peaks};
use crate::params::{CONSENSUS_PARAMETERS_VERSION, STATE_TRANSITION_VERSION};
use lockstep_host::packed::Reader;

const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub prev_root: Hash,
    pub height: u32,
    /// TAI64.
    pub time: u64,
    /// Height of the shared header.
    pub da_height: u64,
    pub transactions_count: u16,
    pub message_receipt_count: u32,
    pub transactions_root: Hash,
    pub message_outbox_root: Hash,
    /// Root of the shared header; of genesis, its state root.
    pub event_inbox_root: Hash,
}

impl Header {
    pub fn application_hash(&self) -> Hash {
        merkle::hash(&[
            &self.da_height.to_be_bytes(),
            &CONSENSUS_PARAMETERS_VERSION.to_be_bytes(),
            &STATE_TRANSITION_VERSION.to_be_bytes(),
            &self.transactions_count.to_be_bytes(),
            &self.message_receipt_count.to_be_bytes(),
            &self.transactions_root,
            &self.message_outbox_root,
            &self.event_inbox_root,
        ])
    }

    pub fn id(&self) -> Hash {
        merkle::hash(&[&self.prev_root, &self.height.to_be_bytes(), &self.time.to_be_bytes(), &self.application_hash()])
    }

    /// As `adapters/fuel/block.ts` describes it, without the mint transaction.
    pub fn encode(&self, state_root: &Hash, gas_price: u64) -> Vec<u8> {
        [
            &[VERSION][..],
            &self.id(),
            &self.application_hash(),
            &self.prev_root,
            &self.height.to_be_bytes(),
            &self.time.to_be_bytes(),
            &self.da_height.to_be_bytes(),
            &CONSENSUS_PARAMETERS_VERSION.to_be_bytes(),
            &STATE_TRANSITION_VERSION.to_be_bytes(),
            &self.transactions_count.to_be_bytes(),
            &self.message_receipt_count.to_be_bytes(),
            &self.transactions_root,
            &self.message_outbox_root,
            &self.event_inbox_root,
            state_root,
            &gas_price.to_be_bytes(),
        ]
        .concat()
    }
}

/// The newest block as the next one needs it: id 32 ‖ height u32 ‖ time u64 ‖ state root 32 ‖ peaks of the tree of all
/// ids, its own included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub id: Hash,
    pub height: u32,
    pub time: u64,
    pub state_root: Hash,
    pub peaks: Peaks,
}

impl Head {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [&self.id[..], &self.height.to_be_bytes(), &self.time.to_be_bytes(), &self.state_root].concat();
        bytes.extend(self.peaks.hashes().iter().flatten());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let id = reader.array()?;
        let height = u32::from_be_bytes(reader.array()?);
        let time = u64::from_be_bytes(reader.array()?);
        let state_root = reader.array()?;
        let mut hashes = Vec::new();
        while !reader.is_done() {
            hashes.push(reader.array()?);
        }
        let peaks = Peaks::new(u64::from(height) + 1, hashes)
            .ok_or_else(|| EngineError::bad_input("the newest block has another number of peaks"))?;
        Ok(Self { id, height, time, state_root, peaks })
    }

    /// Commits to all of it.
    pub fn root(&self) -> Hash {
        merkle::hash(&[&self.encode()])
    }
}
