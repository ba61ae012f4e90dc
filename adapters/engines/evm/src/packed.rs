//! Packed formats: the keys and values that a store keeps, and lists of byte strings.

use alloy_primitives::{Address, B256, U256};

use crate::account;
use crate::error::{EngineError, Result};

const ABSENT: u32 = u32::MAX;

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
