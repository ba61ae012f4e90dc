//! Packed formats: the keys and values that a store keeps, and lists of byte strings.

use starknet_api::core::{ClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::error::{EngineError, Result};
use crate::leaves::Contract;

const ABSENT: u32 = u32::MAX;

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
    let key = key.encode();
    out.extend_from_slice(&(key.len() as u16).to_be_bytes());
    out.extend_from_slice(&key);
}

/// Appends a value with its u32 length, or the mark of an absent one.
pub fn write_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => out.extend_from_slice(&ABSENT.to_be_bytes()),
        Some(value) => {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            out.extend_from_slice(value);
        }
    }
}

/// The byte strings of a list, each after its u32 length.
pub fn list(bytes: &[u8]) -> Result<Vec<&[u8]>> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    while !reader.is_done() {
        items.push(reader.value()?.ok_or_else(|| EngineError::bad_input("an absent byte string in a list"))?);
    }
    Ok(items)
}

/// Reads packed bytes from front to back.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn key(&mut self) -> Result<Key> {
        let length = self.take(2)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        Key::decode(self.take(length)?)
    }

    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        let length = self.take(4)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        if length == ABSENT {
            return Ok(None);
        }
        self.take(length as usize).map(Some)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        if self.rest.len() < length {
            return Err(EngineError::bad_input("packed bytes end in the middle of a field"));
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }
}
