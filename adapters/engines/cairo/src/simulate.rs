//! Executes on the state of a sealed height without changing it: transactions to estimate or trace, and calls.

use std::sync::Arc;

use blockifier::blockifier::block::pre_process_block;
use blockifier::context::TransactionContext;
use blockifier::execution::entry_point::{
    CallEntryPoint, CallType, EntryPointExecutionContext, SierraGasRevertTracker,
};
use blockifier::state::cached_state::CachedState;
use blockifier::state::state_api::StateReader;
use blockifier::transaction::account_transaction::ExecutionFlags;
use blockifier::transaction::objects::{TransactionExecutionInfo, TransactionInfo};
use blockifier::transaction::transactions::ExecutableTransaction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use starknet_api::block::{BlockHash, BlockHashAndNumber, BlockNumber};
use starknet_api::contract_class::EntryPointType;
use starknet_api::core::{ContractAddress, EntryPointSelector};
use starknet_api::execution_resources::GasAmount;
use starknet_api::transaction::fields::{Calldata, Fee};
use starknet_types_core::felt::Felt;

use crate::chain::GAS_PRICE;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::execute::STRICT;
use crate::header::HASH_BUFFER;
use crate::receipt::Receipt;
use crate::refusal::{self, shorten, Failed, Refusal};
use crate::trace;
use crate::transaction::Transaction;
use crate::versions::View;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SimulationFlags {
    pub skip_validate: bool,
    pub skip_fee_charge: bool,
    /// L2 gas for a transaction without bounds, and after which no other is executed.
    pub gas: u64,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Simulation {
    Simulated { transactions: Vec<Simulated> },
    Refused { index: usize, code: &'static str, detail: Option<&'static str>, reason: String },
}

#[derive(Serialize)]
pub struct Simulated {
    receipt: Receipt,
    trace: Value,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum CallOutcome {
    Returned { result: Vec<Felt> },
    Failed { error: String, data: Vec<Felt> },
}

impl Engine {
    /// Executes transactions, each with whether its hash is the query version's, after block `number` and in its
    /// environment.
    pub fn simulate(&self, number: u64, transactions: &[(&[u8], bool)], flags: SimulationFlags) -> Result<Simulation> {
        let header = &self.versions.at(number)?.head.header;
        let mut state = CachedState::new(self.view(number)?);
        self.run(&mut state, number, header.timestamp, transactions, Some(flags))
    }

    /// Executes what block `number` executed, on the state before it.
    pub fn trace(&self, number: u64, transactions: &[&[u8]]) -> Result<Simulation> {
        let header = &self.versions.at(number)?.head.header;
        let before = number.checked_sub(1).ok_or_else(|| EngineError::bad_input("block 0 executed nothing"))?;
        let head = &self.versions.at(before)?.head;
        let mut state = CachedState::new(self.view(before)?);
        let context = self.chain.context(number, header.timestamp);
        let old = number
            .checked_sub(HASH_BUFFER)
            .map(|old| BlockHashAndNumber { number: BlockNumber(old), hash: BlockHash(head.recent[0]) });
        pre_process_block(&mut state, old, BlockNumber(number), &context.versioned_constants().os_constants)
            .map_err(EngineError::broken)?;
        let transactions: Vec<_> = transactions.iter().map(|raw| (*raw, false)).collect();
        self.run(&mut state, number, header.timestamp, &transactions, None)
    }

    fn run(
        &self,
        state: &mut CachedState<View<'_>>,
        number: u64,
        timestamp: u64,
        transactions: &[(&[u8], bool)],
        flags: Option<SimulationFlags>,
    ) -> Result<Simulation> {
        let context = self.chain.context(number, timestamp);
        let mut done = Vec::new();
        let mut used = 0_u64;
        for (index, (raw, query)) in transactions.iter().enumerate() {
            if let Some(SimulationFlags { gas, .. }) = flags.filter(|flags| used >= flags.gas) {
                let reason = format!("the transactions before it used the {gas} L2 gas that a simulation may use");
                return Ok(Simulation::Refused { index, code: "gas_limit", detail: None, reason });
            }
            let outcome = self.prepare(raw, *query, flags).and_then(|(transaction, executable)| {
                let info = executable.execute(state, &context).map_err(|error| refusal::of_execution(&error))?;
                Ok((transaction, info))
            });
            match outcome {
                Ok((transaction, mut info)) => {
                    used = used.saturating_add(info.receipt.gas.l2_gas.0);
                    info.receipt.fee = fee(&transaction, &info);
                    let trace = trace::of(&transaction, &info);
                    done.push(Simulated { receipt: Receipt::new(&transaction, &info), trace });
                }
                Err(Failed::Refused(Refusal { code, detail, message })) => {
                    return Ok(Simulation::Refused { index, code, detail, reason: message });
                }
                Err(Failed::Broken(error)) => return Err(error),
            }
        }
        Ok(Simulation::Simulated { transactions: done })
    }

    fn prepare(
        &self,
        raw: &[u8],
        query: bool,
        flags: Option<SimulationFlags>,
    ) -> std::result::Result<(Transaction, blockifier::transaction::account_transaction::AccountTransaction), Failed>
    {
        let mut transaction = Transaction::decode(raw, &self.chain.id, query)?;
        let execution = match flags {
            None => STRICT,
            Some(flags) => {
                let charge_fee = !flags.skip_fee_charge && transaction.max_fee() > Fee(0);
                if !charge_fee && transaction.gas() == 0 {
                    transaction = transaction.without_bounds(flags.gas);
                }
                if transaction.gas() > self.chain.largest {
                    let message = format!("it asks for more than {} L2 gas", self.chain.largest);
                    return Err(Refusal::new("gas_limit", message).into());
                }
                ExecutionFlags { only_query: query, charge_fee, validate: !flags.skip_validate, ..STRICT }
            }
        };
        let compiled = transaction.sierra.as_ref().map(|sierra| self.compiler.compile(sierra)).transpose()?;
        let executable = transaction.executable(compiled.as_deref(), execution)?;
        Ok((transaction, executable))
    }

    /// Calls an entry point after block `number`; `None` where no contract is.
    pub fn call(
        &self,
        number: u64,
        address: ContractAddress,
        selector: Felt,
        calldata: Vec<Felt>,
        gas: u64,
    ) -> Result<Option<CallOutcome>> {
        let header = &self.versions.at(number)?.head.header;
        let view = self.view(number)?;
        if view.get_class_hash_at(address).map_err(EngineError::broken)?.0 == Felt::ZERO {
            return Ok(None);
        }
        let mut state = CachedState::new(view);
        let mut remaining = gas;
        let call = CallEntryPoint {
            class_hash: None,
            code_address: None,
            entry_point_type: EntryPointType::External,
            entry_point_selector: EntryPointSelector(selector),
            calldata: Calldata(calldata.into()),
            storage_address: address,
            caller_address: ContractAddress::default(),
            call_type: CallType::Call,
            initial_gas: gas,
        };
        let context = TransactionContext {
            block_context: Arc::new(self.chain.context(number, header.timestamp)),
            tx_info: TransactionInfo::default(),
        };
        let tracker = SierraGasRevertTracker::new(GasAmount(gas));
        let mut execution = EntryPointExecutionContext::new_invoke(Arc::new(context), false, tracker);
        Ok(Some(match call.execute(&mut state, &mut execution, &mut remaining) {
            Ok(info) if info.execution.failed => {
                CallOutcome::Failed { error: "the contract panicked".into(), data: info.execution.retdata.0 }
            }
            Ok(info) => CallOutcome::Returned { result: info.execution.retdata.0 },
            Err(error) => CallOutcome::Failed { error: shorten(error.to_string()), data: Vec::new() },
        }))
    }
}

/// What its gas costs, also where no fee was taken.
fn fee(transaction: &Transaction, info: &TransactionExecutionInfo) -> Fee {
    let gas = &info.receipt.gas;
    let price = |units: u64, tip: u64| u128::from(units).saturating_mul(GAS_PRICE.saturating_add(u128::from(tip)));
    let l1 = price(gas.l1_gas.0, 0).saturating_add(price(gas.l1_data_gas.0, 0));
    Fee(l1.saturating_add(price(gas.l2_gas.0, transaction.tip.0)))
}
