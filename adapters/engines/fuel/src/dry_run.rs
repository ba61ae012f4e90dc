//! Executions that leave no trace: dry runs, and estimates of predicates.

use fuel_vm::checked_transaction::{CheckPredicateParams, CheckPredicates, Checked, EstimatePredicates, IntoChecked};
use fuel_vm::fuel_tx::Transaction;
use fuel_vm::fuel_types::canonical::Serialize;
use fuel_vm::interpreter::{CheckedMetadata, MemoryInstance};

use crate::engine::Engine;
use crate::error::Result;
use crate::execute::{execute, Context, Executable, Executed};
use crate::refusal::Refusal;
use crate::state::Overlay;
use crate::storage::View;
use crate::transaction::{check, decode, max_gas};

impl Engine {
    /// Executes transactions one after the other, as in the block after the newest. Without `validate` neither coins nor
    /// signatures nor predicates are checked. A transaction that can't be executed fails all.
    pub fn dry_run(&self, transactions: &[&[u8]], validate: bool, gas_price: Option<u64>) -> Result<Vec<Executed>> {
        let mut overlay = Overlay::default();
        let mut view = self.sealed_view(&mut overlay);
        let mut memory = MemoryInstance::new();
        let gas_price = gas_price.unwrap_or(self.chain.gas_price);
        let mut left = self.chain.block_gas;
        let mut done = Vec::new();
        for (bytes, index) in transactions.iter().zip(0u16..) {
            let context = Context { parameters: &self.parameters, gas_price, index, validate };
            let executed = match decode(bytes)? {
                Transaction::Script(transaction) => run(transaction, left, &mut view, &mut memory, &context),
                Transaction::Create(transaction) => run(transaction, left, &mut view, &mut memory, &context),
                Transaction::Blob(transaction) => run(transaction, left, &mut view, &mut memory, &context),
                _ => Err(Refusal::new("unsupported", "it is of a kind that is not taken")),
            };
            let executed = executed.map_err(|Refusal { code, message }| {
                Refusal::new(
                    code,
                    if transactions.len() == 1 { message } else { format!("transaction {index}: {message}") },
                )
            })?;
            left -= executed.gas;
            done.push(executed);
        }
        Ok(done)
    }

    /// The bytes of a transaction with the gas that each of its predicates uses.
    pub fn estimate_predicates(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut overlay = Overlay::default();
        let view = self.sealed_view(&mut overlay);
        let rules = CheckPredicateParams::from(&self.parameters);
        let mut transaction = decode(bytes)?;
        transaction.estimate_predicates(&rules, MemoryInstance::new(), &view).map_err(Refusal::from)?;
        Ok(transaction.to_bytes())
    }
}

fn run<Tx: Executable>(
    transaction: Tx,
    left: u64,
    view: &mut View,
    memory: &mut MemoryInstance,
    context: &Context,
) -> std::result::Result<Executed, Refusal>
where
    Tx: IntoChecked,
    Tx::Metadata: CheckedMetadata + Send + Sync,
    Checked<Tx>: CheckPredicates,
{
    let gas = max_gas(&transaction, context.parameters)?;
    if gas > left {
        return Err(Refusal::new("gas_limit", "the dry run would use more gas than a block has"));
    }
    let mut checked = check(transaction, view.block.height, context.parameters)?;
    if context.validate {
        checked = checked.check_signatures(&context.parameters.chain_id())?;
    }
    execute(checked, gas, view, memory, context)
}
