//! What a chain is made from.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, B256, U256, U64};
use revm::state::Bytecode;
use serde::Deserialize;

use crate::account::Account;
use crate::error::{EngineError, Result};
use crate::header::BlockEnvironment;
use crate::state::State;

/// What stays the same for the life of a chain.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainConfig {
    pub chain_id: U64,
    #[serde(default = "default_max_transaction_gas")]
    pub max_transaction_gas: U64,
}

/// Block 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    chain_id: U64,
    gas_limit: U64,
    #[serde(default = "default_max_transaction_gas")]
    max_transaction_gas: U64,
    #[serde(default)]
    timestamp: U64,
    #[serde(default)]
    base_fee: U64,
    #[serde(default)]
    coinbase: Address,
    #[serde(default)]
    mix_hash: B256,
    #[serde(default)]
    parent_beacon_block_root: B256,
    alloc: BTreeMap<Address, Allocation>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Allocation {
    #[serde(default)]
    balance: U256,
    #[serde(default)]
    nonce: U64,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

fn default_max_transaction_gas() -> U64 {
    U64::from(30_000_000)
}

impl Genesis {
    pub fn chain(&self) -> ChainConfig {
        ChainConfig { chain_id: self.chain_id, max_transaction_gas: self.max_transaction_gas }
    }

    pub fn environment(&self) -> BlockEnvironment {
        BlockEnvironment {
            number: U64::ZERO,
            timestamp: self.timestamp,
            coinbase: self.coinbase,
            gas_limit: self.gas_limit,
            base_fee: self.base_fee,
            mix_hash: self.mix_hash,
            parent_beacon_block_root: self.parent_beacon_block_root,
        }
    }

    /// Writes the allocated accounts. Malformed EIP-7702 delegations are `bad_input`.
    pub fn allocate(&self, state: &mut State) -> Result<()> {
        for (address, allocation) in &self.alloc {
            let mut account =
                Account { nonce: allocation.nonce.to(), balance: allocation.balance, ..Account::default() };
            if !allocation.code.is_empty() {
                let code = Bytecode::new_raw_checked(allocation.code.clone()).map_err(EngineError::bad_input)?;
                account.code_hash = code.hash_slow();
                state.add_code(account.code_hash, code);
            }
            state.set_account(*address, Some(account));
            for (slot, value) in &allocation.storage {
                state.set_slot(*address, *slot, *value);
            }
        }
        Ok(())
    }
}
