//! Transactions as they come in: strictly decoded, and checked as far as that needs no state.

use std::collections::{HashSet, VecDeque};

use fuel_vm::checked_transaction::{Checked, IntoChecked};
use fuel_vm::fuel_tx::{Chargeable, ConsensusParameters, Input, Transaction, TransactionRepr};
use fuel_vm::fuel_types::canonical::{Deserialize, Serialize};

use crate::merkle::{self, Hash};
use crate::params::MAX_TRANSACTION_BYTES;
use crate::refusal::Refusal;

/// The transaction of exactly these bytes, if it is of a kind that is taken.
pub fn decode(bytes: &[u8]) -> Result<Transaction, Refusal> {
    if bytes.len() as u64 > MAX_TRANSACTION_BYTES {
        let message = format!("a transaction has at most {MAX_TRANSACTION_BYTES} bytes, this one {}", bytes.len());
        return Err(Refusal::new("oversized", message));
    }
    check_counts(bytes)?;
    let transaction = Transaction::from_bytes(bytes).map_err(|error| undecodable(format!("{error}")))?;
    if transaction.size() != bytes.len() || transaction.to_bytes() != bytes {
        return Err(undecodable("it has another encoding than the canonical one"));
    }
    if inputs(&transaction).iter().any(Input::is_message) {
        return Err(Refusal::new("unsupported", "message inputs are not taken: no L1 sends messages here"));
    }
    Ok(transaction)
}

/// Refuses what isn't taken, and lists that are longer than the bytes: the decoder would make room for them first.
fn check_counts(bytes: &[u8]) -> Result<(), Refusal> {
    let word = |at: usize| {
        let bytes = bytes.get(8 * at..8 * at + 8).and_then(|word| word.try_into().ok());
        bytes.map(u64::from_be_bytes).ok_or_else(|| undecodable("it is cut off"))
    };
    // Kind, then what each kind has in front of its counts, a 32-byte value being four words.
    let (first, last) = match word(0)? {
        kind if kind == TransactionRepr::Script as u64 => (6, 11),
        kind if kind == TransactionRepr::Create as u64 => (6, 10),
        kind if kind == TransactionRepr::Blob as u64 => (7, 9),
        kind if kind == TransactionRepr::Mint as u64 => {
            return Err(Refusal::new("unsupported", "mint transactions are made by the block that they end"));
        }
        kind if kind == TransactionRepr::Upgrade as u64 => {
            return Err(Refusal::new("unsupported", "upgrades are not taken: a tenant's rules are fixed"));
        }
        kind if kind == TransactionRepr::Upload as u64 => {
            return Err(Refusal::new("unsupported", "uploads are not taken: a tenant's rules are fixed"));
        }
        kind => return Err(undecodable(format!("there are no transactions of kind {kind}"))),
    };
    for at in first..=last {
        if word(at)? > bytes.len() as u64 {
            return Err(undecodable("it counts more than it has bytes"));
        }
    }
    Ok(())
}

fn undecodable(problem: impl std::fmt::Display) -> Refusal {
    Refusal::new("undecodable", format!("not a Fuel transaction: {problem}"))
}

pub fn inputs(transaction: &Transaction) -> &[Input] {
    use fuel_vm::fuel_tx::field::Inputs;
    match transaction {
        Transaction::Script(transaction) => transaction.inputs(),
        Transaction::Create(transaction) => transaction.inputs(),
        Transaction::Blob(transaction) => transaction.inputs(),
        Transaction::Upgrade(transaction) => transaction.inputs(),
        Transaction::Upload(transaction) => transaction.inputs(),
        Transaction::Mint(_) => &[],
    }
}

/// Most gas that it can use, which no transaction may exceed.
pub fn max_gas(transaction: &impl Chargeable, parameters: &ConsensusParameters) -> Result<u64, Refusal> {
    let gas = transaction.max_gas(parameters.gas_costs(), parameters.fee_params());
    let largest = parameters.tx_params().max_gas_per_tx();
    if gas > largest {
        return Err(Refusal::new("gas_limit", format!("it may use {gas} gas, one transaction at most {largest}")));
    }
    Ok(gas)
}

/// Applies Fuel's rules as a block of this height has them; signatures and predicates aside.
pub fn check<Tx: IntoChecked>(
    transaction: Tx,
    height: u32,
    parameters: &ConsensusParameters,
) -> Result<Checked<Tx>, Refusal> {
    Ok(transaction.into_checked_basic(height.into(), parameters)?)
}

const KEPT: usize = 65_536;

/// Transactions whose signatures were found good, by hash of all their bytes; the oldest are forgotten first.
#[derive(Default)]
pub struct Verified {
    known: HashSet<Hash>,
    order: VecDeque<Hash>,
}

impl Verified {
    /// Checks the signatures of a transaction unless that was done before.
    pub fn check<Tx: IntoChecked>(
        &mut self,
        bytes: &[u8],
        checked: Checked<Tx>,
        parameters: &ConsensusParameters,
    ) -> Result<Checked<Tx>, Refusal> {
        let hash = merkle::hash(&[bytes]);
        if self.known.contains(&hash) {
            return Ok(checked);
        }
        let checked = checked.check_signatures(&parameters.chain_id())?;
        self.known.insert(hash);
        self.order.push_back(hash);
        if self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        Ok(checked)
    }
}
