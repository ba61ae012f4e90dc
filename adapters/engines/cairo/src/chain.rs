//! What stays the same for the life of a chain, and the context of a block in it.

use std::sync::LazyLock;

use blockifier::blockifier_versioned_constants::VersionedConstants;
use blockifier::bouncer::BouncerConfig;
use blockifier::context::{BlockContext, ChainInfo, FeeTokenAddresses};
use serde::Deserialize;
use starknet_api::block::{
    BlockInfo, BlockNumber, BlockTimestamp, GasPrice, GasPriceVector, GasPrices, NonzeroGasPrice, StarknetVersion,
};
use starknet_api::core::{ChainId, ContractAddress};
use starknet_api::versioned_constants_logic::VersionedConstantsTrait;
use starknet_types_core::felt::Felt;

use crate::error::{EngineError, Result};

/// Rules, costs and hashes of all blocks.
pub const STARKNET: StarknetVersion = StarknetVersion::V0_14_1;

/// Fri of a unit of L1 gas, L1 data gas and L2 gas alike.
pub const GAS_PRICE: u128 = 1_000_000_000;

/// The STRK token, where Starknet has it.
pub static STRK: LazyLock<ContractAddress> = LazyLock::new(|| {
    let address = Felt::from_hex_unchecked("0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d");
    ContractAddress::try_from(address).expect("an address")
});

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainConfig {
    chain_id: String,
    /// Gets the fees.
    sequencer: Felt,
    /// L2 gas that a transaction may ask for, and all of a block.
    pub largest: u64,
    pub burst: u64,
}

pub struct Chain {
    pub id: ChainId,
    pub sequencer: ContractAddress,
    pub largest: u64,
    pub burst: u64,
    info: ChainInfo,
    constants: VersionedConstants,
    admission: VersionedConstants,
}

/// L2 gas of a `__validate__` at admission, which nobody pays for: checking a signature takes less than a million. In
/// a block it may use what Starknet lets it.
pub const ADMISSION_GAS: u64 = 20_000_000;
/// The same for classes whose steps are counted, of about a hundred gas each.
const ADMISSION_STEPS: u32 = 200_000;

impl Chain {
    pub fn new(config: &ChainConfig) -> Result<Self> {
        let id = ChainId::from(config.chain_id.clone());
        let token = FeeTokenAddresses { strk_fee_token_address: *STRK, eth_fee_token_address: *STRK };
        let constants = VersionedConstants::get(&STARKNET).map_err(EngineError::broken)?.clone();
        let mut admission = constants.clone();
        admission.validate_max_n_steps = ADMISSION_STEPS;
        Ok(Self {
            info: ChainInfo { chain_id: id.clone(), fee_token_addresses: token, is_l3: false },
            id,
            sequencer: ContractAddress::try_from(config.sequencer).map_err(EngineError::bad_input)?,
            largest: config.largest,
            burst: config.burst,
            constants,
            admission,
        })
    }

    pub fn block_info(&self, number: u64, timestamp: u64) -> BlockInfo {
        let price = NonzeroGasPrice::new(GasPrice(GAS_PRICE)).expect("gas costs something");
        let prices = GasPriceVector { l1_gas_price: price, l1_data_gas_price: price, l2_gas_price: price };
        BlockInfo {
            block_number: BlockNumber(number),
            block_timestamp: BlockTimestamp(timestamp),
            starknet_version: STARKNET,
            sequencer_address: self.sequencer,
            gas_prices: GasPrices { eth_gas_prices: prices.clone(), strk_gas_prices: prices },
            use_kzg_da: true,
        }
    }

    /// As a block's, but for the steps that validation may use.
    pub fn admission_context(&self, number: u64, timestamp: u64) -> BlockContext {
        let info = self.block_info(number, timestamp);
        BlockContext::new(info, self.info.clone(), self.admission.clone(), BouncerConfig::max())
    }

    /// Its bouncer lets everything through: the tenant's budget is what limits a block.
    pub fn context(&self, number: u64, timestamp: u64) -> BlockContext {
        let info = self.block_info(number, timestamp);
        BlockContext::new(info, self.info.clone(), self.constants.clone(), BouncerConfig::max())
    }
}
