//! Commitments of Lockstep's SVM tenants as a Node addon: what litesvm doesn't have. This file is the surface, and
//! nothing else: it turns JavaScript values into Rust ones and keeps panics from crossing into Node.

mod error;
mod signature;

use std::panic::{catch_unwind, AssertUnwindSafe};

use lockstep_tree::{Change, Tree};
use napi::bindgen_prelude::Buffer;
use napi::{Error, Result};
use napi_derive::napi;

use crate::error::{Code, EngineError};

/// A sparse Merkle tree and its last 256 versions. A change without a value deletes its key.
#[napi]
pub struct SvmTree {
    tree: Option<Tree>,
}

#[napi(object)]
pub struct TreeProof {
    /// From the leaf up, 32 bytes each.
    pub siblings: Vec<Buffer>,
    /// For an absent key: hashes of key and value of the leaf in its place.
    pub other: Option<Vec<Buffer>>,
}

#[napi]
impl SvmTree {
    /// An empty tree whose first version gets this number.
    #[napi(constructor)]
    pub fn new(number: i64) -> Result<Self, Code> {
        guard(|| Ok(Self { tree: Some(Tree::new(version(number)?)) }))
    }

    /// Adds pairs to the first version.
    #[napi]
    pub fn load(&mut self, keys: Vec<Buffer>, values: Vec<Buffer>) -> Result<(), Code> {
        let values = values.into_iter().map(Some).collect::<Vec<_>>();
        self.change(|tree| Ok(tree.load(&changes(&keys, &values)?)?))
    }

    /// Ends the first version; gives its root.
    #[napi]
    pub fn loaded(&mut self) -> Result<Buffer, Code> {
        self.change(|tree| Ok(tree.loaded()?.to_vec().into()))
    }

    /// Adds the version before the oldest; false when no more are kept.
    #[napi]
    pub fn load_undo(&mut self, keys: Vec<Buffer>, values: Vec<Option<Buffer>>) -> Result<bool, Code> {
        self.change(|tree| Ok(tree.load_undo(&changes(&keys, &values)?)?))
    }

    /// Adds the version after the newest; gives its root.
    #[napi]
    pub fn seal(&mut self, keys: Vec<Buffer>, values: Vec<Option<Buffer>>) -> Result<Buffer, Code> {
        self.change(|tree| Ok(tree.seal(&changes(&keys, &values)?)?.to_vec().into()))
    }

    #[napi]
    pub fn root(&self, number: i64) -> Result<Buffer, Code> {
        self.read(|tree| Ok(tree.root(version(number)?)?.to_vec().into()))
    }

    #[napi]
    pub fn prove(&self, number: i64, key: Buffer) -> Result<TreeProof, Code> {
        self.read(|tree| {
            let proof = tree.prove(version(number)?, &key)?;
            Ok(TreeProof {
                siblings: proof.siblings.iter().map(|hash| hash.to_vec().into()).collect(),
                other: proof.other.map(|(key, value)| vec![key.to_vec().into(), value.to_vec().into()]),
            })
        })
    }

    fn read<T>(&self, run: impl FnOnce(&Tree) -> error::Result<T>) -> Result<T, Code> {
        guard(|| run(self.tree.as_ref().ok_or_else(unusable)?))
    }

    fn change<T>(&mut self, run: impl FnOnce(&mut Tree) -> error::Result<T>) -> Result<T, Code> {
        let result = guard(|| run(self.tree.as_mut().ok_or_else(unusable)?));
        if matches!(&result, Err(error) if error.status == Code::Broken) {
            self.tree = None;
        }
        result
    }
}

/// Whether each key signed the message with the signature at its place.
#[napi]
pub fn all_signed(message: Buffer, keys: Buffer, signatures: Buffer) -> Result<bool, Code> {
    guard(|| signature::all_signed(&message, &keys, &signatures))
}

fn changes<'a>(keys: &'a [Buffer], values: &'a [Option<Buffer>]) -> error::Result<Vec<Change<'a>>> {
    if keys.len() != values.len() {
        return Err(EngineError::new(Code::BadInput, "expected as many values as keys"));
    }
    Ok(keys.iter().zip(values).map(|(key, value)| (key.as_ref(), value.as_deref())).collect())
}

fn version(number: i64) -> error::Result<u64> {
    u64::try_from(number).map_err(|_| EngineError::new(Code::BadInput, format!("{number} is no block number")))
}

fn unusable() -> EngineError {
    EngineError::new(Code::Broken, "the tree failed earlier")
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
            Err(Error::new(Code::Broken, format!("the tree panicked: {message}")))
        }
    }
}
