//! Packed formats: the keys and values that a store keeps, and lists of byte strings.

pub use lockstep_host::packed::{list, write_value, Reader};

use starknet_api::core::{ClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::error::{EngineError, Result};
use crate::leaves::Contract;

/// What a key of the store is about. The order of the variants is the order of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Contract(ContractAddress),
    Class(ClassHash),
    Head,
    Slot(ContractAddress, StorageKey),
}

impl Key {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Contract(address) => [&[0x61], &address.0.key().to_bytes_be()[..]].concat(),
            Self::Class(hash) => [&[0x63], &hash.0.to_bytes_be()[..]].concat(),
            Self::Head => vec![0x6d],
            Self::Slot(address, key) => {
                [&[0x73], &address.0.key().to_bytes_be()[..], &key.0.key().to_bytes_be()].concat()
            }
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((0x61, rest)) => Ok(Self::Contract(address(rest)?)),
            Some((0x63, rest)) => Ok(Self::Class(ClassHash(felt(rest)?))),
            Some((0x6d, [])) => Ok(Self::Head),
            Some((0x73, rest)) if rest.len() == 64 => {
                let key = StorageKey::try_from(felt(&rest[32..])?).map_err(EngineError::bad_input)?;
                Ok(Self::Slot(address(&rest[..32])?, key))
            }
            _ => Err(EngineError::bad_input("unknown key in packed bytes")),
        }
    }
}

/// 32 bytes below the prime.
pub fn felt(bytes: &[u8]) -> Result<Felt> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| EngineError::bad_input("a felt has 32 bytes"))?;
    let felt = Felt::from_bytes_be(&bytes);
    if felt.to_bytes_be() != bytes {
        return Err(EngineError::bad_input("a number that is no felt"));
    }
    Ok(felt)
}

pub fn address(bytes: &[u8]) -> Result<ContractAddress> {
    ContractAddress::try_from(felt(bytes)?).map_err(EngineError::bad_input)
}

pub fn pack_contract(contract: &Contract) -> Vec<u8> {
    [contract.class_hash.0.to_bytes_be(), contract.nonce.0.to_bytes_be()].concat()
}

pub fn unpack_contract(bytes: &[u8]) -> Result<Contract> {
    let (class_hash, nonce) =
        bytes.split_at_checked(32).ok_or_else(|| EngineError::bad_input("a contract is cut off"))?;
    let contract = Contract { class_hash: ClassHash(felt(class_hash)?), nonce: Nonce(felt(nonce)?) };
    if contract.is_nothing() {
        return Err(EngineError::bad_input("a contract that is nothing is stored"));
    }
    Ok(contract)
}

/// A storage value, which is never zero.
pub fn unpack_slot(bytes: &[u8]) -> Result<Felt> {
    let value = felt(bytes)?;
    if value == Felt::ZERO {
        return Err(EngineError::bad_input("a stored slot isn't zero"));
    }
    Ok(value)
}

/// Appends a key with its u16 length.
pub fn write_key(out: &mut Vec<u8>, key: Key) {
    lockstep_host::packed::write_key(out, &key.encode());
}
