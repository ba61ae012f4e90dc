//! Starting again from what a store kept.

use std::sync::Arc;

use crate::chain::{Chain, ChainConfig};
use crate::classes::Class;
use crate::diff::Changes;
use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};
use crate::header::Head;
use crate::packed::{self, Key, Reader};
use crate::state::State;
use crate::versions::{Direction, Version, World};

/// Collects the flat state of one height.
pub struct Loader {
    chain: Chain,
    state: State,
    head: Option<Head>,
}

impl Loader {
    pub fn new(config: &ChainConfig) -> Result<Self> {
        Ok(Self { chain: Chain::new(config)?, state: State::default(), head: None })
    }

    /// Takes packed entries, in any order and in any number of parts.
    pub fn load(&mut self, entries: &[u8]) -> Result<()> {
        let mut reader = Reader::new(entries);
        while !reader.is_done() {
            let key = Key::decode(reader.key()?)?;
            let value = reader.value()?.ok_or_else(|| EngineError::bad_input("an entry without a value"))?;
            match key {
                Key::Contract(address) => self.state.set_contract(address, packed::unpack_contract(value)?),
                Key::Class(hash) => {
                    let class = Class::unpack(value)?;
                    let found = class.decode().map_err(|error| EngineError::bad_input(error.message))?.hash;
                    if found != hash {
                        return Err(EngineError::bad_input(format!(
                            "a class stored under {:#x} has another hash",
                            hash.0
                        )));
                    }
                    self.state.add_class(hash, Arc::new(class));
                }
                Key::Head => self.head = Some(Head::unpack(value)?),
                Key::Slot(address, key) => self.state.set_slot(address, key, packed::unpack_slot(value)?),
            }
        }
        Ok(())
    }

    /// Builds the tries and checks the state root: `root_mismatch` when the entries are not the state of their head.
    pub fn finish(self) -> Result<Engine> {
        let Self { chain, mut state, head } = self;
        let head = head.ok_or_else(|| EngineError::bad_input("no head was loaded"))?;
        let mut world = World::default();
        world.apply(&state.take_changes(), Direction::Forward);
        let (expected, root) = (head.header.new_root, world.root());
        if expected != root {
            let number = head.header.block_number;
            let message = format!("block {number} has state root {expected:#x}, the state has {root:#x}");
            return Err(EngineError::new(Code::RootMismatch, message));
        }
        Ok(Engine::resume(chain, state, Version { head, world, changes: None }))
    }
}

impl Engine {
    /// Goes back one block from the oldest known one with that block's diff; false when nothing older is of use.
    /// Roots of the heights before are not computed here: whoever reads them checks proofs against the header.
    pub fn load_undo(&mut self, packed: &[u8]) -> Result<bool> {
        let (changes, parent, head) = Changes::unpack(packed)?;
        let oldest = self.versions.oldest();
        if oldest.head != head {
            return Err(EngineError::bad_input("the diff is not of the oldest known block"));
        }
        let Some(parent) = parent.filter(|_| !self.versions.is_full()) else {
            self.versions.complete_oldest(changes);
            return Ok(false);
        };
        if parent.header.block_hash != head.header.parent_hash {
            return Err(EngineError::bad_input("the heads of the diff are not parent and child"));
        }
        let mut world = oldest.world.clone();
        world.apply(&changes, Direction::Back);
        self.versions.push_older(Version { head: parent, world, changes: None }, changes);
        Ok(true)
    }
}
