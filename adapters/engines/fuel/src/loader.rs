//! Starting again from what a store kept.

use lockstep_tree::Tree;

use crate::coin::{decode_latest, Coin};
use crate::engine::{tree_changes, Engine};
use crate::error::{Code, EngineError, Result};
use crate::header::Head;
use crate::key::{self, Key};
use crate::params::ChainConfig;
use crate::state::{Base, Change, Value};
use lockstep_host::packed::Reader;

/// Collects the flat state of one height.
pub struct Loader {
    chain: ChainConfig,
    base: Base,
}

impl Loader {
    pub fn new(chain: ChainConfig) -> Self {
        Self { chain, base: Base::default() }
    }

    /// Takes packed entries, in any order and in any number of parts.
    pub fn load(&mut self, entries: &[u8]) -> Result<()> {
        let mut reader = Reader::new(entries);
        while !reader.is_done() {
            let key = known(reader.key()?)?;
            let value = reader.value()?.ok_or_else(|| EngineError::bad_input("an entry without a value"))?;
            check_value(&key, value)?;
            self.base.apply(&[Change { key, before: None, after: Some(Value::from(value)) }]);
        }
        Ok(())
    }

    /// Builds the tree and checks its root: `root_mismatch` when the entries are not the state of their newest block.
    pub fn finish(self) -> Result<Engine> {
        let Self { chain, base } = self;
        let record = base.get(&[key::HEAD]).ok_or_else(|| EngineError::bad_input("it has no newest block"))?;
        let head = Head::decode(record)?;
        let mut tree = Tree::new(u64::from(head.height));
        let entries: Vec<_> = base.iter().filter(|(key, _)| key[0] != key::HEAD).collect();
        for part in entries.chunks(4096) {
            let pairs: Vec<lockstep_tree::Change> =
                part.iter().map(|(key, value)| (&***key, Some(&***value))).collect();
            tree.load(&pairs)?;
        }
        check_root(&head, tree.loaded()?)?;
        Ok(Engine::resume(chain, base, head, tree))
    }
}

impl Engine {
    /// Goes back one block from the oldest known one, with that block's diff; false when nothing older is of use.
    pub fn load_undo(&mut self, packed: &[u8]) -> Result<bool> {
        let (mut changes, mut record) = (Vec::new(), None);
        let mut reader = Reader::new(packed);
        while !reader.is_done() {
            let key = known(reader.key()?)?;
            let before = reader.value()?.map(Value::from);
            let change = Change { key, before, after: reader.value()?.map(Value::from) };
            if changes.last().is_some_and(|last: &Change| last.key >= change.key) {
                return Err(EngineError::bad_input("the keys of a diff are not sorted"));
            }
            if change.key[0] == key::HEAD {
                record = Some(change);
            } else {
                changes.push(change);
            }
        }
        let record = record.ok_or_else(|| EngineError::bad_input("a diff without a newest block"))?;
        let Some(before) = record.before else { return Ok(false) };
        let before = Head::decode(&before)?;
        let oldest = self.history.oldest();
        if before.height + 1 != oldest {
            return Err(EngineError::bad_input(format!("the diff is not that of block {oldest}")));
        }
        let undone: Vec<_> = changes
            .iter()
            .map(|Change { key, before, after }| Change {
                key: key.clone(),
                before: after.clone(),
                after: before.clone(),
            })
            .collect();
        if undone
            .iter()
            .any(|change| self.history.value(&self.base, oldest, &change.key).ok().flatten() != change.before.as_ref())
        {
            return Err(EngineError::bad_input(format!("the diff does not lead to the state of block {oldest}")));
        }
        if !self.history.push_older(changes) {
            return Ok(false);
        }
        self.tree.load_undo(&tree_changes(&undone))?;
        check_root(&before, self.tree.root(u64::from(before.height))?)?;
        Ok(true)
    }
}

fn known(key: &[u8]) -> Result<Key> {
    if !key::is_known(key) {
        return Err(EngineError::bad_input("it has a key that is none of ours"));
    }
    Ok(key.into())
}

fn check_value(key: &[u8], value: &[u8]) -> Result<()> {
    let good = match key[0] {
        key::COIN => Coin::decode(value).is_some(),
        key::LATEST => decode_latest(value).is_some(),
        key::BALANCE => value.len() == 8,
        key::BLOCK => value.len() == 40,
        _ => true,
    };
    good.then_some(()).ok_or_else(|| EngineError::bad_input("a stored value is malformed"))
}

fn check_root(head: &Head, root: [u8; 32]) -> Result<()> {
    if head.state_root == root {
        return Ok(());
    }
    Err(EngineError::new(Code::RootMismatch, format!("the state of block {} has another root", head.height)))
}
