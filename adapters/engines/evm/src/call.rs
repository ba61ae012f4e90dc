//! Calls that change nothing: eth_call and eth_estimateGas at a height.

use std::cell::Cell;

use alloy_primitives::{Bytes, U256, U64};
use revm::context::result::{EVMError, InvalidTransaction};
use revm::context::TxEnv;
use revm::ExecuteEvm;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::transaction::intrinsic_gas;
use crate::versions::VersionDatabase;
use crate::vm::{self, Vm};

/// Most gas one simulated execution gets.
const GAS_CAP: u64 = 50_000_000;
/// Gas that the executions of one estimate may use together before it settles for what is known to be enough: code
/// that burns whatever it gets would run for seconds otherwise.
const ESTIMATE_GAS: u64 = 4 * GAS_CAP;
/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;
/// What a call with value hands on top, and so may need at one point without using it.
const CALL_STIPEND: u64 = 2_300;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    success: bool,
    output: Bytes,
    gas_used: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl From<Outcome> for Called {
    fn from(outcome: Outcome) -> Self {
        Self {
            success: outcome.succeeded(),
            output: outcome.output,
            gas_used: U64::from(outcome.gas_used),
            reason: outcome.reason,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Estimated {
    Gas { gas: U64 },
    Failure { failure: Failure },
}

#[derive(Serialize)]
pub struct Failure {
    output: Bytes,
    reason: &'static str,
}

impl Engine {
    /// eth_call in the environment of the block at `number`. Without a price the base fee isn't checked; the nonce and
    /// EIP-3607 never are. What can't be executed at all is thrown with the code of an invalid transaction.
    pub fn call(&self, number: u64, request: &Request) -> Result<Called> {
        let gas = request.gas.map_or(GAS_CAP, |gas| gas.to::<u64>().min(GAS_CAP));
        let env = request.env(self.chain.chain_id.to(), gas)?;
        let mut vm = self.simulator(number, &env)?;
        run(&mut vm, env)?.map(Called::from).map_err(refuse)
    }

    /// The least gas with which a request succeeds, found by bisection: at most what it names, the block's limit, the
    /// limit of a transaction, and what its sender can pay for at the price it names. Where that takes too much gas, it is
    /// the least that was tried.
    pub fn estimate(&self, number: u64, request: &Request) -> Result<Estimated> {
        let version = self.versions.at(number)?;
        let limits = [version.header.gas_limit, self.chain.max_transaction_gas.to(), GAS_CAP];
        let limit = limits.into_iter().fold(request.gas.map_or(u64::MAX, |gas| gas.to()), u64::min);
        let mut env = request.env(self.chain.chain_id.to(), limit)?;
        let balance = version.world.account(env.caller).map(|leaf| leaf.account.balance).unwrap_or_default();
        let budget = affordable(&env, balance);
        if budget < intrinsic_gas(&env).min(limit) {
            let message = format!("the balance pays for {budget} gas at the price given, besides the value");
            return Err(EngineError::new(Code::Request("insufficient_funds"), message));
        }
        env.gas_limit = limit.min(budget);
        let mut vm = self.simulator(number, &env)?;
        let spent = Cell::new(0u64);
        let mut try_gas = |gas_limit| -> Result<std::result::Result<Outcome, InvalidTransaction>> {
            let outcome = run(&mut vm, TxEnv { gas_limit, ..env.clone() })?;
            spent.set(spent.get() + outcome.as_ref().map_or(0, |outcome| outcome.gas_used));
            Ok(outcome)
        };

        let first = try_gas(env.gas_limit)?.map_err(refuse)?;
        if let Some(reason) = first.reason {
            return Ok(Estimated::Failure { failure: Failure { output: first.output, reason } });
        }
        // What was used is after refunds, so no less can be enough.
        let (mut too_low, mut enough) = (first.gas_used - 1, env.gas_limit);
        // Mostly little more than that is needed, which spares most steps of the bisection.
        let likely = (first.gas_used + CALL_STIPEND) * 64 / 63;
        for guess in [TRANSFER_GAS, first.gas_used, likely] {
            if guess > too_low && guess < enough {
                match succeeds(try_gas(guess)?)? {
                    true => enough = guess,
                    false => too_low = guess,
                }
            }
        }
        while enough - too_low > 1 && spent.get() < ESTIMATE_GAS {
            let middle = too_low + (enough - too_low) / 2;
            match succeeds(try_gas(middle)?)? {
                true => enough = middle,
                false => too_low = middle,
            }
        }
        Ok(Estimated::Gas { gas: U64::from(enough) })
    }

    fn simulator(&self, number: u64, env: &TxEnv) -> Result<Vm<VersionDatabase<'_>>> {
        let version = self.versions.at(number)?;
        let database = VersionDatabase { version, state: self.state() };
        let mut vm = vm::build(self.chain.chain_id.to(), database, |config| {
            config.disable_nonce_check = true;
            config.disable_eip3607 = true;
            config.disable_block_gas_limit = true;
            config.disable_base_fee = env.gas_price == 0;
        });
        vm::set_block(&mut vm, &version.header);
        Ok(vm)
    }
}

/// Runs a transaction and forgets what it changed.
fn run(vm: &mut Vm<VersionDatabase<'_>>, env: TxEnv) -> Result<std::result::Result<Outcome, InvalidTransaction>> {
    match vm.transact(env) {
        Ok(executed) => Ok(Ok(executed.result.into())),
        Err(EVMError::Transaction(error)) => Ok(Err(error)),
        Err(error) => Err(vm::thrown(error)),
    }
}

fn succeeds(run: std::result::Result<Outcome, InvalidTransaction>) -> Result<bool> {
    match run {
        Ok(outcome) => Ok(outcome.succeeded()),
        Err(
            InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
            | InvalidTransaction::GasFloorMoreThanGasLimit { .. },
        ) => Ok(false),
        Err(error) => Err(refuse(error)),
    }
}

/// The gas a sender can pay for; without a price, any.
fn affordable(env: &TxEnv, balance: U256) -> u64 {
    if env.gas_price == 0 {
        return u64::MAX;
    }
    (balance.saturating_sub(env.value) / U256::from(env.gas_price)).saturating_to()
}

fn refuse(error: InvalidTransaction) -> EngineError {
    let Refusal { code, message } = error.into();
    EngineError::new(Code::Request(code), message)
}
