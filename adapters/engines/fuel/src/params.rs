//! The rules of a chain: Fuel's consensus parameters with a tenant's budget, and what is executed at which price.

use fuel_vm::fuel_tx::consensus_parameters::{
    ContractParametersV1, FeeParametersV1, PredicateParametersV1, ScriptParametersV2, TxParametersV1,
};
use fuel_vm::fuel_tx::{ConsensusParameters, GasCosts};
use fuel_vm::fuel_types::{Address, AssetId, ChainId, ContractId};
use serde::Deserialize;
use serde_json::{json, Value};

use crate::error::{EngineError, Result};

pub const CONSENSUS_PARAMETERS_VERSION: u32 = 0;
/// That of fuel-core 0.48, whose rules of execution these are.
pub const STATE_TRANSITION_VERSION: u32 = 34;

pub const MAX_TRANSACTION_BYTES: u64 = 128 * 1024;
/// Predicates run before anybody has paid: this much takes some 150 ms.
const MAX_PREDICATE_GAS: u64 = 10_000_000;
const MIB: u64 = 1024 * 1024;

/// What stays the same for the life of a chain.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainConfig {
    pub chain_id: u64,
    pub base_asset_id: AssetId,
    /// Contract that gets the fees.
    pub fee_recipient: ContractId,
    pub gas_price: u64,
    /// Of a block, and of one transaction.
    pub block_gas: u64,
    pub transaction_gas: u64,
}

impl ChainConfig {
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(EngineError::bad_input)
    }

    pub fn parameters(&self) -> ConsensusParameters {
        ConsensusParameters::new(
            TxParametersV1 {
                max_inputs: 255,
                max_outputs: 255,
                max_witnesses: 255,
                max_gas_per_tx: self.transaction_gas,
                max_size: MAX_TRANSACTION_BYTES,
                max_bytecode_subsections: 255,
            }
            .into(),
            PredicateParametersV1 {
                max_predicate_length: MIB,
                max_predicate_data_length: MIB,
                max_message_data_length: MIB,
                max_gas_per_predicate: self.transaction_gas.min(MAX_PREDICATE_GAS),
            }
            .into(),
            ScriptParametersV2 { max_script_length: MIB, max_script_data_length: MIB, max_storage_slot_length: MIB }
                .into(),
            ContractParametersV1 { contract_max_size: 100 * 1024, max_storage_slots: 1760 }.into(),
            FeeParametersV1 { gas_price_factor: 92, gas_per_byte: 233 }.into(),
            ChainId::new(self.chain_id),
            GasCosts::default(),
            self.base_asset_id,
            self.block_gas,
            MIB,
            Address::zeroed(),
        )
    }

    /// The parameters as JSON, u64 as decimal strings.
    pub fn describe(&self) -> Value {
        let parameters = self.parameters();
        let tx = parameters.tx_params();
        let predicate = parameters.predicate_params();
        let script = parameters.script_params();
        let contract = parameters.contract_params();
        let fee = parameters.fee_params();
        let text = |value: u64| value.to_string();
        json!({
            "chainId": text(self.chain_id),
            "baseAssetId": format!("{:#x}", self.base_asset_id),
            "gasPrice": text(self.gas_price),
            "blockGasLimit": text(parameters.block_gas_limit()),
            "blockTransactionSizeLimit": text(parameters.block_transaction_size_limit()),
            "privilegedAddress": format!("{:#x}", parameters.privileged_address()),
            "txParams": {
                "maxInputs": tx.max_inputs(),
                "maxOutputs": tx.max_outputs(),
                "maxWitnesses": tx.max_witnesses(),
                "maxGasPerTx": text(tx.max_gas_per_tx()),
                "maxSize": text(tx.max_size()),
                "maxBytecodeSubsections": tx.max_bytecode_subsections(),
            },
            "predicateParams": {
                "maxPredicateLength": text(predicate.max_predicate_length()),
                "maxPredicateDataLength": text(predicate.max_predicate_data_length()),
                "maxMessageDataLength": text(predicate.max_message_data_length()),
                "maxGasPerPredicate": text(predicate.max_gas_per_predicate()),
            },
            "scriptParams": {
                "maxScriptLength": text(script.max_script_length()),
                "maxScriptDataLength": text(script.max_script_data_length()),
            },
            "contractParams": {
                "contractMaxSize": text(contract.contract_max_size()),
                "maxStorageSlots": text(contract.max_storage_slots()),
            },
            "feeParams": { "gasPriceFactor": text(fee.gas_price_factor()), "gasPerByte": text(fee.gas_per_byte()) },
            "gasCosts": &**parameters.gas_costs(),
        })
    }
}
