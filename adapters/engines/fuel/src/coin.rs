//! Coins and places in blocks, as the flat state holds them.

use fuel_vm::fuel_tx::{TxPointer, UtxoId};
use fuel_vm::fuel_types::{Address, AssetId, Bytes32};

/// A coin that is not spent: owner 32 ‖ asset 32 ‖ amount u64 ‖ pointer 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    pub owner: Address,
    pub asset: AssetId,
    pub amount: u64,
    pub pointer: TxPointer,
}

pub const COIN_BYTES: usize = 78;
const UTXO_BYTES: usize = 34;
const POINTER_BYTES: usize = 6;

impl Coin {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(COIN_BYTES);
        bytes.extend_from_slice(self.owner.as_ref());
        bytes.extend_from_slice(self.asset.as_ref());
        bytes.extend_from_slice(&self.amount.to_be_bytes());
        bytes.extend_from_slice(&encode_pointer(self.pointer));
        bytes
    }

    /// `None` where these bytes are no coin.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != COIN_BYTES {
            return None;
        }
        Some(Self {
            owner: Address::try_from(&bytes[..32]).ok()?,
            asset: AssetId::try_from(&bytes[32..64]).ok()?,
            amount: u64::from_be_bytes(bytes[64..72].try_into().ok()?),
            pointer: decode_pointer(&bytes[72..])?,
        })
    }
}

/// height u32 ‖ place in the block u16
pub fn encode_pointer(pointer: TxPointer) -> [u8; POINTER_BYTES] {
    let mut bytes = [0; POINTER_BYTES];
    bytes[..4].copy_from_slice(&pointer.block_height().to_be_bytes());
    bytes[4..].copy_from_slice(&pointer.tx_index().to_be_bytes());
    bytes
}

fn decode_pointer(bytes: &[u8]) -> Option<TxPointer> {
    let height = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let index = u16::from_be_bytes(bytes.get(4..)?.try_into().ok()?);
    Some(TxPointer::new(height.into(), index))
}

/// transaction 32 ‖ output u16
pub fn encode_utxo(utxo: &UtxoId) -> [u8; UTXO_BYTES] {
    let mut bytes = [0; UTXO_BYTES];
    bytes[..32].copy_from_slice(utxo.tx_id().as_ref());
    bytes[32..].copy_from_slice(&utxo.output_index().to_be_bytes());
    bytes
}

pub fn decode_utxo(bytes: &[u8]) -> Option<UtxoId> {
    let id = Bytes32::try_from(bytes.get(..32)?).ok()?;
    Some(UtxoId::new(id, u16::from_be_bytes(bytes.get(32..UTXO_BYTES)?.try_into().ok()?)))
}

/// Where a contract was last put out: utxo id 34 ‖ pointer 6.
pub fn encode_latest(utxo: &UtxoId, pointer: TxPointer) -> Vec<u8> {
    [&encode_utxo(utxo)[..], &encode_pointer(pointer)].concat()
}

pub fn decode_latest(bytes: &[u8]) -> Option<(UtxoId, TxPointer)> {
    (bytes.len() == UTXO_BYTES + POINTER_BYTES)
        .then(|| Some((decode_utxo(bytes)?, decode_pointer(&bytes[UTXO_BYTES..])?)))
        .flatten()
}
