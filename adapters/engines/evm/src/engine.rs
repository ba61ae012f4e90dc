//! One chain: its newest state, its last heights, and the block being built.

use alloy_consensus::Header;
use alloy_primitives::{Address, Bytes, B256};
use revm::context::result::EVMError;
use revm::ExecuteCommitEvm;

use crate::block::OpenBlock;
use crate::config::{ChainConfig, Genesis};
use crate::diff::{Diff, Direction};
use crate::error::{EngineError, Result};
use crate::header::{self, BlockEnvironment};
use crate::outcome::Outcome;
use crate::receipt::{Executed, Receipt};
use crate::refusal::Refusal;
use crate::sender::Senders;
use crate::state::State;
use crate::transaction::{Inspected, Unverified};
use crate::versions::{Version, Versions};
use crate::vm::{self, Vm};
use crate::world::World;
use lockstep_host::Mark;

pub struct Engine {
    pub(crate) chain: ChainConfig,
    vm: Vm<State>,
    pub(crate) versions: Versions,
    senders: Senders,
    pub(crate) open: Option<OpenBlock>,
    /// Where `execute_at` notes what it is about to execute.
    pub(crate) mark: Option<Mark>,
}

/// A sealed block as it is handed out.
pub struct SealedBlock {
    pub header: Header,
    pub hash: B256,
    /// Bytes of the block's RLP.
    pub size: usize,
    /// Packed changes of the state.
    pub diff: Vec<u8>,
}

impl Engine {
    /// A new chain with block 0.
    pub fn create(genesis: &Genesis) -> Result<Self> {
        let mut state = State::default();
        genesis.allocate(&mut state)?;
        let block = OpenBlock::new(genesis.environment().draft(B256::ZERO));
        let (version, _) = fold(&mut state, World::default(), None, &block);
        Ok(Self::resume(genesis.chain(), state, version))
    }

    /// A chain whose newest block is `version`, with the flat state of the same height.
    pub fn resume(chain: ChainConfig, mut state: State, version: Version) -> Self {
        state.hashes.restart(version.header.number, version.hash);
        let vm = vm::build(chain.chain_id.to(), state, |_| {});
        Self { chain, vm, versions: Versions::new(version), senders: Senders::default(), open: None, mark: None }
    }

    pub(crate) fn state(&self) -> &State {
        &self.vm.ctx.journaled_state.database
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.vm.ctx.journaled_state.database
    }

    /// Block 0 with the diff that holds everything allocated; `wrong_state` once another block is sealed.
    pub fn genesis(&self) -> Result<SealedBlock> {
        let version = self.versions.newest();
        match &version.diff {
            Some(diff) if version.header.number == 0 => {
                let (_, size) = OpenBlock::new(version.header.clone()).finish(version.header.state_root);
                Ok(SealedBlock { header: version.header.clone(), hash: version.hash, size, diff: diff.encode() })
            }
            _ => Err(EngineError::wrong_state("genesis is only known before block 1 of a chain made here")),
        }
    }

    /// Decodes and checks what needs no state, remembers the senders, and tells what they have.
    pub fn inspect(&mut self, raw: &[&[u8]]) -> Vec<Inspected> {
        let read: Vec<_> = raw.iter().map(|raw| Unverified::read(raw, &self.chain)).collect();
        self.senders.prepare(read.iter().flatten());
        read.into_iter().map(|transaction| self.recover(transaction?)).collect()
    }

    fn recover(&mut self, transaction: Unverified) -> Inspected {
        let sender = self.senders.recover(&transaction)?;
        let leaf = self.versions.newest().world.account(sender);
        Ok((transaction.signed_by(sender), leaf.map(|leaf| leaf.account).unwrap_or_default()))
    }

    /// Opens the next block. `wrong_state` when one is open or the number is another.
    pub fn begin(&mut self, environment: &BlockEnvironment) -> Result<()> {
        if self.open.is_some() {
            return Err(EngineError::wrong_state("a block is open already"));
        }
        let parent = self.versions.newest();
        let (number, expected) = (environment.number.to::<u64>(), parent.header.number + 1);
        if number != expected {
            return Err(EngineError::wrong_state(format!("the next block is {expected}, not {number}")));
        }
        let draft = environment.draft(parent.hash);
        vm::set_block(&mut self.vm, &draft);
        self.open = Some(OpenBlock::new(draft));
        Ok(())
    }

    /// A call from the system address with 30M gas, outside the block's gas (EIP-4788, EIP-2935). An address without
    /// code does nothing.
    pub fn system_call(&mut self, to: Address, data: Bytes) -> Result<Outcome> {
        self.open()?;
        if !self.state().account(to).is_some_and(|account| account.has_code()) {
            return Ok(Outcome { gas_used: 0, logs: Vec::new(), output: Bytes::new(), reason: None });
        }
        vm::system_call(&mut self.vm, to, data)
    }

    /// Executes one transaction after noting its place in the slice.
    pub fn execute_at(&mut self, place: u32, raw: &[u8]) -> Result<Executed> {
        if let Some(mark) = &self.mark {
            mark.entry(place);
        }
        self.execute(raw)
    }

    /// Executes one transaction. Invalid ones leave no trace.
    pub fn execute(&mut self, raw: &[u8]) -> Result<Executed> {
        let block = self.open.as_mut().ok_or_else(no_block)?;
        let signed = Unverified::read(raw, &self.chain).and_then(|transaction| {
            let sender = self.senders.recover(&transaction)?;
            Ok(transaction.signed_by(sender))
        });
        let transaction = match signed {
            Ok(transaction) => transaction,
            Err(refusal) => return Ok(Executed::Invalid(refusal)),
        };
        let env = transaction.env();
        let left = block.gas_left();
        if env.gas_limit > left {
            let message = format!("gas limit {} is above the {left} left in the block", env.gas_limit);
            return Ok(Executed::Invalid(Refusal::new("block_gas", message)));
        }
        let outcome = match self.vm.transact_commit(env) {
            Ok(result) => Outcome::from(result),
            Err(EVMError::Transaction(error)) => return Ok(Executed::Invalid(error.into())),
            Err(error) => return Err(vm::thrown(error)),
        };
        let cumulative_gas = block.gas_used() + outcome.gas_used;
        let base_fee = header::base_fee(&block.draft);
        let (receipt, encoded) = Receipt::new(&transaction, outcome, cumulative_gas, base_fee);
        block.push(raw, encoded, cumulative_gas);
        Ok(Executed::Applied(Box::new(receipt)))
    }

    /// Marks the present point of the open block; nests.
    pub fn checkpoint(&mut self) -> Result<u32> {
        let mark = self.state().mark();
        Ok(self.open()?.checkpoint(mark))
    }

    /// Drops a checkpoint and those above it, keeping the changes.
    pub fn commit(&mut self, id: u32) -> Result<()> {
        self.open()?.commit(id)
    }

    /// Takes state, receipts and gas back to a checkpoint.
    pub fn revert(&mut self, id: u32) -> Result<()> {
        let mark = self.open()?.revert(id)?;
        self.state_mut().revert_to(mark);
        Ok(())
    }

    /// Drops the open block as if it had not been begun.
    pub fn discard(&mut self) -> Result<()> {
        self.open()?;
        self.open = None;
        self.state_mut().revert_to(0);
        Ok(())
    }

    /// Closes the open block. `wrong_state` while checkpoints are left in it.
    pub fn seal(&mut self) -> Result<SealedBlock> {
        if self.open()?.has_checkpoints() {
            return Err(EngineError::wrong_state("checkpoints are open: commit or revert them"));
        }
        let block = self.open.take().ok_or_else(no_block)?;
        let parent = self.versions.newest();
        let (world, old_header) = (parent.world.clone(), parent.header.clone());
        let state = self.state_mut();
        let (version, size) = fold(state, world, Some(old_header), &block);
        state.hashes.push(version.hash);
        let diff = version.diff.as_ref().map(Diff::encode).unwrap_or_default();
        let sealed = SealedBlock { header: version.header.clone(), hash: version.hash, size, diff };
        self.versions.push(version);
        Ok(sealed)
    }

    /// Drops the sealed blocks above a height. `wrong_state` while a block is open, `height_unavailable` outside the
    /// kept heights.
    pub fn unwind(&mut self, number: u64) -> Result<()> {
        if self.open.is_some() {
            return Err(EngineError::wrong_state("a block is open: seal or discard it"));
        }
        self.versions.at(number)?;
        while self.versions.newest().header.number > number {
            let Some(Version { diff: Some(diff), .. }) = self.versions.pop() else { break };
            self.state_mut().apply(&diff, Direction::Back);
        }
        self.state_mut().hashes.truncate(number);
        Ok(())
    }

    fn open(&mut self) -> Result<&mut OpenBlock> {
        self.open.as_mut().ok_or_else(no_block)
    }
}

fn no_block() -> EngineError {
    EngineError::wrong_state("no block is open")
}

/// Folds what the journal holds into the tries of the parent, and the block into its header.
fn fold(state: &mut State, mut world: World, old_header: Option<Header>, block: &OpenBlock) -> (Version, usize) {
    let mut diff = state.take_diff(old_header, block.draft.clone());
    world.apply(&diff, Direction::Forward);
    let (header, size) = block.finish(world.root());
    let hash = header.hash_slow();
    diff.header = header.clone();
    (Version { header, hash, world, diff: Some(diff) }, size)
}
