//! Block headers under Prague rules, and the environment a block is begun with.

use alloy_consensus::{Header, EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, U256, U64};
use alloy_rlp::Decodable;
use revm::context::BlockEnv;
use serde::Deserialize;

use crate::error::{EngineError, Result};

/// What the sequencer decides about a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockEnvironment {
    pub number: U64,
    /// Seconds since 1970; blocks may share a second.
    pub timestamp: U64,
    pub coinbase: Address,
    pub gas_limit: U64,
    /// Wei per gas.
    pub base_fee: U64,
    /// What PREVRANDAO returns (EIP-4399).
    pub mix_hash: B256,
    /// EIP-4788.
    pub parent_beacon_block_root: B256,
}

impl BlockEnvironment {
    /// The header as far as it is known before execution: nothing used, all roots of empty tries.
    pub fn draft(&self, parent_hash: B256) -> Header {
        Header {
            parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: self.coinbase,
            state_root: EMPTY_ROOT_HASH,
            transactions_root: EMPTY_ROOT_HASH,
            receipts_root: EMPTY_ROOT_HASH,
            number: self.number.to(),
            gas_limit: self.gas_limit.to(),
            timestamp: self.timestamp.to(),
            mix_hash: self.mix_hash,
            base_fee_per_gas: Some(self.base_fee.to()),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(self.parent_beacon_block_root),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }
}

/// Wei per gas.
pub fn base_fee(header: &Header) -> u64 {
    header.base_fee_per_gas.unwrap_or_default()
}

/// What the opcodes see of a block.
pub fn block_env(header: &Header) -> BlockEnv {
    BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: base_fee(header),
        prevrandao: Some(header.mix_hash),
        ..BlockEnv::default()
    }
}

/// The stored form: number u64, then the RLP of the header.
pub fn pack(header: &Header) -> Vec<u8> {
    let mut bytes = header.number.to_be_bytes().to_vec();
    bytes.extend(alloy_rlp::encode(header));
    bytes
}

/// Reads the stored form; anything left over, or a number that isn't the header's, is `bad_input`.
pub fn unpack(bytes: &[u8]) -> Result<Header> {
    let (number, mut rest) =
        bytes.split_at_checked(8).ok_or_else(|| EngineError::bad_input("a stored header is too short"))?;
    let header = Header::decode(&mut rest).map_err(|error| EngineError::bad_input(format!("header: {error}")))?;
    if !rest.is_empty() || number != header.number.to_be_bytes() {
        return Err(EngineError::bad_input("a stored header doesn't fit its number or its length"));
    }
    Ok(header)
}
