//! Declared classes.

use std::sync::{Arc, OnceLock};

use blockifier::execution::contract_class::RunnableCompiledClass;
use starknet_api::core::CompiledClassHash;

use crate::error::{EngineError, Result};
use crate::sierra::{self, Compiled, Sierra};

/// A declared class: its Sierra, encoded, and what it is run as, once it was.
pub struct Class {
    pub sierra: Vec<u8>,
    pub compiled_hash: CompiledClassHash,
    runnable: OnceLock<RunnableCompiledClass>,
}

impl Class {
    pub fn new(sierra: &Sierra, compiled: &Compiled) -> Self {
        let runnable = OnceLock::from(compiled.runnable.clone());
        Self { sierra: sierra.encoded.clone(), compiled_hash: compiled.hash, runnable }
    }

    /// From a store: `compiled_hash ‖ Sierra`.
    pub fn unpack(bytes: &[u8]) -> Result<Self> {
        let (hash, sierra) = bytes.split_at_checked(32).ok_or_else(|| EngineError::bad_input("a class is cut off"))?;
        let compiled_hash = CompiledClassHash(crate::packed::felt(hash)?);
        Ok(Self { sierra: sierra.to_vec(), compiled_hash, runnable: OnceLock::new() })
    }

    pub fn pack(&self) -> Vec<u8> {
        [&self.compiled_hash.0.to_bytes_be()[..], &self.sierra].concat()
    }

    pub fn decode(&self) -> Result<Sierra> {
        Sierra::decode(&self.sierra).map_err(EngineError::broken)
    }

    /// It was declared, so it compiles; if it doesn't, this is not the engine that declared it.
    pub fn compile(&self) -> Result<Compiled> {
        sierra::compile(&self.decode()?.class).map_err(EngineError::broken)
    }

    pub fn runnable(&self) -> Result<RunnableCompiledClass> {
        if let Some(runnable) = self.runnable.get() {
            return Ok(runnable.clone());
        }
        let compiled = self.compile()?;
        if compiled.hash != self.compiled_hash {
            return Err(EngineError::broken("a declared class compiles to something else by now"));
        }
        Ok(self.runnable.get_or_init(|| compiled.runnable).clone())
    }
}

pub type Classes = std::collections::HashMap<starknet_api::core::ClassHash, Arc<Class>>;
