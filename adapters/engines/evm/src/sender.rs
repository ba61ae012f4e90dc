//! Who signed a transaction, worked out once.

use std::collections::{HashMap, VecDeque};

use alloy_primitives::{keccak256, Address, Signature, B256};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, SECP256K1};

use crate::refusal::Refusal;

const KEPT: usize = 65_536;

/// Senders by transaction hash; the oldest are forgotten first.
#[derive(Default)]
pub struct Senders {
    known: HashMap<B256, Address>,
    order: VecDeque<B256>,
}

impl Senders {
    /// The signer of a transaction. The hash covers the signature, so it stands for both. Code `bad_signature`.
    pub fn recover(
        &mut self,
        transaction: B256,
        signing_hash: impl FnOnce() -> B256,
        signature: &Signature,
    ) -> Result<Address, Refusal> {
        if let Some(sender) = self.known.get(&transaction) {
            return Ok(*sender);
        }
        let sender = recover(signing_hash(), signature)?;
        self.known.insert(transaction, sender);
        self.order.push_back(transaction);
        if self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        Ok(sender)
    }
}

/// Recovers the signer of a hash. A high s is refused (EIP-2): it would give the transaction a second hash.
fn recover(hash: B256, signature: &Signature) -> Result<Address, Refusal> {
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
