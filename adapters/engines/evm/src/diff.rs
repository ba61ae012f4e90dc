//! What a block changed: old and new value of every key, so that it leads forward and back.

use std::collections::BTreeMap;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use revm::state::Bytecode;

use crate::account::Account;
use crate::error::{EngineError, Result};
use crate::header;
use crate::packed::{self, Key, Reader};

/// A value before and after; `None` is absent (for a slot: zero).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<T> {
    pub old: Option<T>,
    pub new: Option<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Back,
}

impl<T> Change<T> {
    /// The value to arrive at.
    pub fn target(&self, direction: Direction) -> Option<&T> {
        match direction {
            Direction::Forward => self.new.as_ref(),
            Direction::Back => self.old.as_ref(),
        }
    }
}

/// The changes of one block, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    pub accounts: BTreeMap<Address, Change<Account>>,
    pub codes: BTreeMap<B256, Change<Bytecode>>,
    pub slots: BTreeMap<Address, BTreeMap<U256, Change<U256>>>,
    /// The header before (`None` for genesis) and the header of the block itself.
    pub old_header: Option<Header>,
    pub header: Header,
}

impl Diff {
    /// The packed form, sorted by key.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (address, change) in &self.accounts {
            write(&mut out, Key::Account(*address), change, Account::pack);
        }
        for (hash, change) in &self.codes {
            write(&mut out, Key::Code(*hash), change, |code| code.original_byte_slice().to_vec());
        }
        let headers = Change { old: self.old_header.as_ref(), new: Some(&self.header) };
        write(&mut out, Key::Header, &headers, |header| header::pack(header));
        for (address, slots) in &self.slots {
            for (slot, change) in slots {
                write(&mut out, Key::Slot(*address, *slot), change, |value| value.to_be_bytes_vec());
            }
        }
        out
    }

    /// Reads the packed form. Unsorted or repeated keys and a missing header are `bad_input`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (mut accounts, mut codes, mut slots) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut headers = None;
        let mut last = None;
        let mut reader = Reader::new(bytes);
        while !reader.is_done() {
            let key = Key::decode(reader.key()?)?;
            if last.replace(key).is_some_and(|last| last >= key) {
                return Err(EngineError::bad_input("the keys of a diff are not sorted"));
            }
            match key {
                Key::Account(address) => {
                    accounts.insert(address, read(&mut reader, Account::unpack)?);
                }
                Key::Code(hash) => {
                    codes.insert(hash, read(&mut reader, |bytes| decode_code(hash, bytes))?);
                }
                Key::Header => headers = Some(read(&mut reader, header::unpack)?),
                Key::Slot(address, slot) => {
                    let change = read(&mut reader, decode_word)?;
                    slots.entry(address).or_insert_with(BTreeMap::new).insert(slot, change);
                }
            }
        }
        match headers {
            Some(Change { old: old_header, new: Some(header) }) => {
                Ok(Self { accounts, codes, slots, old_header, header })
            }
            _ => Err(EngineError::bad_input("a diff without a header")),
        }
    }
}

/// Reads a 32-byte storage value, which is never zero.
pub fn decode_word(bytes: &[u8]) -> Result<U256> {
    match U256::try_from_be_slice(bytes) {
        Some(word) if bytes.len() == 32 && !word.is_zero() => Ok(word),
        _ => Err(EngineError::bad_input("a stored slot has 32 bytes and isn't zero")),
    }
}

/// Reads code and checks that it has the hash it is stored under.
pub fn decode_code(hash: B256, bytes: &[u8]) -> Result<Bytecode> {
    let code = Bytecode::new_raw_checked(bytes.to_vec().into()).map_err(EngineError::bad_input)?;
    if code.hash_slow() != hash {
        return Err(EngineError::bad_input(format!("code stored under {hash:?} has another hash")));
    }
    Ok(code)
}

fn write<T>(out: &mut Vec<u8>, key: Key, change: &Change<T>, pack: impl Fn(&T) -> Vec<u8>) {
    packed::write_key(out, key);
    packed::write_value(out, change.old.as_ref().map(&pack).as_deref());
    packed::write_value(out, change.new.as_ref().map(&pack).as_deref());
}

fn read<T>(reader: &mut Reader<'_>, unpack: impl Fn(&[u8]) -> Result<T>) -> Result<Change<T>> {
    let old = reader.value()?.map(&unpack).transpose()?;
    let new = reader.value()?.map(&unpack).transpose()?;
    Ok(Change { old, new })
}
