//! Execution of one transaction, with the rules of fuel-core's executor: inputs that must be there, the VM, malleable
//! fields, coins spent and put out, the fee.

use fuel_vm::checked_transaction::{CheckPredicateParams, CheckPredicates, Checked, IntoChecked};
use fuel_vm::fuel_asm::{op, PanicInstruction, PanicReason};
use fuel_vm::fuel_tx::field::MaxFeeLimit;
use fuel_vm::fuel_tx::input::coin::{CoinPredicate, CoinSigned};
use fuel_vm::fuel_tx::{
    Cacheable, Chargeable, ConsensusParameters, Input, Output, Receipt, Transaction, TxPointer, UniqueIdentifier,
    UtxoId,
};
use fuel_vm::fuel_types::canonical::Serialize;
use fuel_vm::fuel_types::{Bytes32, ContractId, MessageId};
use fuel_vm::interpreter::{
    CheckedMetadata, ExecutableTransaction, Interpreter, InterpreterParams, MemoryInstance, NotSupportedEcal,
};
use fuel_vm::prelude::StateTransition;
use fuel_vm::verification::{AttemptContinue, Normal};

use crate::accesses::Accesses;
use crate::coin::{decode_latest, encode_latest, Coin};
use crate::key;
use crate::receipt::Outcome;
use crate::refusal::Refusal;
use crate::storage::View;

/// Transactions of the kinds that are taken.
pub trait Executable:
    ExecutableTransaction + Cacheable + Chargeable + UniqueIdentifier + Into<Transaction> + Send + Sync + 'static
{
}

impl<Tx> Executable for Tx where
    Tx: ExecutableTransaction + Cacheable + Chargeable + UniqueIdentifier + Into<Transaction> + Send + Sync + 'static
{
}

/// An applied transaction.
pub struct Executed {
    pub id: Bytes32,
    /// Its limit.
    pub gas: u64,
    pub gas_used: u64,
    pub fee: u64,
    pub succeeded: bool,
    pub receipt: Vec<u8>,
    /// Its bytes with the malleable fields filled in.
    pub transaction: Vec<u8>,
    pub messages: Vec<MessageId>,
}

/// Where and how a transaction is executed.
pub struct Context<'a> {
    pub parameters: &'a ConsensusParameters,
    pub gas_price: u64,
    /// Its place in the block.
    pub index: u16,
    /// Whether coins have to be there and predicates to hold. Without, contracts that are missing among the inputs are
    /// named in receipts.
    pub validate: bool,
}

type Ended<Tx> = (bool, fuel_vm::state::ProgramState, Tx, Vec<Receipt>);

/// Executes a transaction whose signatures are good, `gas` being its limit. A refused one leaves no trace.
pub fn execute<Tx: Executable>(
    checked: Checked<Tx>,
    gas: u64,
    view: &mut View,
    memory: &mut MemoryInstance,
    context: &Context,
) -> Result<Executed, Refusal>
where
    Tx: IntoChecked,
    <Tx as IntoChecked>::Metadata: CheckedMetadata + Send + Sync,
    Checked<Tx>: CheckPredicates,
{
    let Context { parameters, gas_price, .. } = *context;
    let checked = if context.validate {
        check_inputs(checked.transaction().inputs(), view)?;
        let rules = CheckPredicateParams::from(parameters);
        checked.check_predicates(&rules, &mut *memory, &*view, NotSupportedEcal)?
    } else {
        checked
    };
    let id = checked.id();
    let predicate_gas: Vec<_> = checked.transaction().inputs().iter().map(Input::predicate_gas_used).collect();
    let height = view.block.height.into();
    let ready = checked.into_ready(gas_price, parameters.gas_costs(), parameters.fee_params(), Some(height))?;

    let mark = view.overlay.mark();
    view.watch();
    let interpreter = InterpreterParams::new(gas_price, parameters);
    let ended = if context.validate {
        let vm = Interpreter::<_, _, Tx, NotSupportedEcal, Normal>::with_storage_and_ecal(
            &mut *memory,
            &mut *view,
            interpreter,
            NotSupportedEcal,
        );
        vm.into_transact(ready).map(|ended: StateTransition<_, Normal>| {
            let reverted = ended.should_revert();
            let (state, transaction, receipts, _) = ended.into_inner();
            (reverted, state, transaction, receipts)
        })
    } else {
        let vm = Interpreter::<_, _, Tx, NotSupportedEcal, AttemptContinue>::with_storage_and_ecal(
            &mut *memory,
            &mut *view,
            interpreter,
            NotSupportedEcal,
        );
        vm.into_transact(ready).map(|ended: StateTransition<_, AttemptContinue>| {
            let reverted = ended.should_revert();
            let (state, transaction, mut receipts, verifier) = ended.into_inner();
            name_missing(&mut receipts, &verifier.missing_contract_inputs);
            (reverted || !verifier.missing_contract_inputs.is_empty(), state, transaction, receipts)
        })
    };
    match ended {
        Ok(ended) => Ok(settle(id, gas, ended, predicate_gas, mark, view, context)?),
        Err(error) => {
            view.overlay.revert_to(mark);
            Err(Refusal::new("invalid", format!("the VM refuses it: {error}")))
        }
    }
}

/// The coins of a transaction must be there as it says, and its contracts.
fn check_inputs(inputs: &[Input], view: &View) -> Result<(), Refusal> {
    for (index, input) in inputs.iter().enumerate() {
        match input {
            Input::CoinSigned(CoinSigned { utxo_id, owner, amount, asset_id, .. })
            | Input::CoinPredicate(CoinPredicate { utxo_id, owner, amount, asset_id, .. }) => {
                let Some(coin) = coin_at(view, utxo_id) else {
                    let message = format!("coin {utxo_id:#x} of input {index} is spent, or was never put out");
                    return Err(Refusal::new("insufficient_funds", message));
                };
                if (coin.owner, coin.amount, coin.asset) != (*owner, *amount, *asset_id) {
                    let message = format!("coin {utxo_id:#x} of input {index} has another owner, amount or asset");
                    return Err(Refusal::new("invalid", message));
                }
            }
            Input::Contract(contract) => {
                if latest_at(view, &contract.contract_id).is_none() {
                    let message = format!("there is no contract {:#x} as input {index} says", contract.contract_id);
                    return Err(Refusal::new("invalid", message));
                }
            }
            _ => return Err(Refusal::new("unsupported", "message inputs are not taken")),
        }
    }
    Ok(())
}

pub fn coin_at(view: &View, utxo: &UtxoId) -> Option<Coin> {
    view.value(&key::coin(utxo)).and_then(|value| Coin::decode(value))
}

pub fn latest_at(view: &View, contract: &ContractId) -> Option<(UtxoId, TxPointer)> {
    view.value(&key::key(key::LATEST, contract.as_ref())).and_then(|value| decode_latest(value))
}

/// A panic for each contract that was called and is no input.
fn name_missing(receipts: &mut Vec<Receipt>, missing: &[ContractId]) {
    let reason = PanicInstruction::error(PanicReason::ContractNotInInputs, op::noop().into());
    receipts.extend(missing.iter().map(|contract| Receipt::Panic {
        id: ContractId::zeroed(),
        reason,
        pc: 0,
        is: 0,
        contract_id: Some(*contract),
    }));
}

/// Everything behind the VM.
fn settle<Tx: Executable>(
    id: Bytes32,
    gas: u64,
    (reverted, state, mut transaction, receipts): Ended<Tx>,
    predicate_gas: Vec<Option<u64>>,
    mark: usize,
    view: &mut View,
    context: &Context,
) -> Result<Executed, Refusal> {
    let read = view.take_read();
    let before = Accesses::before(view, &read, mark);
    let after = if reverted { Accesses::none() } else { Accesses::after(view, mark) };
    if reverted {
        view.overlay.revert_to(mark);
    }
    restore_predicate_gas(transaction.inputs_mut(), predicate_gas);
    fill_inputs(transaction.inputs_mut(), view, &before);
    let contracts: Vec<_> = transaction.inputs().iter().map(|input| input.contract_id().copied()).collect();
    fill_outputs(transaction.outputs_mut(), &contracts, &after);

    for input in transaction.inputs() {
        if let (true, Some(utxo)) = (input.is_coin(), input.utxo_id()) {
            view.put(key::coin(utxo), None);
        }
    }
    put_out(&id, transaction.outputs(), &contracts, view, context.index);

    let (gas_used, fee) = match cost(&transaction, &receipts, context) {
        Some(cost) => cost,
        None => {
            view.overlay.revert_to(mark);
            return Err(Refusal::new("invalid", "its fee is no 64-bit number"));
        }
    };
    let messages = receipts.iter().filter(|_| !reverted).filter_map(Receipt::message_id).collect();
    let inputs = transaction.inputs().to_vec();
    let outputs = transaction.outputs().to_vec();
    let transaction: Transaction = transaction.into();
    let receipts_root = match &transaction {
        Transaction::Script(script) => *fuel_vm::fuel_tx::field::ReceiptsRoot::receipts_root(script),
        _ => Bytes32::zeroed(),
    };
    let outcome = Outcome {
        succeeded: !reverted,
        gas: gas_used,
        fee,
        state,
        receipts_root,
        inputs: &inputs,
        outputs: &outputs,
        receipts: &receipts,
    };
    Ok(Executed {
        id,
        gas,
        gas_used,
        fee,
        succeeded: !reverted,
        receipt: outcome.encode(),
        transaction: transaction.to_bytes(),
        messages,
    })
}

/// The VM sets them to zero.
fn restore_predicate_gas(inputs: &mut [Input], used: Vec<Option<u64>>) {
    for (input, used) in inputs.iter_mut().zip(used) {
        if let (Input::CoinPredicate(CoinPredicate { predicate_gas_used, .. }), Some(used)) = (input, used) {
            *predicate_gas_used = used;
        }
    }
}

fn fill_inputs(inputs: &mut [Input], view: &View, before: &Accesses) {
    for input in inputs {
        match input {
            Input::CoinSigned(CoinSigned { utxo_id, tx_pointer, .. })
            | Input::CoinPredicate(CoinPredicate { utxo_id, tx_pointer, .. }) => {
                *tx_pointer = coin_at(view, utxo_id).map(|coin| coin.pointer).unwrap_or_default();
            }
            Input::Contract(contract) => {
                (contract.utxo_id, contract.tx_pointer) = latest_at(view, &contract.contract_id).unwrap_or_default();
                contract.balance_root = before.balance_root(&contract.contract_id);
                contract.state_root = before.state_root(&contract.contract_id);
            }
            _ => {}
        }
    }
}

/// @param contracts of each input, its contract
fn fill_outputs(outputs: &mut [Output], contracts: &[Option<ContractId>], after: &Accesses) {
    for output in outputs {
        if let Output::Contract(output) = output {
            if let Some(Some(contract)) = contracts.get(usize::from(output.input_index)) {
                output.balance_root = after.balance_root(contract);
                output.state_root = after.state_root(contract);
            }
        }
    }
}

/// Puts out coins that are worth something, and notes where contracts were put out.
pub fn put_out(id: &Bytes32, outputs: &[Output], contracts: &[Option<ContractId>], view: &mut View, index: u16) {
    let pointer = TxPointer::new(view.block.height.into(), index);
    for (output, position) in outputs.iter().zip(0u16..) {
        let utxo = UtxoId::new(*id, position);
        match output {
            Output::Coin { to, amount, asset_id }
            | Output::Change { to, amount, asset_id }
            | Output::Variable { to, amount, asset_id } => {
                if *amount > 0 {
                    let coin = Coin { owner: *to, asset: *asset_id, amount: *amount, pointer };
                    view.put(key::coin(&utxo), Some(coin.encode()));
                }
            }
            Output::Contract(output) => {
                if let Some(Some(contract)) = contracts.get(usize::from(output.input_index)) {
                    let latest = encode_latest(&utxo, pointer);
                    view.put(key::key(key::LATEST, contract.as_ref()), Some(latest));
                }
            }
            Output::ContractCreated { contract_id, .. } => {
                view.put(key::key(key::LATEST, contract_id.as_ref()), Some(encode_latest(&utxo, pointer)));
            }
        }
    }
}

/// Gas used in all, and the fee.
fn cost<Tx: Chargeable>(transaction: &Tx, receipts: &[Receipt], context: &Context) -> Option<(u64, u64)> {
    let (costs, fees) = (context.parameters.gas_costs(), context.parameters.fee_params());
    let used = receipts.iter().rev().find_map(|receipt| match receipt {
        Receipt::ScriptResult { gas_used, .. } => Some(*gas_used),
        _ => None,
    });
    let used = used.unwrap_or(0);
    let refund = transaction.refund_fee(costs, fees, used, context.gas_price)?;
    Some((transaction.min_gas(costs, fees).checked_add(used)?, transaction.max_fee_limit().checked_sub(refund)?))
}
