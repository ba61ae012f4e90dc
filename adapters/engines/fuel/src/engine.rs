//! One chain: its newest state, its last heights, and the block being built.

use fuel_vm::fuel_asm::op;
use fuel_vm::fuel_tx::{input, output, ConsensusParameters, Transaction, TxPointer, UniqueIdentifier, UtxoId};
use fuel_vm::fuel_types::canonical::Serialize;
use fuel_vm::fuel_types::{Address, AssetId, Bytes32};
use fuel_vm::interpreter::contract::balance_increase;
use fuel_vm::interpreter::MemoryInstance;
use lockstep_tree::Tree;

use crate::accesses::Accesses;
use crate::block::OpenBlock;
use crate::coin::{encode_latest, Coin};
use crate::error::{EngineError, Result};
use crate::execute::{self, latest_at, Context, Executable, Executed};
use crate::header::{Head, Header};
use crate::history::History;
use crate::key::{self, Key};
use crate::merkle::{self, Hash, Peaks};
use crate::params::ChainConfig;
use crate::refusal::Refusal;
use crate::state::{Base, Change, Overlay, Value};
use crate::storage::{BlockInfo, View};
use crate::transaction::{check, decode, max_gas, Verified};
use lockstep_host::packed;
use lockstep_host::Mark;

/// Ids and times of past blocks that programs can ask for.
const KEPT_BLOCKS: u32 = 4096;
/// Bytes of what a block changes and of its receipts. Changing it forks the chain.
const BLOCK_BYTES: usize = 32 * 1024 * 1024;
/// Contract that only the sequencer writes to ("Lockstep" in ASCII, then zeros).
pub const GATEWAY: Hash = *b"Lockstep\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

pub struct Engine {
    pub(crate) chain: ChainConfig,
    pub(crate) parameters: ConsensusParameters,
    pub(crate) base: Base,
    pub(crate) head: Head,
    pub(crate) history: History,
    pub(crate) tree: Tree,
    pub(crate) verified: Verified,
    overlay: Overlay,
    open: Option<OpenBlock>,
    memory: MemoryInstance,
    /// Where `execute_at` notes what it is about to execute.
    pub(crate) mark: Option<Mark>,
}

/// A sealed block as it is handed out.
pub struct Sealed {
    pub head: Head,
    /// Commits to the record of the newest block.
    pub aux_root: Hash,
    /// sha256 of each receipt, one after the other.
    pub receipts: Vec<u8>,
    pub gas_used: u64,
    pub block: Vec<u8>,
    pub diff: Vec<u8>,
}

/// What `begin` is told.
pub struct Environment {
    pub number: u32,
    /// TAI64.
    pub time: u64,
    pub shared_height: u64,
    pub shared_header: Hash,
}

impl Engine {
    /// A new chain with block 0: packed coins, each `owner 32 ‖ asset 32 ‖ amount u64`, and the gateway's code.
    pub fn create(chain: ChainConfig, time: u64, coins: &[u8], gateway: &[u8]) -> Result<(Self, Sealed)> {
        let (mut base, mut overlay) = (Base::default(), Overlay::default());
        let mut reader = packed::Reader::new(coins);
        let mut number = 0u64;
        while !reader.is_done() {
            let (owner, asset) = (Address::from(reader.array::<32>()?), AssetId::from(reader.array::<32>()?));
            let coin =
                Coin { owner, asset, amount: u64::from_be_bytes(reader.array()?), pointer: TxPointer::default() };
            let mut id = [0; 32];
            id[24..].copy_from_slice(&number.to_be_bytes());
            overlay.set(&base, key::coin(&UtxoId::new(id.into(), 0)), Some(coin.encode().into()));
            number += 1;
        }
        let code: Vec<u8> = op::ret(1).to_bytes().to_vec();
        for (contract, code) in [(&chain.fee_recipient[..], &code[..]), (&GATEWAY[..], gateway)] {
            overlay.set(&base, key::key(key::CODE, contract), Some(code.into()));
            let latest = encode_latest(&UtxoId::default(), TxPointer::default());
            overlay.set(&base, key::key(key::LATEST, contract), Some(latest.into()));
        }
        let changes = overlay.take_changes(&base);
        let mut tree = Tree::new(0);
        tree.load(&tree_changes(&changes))?;
        let state_root = tree.loaded()?;
        base.apply(&changes);
        let header = Header {
            prev_root: [0; 32],
            height: 0,
            time,
            da_height: 0,
            transactions_count: 0,
            message_receipt_count: 0,
            transactions_root: merkle::root([]),
            message_outbox_root: merkle::root([]),
            event_inbox_root: state_root,
        };
        let head = head_of(&header, state_root, Peaks::default());
        let block = header.encode(&state_root, chain.gas_price);
        let record = Change { key: key::key(key::HEAD, &[]), before: None, after: Some(head.encode().into()) };
        let sealed = Sealed {
            aux_root: head.root(),
            receipts: Vec::new(),
            gas_used: 0,
            block,
            diff: encode_diff(&changes, &record),
            head: head.clone(),
        };
        base.apply(std::slice::from_ref(&record));
        Ok((Self::resume(chain, base, head, tree), sealed))
    }

    /// A chain whose newest block is `head`, with the state of that height.
    pub fn resume(chain: ChainConfig, base: Base, head: Head, tree: Tree) -> Self {
        let parameters = chain.parameters();
        let history = History::new(head.height);
        let (overlay, memory) = (Overlay::default(), MemoryInstance::new());
        let verified = Verified::default();
        Self { chain, parameters, base, head, history, tree, verified, overlay, open: None, memory, mark: None }
    }

    pub fn next_height(&self) -> u32 {
        self.head.height + 1
    }

    /// The newest sealed state, as the block after it would see it, under an overlay.
    pub fn sealed_view<'a>(&'a self, overlay: &'a mut Overlay) -> View<'a> {
        let coinbase = self.chain.fee_recipient;
        View::new(&self.base, overlay, BlockInfo { height: self.next_height(), time: self.head.time, coinbase })
    }

    /// Opens the next block. `wrong_state` when one is open or the number is another.
    pub fn begin(&mut self, environment: &Environment) -> Result<()> {
        if self.open.is_some() {
            return Err(EngineError::wrong_state("a block is open already"));
        }
        let (number, expected) = (environment.number, self.next_height());
        if number != expected {
            return Err(EngineError::wrong_state(format!("the next block is {expected}, not {number}")));
        }
        self.open = Some(OpenBlock::new(environment.time, environment.shared_height, environment.shared_header));
        Ok(())
    }

    /// Writes to the gateway's storage; an empty value deletes.
    pub fn write(&mut self, slot: &Hash, value: &[u8]) -> Result<()> {
        self.open()?;
        let value = (!value.is_empty()).then(|| Value::from(value));
        self.overlay.set(&self.base, key::pair(key::SLOT, &GATEWAY, slot), value);
        Ok(())
    }

    /// Executes one transaction after noting its place in the slice.
    pub fn execute_at(&mut self, place: u32, bytes: &[u8]) -> Result<std::result::Result<Executed, Refusal>> {
        self.open()?;
        if let Some(mark) = &self.mark {
            mark.entry(place);
        }
        Ok(self.execute(bytes))
    }

    /// Executes one transaction in the open block. Refused ones leave no trace.
    pub fn execute(&mut self, bytes: &[u8]) -> std::result::Result<Executed, Refusal> {
        match decode(bytes)? {
            Transaction::Script(transaction) => self.execute_checked(bytes, transaction),
            Transaction::Create(transaction) => self.execute_checked(bytes, transaction),
            Transaction::Blob(transaction) => self.execute_checked(bytes, transaction),
            _ => Err(Refusal::new("unsupported", "it is of a kind that is not taken")),
        }
    }

    fn execute_checked<Tx: Executable>(
        &mut self,
        bytes: &[u8],
        transaction: Tx,
    ) -> std::result::Result<Executed, Refusal>
    where
        Tx: fuel_vm::checked_transaction::IntoChecked,
        Tx::Metadata: fuel_vm::interpreter::CheckedMetadata + Send + Sync,
        fuel_vm::checked_transaction::Checked<Tx>: fuel_vm::checked_transaction::CheckPredicates,
    {
        let height = self.next_height();
        let block = self.open.as_mut().ok_or_else(|| Refusal::new("invalid", "no block is open"))?;
        let gas = max_gas(&transaction, &self.parameters)?;
        let checked = check(transaction, height, &self.parameters)?;
        let checked = self.verified.check(bytes, checked, &self.parameters)?;
        let id = checked.id();
        let follows = |input: &fuel_vm::fuel_tx::Input| {
            input.utxo_id().is_some_and(|utxo| input.is_coin() && block.has_returned(utxo.tx_id()))
        };
        if checked.transaction().inputs().iter().any(follows) {
            block.give_back(id);
            return Err(Refusal::new("block_full", "what it spends went back for want of room"));
        }
        if block.gas_used().saturating_add(gas) > self.chain.block_gas || block.is_full() {
            block.give_back(id);
            return Err(Refusal::new("block_full", "the block has no room for its gas"));
        }
        let mark = self.overlay.mark();
        let info = BlockInfo { height, time: block.time, coinbase: self.chain.fee_recipient };
        let mut view = View::new(&self.base, &mut self.overlay, info);
        let context = Context {
            parameters: &self.parameters,
            gas_price: self.chain.gas_price,
            index: block.count(),
            validate: true,
        };
        let executed = execute::execute(checked, gas, &mut view, &mut self.memory, &context)?;
        let bytes = self.overlay.bytes() + block.receipt_bytes() + executed.receipt.len();
        if bytes > BLOCK_BYTES {
            self.overlay.revert_to(mark);
            // No block has room for what doesn't fit an empty one.
            if block.count() == 0 {
                return Err(Refusal::new(
                    "invalid",
                    format!("it changes {bytes} bytes, a block at most {BLOCK_BYTES}"),
                ));
            }
            block.give_back(id);
            return Err(Refusal::new("block_full", "the block has no room for what it changes"));
        }
        block.push(&executed);
        Ok(executed)
    }

    /// Marks the present point of the open block; nests.
    pub fn checkpoint(&mut self) -> Result<u32> {
        let mark = self.overlay.mark();
        Ok(self.open()?.checkpoint(mark))
    }

    /// Drops a checkpoint and those above it, keeping the changes.
    pub fn commit(&mut self, id: u32) -> Result<()> {
        self.open()?.commit(id)
    }

    /// Takes state, receipts and gas back to a checkpoint.
    pub fn revert(&mut self, id: u32) -> Result<()> {
        let mark = self.open()?.revert(id)?;
        self.overlay.revert_to(mark);
        Ok(())
    }

    /// Drops the open block as if it had not been begun.
    pub fn discard(&mut self) -> Result<()> {
        self.open()?;
        self.open = None;
        self.overlay.revert_to(0);
        Ok(())
    }

    /// Closes the open block. `wrong_state` while checkpoints are left in it.
    pub fn seal(&mut self) -> Result<Sealed> {
        if self.open()?.has_checkpoints() {
            return Err(EngineError::wrong_state("checkpoints are open: commit or revert them"));
        }
        let block = self.open.take().ok_or_else(no_block)?;
        let height = self.next_height();
        let (mint_id, mint) = self.mint(&block, height)?;
        let message_leaves = block.messages().map(|id| merkle::leaf(id.as_ref()));
        let header = Header {
            prev_root: self.head.peaks.root(),
            height,
            time: block.time,
            da_height: block.shared_height,
            transactions_count: block.count() + 1,
            message_receipt_count: block.messages().count() as u32,
            transactions_root: merkle::root(block.leaves().chain([merkle::leaf(&mint)])),
            message_outbox_root: merkle::root(message_leaves),
            event_inbox_root: block.shared_header,
        };
        let past = [&header.id()[..], &block.time.to_be_bytes()].concat();
        self.overlay.set(&self.base, key::block(height), Some(past.into()));
        if let Some(forgotten) = height.checked_sub(KEPT_BLOCKS) {
            self.overlay.set(&self.base, key::block(forgotten), None);
        }
        let changes = self.overlay.take_changes(&self.base);
        let state_root = self.tree.seal(&tree_changes(&changes))?;
        let head = head_of(&header, state_root, self.head.peaks.clone());
        let key: Key = key::key(key::HEAD, &[]);
        let record = Change { before: self.base.get(&key).cloned(), key, after: Some(head.encode().into()) };
        let diff = encode_diff(&changes, &record);
        self.base.apply(&changes);
        self.base.apply(std::slice::from_ref(&record));
        self.history.push(changes);
        self.head = head.clone();
        let mut encoded = header.encode(&state_root, self.chain.gas_price);
        encoded.extend_from_slice(mint_id.as_ref());
        encoded.extend_from_slice(&mint);
        Ok(Sealed {
            aux_root: head.root(),
            receipts: block.receipts(),
            gas_used: block.gas_used(),
            block: encoded,
            diff,
            head,
        })
    }

    /// The transaction that ends the block: the fees go to their recipient. Its id and bytes.
    fn mint(&mut self, block: &OpenBlock, height: u32) -> Result<(Bytes32, Vec<u8>)> {
        let recipient = self.chain.fee_recipient;
        let base_asset = *self.parameters.base_asset_id();
        let pointer = TxPointer::new(height.into(), block.count());
        let info = BlockInfo { height, time: block.time, coinbase: recipient };
        let mut view = View::new(&self.base, &mut self.overlay, info);
        let mark = view.overlay.mark();
        balance_increase(&mut view, &recipient, &base_asset, block.fees())
            .map_err(|error| EngineError::wrong_state(format!("the fees can't be given: {error:?}")))?;
        let read = view.take_read();
        let (before, after) = (Accesses::before(&view, &read, mark), Accesses::after(&view, mark));
        let (utxo_id, tx_pointer) = latest_at(&view, &recipient).unwrap_or_default();
        let mint = Transaction::mint(
            pointer,
            input::contract::Contract {
                utxo_id,
                balance_root: before.balance_root(&recipient),
                state_root: before.state_root(&recipient),
                tx_pointer,
                contract_id: recipient,
            },
            output::contract::Contract {
                input_index: 0,
                balance_root: after.balance_root(&recipient),
                state_root: after.state_root(&recipient),
            },
            block.fees(),
            base_asset,
            self.chain.gas_price,
        );
        let id = mint.id(&self.parameters.chain_id());
        let latest = encode_latest(&UtxoId::new(id, 0), pointer);
        view.put(key::key(key::LATEST, recipient.as_ref()), Some(latest));
        Ok((id, Transaction::from(mint).to_bytes()))
    }

    fn open(&mut self) -> Result<&mut OpenBlock> {
        self.open.as_mut().ok_or_else(no_block)
    }
}

fn no_block() -> EngineError {
    EngineError::wrong_state("no block is open")
}

fn head_of(header: &Header, state_root: Hash, mut peaks: Peaks) -> Head {
    let id = header.id();
    peaks.push(merkle::leaf(&id));
    Head { id, height: header.height, time: header.time, state_root, peaks }
}

pub fn tree_changes(changes: &[Change]) -> Vec<lockstep_tree::Change<'_>> {
    changes.iter().map(|change| (&*change.key, change.after.as_deref())).collect()
}

/// The packed changes of a block and of the record of the newest one, in order of their keys.
fn encode_diff(changes: &[Change], record: &Change) -> Vec<u8> {
    let mut out = Vec::new();
    let behind = changes.partition_point(|change| change.key < record.key);
    for change in changes[..behind].iter().chain([record]).chain(&changes[behind..]) {
        packed::write_key(&mut out, &change.key);
        packed::write_value(&mut out, change.before.as_deref());
        packed::write_value(&mut out, change.after.as_deref());
    }
    out
}
