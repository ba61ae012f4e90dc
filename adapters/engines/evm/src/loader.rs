//! Starting again from what a store kept.

use alloy_consensus::Header;
use alloy_primitives::B256;

use crate::account::Account;
use crate::config::ChainConfig;
use crate::diff::{self, Diff, Direction};
use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};
use crate::header;
use crate::packed::{Key, Reader};
use crate::state::State;
use crate::versions::Version;
use crate::world::World;

/// Collects the flat state of one height.
pub struct Loader {
    chain: ChainConfig,
    state: State,
    header: Option<Header>,
}

impl Loader {
    pub fn new(chain: ChainConfig) -> Self {
        Self { chain, state: State::default(), header: None }
    }

    /// Takes packed entries, in any order and in any number of parts.
    pub fn load(&mut self, entries: &[u8]) -> Result<()> {
        let mut reader = Reader::new(entries);
        while !reader.is_done() {
            let key = Key::decode(reader.key()?)?;
            let value = reader.value()?.ok_or_else(|| EngineError::bad_input("an entry without a value"))?;
            match key {
                Key::Account(address) => self.state.set_account(address, Some(Account::unpack(value)?)),
                Key::Code(hash) => self.state.add_code(hash, diff::decode_code(hash, value)?),
                Key::Header => self.header = Some(header::unpack(value)?),
                Key::Slot(address, slot) => self.state.set_slot(address, slot, diff::decode_word(value)?),
            }
        }
        self.state.clear_journal();
        Ok(())
    }

    /// Builds the tries and checks the state root: `root_mismatch` when the entries are not the state of their header.
    pub fn finish(self) -> Result<Engine> {
        let Self { chain, state, header } = self;
        let header = header.ok_or_else(|| EngineError::bad_input("no header was loaded"))?;
        let missing = state.accounts().find(|(_, account)| account.has_code() && !state.has_code(account.code_hash));
        if let Some((address, _)) = missing {
            return Err(EngineError::bad_input(format!("the code of {address:?} was not loaded")));
        }
        let world = World::build(&state)?;
        check_root(&header, world.root())?;
        let hash = header.hash_slow();
        Ok(Engine::resume(chain, state, Version { header, hash, world, diff: None }))
    }
}

impl Engine {
    /// Goes back one block from the oldest known one with that block's diff. Gives the version before it while there is
    /// room, then only its hash; false when nothing older is of use.
    pub fn load_undo(&mut self, packed: &[u8]) -> Result<bool> {
        let diff = Diff::decode(packed)?;
        let parent = diff.old_header.clone().ok_or_else(|| EngineError::bad_input("nothing is before genesis"))?;
        let (hash, parent_hash) = (diff.header.hash_slow(), parent.hash_slow());
        if diff.header.parent_hash != parent_hash {
            return Err(EngineError::bad_input("the headers of the diff are not parent and child"));
        }
        let oldest = self.versions.oldest();
        let extends_versions = !self.versions.is_full() && oldest.hash == hash;
        let extends_hashes = self.state().hashes.oldest().is_some_and(|(_, oldest)| oldest == hash);
        if !extends_versions && !extends_hashes {
            return Err(EngineError::bad_input("the diff is not of the oldest known block"));
        }
        if extends_versions {
            let mut world = oldest.world.clone();
            world.apply(&diff, Direction::Back);
            check_root(&parent, world.root())?;
            self.versions.oldest_mut().diff = Some(diff);
            self.versions.push_older(Version { header: parent, hash: parent_hash, world, diff: None });
        }
        let hashes = &mut self.state_mut().hashes;
        if extends_hashes {
            hashes.push_older(parent_hash);
        }
        Ok(hashes.wants_older())
    }
}

fn check_root(header: &Header, root: B256) -> Result<()> {
    if header.state_root == root {
        return Ok(());
    }
    let message = format!("block {} has state root {:?}, the state has {root:?}", header.number, header.state_root);
    Err(EngineError::new(Code::RootMismatch, message))
}
