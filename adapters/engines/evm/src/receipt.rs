//! Receipts: the JSON that `execute` returns, and the encoding that goes into the receipts' trie.

use alloy_consensus::{
    Receipt as ConsensusReceipt, ReceiptEnvelope, Transaction as _, TxReceipt, TxType, Typed2718 as _,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bloom, Bytes, Log, B256, U256, U64};
use serde::Serialize;

use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

/// One entry of `execute`'s answer.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Executed {
    Applied(Box<Receipt>),
    Invalid(Refusal),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    hash: B256,
    sender: Address,
    nonce: U64,
    r#type: u8,
    to: Option<Address>,
    contract_address: Option<Address>,
    status: u8,
    gas_used: U64,
    cumulative_gas_used: U64,
    effective_gas_price: U256,
    logs: Vec<LogEntry>,
    logs_bloom: Bloom,
    output: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct LogEntry {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

/// A receipt as the receipts' trie holds it, with the bloom filter of its logs.
pub struct EncodedReceipt {
    pub bytes: Vec<u8>,
    pub bloom: Bloom,
}

impl Receipt {
    /// Makes both forms. `cumulative_gas` includes this transaction; `base_fee` is in wei.
    pub fn new(
        transaction: &Transaction,
        outcome: Outcome,
        cumulative_gas: u64,
        base_fee: u64,
    ) -> (Self, EncodedReceipt) {
        let status = outcome.succeeded();
        let logs = outcome.logs.iter().map(LogEntry::new).collect();
        let kind = transaction.envelope.tx_type();
        let encoded = encode(kind, status, cumulative_gas, outcome.logs);
        let receipt = Self {
            hash: transaction.hash,
            sender: transaction.sender,
            nonce: U64::from(transaction.envelope.nonce()),
            r#type: transaction.envelope.ty(),
            to: transaction.envelope.to(),
            contract_address: transaction.created(),
            status: status.into(),
            gas_used: U64::from(outcome.gas_used),
            cumulative_gas_used: U64::from(cumulative_gas),
            effective_gas_price: U256::from(transaction.effective_gas_price(base_fee)),
            logs,
            logs_bloom: encoded.bloom,
            output: outcome.output,
            reason: outcome.reason,
        };
        (receipt, encoded)
    }
}

impl LogEntry {
    fn new(log: &Log) -> Self {
        Self { address: log.address, topics: log.topics().to_vec(), data: log.data.data.clone() }
    }
}

/// EIP-2718 and EIP-658. Blob transactions never get here; their receipts have the form of EIP-1559's.
fn encode(kind: TxType, status: bool, cumulative_gas_used: u64, logs: Vec<Log>) -> EncodedReceipt {
    let receipt = ConsensusReceipt { status: status.into(), cumulative_gas_used, logs }.with_bloom();
    let bloom = receipt.bloom();
    let envelope = match kind {
        TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
        TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
        TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
        TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
        TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
    };
    EncodedReceipt { bytes: envelope.encoded_2718(), bloom }
}
