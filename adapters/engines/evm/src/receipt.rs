//! Receipts: the form that `execute` returns, and the encoding that goes into the receipts' trie.

use alloy_consensus::Transaction as _;
use alloy_consensus::{Receipt as ConsensusReceipt, ReceiptEnvelope, TxReceipt, TxType, Typed2718 as _};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bloom, Bytes, Log, B256};
use alloy_rlp::{Encodable, Header, EMPTY_STRING_CODE};

use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

/// Revert data that a receipt keeps.
const MAX_OUTPUT: usize = 4096;

/// One entry of `execute`'s answer.
pub enum Executed {
    Applied(Box<Receipt>),
    Invalid(Refusal),
}

pub struct Receipt {
    pub hash: B256,
    pub sender: Address,
    pub kind: u8,
    pub to: Option<Address>,
    pub contract_address: Option<Address>,
    pub gas_used: u64,
    pub cumulative_gas_used: u64,
    pub effective_gas_price: u128,
    pub logs: Vec<Log>,
    pub logs_bloom: Bloom,
    pub output: Bytes,
    /// Why it failed; `None` when it succeeded.
    pub reason: Option<&'static str>,
}

impl Executed {
    /// Appends the packed form that the README describes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Applied(receipt) => {
                out.push(1);
                out.extend_from_slice(receipt.hash.as_slice());
                out.extend_from_slice(&receipt.gas_used.to_be_bytes());
                out.push(receipt.reason.is_none().into());
                let encoded = receipt.encode();
                out.extend_from_slice(&(encoded.len() as u32).to_be_bytes());
                out.extend_from_slice(&encoded);
            }
            Self::Invalid(refusal) => refusal.pack(out),
        }
    }
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
        let kind = transaction.envelope.tx_type();
        let encoded = encode(kind, outcome.succeeded(), cumulative_gas, outcome.logs.clone());
        let receipt = Self {
            hash: transaction.hash,
            sender: transaction.sender,
            kind: transaction.envelope.ty(),
            to: transaction.envelope.to(),
            contract_address: transaction.created(),
            gas_used: outcome.gas_used,
            cumulative_gas_used: cumulative_gas,
            effective_gas_price: transaction.effective_gas_price(base_fee),
            logs: outcome.logs,
            logs_bloom: encoded.bloom,
            output: outcome.output,
            reason: outcome.reason,
        };
        (receipt, encoded)
    }

    /// RLP of the list that `adapters/evm/receipt.ts` reads.
    fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::with_capacity(128);
        self.hash.encode(&mut fields);
        self.sender.encode(&mut fields);
        encode_address(self.to, &mut fields);
        self.kind.encode(&mut fields);
        u8::from(self.reason.is_none()).encode(&mut fields);
        self.gas_used.encode(&mut fields);
        self.cumulative_gas_used.encode(&mut fields);
        self.effective_gas_price.encode(&mut fields);
        encode_address(self.contract_address, &mut fields);
        self.logs.encode(&mut fields);
        if self.logs.is_empty() {
            fields.push(EMPTY_STRING_CODE);
        } else {
            self.logs_bloom.encode(&mut fields);
        }
        let output = if self.reason.is_some() { &self.output[..self.output.len().min(MAX_OUTPUT)] } else { &[] };
        output.encode(&mut fields);
        self.reason.unwrap_or_default().encode(&mut fields);
        let header = Header { list: true, payload_length: fields.len() };
        let mut encoded = Vec::with_capacity(header.length() + fields.len());
        header.encode(&mut encoded);
        encoded.extend_from_slice(&fields);
        encoded
    }
}

/// An absent address is empty.
fn encode_address(address: Option<Address>, out: &mut Vec<u8>) {
    match address {
        Some(address) => address.encode(out),
        None => out.push(EMPTY_STRING_CODE),
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
