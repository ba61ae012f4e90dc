//! Packed formats: the keys and values that a store keeps, and lists of byte strings.

pub use lockstep_host::packed::{list, write_value, Reader};

use alloy_primitives::{Address, B256, U256};

use crate::account;
use crate::error::{EngineError, Result};

/// What a key of the store is about. The order of the variants is the order of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Account(Address),
    Code(B256),
    Header,
    Slot(Address, U256),
}

impl Key {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Account(address) => [&[0x61], address.as_slice()].concat(),
            Self::Code(hash) => [&[0x63], hash.as_slice()].concat(),
            Self::Header => vec![0x6d],
            Self::Slot(address, slot) => [&[0x73], address.as_slice(), &slot.to_be_bytes::<32>()].concat(),
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((0x61, rest)) => Ok(Self::Account(account::address(rest)?)),
            Some((0x63, rest)) if rest.len() == 32 => Ok(Self::Code(B256::from_slice(rest))),
            Some((0x6d, [])) => Ok(Self::Header),
            Some((0x73, rest)) if rest.len() == 52 => {
                Ok(Self::Slot(Address::from_slice(&rest[..20]), U256::from_be_slice(&rest[20..])))
            }
            _ => Err(EngineError::bad_input("unknown key in packed bytes")),
        }
    }
}

/// Appends a key with its u16 length.
pub fn write_key(out: &mut Vec<u8>, key: Key) {
    lockstep_host::packed::write_key(out, &key.encode());
}
