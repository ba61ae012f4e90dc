//! Who signed a transaction, worked out once.

use std::collections::{HashMap, VecDeque};
use std::panic::resume_unwind;
use std::thread;

use alloy_primitives::{keccak256, Address, Signature, B256};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, SECP256K1};

use crate::refusal::Refusal;
use crate::transaction::Unverified;

const KEPT: usize = 65_536;
/// Fewer signatures than these are not worth a thread: each takes 40 µs.
const LEAST_EACH: usize = 16;

/// Senders by transaction hash; the oldest are forgotten first. The hash covers the signature, so it stands for both.
pub struct Senders {
    known: HashMap<B256, Address>,
    order: VecDeque<B256>,
    threads: usize,
}

impl Default for Senders {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { known: HashMap::new(), order: VecDeque::new(), threads }
    }
}

impl Senders {
    /// The signer of a transaction. Code `bad_signature`.
    pub fn recover(&mut self, transaction: &Unverified) -> Result<Address, Refusal> {
        if let Some(sender) = self.known.get(&transaction.hash) {
            return Ok(*sender);
        }
        let sender = recover(transaction)?;
        self.remember(transaction.hash, sender);
        Ok(sender)
    }

    /// Has all cores work out the signers of many transactions, for `recover` to find.
    pub fn prepare<'a>(&mut self, transactions: impl Iterator<Item = &'a Unverified>) {
        let unknown: Vec<_> = transactions.filter(|transaction| !self.known.contains_key(&transaction.hash)).collect();
        let threads = self.threads.min(unknown.len() / LEAST_EACH);
        if threads < 2 {
            return;
        }
        let share = unknown.len().div_ceil(threads);
        let senders: Vec<_> = thread::scope(|scope| {
            let spawn = |part| scope.spawn(move || recover_all(part));
            let (own, others) = unknown.split_at(share);
            let others: Vec<_> = others.chunks(share).map(spawn).collect();
            let mut senders = recover_all(own);
            for other in others {
                senders.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            senders
        });
        for (hash, sender) in senders {
            self.remember(hash, sender);
        }
    }

    fn remember(&mut self, transaction: B256, sender: Address) {
        if self.known.insert(transaction, sender).is_some() {
            return;
        }
        self.order.push_back(transaction);
        if self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

/// Of each transaction with a good signature, its hash and signer.
fn recover_all(transactions: &[&Unverified]) -> Vec<(B256, Address)> {
    transactions.iter().filter_map(|transaction| Some((transaction.hash, recover(transaction).ok()?))).collect()
}

fn recover(transaction: &Unverified) -> Result<Address, Refusal> {
    recover_signer(transaction.envelope.signature_hash(), transaction.envelope.signature())
}

/// Recovers the signer of a hash. A high s is refused (EIP-2): it would give the transaction a second hash.
fn recover_signer(hash: B256, signature: &Signature) -> Result<Address, Refusal> {
    if signature.normalize_s().is_some() {
        return Err(Refusal::new("bad_signature", "the signature's s is in the upper half of the curve order"));
    }
    let mut compact = [0; 64];
    compact[..32].copy_from_slice(&signature.r().to_be_bytes::<32>());
    compact[32..].copy_from_slice(&signature.s().to_be_bytes::<32>());
    let parity = if signature.v() { RecoveryId::One } else { RecoveryId::Zero };
    let key = RecoverableSignature::from_compact(&compact, parity)
        .and_then(|signature| SECP256K1.recover_ecdsa(Message::from_digest(hash.0), &signature))
        .map_err(|error| Refusal::new("bad_signature", error))?;
    Ok(Address::from_slice(&keccak256(&key.serialize_uncompressed()[1..])[12..]))
}
