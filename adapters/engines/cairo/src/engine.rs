//! One chain: its newest state, its last heights, and the block being built.

use blockifier::blockifier::block::pre_process_block;
use blockifier::context::BlockContext;
use blockifier::state::cached_state::TransactionalState;
use starknet_api::block::{BlockHash, BlockHashAndNumber, BlockNumber};
use starknet_api::block_hash::block_hash_calculator::TransactionHashingData;
use starknet_types_core::felt::Felt;

use crate::chain::Chain;
use crate::compiler::Compiler;
use crate::error::{Code, EngineError, Result};
use crate::genesis::{Genesis, GenesisClasses};
use crate::header::{self, Head, Header, HASH_BUFFER};
use crate::state::State;
use crate::versions::{Direction, Version, Versions, View, World};
use lockstep_host::Mark;

pub struct Engine {
    pub(crate) chain: Chain,
    pub(crate) state: State,
    pub(crate) versions: Versions,
    pub(crate) compiler: Compiler,
    pub(crate) open: Option<OpenBlock>,
    /// Where `execute_at` notes what it is about to execute.
    pub(crate) mark: Option<Mark>,
}

/// The block being built.
pub struct OpenBlock {
    pub(crate) context: BlockContext,
    pub(crate) progress: Progress,
    pub(crate) transactions: Vec<TransactionHashingData>,
    checkpoints: Vec<(u32, Checkpoint)>,
    next_checkpoint: u32,
}

#[derive(Clone, Copy, Default)]
pub struct Progress {
    /// L2 gas asked for, and used.
    pub asked: u64,
    pub used: u64,
}

struct Checkpoint {
    state: usize,
    transactions: usize,
    progress: Progress,
}

/// A sealed block as it is handed out.
pub struct SealedBlock {
    pub header: Header,
    pub gas_used: u64,
    /// Packed changes of the state.
    pub diff: Vec<u8>,
}

impl Engine {
    /// A new chain with block 0.
    pub fn create(genesis: &Genesis, classes: &GenesisClasses<'_>) -> Result<Self> {
        let chain = Chain::new(&genesis.chain)?;
        let mut state = State::default();
        genesis.allocate(classes, &mut state)?;
        let mut world = World::default();
        let changes = state.take_changes();
        world.apply(&changes, Direction::Forward);
        let info = chain.block_info(0, genesis.timestamp);
        let header = header::seal(&info, Felt::ZERO, world.root(), &[], changes.state_diff())?;
        let version = Version { head: Head::following(None, header), world, changes: Some(changes) };
        Ok(Self::resume(chain, state, version))
    }

    /// A chain whose newest block is `version`, with the flat state of the same height.
    pub fn resume(chain: Chain, state: State, version: Version) -> Self {
        let versions = Versions::new(version);
        Self { chain, state, versions, compiler: Compiler::default(), open: None, mark: None }
    }

    /// Block 0 with the diff that holds everything allocated; `wrong_state` once another block is sealed.
    pub fn genesis(&self) -> Result<SealedBlock> {
        let version = self.versions.newest();
        match &version.changes {
            Some(changes) if version.number() == 0 => Ok(SealedBlock {
                header: version.head.header.clone(),
                gas_used: 0,
                diff: changes.pack(None, &version.head),
            }),
            _ => Err(EngineError::wrong_state("block 0 is not the newest one")),
        }
    }

    /// The state after block `number`.
    pub fn view(&self, number: u64) -> Result<View<'_>> {
        Ok(View { world: &self.versions.at(number)?.world, classes: &self.state.classes })
    }

    pub(crate) fn open_block(&mut self) -> Result<&mut OpenBlock> {
        self.open.as_mut().ok_or_else(|| EngineError::wrong_state("no block is open: call begin first"))
    }

    /// Opens the block after the newest, and stores the hash of the tenth before it in contract 0x1.
    pub fn begin(&mut self, number: u64, timestamp: u64) -> Result<()> {
        if self.open.is_some() {
            return Err(EngineError::wrong_state("a block is open already"));
        }
        let head = &self.versions.newest().head;
        if number != head.header.block_number + 1 {
            let newest = head.header.block_number;
            return Err(EngineError::wrong_state(format!("block {number} does not follow block {newest}")));
        }
        let context = self.chain.context(number, timestamp);
        let old = number
            .checked_sub(HASH_BUFFER)
            .map(|old| BlockHashAndNumber { number: BlockNumber(old), hash: BlockHash(head.recent[0]) });
        let mut state = TransactionalState::create_transactional(&mut self.state);
        pre_process_block(&mut state, old, BlockNumber(number), &context.versioned_constants().os_constants)
            .map_err(EngineError::broken)?;
        state.commit();
        self.open = Some(OpenBlock {
            context,
            progress: Progress::default(),
            transactions: Vec::new(),
            checkpoints: Vec::new(),
            next_checkpoint: 0,
        });
        Ok(())
    }

    /// Marks the present point of the open block.
    pub fn checkpoint(&mut self) -> Result<u32> {
        let state = self.state.mark();
        let block = self.open_block()?;
        let id = block.next_checkpoint;
        block.next_checkpoint += 1;
        let checkpoint = Checkpoint { state, transactions: block.transactions.len(), progress: block.progress };
        block.checkpoints.push((id, checkpoint));
        Ok(id)
    }

    /// Drops a checkpoint and those above it, keeping the changes.
    pub fn commit(&mut self, id: u32) -> Result<()> {
        self.take_checkpoint(id).map(drop)
    }

    /// Takes the open block back to a checkpoint, which is dropped with those above it.
    pub fn revert(&mut self, id: u32) -> Result<()> {
        let Checkpoint { state, transactions, progress } = self.take_checkpoint(id)?;
        self.state.revert_to(state);
        let block = self.open_block()?;
        block.transactions.truncate(transactions);
        block.progress = progress;
        Ok(())
    }

    fn take_checkpoint(&mut self, id: u32) -> Result<Checkpoint> {
        let block = self.open_block()?;
        let position = block.checkpoints.iter().position(|(own, _)| *own == id);
        let found = position.and_then(|position| block.checkpoints.drain(position..).next());
        found
            .map(|(_, checkpoint)| checkpoint)
            .ok_or_else(|| EngineError::new(Code::BadCheckpoint, format!("{id} is no checkpoint of the open block")))
    }

    /// Drops the open block.
    pub fn discard(&mut self) -> Result<()> {
        self.state.revert_to(0);
        self.open = None;
        Ok(())
    }

    /// Closes the open block.
    pub fn seal(&mut self) -> Result<SealedBlock> {
        if !self.open_block()?.checkpoints.is_empty() {
            return Err(EngineError::wrong_state("commit or revert every checkpoint first"));
        }
        let Some(block) = self.open.take() else {
            return Err(EngineError::wrong_state("no block is open: call begin first"));
        };
        let parent = self.versions.newest();
        let changes = self.state.take_changes();
        let mut world = parent.world.clone();
        world.apply(&changes, Direction::Forward);
        let info = block.context.block_info();
        let parent_hash = parent.head.header.block_hash;
        let header = header::seal(info, parent_hash, world.root(), &block.transactions, changes.state_diff())?;
        let head = Head::following(Some(&parent.head), header.clone());
        let diff = changes.pack(Some(&parent.head), &head);
        self.versions.push(Version { head, world, changes: Some(changes) });
        Ok(SealedBlock { header, gas_used: block.progress.used, diff })
    }
}
