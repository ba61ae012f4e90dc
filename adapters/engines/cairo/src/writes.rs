//! Protocol writes: L1-handler transactions that no account signs and no fee pays.

use blockifier::transaction::transactions::ExecutableTransaction;
use starknet_api::block_hash::block_hash_calculator::TransactionHashingData;
use starknet_api::core::{EntryPointSelector, Nonce};
use starknet_api::executable_transaction::L1HandlerTransaction;
use starknet_api::transaction::fields::{Calldata, Fee};
use starknet_api::transaction::{L1HandlerTransaction as Raw, TransactionVersion};
use starknet_types_core::felt::Felt;

use crate::binary::{Malformed, Reader, MAX_CALLDATA};
use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};

impl Engine {
    /// Runs an encoded write (`to, selector, payload`) as sent by `from`; one that fails is `write_failed`.
    pub fn write(&mut self, encoded: &[u8], from: Felt, nonce: u64) -> Result<()> {
        self.open_block()?;
        let raw = read(encoded, from, nonce).map_err(EngineError::bad_input)?;
        let write = L1HandlerTransaction::create(raw, &self.chain.id, Fee(1)).map_err(EngineError::bad_input)?;
        let Some(block) = &mut self.open else { return Err(EngineError::wrong_state("no block is open")) };
        let mark = self.state.mark();
        let failed = |reason: String| EngineError::new(Code::WriteFailed, reason);
        let info = write.execute(&mut self.state, &block.context).map_err(|error| failed(error.to_string()))?;
        if let Some(error) = &info.revert_error {
            let reason = error.to_string();
            self.state.revert_to(mark);
            return Err(failed(reason));
        }
        block.transactions.push(TransactionHashingData {
            transaction_signature: Default::default(),
            transaction_output: info.output_for_hashing(),
            transaction_hash: write.tx_hash,
        });
        Ok(())
    }
}

fn read(encoded: &[u8], from: Felt, nonce: u64) -> std::result::Result<Raw, Malformed> {
    let mut reader = Reader::new(encoded, 0);
    let contract_address = reader.felt("to")?.try_into().map_err(|_| "to is no address")?;
    let entry_point_selector = EntryPointSelector(reader.felt("selector")?);
    let payload = reader.felts(MAX_CALLDATA, "an element of the payload")?;
    reader.end()?;
    Ok(Raw {
        version: TransactionVersion::ZERO,
        nonce: Nonce(Felt::from(nonce)),
        contract_address,
        entry_point_selector,
        calldata: Calldata([vec![from], payload].concat().into()),
    })
}
