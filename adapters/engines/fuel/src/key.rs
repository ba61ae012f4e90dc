//! Keys of the flat state: a letter and identifiers of fixed length.

use fuel_vm::fuel_tx::UtxoId;

pub type Key = Box<[u8]>;

/// Amount that a contract has of an asset, u64: contract 32 ‖ asset 32.
pub const BALANCE: u8 = b'a';
/// Id and time of a past block: height u32. Value: id 32 ‖ time u64.
pub const BLOCK: u8 = b'b';
/// Code of a contract: contract 32.
pub const CODE: u8 = b'c';
/// A blob: its id 32.
pub const BLOB: u8 = b'd';
/// Where a contract was last put out: contract 32. Value: utxo id 34 ‖ pointer 6.
pub const LATEST: u8 = b'l';
/// The newest block (`block.rs`); no part of the state tree.
pub const HEAD: u8 = b'm';
/// What a contract stores: contract 32 ‖ slot 32.
pub const SLOT: u8 = b's';
/// A coin (`coin.rs`): transaction 32 ‖ output u16.
pub const COIN: u8 = b'u';

pub fn key(tag: u8, id: &[u8]) -> Key {
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(tag);
    key.extend_from_slice(id);
    key.into()
}

pub fn pair(tag: u8, first: &[u8], second: &[u8]) -> Key {
    let mut key = Vec::with_capacity(1 + first.len() + second.len());
    key.push(tag);
    key.extend_from_slice(first);
    key.extend_from_slice(second);
    key.into()
}

pub fn coin(utxo: &UtxoId) -> Key {
    pair(COIN, utxo.tx_id().as_ref(), &utxo.output_index().to_be_bytes())
}

pub fn block(height: u32) -> Key {
    key(BLOCK, &height.to_be_bytes())
}

/// Whether a key is one that the engine writes.
pub fn is_known(key: &[u8]) -> bool {
    match key.split_first() {
        Some((&(BALANCE | SLOT), id)) => id.len() == 64,
        Some((&(CODE | BLOB | LATEST), id)) => id.len() == 32,
        Some((&BLOCK, id)) => id.len() == 4,
        Some((&COIN, id)) => id.len() == 34,
        Some((&HEAD, id)) => id.is_empty(),
        _ => false,
    }
}
