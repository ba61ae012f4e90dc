//! Lockstep's EVM engine as a Node addon. This file is the surface that the README lists, and nothing else: it turns
//! JavaScript values into Rust ones and keeps panics from crossing into Node.

mod account;
mod block;
mod block_hashes;
mod call;
mod config;
mod diff;
mod engine;
mod error;
mod header;
mod loader;
mod nibbles;
mod node;
mod outcome;
mod packed;
mod reads;
mod receipt;
mod refusal;
mod request;
mod sender;
mod state;
#[cfg(test)]
mod tests;
mod transaction;
mod trie;
mod versions;
mod vm;
mod world;

use std::panic::{catch_unwind, AssertUnwindSafe};

use alloy_primitives::{hex, U64};
use napi::bindgen_prelude::Buffer;
use napi::{Error, Result};
use napi_derive::napi;
use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::engine::{Engine, SealedBlock};
use crate::error::{Code, EngineError};
use crate::loader::Loader;
use lockstep_host::Mark;

/// One EVM chain. Methods are synchronous; errors carry a stable `code`.
#[napi]
pub struct EvmEngine {
    stage: Stage,
}

enum Stage {
    Loading(Box<Loader>),
    Ready(Box<Engine>),
    /// After a panic nothing in the engine can be trusted.
    Panicked,
}

/// The newest sealed block.
#[napi(object)]
pub struct Head {
    pub number: i64,
    pub block_hash: String,
    pub state_root: String,
}

/// A sealed block.
#[napi(object)]
pub struct Seal {
    pub number: i64,
    pub block_hash: String,
    pub parent_hash: String,
    pub state_root: String,
    pub transactions_root: String,
    pub receipts_root: String,
    pub logs_bloom: String,
    pub gas_used: i64,
    pub size: i64,
    pub header: Buffer,
    pub diff: Buffer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SystemCall {
    success: bool,
    gas_used: U64,
    output: alloy_primitives::Bytes,
}

#[napi]
impl EvmEngine {
    /// A new chain from genesis JSON.
    #[napi(constructor)]
    pub fn new(genesis: String) -> Result<Self, Code> {
        guard(|| Ok(Self { stage: Stage::Ready(Box::new(Engine::create(&parse(&genesis)?)?)) }))
    }

    /// An engine to be filled with `load`, from chain configuration JSON.
    #[napi(factory)]
    pub fn open(config: String) -> Result<Self, Code> {
        guard(|| Ok(Self { stage: Stage::Loading(Box::new(Loader::new(parse(&config)?))) }))
    }

    /// Takes packed entries of a stored state.
    #[napi]
    pub fn load(&mut self, entries: Buffer) -> Result<(), Code> {
        self.change(|stage| match stage {
            Stage::Loading(loader) => loader.load(&entries),
            other => Err(not_loading(other)),
        })
    }

    /// Builds the tries of what was loaded and checks its state root.
    #[napi]
    pub fn loaded(&mut self) -> Result<Head, Code> {
        // What failed to load stays unusable: it is no state of any height.
        self.change(|stage| match std::mem::replace(stage, Stage::Panicked) {
            Stage::Loading(loader) => {
                let engine = loader.finish()?;
                let head = head(&engine);
                *stage = Stage::Ready(Box::new(engine));
                Ok(head)
            }
            other => {
                *stage = other;
                Err(not_loading(stage))
            }
        })
    }

    /// Takes the diff of the oldest known block; false when nothing older is of use.
    #[napi]
    pub fn load_undo(&mut self, diff: Buffer) -> Result<bool, Code> {
        self.write(|engine| engine.load_undo(&diff))
    }

    /// Block 0 of a chain made by the constructor.
    #[napi]
    pub fn genesis(&self) -> Result<Seal, Code> {
        self.read(|engine| engine.genesis().map(Seal::from))
    }

    /// The newest sealed block.
    #[napi]
    pub fn head(&self) -> Result<Head, Code> {
        self.read(|engine| Ok(head(engine)))
    }

    /// Decodes and checks a packed list of transactions without state; packed answers.
    #[napi]
    pub fn inspect(&mut self, transactions: Buffer) -> Result<Buffer, Code> {
        self.write(|engine| {
            let mut answers = Vec::new();
            for inspected in engine.inspect(&packed::list(&transactions)?) {
                transaction::pack_inspected(&inspected, &mut answers);
            }
            Ok(answers.into())
        })
    }

    /// Opens the next block.
    #[napi]
    pub fn begin(&mut self, environment: String) -> Result<(), Code> {
        self.write(|engine| engine.begin(&parse(&environment)?))
    }

    /// A call from the system address; JSON.
    #[napi]
    pub fn system_call(&mut self, to: Buffer, data: Buffer) -> Result<String, Code> {
        self.write(|engine| {
            let outcome = engine.system_call(account::address(&to)?, data.to_vec().into())?;
            json(&SystemCall {
                success: outcome.succeeded(),
                gas_used: U64::from(outcome.gas_used),
                output: outcome.output,
            })
        })
    }

    /// Executes a packed list of transactions in order; packed answers. An error in the middle leaves those before it
    /// applied.
    #[napi]
    pub fn execute(&mut self, transactions: Buffer, places: Vec<u32>) -> Result<Buffer, Code> {
        self.write(|engine| {
            let transactions = packed::list(&transactions)?;
            if transactions.len() != places.len() {
                let (given, entries) = (places.len(), transactions.len());
                return Err(EngineError::bad_input(format!("{given} places for {entries} entries")));
            }
            let mut answers = Vec::new();
            for (raw, place) in transactions.into_iter().zip(places) {
                engine.execute_at(place, raw)?.pack(&mut answers);
            }
            Ok(answers.into())
        })
    }

    /// From now on `execute` notes each entry's place, as u32, at `offset` of the file behind `descriptor`.
    #[napi]
    pub fn mark_entries(&mut self, descriptor: i32, offset: u32) -> Result<(), Code> {
        self.write(|engine| {
            engine.mark = Some(Mark::open(descriptor, offset).map_err(EngineError::bad_input)?);
            Ok(())
        })
    }

    /// Marks the present point of the open block.
    #[napi]
    pub fn checkpoint(&mut self) -> Result<u32, Code> {
        self.write(Engine::checkpoint)
    }

    /// Drops a checkpoint and those above it, keeping the changes.
    #[napi]
    pub fn commit(&mut self, id: u32) -> Result<(), Code> {
        self.write(|engine| engine.commit(id))
    }

    /// Takes the open block back to a checkpoint.
    #[napi]
    pub fn revert(&mut self, id: u32) -> Result<(), Code> {
        self.write(|engine| engine.revert(id))
    }

    /// Drops the open block.
    #[napi]
    pub fn discard(&mut self) -> Result<(), Code> {
        self.write(Engine::discard)
    }

    /// Closes the open block.
    #[napi]
    pub fn seal(&mut self) -> Result<Seal, Code> {
        self.write(|engine| engine.seal().map(Seal::from))
    }

    /// Drops the sealed blocks above a height.
    #[napi]
    pub fn unwind(&mut self, number: i64) -> Result<(), Code> {
        self.write(|engine| engine.unwind(height(number)?))
    }

    /// An account at a height; JSON or null.
    #[napi]
    pub fn account(&self, number: i64, address: Buffer) -> Result<Option<String>, Code> {
        self.read(|engine| {
            let account = engine.account(height(number)?, account::address(&address)?)?;
            account.map(|account| json(&account)).transpose()
        })
    }

    /// The code of an account at a height.
    #[napi]
    pub fn code(&self, number: i64, address: Buffer) -> Result<Buffer, Code> {
        self.read(|engine| Ok(engine.code(height(number)?, account::address(&address)?)?.to_vec().into()))
    }

    /// The 32 bytes of a slot at a height.
    #[napi]
    pub fn storage(&self, number: i64, address: Buffer, slot: Buffer) -> Result<Buffer, Code> {
        self.read(|engine| {
            let value = engine.storage(height(number)?, account::address(&address)?, account::slot(&slot)?)?;
            Ok(value.to_be_bytes_vec().into())
        })
    }

    /// The RLP of the header of a height.
    #[napi]
    pub fn header(&self, number: i64) -> Result<Buffer, Code> {
        self.read(|engine| Ok(engine.header(height(number)?)?.into()))
    }

    /// Proofs of an account and of slots at a height (EIP-1186); JSON.
    #[napi]
    pub fn prove(&self, number: i64, address: Buffer, slots: Vec<Buffer>) -> Result<String, Code> {
        self.read(|engine| {
            let slots = slots.iter().map(|slot| account::slot(slot)).collect::<error::Result<Vec<_>>>()?;
            json(&engine.prove(height(number)?, account::address(&address)?, &slots)?)
        })
    }

    /// eth_call at a height; JSON.
    #[napi]
    pub fn call(&self, number: i64, request: String) -> Result<String, Code> {
        self.read(|engine| json(&engine.call(height(number)?, &parse(&request)?)?))
    }

    /// eth_estimateGas at a height; JSON.
    #[napi]
    pub fn estimate(&self, number: i64, request: String) -> Result<String, Code> {
        self.read(|engine| json(&engine.estimate(height(number)?, &parse(&request)?)?))
    }

    fn read<T>(&self, run: impl FnOnce(&Engine) -> error::Result<T>) -> Result<T, Code> {
        guard(|| match &self.stage {
            Stage::Ready(engine) => run(engine),
            other => Err(not_ready(other)),
        })
    }

    fn write<T>(&mut self, run: impl FnOnce(&mut Engine) -> error::Result<T>) -> Result<T, Code> {
        self.change(|stage| match stage {
            Stage::Ready(engine) => run(engine),
            other => Err(not_ready(other)),
        })
    }

    fn change<T>(&mut self, run: impl FnOnce(&mut Stage) -> error::Result<T>) -> Result<T, Code> {
        let result = guard(|| run(&mut self.stage));
        if matches!(&result, Err(error) if error.status == Code::Panicked) {
            self.stage = Stage::Panicked;
        }
        result
    }
}

impl From<SealedBlock> for Seal {
    fn from(block: SealedBlock) -> Self {
        let header = &block.header;
        Self {
            number: header.number as i64,
            block_hash: hex::encode_prefixed(block.hash),
            parent_hash: hex::encode_prefixed(header.parent_hash),
            state_root: hex::encode_prefixed(header.state_root),
            transactions_root: hex::encode_prefixed(header.transactions_root),
            receipts_root: hex::encode_prefixed(header.receipts_root),
            logs_bloom: hex::encode_prefixed(header.logs_bloom),
            gas_used: header.gas_used as i64,
            size: block.size as i64,
            header: alloy_rlp::encode(header).into(),
            diff: block.diff.into(),
        }
    }
}

fn head(engine: &Engine) -> Head {
    let newest = engine.versions.newest();
    Head {
        number: newest.header.number as i64,
        block_hash: hex::encode_prefixed(newest.hash),
        state_root: hex::encode_prefixed(newest.header.state_root),
    }
}

/// Runs an entry: errors get their code, a panic becomes an error instead of ending the process.
fn guard<T>(run: impl FnOnce() -> error::Result<T>) -> Result<T, Code> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::new(error.code, error.message)),
        Err(payload) => {
            let message = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("unknown panic");
            Err(Error::new(Code::Panicked, format!("the engine panicked: {message}")))
        }
    }
}

fn not_ready(stage: &Stage) -> EngineError {
    match stage {
        Stage::Loading(_) => EngineError::wrong_state("the engine is still loading"),
        _ => EngineError::new(Code::Panicked, "the engine panicked or failed to load earlier"),
    }
}

fn not_loading(stage: &Stage) -> EngineError {
    match stage {
        Stage::Ready(_) => EngineError::wrong_state("the engine is loaded already"),
        other => not_ready(other),
    }
}

fn height(number: i64) -> error::Result<u64> {
    u64::try_from(number).map_err(|_| EngineError::bad_input(format!("{number} is no block number")))
}

fn parse<T: DeserializeOwned>(json: &str) -> error::Result<T> {
    serde_json::from_str(json).map_err(EngineError::bad_input)
}

fn json<T: Serialize>(value: &T) -> error::Result<String> {
    serde_json::to_string(value).map_err(EngineError::bad_input)
}
