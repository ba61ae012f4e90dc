//! Executes and checks user transactions.

use std::sync::Arc;

use blockifier::blockifier::stateful_validator::{StatefulValidator, StatefulValidatorError};
use blockifier::state::cached_state::CachedState;
use blockifier::transaction::account_transaction::{AccountTransaction, ExecutionFlags};
use blockifier::transaction::objects::TransactionExecutionInfo;
use blockifier::transaction::transactions::ExecutableTransaction;
use serde::Serialize;
use starknet_api::abi::abi_utils::get_fee_token_var_address;
use starknet_api::block_hash::block_hash_calculator::TransactionHashingData;
use starknet_types_core::felt::Felt;

use crate::chain::{ADMISSION_GAS, STRK};
use crate::classes::Class;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::receipt::Receipt;
use crate::refusal::{self, Failed, Refusal};
use crate::sierra::Compiled;
use crate::transaction::{small, Transaction};
use crate::versions::View;

/// As transactions are executed in a block.
pub const STRICT: ExecutionFlags =
    ExecutionFlags { only_query: false, charge_fee: true, validate: true, strict_nonce_check: true };

/// What became of a transaction.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Executed {
    Applied(Applied),
    Refused(Refusal),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    hash: Felt,
    gas_used: u64,
    succeeded: bool,
    /// Encoded.
    receipt: String,
}

/// What a transaction says of itself, and the newest sealed state of its sender.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    hash: Felt,
    sender: Felt,
    nonce: u64,
    gas: u64,
    max_fee: Felt,
    max_price: Felt,
    tip: u64,
    account_nonce: u64,
    balance: Felt,
    /// Of the class that a DECLARE declares.
    #[serde(skip_serializing_if = "Option::is_none")]
    class_hash: Option<Felt>,
}

impl Engine {
    /// Executes a transaction of the open block. What is refused leaves no trace; an error may leave anything.
    pub fn execute_at(&mut self, place: u32, raw: &[u8]) -> Result<Executed> {
        self.open_block()?;
        if let Some(mark) = &self.mark {
            mark.entry(place);
        }
        match self.execute(raw) {
            Ok(applied) => Ok(Executed::Applied(applied)),
            Err(Failed::Refused(refusal)) => Ok(Executed::Refused(refusal)),
            Err(Failed::Broken(error)) => Err(error),
        }
    }

    fn execute(&mut self, raw: &[u8]) -> std::result::Result<Applied, Failed> {
        let transaction = Transaction::decode(raw, &self.chain.id, false)?;
        self.check_gas(&transaction)?;
        let burst = self.chain.burst;
        let block = self.open.as_mut().ok_or_else(|| Failed::Broken(EngineError::wrong_state("no block is open")))?;
        let asked = block.progress.asked.saturating_add(transaction.gas());
        if asked > burst {
            return Err(Refusal::new("block_full", format!("the block has room for {burst} L2 gas")).into());
        }
        let compiled = transaction.sierra.as_ref().map(|sierra| self.compiler.compile(sierra)).transpose()?;
        let executable = transaction.executable(compiled.as_deref(), STRICT)?;
        let info =
            executable.execute(&mut self.state, &block.context).map_err(|error| refusal::of_execution(&error))?;
        if let (Some(sierra), Some(compiled)) = (&transaction.sierra, &compiled) {
            self.state.add_class(sierra.hash, Arc::new(Class::new(sierra, compiled)));
        }
        // The last step of a run that ends for want of gas can go beyond; nobody pays for that.
        let gas_used = info.receipt.gas.l2_gas.0.min(transaction.gas());
        block.progress.asked = asked;
        block.progress.used += gas_used;
        block.transactions.push(hashing_data(&executable, &info));
        let receipt = Receipt::new(&transaction, &info);
        Ok(Applied {
            hash: transaction.hash.0,
            gas_used,
            succeeded: !info.is_reverted(),
            receipt: serde_json::to_string(&receipt).map_err(|error| Failed::Broken(EngineError::broken(error)))?,
        })
    }

    fn check_gas(&self, transaction: &Transaction) -> std::result::Result<(), Refusal> {
        let (gas, largest) = (transaction.gas(), self.chain.largest);
        if gas > largest {
            return Err(Refusal::new("gas_limit", format!("it asks for {gas} L2 gas, at most {largest} are allowed")));
        }
        Ok(())
    }

    /// Decodes a transaction; with `admit` also asks its account, in the newest sealed state, whether it takes it.
    pub fn inspect(&self, raw: &[u8], admit: bool) -> Result<std::result::Result<Facts, Refusal>> {
        match self.try_inspect(raw, admit) {
            Ok(facts) => Ok(Ok(facts)),
            Err(Failed::Refused(refusal)) => Ok(Err(refusal)),
            Err(Failed::Broken(error)) => Err(error),
        }
    }

    fn try_inspect(&self, raw: &[u8], admit: bool) -> std::result::Result<Facts, Failed> {
        let transaction = Transaction::decode(raw, &self.chain.id, false)?;
        self.check_gas(&transaction)?;
        let too_high = || Refusal::new("nonce_too_high", "no account gets to a nonce above 2^53 - 1");
        let nonce = small(&transaction.nonce.0).filter(|nonce| *nonce < 1 << 53).ok_or_else(too_high)?;
        if transaction.is_deploy_account() && nonce > 0 {
            return Err(Refusal::new("nonce_too_high", "the nonce of a DEPLOY_ACCOUNT is 0").into());
        }
        let newest = self.versions.newest();
        if admit {
            let admitted = self.validate(newest.number(), &transaction, Patience::Admission);
            // Nonce and funds are facts: who asks knows better what else is on its way.
            let is_fact = |code: &str| matches!(code, "nonce_too_low" | "nonce_too_high" | "insufficient_funds");
            match admitted {
                Err(Failed::Refused(refusal)) if is_fact(refusal.code) => {}
                other => other?,
            }
        }
        let account = newest.world.contract(transaction.sender);
        let account_nonce = account.and_then(|leaf| small(&leaf.contract.nonce.0)).unwrap_or_default();
        let l2 = transaction.bounds.l2_gas;
        Ok(Facts {
            hash: transaction.hash.0,
            sender: *transaction.sender.0.key(),
            nonce,
            gas: transaction.gas(),
            max_fee: Felt::from(transaction.max_fee().0),
            max_price: Felt::from(l2.max_price_per_unit.0),
            tip: transaction.tip.0,
            account_nonce,
            balance: self.balance(newest.number(), *transaction.sender.0.key()).map_err(Failed::Broken)?,
            class_hash: transaction.sierra.as_ref().map(|sierra| sierra.hash.0),
        })
    }

    /// Fri of an account after block `number`.
    fn balance(&self, number: u64, address: Felt) -> Result<Felt> {
        use blockifier::state::state_api::StateReader;
        let view = self.view(number)?;
        let address = starknet_api::core::ContractAddress::try_from(address).map_err(EngineError::bad_input)?;
        let low = get_fee_token_var_address(address);
        let high = low.next_storage_key().map_err(EngineError::broken)?;
        let word = |key| view.get_storage_at(*STRK, key).map_err(EngineError::broken);
        let (low, high) = (word(low)?, word(high)?);
        // More than a felt holds nobody has: it would be above the supply.
        Ok(low + high * Felt::TWO.pow(128_u32))
    }

    /// Why block `number` + 1 would not take a transaction, if its account's nonce had come to it.
    pub fn validate_at(&self, number: u64, raw: &[u8]) -> Result<Option<Refusal>> {
        let decoded = Transaction::decode(raw, &self.chain.id, false).map_err(Failed::Refused);
        match decoded.and_then(|transaction| self.validate(number, &transaction, Patience::Block)) {
            Ok(()) => Ok(None),
            Err(Failed::Refused(refusal)) => Ok(Some(refusal)),
            Err(Failed::Broken(error)) => Err(error),
        }
    }

    fn validate(&self, number: u64, transaction: &Transaction, patience: Patience) -> std::result::Result<(), Failed> {
        let version = self.versions.at(number).map_err(Failed::Broken)?;
        let deployed = version.world.contract(transaction.sender).is_some();
        if !deployed && !transaction.is_deploy_account() {
            if transaction.nonce.0 == Felt::ZERO {
                let message = format!("no account is deployed at {:#x}", transaction.sender.0.key());
                return Err(Refusal::new("invalid", message).detailed("not_deployed").into());
            }
            // Its deployment can be on the way; without it this is never executed.
            return Ok(());
        }
        let compiled: Option<Arc<Compiled>> =
            transaction.sierra.as_ref().map(|sierra| self.compiler.compile(sierra)).transpose()?;
        let run = |transaction: &Transaction, validate: bool, charge_fee: bool| {
            let flags = ExecutionFlags { validate, charge_fee, strict_nonce_check: false, only_query: false };
            let executable = transaction.executable(compiled.as_deref(), flags)?;
            let (number, timestamp) = (number + 1, version.head.header.timestamp);
            let context = match patience {
                Patience::Block => self.chain.context(number, timestamp),
                Patience::Admission => self.chain.admission_context(number, timestamp),
            };
            let view = View { world: &version.world, classes: &self.state.classes };
            let mut validator = StatefulValidator::create(CachedState::new(view), context);
            validator.perform_validations(executable).map_err(|error| match error {
                StatefulValidatorError::TransactionExecutionError(error) => refusal::of_execution(&error),
                StatefulValidatorError::TransactionPreValidationError(error) => refusal::of_pre_validation(&error),
                StatefulValidatorError::StateError(error) => Refusal::new("invalid", error.to_string()).into(),
                StatefulValidatorError::TransactionExecutorError(error) => refusal::of_executor(&error),
            })
        };
        if patience == Patience::Block || transaction.is_deploy_account() {
            return run(transaction, true, true);
        }
        // First all that runs no code of users, with the bounds as they are; then the account, within less.
        run(transaction, false, true)?;
        run(&transaction.clone().limited(ADMISSION_GAS), true, false)
    }
}

/// How much `__validate__` may use: as in a block, or what nobody pays for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Block,
    Admission,
}

pub fn hashing_data(transaction: &AccountTransaction, info: &TransactionExecutionInfo) -> TransactionHashingData {
    TransactionHashingData {
        transaction_signature: transaction.signature(),
        transaction_output: info.output_for_hashing(),
        transaction_hash: transaction.tx_hash(),
    }
}
