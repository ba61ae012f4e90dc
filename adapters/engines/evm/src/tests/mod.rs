mod calls;
mod chain;
mod execution;
mod restart;
mod revert;
mod transactions;
mod trie;
