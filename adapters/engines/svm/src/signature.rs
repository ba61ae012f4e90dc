//! Solana's check of a transaction's signatures.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::error::{Code, EngineError, Result};

/// Whether each key (32 bytes) signed the message with the signature (64 bytes) at its place: Agave's `verify_strict`.
pub fn all_signed(message: &[u8], keys: &[u8], signatures: &[u8]) -> Result<bool> {
    if keys.len() % 32 != 0 || signatures.len() != 2 * keys.len() {
        return Err(EngineError::new(Code::BadInput, "expected keys of 32 bytes and as many signatures of 64"));
    }
    Ok(keys.chunks_exact(32).zip(signatures.chunks_exact(64)).all(|(key, signature)| signed(message, key, signature)))
}

fn signed(message: &[u8], key: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = key.try_into().map_err(drop).and_then(|key| VerifyingKey::from_bytes(key).map_err(drop)) else {
        return false;
    };
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
