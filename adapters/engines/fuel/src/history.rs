//! What the last blocks changed, so that older states can be read.

use std::collections::VecDeque;

use lockstep_tree::KEPT;

use crate::error::{Code, EngineError, Result};
use crate::state::{Base, Change, Value};

/// Bytes of changes that are kept; blocks behind them can't be read any more.
const KEPT_BYTES: usize = 256 * 1024 * 1024;

struct Sealed {
    /// In order of their keys.
    changes: Vec<Change>,
    bytes: usize,
}

/// Changes of the blocks up to the newest, oldest first.
pub struct History {
    newest: u32,
    blocks: VecDeque<Sealed>,
    bytes: usize,
}

impl History {
    pub fn new(newest: u32) -> Self {
        Self { newest, blocks: VecDeque::new(), bytes: 0 }
    }

    pub fn oldest(&self) -> u32 {
        self.newest - self.blocks.len() as u32
    }

    pub fn push(&mut self, changes: Vec<Change>) {
        self.newest += 1;
        self.blocks.push_back(self.sealed(changes));
        self.bytes += self.blocks.back().map_or(0, |block| block.bytes);
        while self.blocks.len() >= KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.blocks.pop_front() else { break };
            self.bytes -= oldest.bytes;
        }
    }

    /// Adds the changes of the oldest readable block; false when there is no room.
    pub fn push_older(&mut self, changes: Vec<Change>) -> bool {
        let block = self.sealed(changes);
        if self.blocks.len() + 1 >= KEPT || self.bytes + block.bytes > KEPT_BYTES {
            return false;
        }
        self.bytes += block.bytes;
        self.blocks.push_front(block);
        true
    }

    fn sealed(&self, changes: Vec<Change>) -> Sealed {
        let bytes = changes.iter().map(Change::bytes).sum();
        Sealed { changes, bytes }
    }

    /// `height_unavailable` unless a block is readable.
    pub fn check(&self, number: u32) -> Result<()> {
        let (oldest, newest) = (self.oldest(), self.newest);
        if (oldest..=newest).contains(&number) {
            return Ok(());
        }
        let message = format!("block {number} is not among the readable ones, {oldest} to {newest}");
        Err(EngineError::new(Code::HeightUnavailable, message))
    }

    /// The value of a key at a block.
    pub fn value<'a>(&'a self, base: &'a Base, number: u32, key: &[u8]) -> Result<Option<&'a Value>> {
        self.check(number)?;
        let changed = self.after(number).find_map(|block| {
            let at = block.changes.binary_search_by(|change| (*change.key).cmp(key)).ok()?;
            Some(block.changes[at].before.as_ref())
        });
        Ok(changed.unwrap_or_else(|| base.get(key)))
    }

    /// Everything that was changed after a block, oldest first.
    pub fn changes_after(&self, number: u32) -> impl Iterator<Item = &Change> {
        self.after(number).flat_map(|block| &block.changes)
    }

    fn after(&self, number: u32) -> impl Iterator<Item = &Sealed> {
        self.blocks.iter().skip((number - self.oldest()) as usize)
    }
}
