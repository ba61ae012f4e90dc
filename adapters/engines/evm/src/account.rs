//! An account as the flat state and the packed formats hold it.

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use revm::state::AccountInfo;

use crate::error::{EngineError, Result};

/// Nonce, balance in wei, and the keccak of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub nonce: u64,
    pub balance: U256,
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

impl Account {
    const BYTES: usize = 8 + 32 + 32;

    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK256_EMPTY
    }

    /// The packed form: nonce u64, balance and code hash 32 bytes each, big-endian.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.nonce.to_be_bytes());
        bytes.extend_from_slice(&self.balance.to_be_bytes::<32>());
        bytes.extend_from_slice(self.code_hash.as_slice());
        bytes
    }

    /// Reads the packed form; any other length is `bad_input`.
    pub fn unpack(bytes: &[u8]) -> Result<Self> {
        if bytes.len() != Self::BYTES {
            return Err(EngineError::bad_input(format!("an account has {} bytes, not {}", Self::BYTES, bytes.len())));
        }
        let (nonce, rest) = bytes.split_at(8);
        let (balance, code_hash) = rest.split_at(32);
        Ok(Self {
            nonce: nonce.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            balance: U256::from_be_slice(balance),
            code_hash: B256::from_slice(code_hash),
        })
    }

    /// The form revm reads. The code stays out: revm asks for it by hash when it runs it.
    pub fn to_info(self) -> AccountInfo {
        AccountInfo {
            nonce: self.nonce,
            balance: self.balance,
            code_hash: self.code_hash,
            code: None,
            ..AccountInfo::default()
        }
    }
}

impl From<&AccountInfo> for Account {
    fn from(info: &AccountInfo) -> Self {
        Self { nonce: info.nonce, balance: info.balance, code_hash: info.code_hash }
    }
}

/// Reads an address; any length but 20 is `bad_input`.
pub fn address(bytes: &[u8]) -> Result<Address> {
    Address::try_from(bytes)
        .map_err(|_| EngineError::bad_input(format!("an address has 20 bytes, not {}", bytes.len())))
}

/// Reads a storage slot; any length but 32 is `bad_input`.
pub fn slot(bytes: &[u8]) -> Result<U256> {
    if bytes.len() != 32 {
        return Err(EngineError::bad_input(format!("a slot has 32 bytes, not {}", bytes.len())));
    }
    Ok(U256::from_be_slice(bytes))
}
