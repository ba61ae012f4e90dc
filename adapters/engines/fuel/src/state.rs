//! The newest sealed state, and what the open block changed of it: an overlay with a journal that takes back any number of
//! changes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::index::Index;
use crate::key::Key;

pub type Value = Arc<[u8]>;

/// One key before and after; `None` where it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: Key,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Change {
    pub fn bytes(&self) -> usize {
        let length = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.len());
        self.key.len() + length(&self.before) + length(&self.after)
    }
}

/// The sealed state. The map is std's: anyone chooses keys, so their hash has to be keyed.
#[derive(Default)]
pub struct Base {
    values: HashMap<Key, Value>,
    pub index: Index,
}

impl Base {
    pub fn get(&self, key: &[u8]) -> Option<&Value> {
        self.values.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.values.iter()
    }

    pub fn apply(&mut self, changes: &[Change]) {
        for Change { key, before, after } in changes {
            self.index.change(key, before.as_deref(), after.as_deref());
            match after {
                Some(value) => self.values.insert(key.clone(), value.clone()),
                None => self.values.remove(key),
            };
        }
    }
}

/// What was there before a change: nothing of the overlay, or its value; and what the overlay held in bytes.
struct Step {
    key: Key,
    before: Option<Option<Value>>,
    bytes: usize,
}

#[derive(Default)]
pub struct Overlay {
    values: HashMap<Key, Option<Value>>,
    journal: Vec<Step>,
    bytes: usize,
}

impl Overlay {
    /// `None` where the overlay says nothing of a key.
    pub fn get(&self, key: &[u8]) -> Option<Option<&Value>> {
        self.values.get(key).map(Option::as_ref)
    }

    pub fn set(&mut self, base: &Base, key: Key, value: Option<Value>) {
        let length = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.len());
        let bytes = self.bytes;
        self.bytes += length(&value);
        let before = self.values.insert(key.clone(), value);
        match &before {
            Some(before) => self.bytes -= length(before),
            None => self.bytes += key.len() + base.get(&key).map_or(0, |value| value.len()),
        }
        self.journal.push(Step { key, before, bytes });
    }

    /// The present point.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    pub fn revert_to(&mut self, mark: usize) {
        for Step { key, before, bytes } in self.journal.drain(mark..).rev() {
            match before {
                Some(value) => self.values.insert(key, value),
                None => self.values.remove(&key),
            };
            self.bytes = bytes;
        }
    }

    /// Keys set since a mark, some of them more than once.
    pub fn set_since(&self, mark: usize) -> impl Iterator<Item = &Key> {
        self.journal[mark..].iter().map(|step| &step.key)
    }

    /// What the overlay said of a key at a mark.
    pub fn get_at(&self, mark: usize, key: &[u8]) -> Option<Option<&Value>> {
        match self.journal[mark..].iter().find(|step| *step.key == *key) {
            Some(step) => step.before.as_ref().map(Option::as_ref),
            None => self.get(key),
        }
    }

    /// Bytes of the keys that it holds, of their values, and of those below it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Net changes in order of their keys, and an empty overlay.
    pub fn take_changes(&mut self, base: &Base) -> Vec<Change> {
        self.journal.clear();
        self.bytes = 0;
        let mut changes: Vec<_> = self
            .values
            .drain()
            .map(|(key, after)| Change { before: base.get(&key).cloned(), key, after })
            .filter(|change| change.before != change.after)
            .collect();
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        changes
    }
}
