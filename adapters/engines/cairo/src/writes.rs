//! L1-handler transactions, which no account signs: protocol writes, for which no fee is paid, and estimates of messages.

use blockifier::state::cached_state::CachedState;
use blockifier::state::state_api::StateReader;
use blockifier::transaction::transactions::ExecutableTransaction;
use serde::Serialize;
use starknet_api::block_hash::block_hash_calculator::TransactionHashingData;
use starknet_api::core::{ContractAddress, EntryPointSelector, Nonce};
use starknet_api::executable_transaction::L1HandlerTransaction;
use starknet_api::transaction::fields::{Calldata, Fee};
use starknet_api::transaction::{L1HandlerTransaction as Raw, TransactionVersion};
use starknet_types_core::felt::Felt;

use crate::binary::{Malformed, Reader, MAX_CALLDATA};
use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};
use crate::receipt::Resources;
use crate::refusal::shorten;

/// What a message would use, or why its handler fails.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum MessageOutcome {
    Handled { resources: Resources },
    Failed { error: String },
}

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

    /// What an L1 handler would do with a message after block `number`; `None` where no contract is.
    pub fn message(
        &self,
        number: u64,
        from: Felt,
        to: ContractAddress,
        selector: Felt,
        payload: Vec<Felt>,
    ) -> Result<Option<MessageOutcome>> {
        let header = &self.versions.at(number)?.head.header;
        let view = self.view(number)?;
        if view.get_class_hash_at(to).map_err(EngineError::broken)?.0 == Felt::ZERO {
            return Ok(None);
        }
        let raw = handler(from, to, EntryPointSelector(selector), payload, 0);
        let message = L1HandlerTransaction::create(raw, &self.chain.id, Fee(1)).map_err(EngineError::bad_input)?;
        let context = self.chain.context(number, header.timestamp);
        let outcome = message.execute(&mut CachedState::new(view), &context);
        let failed = |reason: String| MessageOutcome::Failed { error: shorten(reason) };
        Ok(Some(match outcome {
            Err(error) => failed(error.to_string()),
            Ok(info) => match &info.revert_error {
                Some(error) => failed(error.to_string()),
                None => MessageOutcome::Handled { resources: Resources::of(&info) },
            },
        }))
    }
}

fn read(encoded: &[u8], from: Felt, nonce: u64) -> std::result::Result<Raw, Malformed> {
    let mut reader = Reader::new(encoded, 0);
    let contract_address = reader.felt("to")?.try_into().map_err(|_| "to is no address")?;
    let entry_point_selector = EntryPointSelector(reader.felt("selector")?);
    let payload = reader.felts(MAX_CALLDATA, "an element of the payload")?;
    reader.end()?;
    Ok(handler(from, contract_address, entry_point_selector, payload, nonce))
}

fn handler(
    from: Felt,
    contract_address: ContractAddress,
    entry_point_selector: EntryPointSelector,
    payload: Vec<Felt>,
    nonce: u64,
) -> Raw {
    Raw {
        version: TransactionVersion::ZERO,
        nonce: Nonce(Felt::from(nonce)),
        contract_address,
        entry_point_selector,
        calldata: Calldata([vec![from], payload].concat().into()),
    }
}
