//! Block headers: Starknet's commitments and hash, and what a store keeps of the newest block.

use serde::{Deserialize, Serialize};
use starknet_api::block::{BlockHash, BlockInfo};
use starknet_api::block_hash::block_hash_calculator::{
    calculate_block_commitments, calculate_block_hash, PartialBlockHashComponents, TransactionHashingData,
};
use starknet_api::core::GlobalRoot;
use starknet_api::data_availability::L1DataAvailabilityMode;
use starknet_api::state::ThinStateDiff;
use starknet_types_core::felt::Felt;

use crate::chain::{GAS_PRICE, STARKNET};
use crate::error::{EngineError, Result};

/// A header under the names of Starknet's RPC. The order of the fields is that of the encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub block_number: u64,
    pub block_hash: Felt,
    pub parent_hash: Felt,
    pub timestamp: u64,
    pub sequencer_address: Felt,
    pub new_root: Felt,
    pub l1_gas_price: Felt,
    pub l1_data_gas_price: Felt,
    pub l2_gas_price: Felt,
    pub starknet_version: String,
    pub transaction_commitment: Felt,
    pub event_commitment: Felt,
    pub receipt_commitment: Felt,
    pub state_diff_commitment: Felt,
    pub transaction_count: u64,
    pub event_count: u64,
    pub state_diff_length: u64,
}

/// How many blocks back the hash lies that a block stores in contract 0x1.
pub const HASH_BUFFER: u64 = 10;

/// The newest header, with the hashes that the next blocks store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub header: Header,
    /// Of the last ten blocks, the newest last; it is the header's.
    pub recent: Vec<Felt>,
}

impl Head {
    pub fn following(parent: Option<&Self>, header: Header) -> Self {
        let mut recent = parent.map(|head| head.recent.clone()).unwrap_or_default();
        recent.push(header.block_hash);
        if recent.len() as u64 > HASH_BUFFER {
            recent.remove(0);
        }
        Self { header, recent }
    }

    pub fn pack(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a head is JSON")
    }

    pub fn unpack(bytes: &[u8]) -> Result<Self> {
        let head: Self = serde_json::from_slice(bytes).map_err(EngineError::bad_input)?;
        if head.recent.last() != Some(&head.header.block_hash) {
            return Err(EngineError::bad_input("the recent hashes don't end with the newest block's"));
        }
        Ok(head)
    }
}

/// The header of a block that did this.
pub fn seal(
    info: &BlockInfo,
    parent_hash: Felt,
    new_root: Felt,
    transactions: &[TransactionHashingData],
    state_diff: ThinStateDiff,
) -> Result<Header> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(EngineError::broken)?;
    let (commitments, counts) = runtime.block_on(calculate_block_commitments(
        transactions,
        state_diff,
        L1DataAvailabilityMode::Blob,
        &STARKNET,
    ));
    let components = PartialBlockHashComponents::new(info, commitments);
    let hash =
        calculate_block_hash(&components, GlobalRoot(new_root), BlockHash(parent_hash)).map_err(EngineError::broken)?;
    let commitments = components.header_commitments;
    let price = Felt::from(GAS_PRICE);
    Ok(Header {
        block_number: info.block_number.0,
        block_hash: hash.0,
        parent_hash,
        timestamp: info.block_timestamp.0,
        sequencer_address: *info.sequencer_address.0.key(),
        new_root,
        l1_gas_price: price,
        l1_data_gas_price: price,
        l2_gas_price: price,
        starknet_version: STARKNET.to_string(),
        transaction_commitment: commitments.transaction_commitment.0,
        event_commitment: commitments.event_commitment.0,
        receipt_commitment: commitments.receipt_commitment.0,
        state_diff_commitment: commitments.state_diff_commitment.0 .0,
        transaction_count: counts.n_txs as u64,
        event_count: counts.n_events as u64,
        state_diff_length: counts.state_diff_length as u64,
    })
}
