//! Lockstep's Fuel engine as a Node addon. This file is the surface, and nothing else: it turns JavaScript values into Rust
//! ones and keeps panics from crossing into Node.

mod accesses;
mod block;
mod coin;
mod dry_run;
mod engine;
mod error;
mod execute;
mod header;
mod history;
mod index;
mod inspect;
mod key;
mod loader;
mod merkle;
mod params;
mod reads;
mod receipt;
mod refusal;
mod stack;
mod state;
mod storage;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::BTreeSet;
use std::panic::{catch_unwind, AssertUnwindSafe};

use fuel_vm::fuel_types::{Address, AssetId};
use napi::bindgen_prelude::{BigInt, Buffer};
use napi::{Error, Result};
use napi_derive::napi;
use serde::Serialize;

use crate::engine::{Engine, Environment, Sealed};
use crate::error::{Code, EngineError};
use crate::execute::Executed;
use crate::loader::Loader;
use crate::params::ChainConfig;
use crate::reads::Wanted;
use lockstep_host::{packed, Mark};

/// One Fuel chain. Methods are synchronous; errors carry a stable `code`.
#[napi]
pub struct FuelEngine {
    stage: Stage,
    genesis: Option<Sealed>,
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
    pub number: u32,
    pub block_hash: Buffer,
    pub state_root: Buffer,
}

/// A sealed block.
#[napi(object)]
pub struct Seal {
    pub number: u32,
    pub block_hash: Buffer,
    pub state_root: Buffer,
    pub aux_root: Buffer,
    /// sha256 of each receipt, one after the other.
    pub receipts: Buffer,
    pub gas_used: i64,
    pub block: Buffer,
    pub diff: Buffer,
}

/// A proof of the state tree.
#[napi(object)]
pub struct Proof {
    /// As stored; absent where there is none.
    pub value: Option<Buffer>,
    /// From the leaf up, 32 bytes each.
    pub siblings: Vec<Buffer>,
    /// For an absent key: hashes of key and value of the leaf in its place.
    pub other: Option<Vec<Buffer>>,
}

/// What a dry run found.
#[napi(object)]
pub struct Run {
    pub id: Buffer,
    pub transaction: Buffer,
    pub receipt: Buffer,
}

#[napi]
impl FuelEngine {
    /// A new chain from its config (JSON), the time of block 0 (TAI64), packed coins and the gateway's code.
    #[napi(constructor)]
    pub fn new(config: String, time: BigInt, coins: Buffer, gateway: Buffer) -> Result<Self, Code> {
        guard(|| {
            let (engine, genesis) = Engine::create(ChainConfig::parse(&config)?, u64_of(&time)?, &coins, &gateway)?;
            Ok(Self { stage: Stage::Ready(Box::new(engine)), genesis: Some(genesis) })
        })
    }

    /// An engine to be filled with `load`, from its config (JSON).
    #[napi(factory)]
    pub fn open(config: String) -> Result<Self, Code> {
        guard(|| {
            let loader = Loader::new(ChainConfig::parse(&config)?);
            Ok(Self { stage: Stage::Loading(Box::new(loader)), genesis: None })
        })
    }

    /// Takes packed entries of a stored state.
    #[napi]
    pub fn load(&mut self, entries: Buffer) -> Result<(), Code> {
        self.change(|stage| match stage {
            Stage::Loading(loader) => loader.load(&entries),
            other => Err(not_loading(other)),
        })
    }

    /// Builds the tree of what was loaded and checks its root.
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

    /// Block 0 of a chain made by the constructor; given once.
    #[napi]
    pub fn genesis(&mut self) -> Result<Seal, Code> {
        let genesis = self.genesis.take();
        guard(|| genesis.map(Seal::from).ok_or_else(|| EngineError::wrong_state("genesis was given already")))
    }

    /// The newest sealed block.
    #[napi]
    pub fn head(&self) -> Result<Head, Code> {
        self.read(|engine| Ok(head(engine)))
    }

    /// Consensus parameters; JSON.
    #[napi]
    pub fn parameters(&self) -> Result<String, Code> {
        self.read(|engine| json(&engine.chain.describe()))
    }

    /// Decodes and checks a packed list of transactions without state; packed answers. Predicates are checked only if
    /// it is `thorough`.
    #[napi]
    pub fn inspect(&mut self, transactions: Buffer, thorough: bool) -> Result<Buffer, Code> {
        self.write(|engine| {
            let list = packed::list(&transactions)?;
            stack::on_own_stack(|| {
                let mut answers = Vec::new();
                for bytes in list {
                    match engine.inspect(bytes, thorough) {
                        Ok(facts) => facts.pack(&mut answers),
                        Err(refusal) => refusal.pack(&mut answers),
                    }
                }
                Ok(answers.into())
            })
        })
    }

    /// Opens the next block; `time` is TAI64.
    #[napi]
    pub fn begin(&mut self, number: u32, time: BigInt, shared_height: i64, shared_header: Buffer) -> Result<(), Code> {
        self.write(|engine| {
            let shared_height = u64::try_from(shared_height).map_err(EngineError::bad_input)?;
            let shared_header = array(&shared_header)?;
            engine.begin(&Environment { number, time: u64_of(&time)?, shared_height, shared_header })
        })
    }

    /// Writes to a slot of the gateway; an empty value deletes.
    #[napi(js_name = "write")]
    pub fn write_slot(&mut self, slot: Buffer, value: Buffer) -> Result<(), Code> {
        self.write(|engine| engine.write(&array(&slot)?, &value))
    }

    /// Executes a packed list of transactions in order; packed answers.
    #[napi]
    pub fn execute(&mut self, transactions: Buffer, places: Vec<u32>) -> Result<Buffer, Code> {
        self.write(|engine| {
            let transactions = packed::list(&transactions)?;
            if transactions.len() != places.len() {
                let (given, entries) = (places.len(), transactions.len());
                return Err(EngineError::bad_input(format!("{given} places for {entries} entries")));
            }
            stack::on_own_stack(|| {
                let mut answers = Vec::new();
                for (bytes, place) in transactions.into_iter().zip(places) {
                    match engine.execute_at(place, bytes)? {
                        Ok(executed) => pack_executed(&executed, &mut answers),
                        Err(refusal) => refusal.pack(&mut answers),
                    }
                }
                Ok(answers.into())
            })
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

    /// The value of a key of the flat state at a height.
    #[napi]
    pub fn value(&self, number: u32, key: Buffer) -> Result<Option<Buffer>, Code> {
        self.read(|engine| Ok(engine.value(number, &key)?.map(|value| value.to_vec().into())))
    }

    /// A coin by its utxo id (34 bytes) at a height; JSON or null.
    #[napi]
    pub fn coin(&self, number: u32, utxo: Buffer) -> Result<String, Code> {
        self.read(|engine| json(&engine.coin(number, &utxo_of(&utxo)?)?))
    }

    /// Coins of an owner at a height, behind one of `afterAsset` and `afterUtxo`; JSON.
    #[napi]
    pub fn coins(
        &self,
        number: u32,
        owner: Buffer,
        asset: Option<Buffer>,
        after: Option<Vec<Buffer>>,
        limit: u32,
    ) -> Result<String, Code> {
        self.read(|engine| {
            let owner = Address::from(array(&owner)?);
            let asset = asset.map(|asset| array(&asset).map(AssetId::from)).transpose()?;
            let after = match after.as_deref() {
                Some([asset, utxo]) => Some(reads::place_of(&owner, &AssetId::from(array(asset)?), &utxo_of(utxo)?)),
                _ => None,
            };
            json(&engine.coins(number, &owner, asset.as_ref(), after, limit as usize)?)
        })
    }

    /// What an owner has of an asset at a height, as decimal.
    #[napi]
    pub fn balance(&self, number: u32, owner: Buffer, asset: Buffer) -> Result<String, Code> {
        self.read(|engine| {
            let total = engine.balance(number, &array(&owner)?.into(), &array(&asset)?.into())?;
            Ok(total.amount.to_string())
        })
    }

    /// What an owner has at a height, behind an asset; JSON.
    #[napi]
    pub fn balances(&self, number: u32, owner: Buffer, after: Option<Buffer>, limit: u32) -> Result<String, Code> {
        self.read(|engine| {
            let owner = array(&owner)?;
            let after = after.map(|asset| array(&asset)).transpose()?.map(|asset| index::holding(&owner, &asset));
            json(&engine.balances(number, &owner.into(), after, limit as usize)?)
        })
    }

    /// What a contract has at a height, behind an asset; JSON.
    #[napi]
    pub fn contract_balances(
        &self,
        number: u32,
        contract: Buffer,
        after: Option<Buffer>,
        limit: u32,
    ) -> Result<String, Code> {
        self.read(|engine| {
            let contract = array(&contract)?;
            let after = after.map(|asset| array(&asset)).transpose()?.map(|asset| index::holding(&contract, &asset));
            json(&engine.contract_balances(number, &contract, after, limit as usize)?)
        })
    }

    /// Coins of the newest sealed state worth at least `amount` (decimal) of an asset; JSON.
    #[napi]
    pub fn coins_to_spend(
        &self,
        owner: Buffer,
        asset: Buffer,
        amount: String,
        max: u32,
        excluded: Vec<Buffer>,
    ) -> Result<String, Code> {
        self.read(|engine| {
            let amount = amount.parse().map_err(EngineError::bad_input)?;
            let wanted = Wanted { asset: array(&asset)?.into(), amount, max: max as usize };
            let excluded = excluded.iter().map(|utxo| utxo_of(utxo)).collect::<error::Result<BTreeSet<_>>>()?;
            json(&engine.coins_to_spend(&array(&owner)?.into(), &wanted, &excluded)?)
        })
    }

    /// A key of the flat state at a height, with its proof.
    #[napi]
    pub fn prove(&self, number: u32, key: Buffer) -> Result<Proof, Code> {
        self.read(|engine| {
            let value = engine.value(number, &key)?.map(|value| value.to_vec().into());
            let proof = engine.tree.prove(u64::from(number), &key)?;
            Ok(Proof {
                value,
                siblings: proof.siblings.iter().map(|hash| hash.to_vec().into()).collect(),
                other: proof.other.map(|(key, value)| vec![key.to_vec().into(), value.to_vec().into()]),
            })
        })
    }

    /// Executes transactions on the newest sealed state without a trace.
    #[napi]
    pub fn dry_run(
        &self,
        transactions: Vec<Buffer>,
        validate: bool,
        gas_price: Option<BigInt>,
    ) -> Result<Vec<Run>, Code> {
        self.read(|engine| {
            let gas_price = gas_price.as_ref().map(u64_of).transpose()?;
            let list: Vec<&[u8]> = transactions.iter().map(AsRef::as_ref).collect();
            let runs = stack::on_own_stack(|| engine.dry_run(&list, validate, gas_price))?;
            Ok(runs
                .into_iter()
                .map(|run| Run {
                    id: run.id.to_vec().into(),
                    transaction: run.transaction.into(),
                    receipt: run.receipt.into(),
                })
                .collect())
        })
    }

    /// The bytes of a transaction with the gas that its predicates use.
    #[napi]
    pub fn estimate_predicates(&self, transaction: Buffer) -> Result<Buffer, Code> {
        self.read(|engine| {
            let bytes: &[u8] = &transaction;
            stack::on_own_stack(|| engine.estimate_predicates(bytes)).map(Buffer::from)
        })
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

impl From<Sealed> for Seal {
    fn from(sealed: Sealed) -> Self {
        Self {
            number: sealed.head.height,
            block_hash: sealed.head.id.to_vec().into(),
            state_root: sealed.head.state_root.to_vec().into(),
            aux_root: sealed.aux_root.to_vec().into(),
            receipts: sealed.receipts.into(),
            gas_used: sealed.gas_used as i64,
            block: sealed.block.into(),
            diff: sealed.diff.into(),
        }
    }
}

fn head(engine: &Engine) -> Head {
    Head {
        number: engine.head.height,
        block_hash: engine.head.id.to_vec().into(),
        state_root: engine.head.state_root.to_vec().into(),
    }
}

/// Appends 1, id, gas, gas used, whether it succeeded, and the receipt after its u32 length.
fn pack_executed(executed: &Executed, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(executed.id.as_ref());
    out.extend_from_slice(&executed.gas.to_be_bytes());
    out.extend_from_slice(&executed.gas_used.to_be_bytes());
    out.push(u8::from(executed.succeeded));
    packed::write_value(out, Some(&executed.receipt));
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

fn u64_of(value: &BigInt) -> error::Result<u64> {
    match value.get_u64() {
        (false, value, true) => Ok(value),
        _ => Err(EngineError::bad_input("a number is not in 64 bits")),
    }
}

fn array(bytes: &[u8]) -> error::Result<[u8; 32]> {
    bytes.try_into().map_err(|_| EngineError::bad_input(format!("{} bytes where 32 are expected", bytes.len())))
}

fn utxo_of(bytes: &[u8]) -> error::Result<fuel_vm::fuel_tx::UtxoId> {
    let utxo = if bytes.len() == 34 { coin::decode_utxo(bytes) } else { None };
    utxo.ok_or_else(|| EngineError::bad_input("an utxo id has 34 bytes"))
}

fn json<T: Serialize>(value: &T) -> error::Result<String> {
    serde_json::to_string(value).map_err(EngineError::bad_input)
}
