//! Lockstep's Cairo engine as a Node addon. This file is the surface that the README lists, and nothing else: it turns
//! JavaScript values into Rust ones and keeps panics from crossing into Node.

mod binary;
mod chain;
mod classes;
mod compiler;
mod diff;
mod engine;
mod error;
mod execute;
mod genesis;
mod header;
mod key;
mod leaves;
mod loader;
mod packed;
mod patricia;
mod reads;
mod receipt;
mod refusal;
mod sierra;
mod simulate;
mod stack;
mod state;
#[cfg(test)]
mod tests;
mod trace;
mod transaction;
mod versions;
mod writes;

use napi::bindgen_prelude::Buffer;
use napi::Result;
use napi_derive::napi;
use serde::de::DeserializeOwned;
use serde::Serialize;
use starknet_api::core::{ClassHash, ContractAddress};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::chain::ChainConfig;
use crate::engine::{Engine, SealedBlock};
use crate::error::{Code, EngineError};
use crate::genesis::{Genesis, GenesisClasses};
use crate::loader::Loader;
use crate::stack::on_deep_stack;
use lockstep_host::Mark;

/// One Cairo chain. Methods are synchronous; errors carry a stable `code`.
#[napi]
pub struct CairoEngine {
    stage: Stage,
}

enum Stage {
    Loading(Box<Loader>),
    Ready(Box<Engine>),
    /// After a panic nothing in the engine can be trusted.
    Panicked,
}

/// A sealed block; `header` is its encoding.
#[napi(object)]
pub struct Seal {
    pub number: i64,
    pub block_hash: Buffer,
    pub state_root: Buffer,
    pub gas_used: i64,
    pub header: Buffer,
    pub diff: Buffer,
}

/// The newest sealed block.
#[napi(object)]
pub struct Head {
    pub number: i64,
    pub block_hash: Buffer,
    pub state_root: Buffer,
}

#[napi]
impl CairoEngine {
    /// A new chain from genesis JSON and its encoded classes.
    #[napi(constructor)]
    pub fn new(
        genesis: String,
        account: Buffer,
        token: Buffer,
        deployer: Buffer,
        gateway: Buffer,
    ) -> Result<Self, Code> {
        let classes =
            GenesisClasses { account: &account, token: &token, deployer: &deployer, gateway: &gateway };
        let create = || Engine::create(&parse::<Genesis>(&genesis)?, &classes);
        Ok(Self { stage: Stage::Ready(Box::new(answer(on_deep_stack(create))?)) })
    }

    /// An engine to be filled with `load`, from chain configuration JSON.
    #[napi(factory)]
    pub fn open(config: String) -> Result<Self, Code> {
        let open = || Loader::new(&parse::<ChainConfig>(&config)?);
        Ok(Self { stage: Stage::Loading(Box::new(answer(on_deep_stack(open))?)) })
    }

    /// Takes packed entries of a stored state.
    #[napi]
    pub fn load(&mut self, entries: Buffer) -> Result<(), Code> {
        let entries: &[u8] = &entries;
        self.change(|stage| match stage {
            Stage::Loading(loader) => loader.load(entries),
            other => Err(not_loading(other)),
        })
    }

    /// Builds the tries of what was loaded and checks its state root.
    #[napi]
    pub fn loaded(&mut self) -> Result<(), Code> {
        // What failed to load stays unusable: it is no state of any height.
        self.change(|stage| match std::mem::replace(stage, Stage::Panicked) {
            Stage::Loading(loader) => {
                *stage = Stage::Ready(Box::new(loader.finish()?));
                Ok(())
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
        let diff: &[u8] = &diff;
        self.write_with(|engine| engine.load_undo(diff))
    }

    /// Block 0 of a chain made by the constructor.
    #[napi]
    pub fn genesis(&self) -> Result<Seal, Code> {
        self.read_with(|engine| engine.genesis()).map(Seal::from)
    }

    /// The newest sealed block.
    #[napi]
    pub fn head(&self) -> Result<Head, Code> {
        let header = self.read_with(|engine| Ok(engine.versions.newest().head.header.clone()))?;
        let (block_hash, state_root) = (bytes(&header.block_hash), bytes(&header.new_root));
        Ok(Head { number: header.block_number as i64, block_hash, state_root })
    }

    /// Reads a packed list of transactions; JSON. With `admit` their accounts are asked, too.
    #[napi]
    pub fn inspect(&self, transactions: Buffer, admit: bool) -> Result<String, Code> {
        let transactions: &[u8] = &transactions;
        self.read_with(|engine| {
            let raw = packed::list(transactions)?;
            let inspected = raw.into_iter().map(|raw| engine.inspect(raw, admit)).collect::<error::Result<Vec<_>>>()?;
            json(&inspected)
        })
    }

    /// Opens the next block.
    #[napi]
    pub fn begin(&mut self, number: i64, timestamp: i64) -> Result<(), Code> {
        self.write_with(|engine| engine.begin(height(number)?, height(timestamp)?))
    }

    /// An L1-handler transaction from an address that no contract of L1 has.
    #[napi]
    pub fn write(&mut self, write: Buffer, from: Buffer, nonce: Buffer) -> Result<(), Code> {
        let (write, from, nonce): (&[u8], &[u8], &[u8]) = (&write, &from, &nonce);
        self.write_with(|engine| {
            let nonce = nonce.try_into().map_err(|_| EngineError::bad_input("a nonce has 8 bytes"))?;
            engine.write(write, packed::felt(from)?, u64::from_be_bytes(nonce))
        })
    }

    /// Executes a packed list of transactions in order; JSON. An error in the middle leaves those before it applied.
    #[napi]
    pub fn execute(&mut self, transactions: Buffer, places: Vec<u32>) -> Result<String, Code> {
        let transactions: &[u8] = &transactions;
        self.write_with(|engine| {
            let transactions = packed::list(transactions)?;
            if transactions.len() != places.len() {
                let (given, entries) = (places.len(), transactions.len());
                return Err(EngineError::bad_input(format!("{given} places for {entries} entries")));
            }
            let executed = transactions.into_iter().zip(&places).map(|(raw, place)| engine.execute_at(*place, raw));
            json(&executed.collect::<error::Result<Vec<_>>>()?)
        })
    }

    /// Why block `number` + 1 refuses a transaction, if its nonce had come; JSON, null where it doesn't.
    #[napi]
    pub fn validate(&self, number: i64, transaction: Buffer) -> Result<String, Code> {
        let transaction: &[u8] = &transaction;
        self.read_with(|engine| json(&engine.validate_at(height(number)?, transaction)?))
    }

    /// From now on `execute` notes each entry's place, as u32, at `offset` of the file behind `descriptor`.
    #[napi]
    pub fn mark_entries(&mut self, descriptor: i32, offset: u32) -> Result<(), Code> {
        self.write_with(|engine| {
            engine.mark = Some(Mark::open(descriptor, offset).map_err(EngineError::bad_input)?);
            Ok(())
        })
    }

    /// Marks the present point of the open block.
    #[napi]
    pub fn checkpoint(&mut self) -> Result<u32, Code> {
        self.write_with(Engine::checkpoint)
    }

    /// Drops a checkpoint and those above it, keeping the changes.
    #[napi]
    pub fn commit(&mut self, id: u32) -> Result<(), Code> {
        self.write_with(|engine| engine.commit(id))
    }

    /// Takes the open block back to a checkpoint.
    #[napi]
    pub fn revert(&mut self, id: u32) -> Result<(), Code> {
        self.write_with(|engine| engine.revert(id))
    }

    /// Drops the open block.
    #[napi]
    pub fn discard(&mut self) -> Result<(), Code> {
        self.write_with(Engine::discard)
    }

    /// Closes the open block.
    #[napi]
    pub fn seal(&mut self) -> Result<Seal, Code> {
        self.write_with(Engine::seal).map(Seal::from)
    }

    /// `{nonce, classHash}` of a contract at a height; JSON or null.
    #[napi]
    pub fn contract(&self, number: i64, address: Buffer) -> Result<String, Code> {
        let address: &[u8] = &address;
        self.read_with(|engine| {
            let leaf = engine.contract(height(number)?, packed::address(address)?)?;
            json(&leaf.map(|leaf| {
                let contract = &leaf.contract;
                serde_json::json!({ "nonce": contract.nonce.0, "classHash": contract.class_hash.0 })
            }))
        })
    }

    /// A slot of a contract at a height.
    #[napi]
    pub fn storage(&self, number: i64, address: Buffer, key: Buffer) -> Result<Buffer, Code> {
        let (address, key): (&[u8], &[u8]) = (&address, &key);
        let value = self.read_with(|engine| {
            let key = StorageKey::try_from(packed::felt(key)?).map_err(EngineError::bad_input)?;
            let leaf = engine.contract(height(number)?, packed::address(address)?)?;
            Ok(leaf.and_then(|leaf| leaf.storage.get(key.0.key())).map(|slot| slot.0).unwrap_or_default())
        })?;
        Ok(bytes(&value))
    }

    /// The encoded Sierra of a class declared at a height, or null.
    #[napi]
    pub fn class(&self, number: i64, hash: Buffer) -> Result<Option<Buffer>, Code> {
        let hash: &[u8] = &hash;
        let class = self.read_with(|engine| {
            let class = engine.class(height(number)?, ClassHash(packed::felt(hash)?))?;
            Ok(class.map(|class| class.sierra.clone()))
        })?;
        Ok(class.map(Buffer::from))
    }

    /// What a class declared at a height compiles to; JSON or null.
    #[napi]
    pub fn casm(&self, number: i64, hash: Buffer) -> Result<String, Code> {
        let hash: &[u8] = &hash;
        self.read_with(|engine| {
            let class = engine.class(height(number)?, ClassHash(packed::felt(hash)?))?;
            json(&class.map(|class| class.compile().map(|compiled| compiled.casm)).transpose()?)
        })
    }

    /// What a block changed; JSON.
    #[napi]
    pub fn state_diff(&self, number: i64) -> Result<String, Code> {
        self.read_with(|engine| json(&engine.state_diff(height(number)?)?))
    }

    /// The header of a height; JSON.
    #[napi]
    pub fn header(&self, number: i64) -> Result<String, Code> {
        self.read_with(|engine| json(&engine.versions.at(height(number)?)?.head.header))
    }

    /// Storage proofs at a height, of JSON `[classHashes, addresses, [[address, keys], ...]]`; JSON.
    #[napi]
    pub fn prove(&self, number: i64, request: String) -> Result<String, Code> {
        type Request = (Vec<Felt>, Vec<Felt>, Vec<(Felt, Vec<Felt>)>);
        self.read_with(|engine| {
            let (classes, addresses, slots): Request = parse(&request)?;
            json(&engine.prove(height(number)?, &classes, &addresses, &slots)?)
        })
    }

    /// A call at a height, with JSON `[address, selector, calldata]`; JSON, null where no contract is.
    #[napi]
    pub fn call(&self, number: i64, request: String, gas: i64) -> Result<String, Code> {
        self.read_with(|engine| {
            let (address, selector, calldata): (Felt, Felt, Vec<Felt>) = parse(&request)?;
            let address = ContractAddress::try_from(address).map_err(EngineError::bad_input)?;
            json(&engine.call(height(number)?, address, selector, calldata, height(gas)?)?)
        })
    }

    /// What an L1 handler would do with a message at a height, given as JSON `[from, to, selector, payload]`; JSON, null
    /// where no contract is.
    #[napi]
    pub fn message(&self, number: i64, request: String) -> Result<String, Code> {
        self.read_with(|engine| {
            let (from, to, selector, payload): (Felt, Felt, Felt, Vec<Felt>) = parse(&request)?;
            let to = ContractAddress::try_from(to).map_err(EngineError::bad_input)?;
            json(&engine.message(height(number)?, from, to, selector, payload)?)
        })
    }

    /// Executes a packed list of transactions on the state of a height; JSON. `queries` says of each whether its hash
    /// is the query version's.
    #[napi]
    pub fn simulate(
        &self,
        number: i64,
        transactions: Buffer,
        queries: Vec<bool>,
        flags: String,
    ) -> Result<String, Code> {
        let transactions: &[u8] = &transactions;
        self.read_with(|engine| {
            let transactions = packed::list(transactions)?;
            let transactions: Vec<_> = transactions.into_iter().zip(queries.iter().copied()).collect();
            json(&engine.simulate(height(number)?, &transactions, parse(&flags)?)?)
        })
    }

    /// Executes the transactions of a block again; JSON.
    #[napi]
    pub fn trace(&self, number: i64, transactions: Buffer) -> Result<String, Code> {
        let transactions: &[u8] = &transactions;
        self.read_with(|engine| json(&engine.trace(height(number)?, &packed::list(transactions)?)?))
    }

    fn read_with<T: Send>(&self, run: impl FnOnce(&Engine) -> error::Result<T> + Send) -> Result<T, Code> {
        answer(on_deep_stack(|| match &self.stage {
            Stage::Ready(engine) => run(engine),
            other => Err(not_ready(other)),
        }))
    }

    fn write_with<T: Send>(&mut self, run: impl FnOnce(&mut Engine) -> error::Result<T> + Send) -> Result<T, Code> {
        self.change(|stage| match stage {
            Stage::Ready(engine) => run(engine),
            other => Err(not_ready(other)),
        })
    }

    fn change<T: Send>(&mut self, run: impl FnOnce(&mut Stage) -> error::Result<T> + Send) -> Result<T, Code> {
        let result = on_deep_stack(|| run(&mut self.stage));
        if matches!(&result, Err(error) if error.code == Code::Panicked) {
            self.stage = Stage::Panicked;
        }
        answer(result)
    }
}

impl From<SealedBlock> for Seal {
    fn from(block: SealedBlock) -> Self {
        let header = &block.header;
        Self {
            number: header.block_number as i64,
            block_hash: bytes(&header.block_hash),
            state_root: bytes(&header.new_root),
            gas_used: block.gas_used as i64,
            header: serde_json::to_vec(header).expect("a header is JSON").into(),
            diff: block.diff.into(),
        }
    }
}

fn answer<T>(result: error::Result<T>) -> Result<T, Code> {
    result.map_err(|error| napi::Error::new(error.code, error.message))
}

fn not_ready(stage: &Stage) -> EngineError {
    match stage {
        Stage::Loading(_) => EngineError::wrong_state("the engine is still loading"),
        _ => EngineError::broken("the engine panicked or failed to load earlier"),
    }
}

fn not_loading(stage: &Stage) -> EngineError {
    match stage {
        Stage::Ready(_) => EngineError::wrong_state("the engine is loaded already"),
        other => not_ready(other),
    }
}

fn height(number: i64) -> error::Result<u64> {
    u64::try_from(number).map_err(|_| EngineError::bad_input(format!("{number} is negative")))
}

fn bytes(felt: &Felt) -> Buffer {
    felt.to_bytes_be().to_vec().into()
}

fn parse<T: DeserializeOwned>(json: &str) -> error::Result<T> {
    serde_json::from_str(json).map_err(EngineError::bad_input)
}

fn json<T: Serialize>(value: &T) -> error::Result<String> {
    serde_json::to_string(value).map_err(EngineError::broken)
}
