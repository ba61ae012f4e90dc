//! The newest state: flat maps, and a journal that takes back any number of transactions.

use std::collections::{BTreeMap, HashMap};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use revm::primitives::AddressMap;
use revm::state::{self, AccountInfo, Bytecode};
use revm::{Database, DatabaseCommit};

use crate::account::Account;
use crate::block_hashes::{BlockHashes, MissingBlockHash};
use crate::diff::{Change, Diff, Direction};

/// The maps are std's: anyone chooses addresses and slots, so their hash has to be keyed.
#[derive(Default)]
pub struct State {
    accounts: HashMap<Address, Account>,
    /// By account, so that destroying one costs its own slots only. No inner map is empty, no value is zero.
    slots: HashMap<Address, HashMap<U256, U256>>,
    /// Append-only but for reverts and unwinds: older heights read from it too.
    pub(crate) codes: HashMap<B256, Bytecode>,
    pub hashes: BlockHashes,
    journal: Vec<Undo>,
}

/// How to take back one change.
enum Undo {
    Account(Address, Option<Account>),
    Slot(Address, U256, Option<U256>),
    /// All slots of an account, taken away at once.
    Slots(Address, HashMap<U256, U256>),
    Code(B256),
}

impl State {
    pub fn account(&self, address: Address) -> Option<Account> {
        self.accounts.get(&address).copied()
    }

    pub fn code(&self, hash: B256) -> Bytecode {
        self.codes.get(&hash).cloned().unwrap_or_default()
    }

    pub fn has_code(&self, hash: B256) -> bool {
        self.codes.contains_key(&hash)
    }

    /// Accounts in no particular order.
    pub fn accounts(&self) -> impl Iterator<Item = (Address, Account)> + '_ {
        self.accounts.iter().map(|(address, account)| (*address, *account))
    }

    /// The slots of an account in no particular order; none is zero.
    pub fn slots(&self, address: Address) -> impl Iterator<Item = (U256, U256)> + '_ {
        self.slots.get(&address).into_iter().flatten().map(|(slot, value)| (*slot, *value))
    }

    /// Accounts that have slots, in no particular order.
    pub fn with_slots(&self) -> impl Iterator<Item = Address> + '_ {
        self.slots.keys().copied()
    }

    /// Sets an account, or removes it.
    pub fn set_account(&mut self, address: Address, account: Option<Account>) {
        let old = match account {
            Some(account) => self.accounts.insert(address, account),
            None => self.accounts.remove(&address),
        };
        if old != account {
            self.journal.push(Undo::Account(address, old));
        }
    }

    /// Sets a slot; zero removes it.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        let value = (!value.is_zero()).then_some(value);
        let old = self.write_slot(address, slot, value);
        if old != value {
            self.journal.push(Undo::Slot(address, slot, old));
        }
    }

    /// Adds code under its hash.
    pub fn add_code(&mut self, hash: B256, code: Bytecode) {
        if self.codes.insert(hash, code).is_none() {
            self.journal.push(Undo::Code(hash));
        }
    }

    /// Where the journal stands, for `revert_to`.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    /// Takes back every change made since the mark.
    pub fn revert_to(&mut self, mark: usize) {
        while self.journal.len() > mark {
            let Some(undo) = self.journal.pop() else { return };
            match undo {
                Undo::Account(address, Some(account)) => {
                    self.accounts.insert(address, account);
                }
                Undo::Account(address, None) => {
                    self.accounts.remove(&address);
                }
                Undo::Slot(address, slot, value) => {
                    self.write_slot(address, slot, value);
                }
                Undo::Slots(address, slots) => {
                    self.slots.insert(address, slots);
                }
                Undo::Code(hash) => {
                    self.codes.remove(&hash);
                }
            }
        }
    }

    /// Empties the journal into the net changes since it was last empty.
    pub fn take_diff(&mut self, old_header: Option<Header>, header: Header) -> Diff {
        let mut accounts = BTreeMap::new();
        let mut codes = BTreeMap::new();
        let mut slots = BTreeMap::<Address, BTreeMap<U256, Option<U256>>>::new();
        // The oldest entry of a key holds its value before the block, so the first one in wins.
        for undo in self.journal.drain(..) {
            match undo {
                Undo::Account(address, old) => {
                    accounts.entry(address).or_insert(old);
                }
                Undo::Slot(address, slot, old) => {
                    slots.entry(address).or_default().entry(slot).or_insert(old);
                }
                Undo::Slots(address, old) => {
                    let slots = slots.entry(address).or_default();
                    for (slot, value) in old {
                        slots.entry(slot).or_insert(Some(value));
                    }
                }
                Undo::Code(hash) => {
                    codes.insert(hash, Change { old: None, new: self.codes.get(&hash).cloned() });
                }
            }
        }
        let accounts = net(accounts, |address| self.accounts.get(address).copied());
        let slots = slots
            .into_iter()
            .map(|(address, olds)| {
                let held = self.slots.get(&address);
                (address, net(olds, |slot| held.and_then(|held| held.get(slot)).copied()))
            })
            .filter(|(_, changes)| !changes.is_empty())
            .collect();
        Diff { accounts, codes, slots, old_header, header }
    }

    /// Goes one sealed block forward or back, past the journal.
    pub fn apply(&mut self, diff: &Diff, direction: Direction) {
        for (address, change) in &diff.accounts {
            match change.target(direction) {
                Some(account) => self.accounts.insert(*address, *account),
                None => self.accounts.remove(address),
            };
        }
        for (hash, change) in &diff.codes {
            match change.target(direction) {
                Some(code) => self.codes.insert(*hash, code.clone()),
                None => self.codes.remove(hash),
            };
        }
        for (address, slots) in &diff.slots {
            for (slot, change) in slots {
                self.write_slot(*address, *slot, change.target(direction).copied());
            }
        }
    }

    /// Forgets how the present state came about; what is in it stays.
    pub fn clear_journal(&mut self) {
        self.journal.clear();
    }

    fn write_slot(&mut self, address: Address, slot: U256, value: Option<U256>) -> Option<U256> {
        match value {
            Some(value) => self.slots.entry(address).or_default().insert(slot, value),
            None => {
                let slots = self.slots.get_mut(&address)?;
                let old = slots.remove(&slot);
                if slots.is_empty() {
                    self.slots.remove(&address);
                }
                old
            }
        }
    }

    fn remove_slots(&mut self, address: Address) {
        if let Some(slots) = self.slots.remove(&address) {
            self.journal.push(Undo::Slots(address, slots));
        }
    }
}

/// Pairs old values with the present ones and drops what is equal.
fn net<K: Ord, T: PartialEq>(
    olds: BTreeMap<K, Option<T>>,
    present: impl Fn(&K) -> Option<T>,
) -> BTreeMap<K, Change<T>> {
    olds.into_iter()
        .map(|(key, old)| {
            let new = present(&key);
            (key, Change { old, new })
        })
        .filter(|(_, change)| change.old != change.new)
        .collect()
}

impl Database for State {
    type Error = MissingBlockHash;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, MissingBlockHash> {
        Ok(self.account(address).map(Account::to_info))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, MissingBlockHash> {
        Ok(self.code(hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, MissingBlockHash> {
        Ok(self.slots.get(&address).and_then(|slots| slots.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, MissingBlockHash> {
        self.hashes.get(number)
    }
}

impl DatabaseCommit for State {
    /// Takes over what a transaction changed. Empty accounts vanish (EIP-161); revm marks as destroyed only what
    /// EIP-6780 destroys.
    fn commit(&mut self, changes: AddressMap<state::Account>) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            let removed = account.is_selfdestructed() || account.info.is_empty();
            if removed || account.is_created() {
                self.remove_slots(address);
            }
            if removed {
                self.set_account(address, None);
                continue;
            }
            for (slot, value) in account.changed_storage_slots() {
                self.set_slot(address, *slot, value.present_value());
            }
            self.set_account(address, Some(Account::from(&account.info)));
            if let Some(code) = account.info.code {
                if !code.is_empty() && !self.has_code(account.info.code_hash) {
                    self.add_code(account.info.code_hash, code);
                }
            }
        }
    }
}
