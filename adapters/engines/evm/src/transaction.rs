//! Transactions: strict decoding and the checks that need no state.

use alloy_consensus::{Transaction as _, TxEnvelope, Typed2718 as _};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{keccak256, Address, Bytes, B256, U256};
use revm::context::TxEnv;
use revm::context_interface::cfg::GasParams;
use revm::context_interface::either::Either;
use revm::primitives::{eip3860::MAX_INITCODE_SIZE, hardfork::SpecId};

use crate::account::Account;
use crate::config::ChainConfig;
use crate::refusal::Refusal;

const MAX_BYTES: usize = 128 * 1024;

/// A well-formed transaction of this chain, whose signature nobody has looked at yet.
pub struct Unverified {
    pub envelope: TxEnvelope,
    pub hash: B256,
}

impl Unverified {
    /// Decodes and checks signed bytes, cheapest check first.
    pub fn read(raw: &[u8], chain: &ChainConfig) -> Result<Self, Refusal> {
        let envelope = decode(raw)?;
        check_chain(&envelope, chain)?;
        check_limits(&envelope, chain)?;
        Ok(Self { envelope, hash: keccak256(raw) })
    }

    pub fn signed_by(self, sender: Address) -> Transaction {
        Transaction { envelope: self.envelope, hash: self.hash, sender }
    }
}

/// A well-formed transaction of this chain with its recovered sender.
pub struct Transaction {
    pub envelope: TxEnvelope,
    pub hash: B256,
    pub sender: Address,
}

/// One entry of `inspect`'s answer: the transaction, and its sender in the newest sealed block.
pub type Inspected = Result<(Transaction, Account), Refusal>;

/// Appends the packed form that the README describes.
pub fn pack_inspected(inspected: &Inspected, out: &mut Vec<u8>) {
    match inspected {
        Ok((transaction, account)) => {
            out.push(1);
            transaction.pack(out);
            out.extend_from_slice(&account.nonce.to_be_bytes());
            out.extend_from_slice(&account.balance.to_be_bytes::<32>());
        }
        Err(refusal) => refusal.pack(out),
    }
}

impl Transaction {
    /// The form revm executes.
    pub fn env(&self) -> TxEnv {
        tx_env(&self.envelope, self.sender)
    }

    /// Wei per gas that is paid under a base fee (EIP-1559).
    pub fn effective_gas_price(&self, base_fee: u64) -> u128 {
        self.envelope.effective_gas_price(Some(base_fee))
    }

    /// The address a creation deploys to, whether or not it succeeds; `None` for calls.
    pub fn created(&self) -> Option<Address> {
        self.envelope.kind().is_create().then(|| self.sender.create(self.envelope.nonce()))
    }

    /// The most that it can take from the sender, in wei: gas limit times fee cap, and the value; saturating.
    pub fn max_cost(&self) -> U256 {
        // The product fits: 64 and 128 bits.
        let gas = U256::from(self.envelope.gas_limit()) * U256::from(self.envelope.max_fee_per_gas());
        gas.saturating_add(self.envelope.value())
    }

    fn pack(&self, out: &mut Vec<u8>) {
        let envelope = &self.envelope;
        let max_fee = envelope.max_fee_per_gas();
        out.extend_from_slice(self.hash.as_slice());
        out.extend_from_slice(self.sender.as_slice());
        out.extend_from_slice(&envelope.nonce().to_be_bytes());
        out.extend_from_slice(&envelope.gas_limit().to_be_bytes());
        out.extend_from_slice(&self.max_cost().to_be_bytes::<32>());
        out.extend_from_slice(&max_fee.to_be_bytes());
        out.extend_from_slice(&envelope.max_priority_fee_per_gas().unwrap_or(max_fee).to_be_bytes());
    }
}

/// Decodes the one encoding a transaction has (EIP-2718). Codes `oversized`, `unsupported_type`, `undecodable`.
fn decode(raw: &[u8]) -> Result<TxEnvelope, Refusal> {
    if raw.len() > MAX_BYTES {
        return Err(Refusal::new("oversized", format!("{} bytes, the limit is {MAX_BYTES}", raw.len())));
    }
    match raw.first() {
        Some(1 | 2 | 4 | 0xc0..=0xff) => {}
        Some(3) => return Err(Refusal::new("unsupported_type", "blob transactions (EIP-4844) are not supported")),
        Some(kind @ 0..=0x7f) => {
            return Err(Refusal::new("unsupported_type", format!("transaction type {kind} is not supported")));
        }
        _ => return Err(Refusal::new("undecodable", "neither a list nor a transaction type at the start")),
    }
    let envelope = TxEnvelope::decode_2718_exact(raw).map_err(|error| Refusal::new("undecodable", error))?;
    // Also catches what the decoder tolerates: bytes that decode but are not what the transaction encodes to.
    if envelope.encoded_2718() != raw {
        return Err(Refusal::new("undecodable", "not the canonical encoding"));
    }
    Ok(envelope)
}

fn check_chain(envelope: &TxEnvelope, chain: &ChainConfig) -> Result<(), Refusal> {
    let expected: u64 = chain.chain_id.to();
    match envelope.chain_id() {
        None => Err(Refusal::new("unprotected", "a legacy transaction without chain id (EIP-155)")),
        Some(id) if id != expected => {
            Err(Refusal::new("wrong_chain", format!("signed for chain {id}, this is chain {expected}")))
        }
        Some(_) => Ok(()),
    }
}

fn check_limits(envelope: &TxEnvelope, chain: &ChainConfig) -> Result<(), Refusal> {
    let gas_limit = envelope.gas_limit();
    let most: u64 = chain.max_transaction_gas.to();
    if gas_limit > most {
        return Err(Refusal::new("gas_limit", format!("gas limit {gas_limit} is above {most}")));
    }
    if envelope.nonce() == u64::MAX {
        return Err(Refusal::new("invalid", "the nonce is the largest there is (EIP-2681)"));
    }
    if envelope.max_priority_fee_per_gas().is_some_and(|tip| tip > envelope.max_fee_per_gas()) {
        return Err(Refusal::new("invalid", "the priority fee is above the fee cap"));
    }
    if envelope.authorization_list().is_some_and(|list| list.is_empty()) {
        return Err(Refusal::new("invalid", "the authorization list is empty"));
    }
    if envelope.is_create() && envelope.input().len() > MAX_INITCODE_SIZE {
        let message = format!("{} bytes of initcode, the limit is {MAX_INITCODE_SIZE}", envelope.input().len());
        return Err(Refusal::new("initcode", message));
    }
    let intrinsic = intrinsic_gas(&tx_env(envelope, Address::ZERO));
    if gas_limit < intrinsic {
        let message = format!("gas limit {gas_limit} is below the intrinsic gas {intrinsic}");
        return Err(Refusal::new("intrinsic_gas", message));
    }
    Ok(())
}

/// The least gas limit a transaction may have: its intrinsic gas or its calldata floor (EIP-7623).
pub fn intrinsic_gas(env: &TxEnv) -> u64 {
    let gas = GasParams::new_spec(SpecId::PRAGUE).initial_tx_gas_for_tx(env, None);
    gas.initial_total_gas().max(gas.floor_gas())
}

fn tx_env(envelope: &TxEnvelope, sender: Address) -> TxEnv {
    let authorizations = envelope.authorization_list().unwrap_or_default();
    TxEnv {
        tx_type: envelope.ty(),
        caller: sender,
        gas_limit: envelope.gas_limit(),
        gas_price: envelope.max_fee_per_gas(),
        kind: envelope.kind(),
        value: envelope.value(),
        data: Bytes::clone(envelope.input()),
        nonce: envelope.nonce(),
        chain_id: envelope.chain_id(),
        access_list: envelope.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: envelope.max_priority_fee_per_gas(),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
    }
}
