//! The last 256 heights, newest last, each with its whole state.

use std::collections::VecDeque;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use revm::state::{AccountInfo, Bytecode};
use revm::Database;

use crate::account::Account;
use crate::block_hashes::MissingBlockHash;
use crate::diff::Diff;
use crate::error::{Code, EngineError, Result};
use crate::state::State;
use crate::world::World;

/// How many heights are readable, the newest included.
pub const KEPT: usize = 256;

/// One sealed height.
pub struct Version {
    pub header: Header,
    pub hash: B256,
    pub world: World,
    /// What this block changed; `None` for the oldest height after loading, whose own diff isn't known.
    pub diff: Option<Diff>,
}

/// Never empty.
pub struct Versions {
    ring: VecDeque<Version>,
}

impl Versions {
    pub fn new(first: Version) -> Self {
        Self { ring: VecDeque::from([first]) }
    }

    pub fn newest(&self) -> &Version {
        &self.ring[self.ring.len() - 1]
    }

    pub fn oldest(&self) -> &Version {
        &self.ring[0]
    }

    pub fn oldest_mut(&mut self) -> &mut Version {
        &mut self.ring[0]
    }

    pub fn is_full(&self) -> bool {
        self.ring.len() >= KEPT
    }

    /// The version of a height, else `height_unavailable`.
    pub fn at(&self, number: u64) -> Result<&Version> {
        let oldest = self.oldest().header.number;
        number.checked_sub(oldest).and_then(|index| self.ring.get(index as usize)).ok_or_else(|| {
            let newest = self.newest().header.number;
            let message = format!("block {number} is not among the readable ones, {oldest} to {newest}");
            EngineError::new(Code::HeightUnavailable, message)
        })
    }

    /// Adds the next height and drops the oldest when there are too many.
    pub fn push(&mut self, version: Version) {
        self.ring.push_back(version);
        if self.ring.len() > KEPT {
            self.ring.pop_front();
        }
    }

    /// Adds the height before the oldest.
    pub fn push_older(&mut self, version: Version) {
        self.ring.push_front(version);
    }

    /// Takes the newest height away, unless it is the only one.
    pub fn pop(&mut self) -> Option<Version> {
        if self.ring.len() < 2 {
            return None;
        }
        self.ring.pop_back()
    }
}

/// A version as revm reads it. Code and block hashes come from the newest state: neither is ever overwritten.
pub struct VersionDatabase<'a> {
    pub version: &'a Version,
    pub state: &'a State,
}

impl Database for VersionDatabase<'_> {
    type Error = MissingBlockHash;

    fn basic(&mut self, address: Address) -> std::result::Result<Option<AccountInfo>, MissingBlockHash> {
        Ok(self.version.world.account(address).map(|leaf| Account::to_info(leaf.account)))
    }

    fn code_by_hash(&mut self, hash: B256) -> std::result::Result<Bytecode, MissingBlockHash> {
        Ok(self.state.code(hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> std::result::Result<U256, MissingBlockHash> {
        Ok(self.version.world.slot(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> std::result::Result<B256, MissingBlockHash> {
        self.state.hashes.get(number)
    }
}
