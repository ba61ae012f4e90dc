//! Reads of a sealed height, in the JSON of Starknet's RPC.

use serde_json::{json, Value};
use starknet_api::core::{ClassHash, ContractAddress};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::classes::Class;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::leaves::ContractLeaf;
use crate::patricia::{Leaf, Node, Trie};

impl Engine {
    /// The leaf of a contract, where there is one.
    pub fn contract(&self, number: u64, address: ContractAddress) -> Result<Option<&ContractLeaf>> {
        Ok(self.versions.at(number)?.world.contract(address))
    }

    pub fn class(&self, number: u64, hash: ClassHash) -> Result<Option<&Class>> {
        let declared = self.versions.at(number)?.world.classes.get(&hash.0).is_some();
        Ok(self.state.classes.get(&hash).filter(|_| declared).map(|class| &**class))
    }

    /// What block `number` changed.
    pub fn state_diff(&self, number: u64) -> Result<Value> {
        let version = self.versions.at(number)?;
        let changes = version.changes.as_ref().ok_or_else(|| {
            let message = format!("what block {number} changed is not known any more");
            EngineError::new(crate::error::Code::HeightUnavailable, message)
        })?;
        let (mut deployed, mut replaced, mut nonces) = (Vec::new(), Vec::new(), Vec::new());
        for (address, change) in &changes.contracts {
            let (old, new) = (change.old.unwrap_or_default(), change.new.unwrap_or_default());
            let (at, class) = (address.0.key(), new.class_hash.0);
            if old.class_hash.0 == Felt::ZERO && class != Felt::ZERO {
                deployed.push(json!({ "address": at, "class_hash": class }));
            } else if old.class_hash.0 != class {
                replaced.push(json!({ "contract_address": at, "class_hash": class }));
            }
            if old.nonce != new.nonce {
                nonces.push(json!({ "contract_address": at, "nonce": new.nonce.0 }));
            }
        }
        let mut storage: Vec<(ContractAddress, Vec<Value>)> = Vec::new();
        for ((address, key), change) in &changes.slots {
            if storage.last().is_none_or(|(last, _)| last != address) {
                storage.push((*address, Vec::new()));
            }
            if let Some((_, entries)) = storage.last_mut() {
                entries.push(json!({ "key": key.0.key(), "value": change.new.unwrap_or_default() }));
            }
        }
        let storage: Vec<Value> = storage
            .into_iter()
            .map(|(address, entries)| json!({ "address": address.0.key(), "storage_entries": entries }))
            .collect();
        let declared: Vec<Value> = changes
            .classes
            .iter()
            .filter_map(|(hash, change)| Some((hash, change.new.as_ref()?)))
            .map(|(hash, class)| json!({ "class_hash": hash.0, "compiled_class_hash": class.compiled_hash.0 }))
            .collect();
        Ok(json!({
            "storage_diffs": storage,
            "declared_classes": declared,
            "deprecated_declared_classes": [],
            "deployed_contracts": deployed,
            "replaced_classes": replaced,
            "nonces": nonces,
        }))
    }

    /// Proofs of classes, contracts, and slots of contracts, present or not.
    pub fn prove(
        &self,
        number: u64,
        classes: &[Felt],
        addresses: &[Felt],
        slots: &[(Felt, Vec<Felt>)],
    ) -> Result<Value> {
        let version = self.versions.at(number)?;
        let world = &version.world;
        let mut leaves = Vec::new();
        for address in addresses {
            let leaf = world.contracts.get(address).cloned().unwrap_or_default();
            leaves.push(json!({
                "nonce": leaf.contract.nonce.0,
                "class_hash": leaf.contract.class_hash.0,
                "storage_root": leaf.storage.root(),
            }));
        }
        let mut storage = Vec::new();
        for (address, keys) in slots {
            for key in keys {
                StorageKey::try_from(*key).map_err(EngineError::bad_input)?;
            }
            let trie = world.contracts.get(address).map(|leaf| leaf.storage.clone()).unwrap_or_default();
            storage.push(nodes(&trie, keys));
        }
        Ok(json!({
            "classes_proof": nodes(&world.classes, classes),
            "contracts_proof": { "nodes": nodes(&world.contracts, addresses), "contract_leaves_data": leaves },
            "contracts_storage_proofs": storage,
            "global_roots": {
                "contracts_tree_root": world.contracts.root(),
                "classes_tree_root": world.classes.root(),
                "block_hash": version.head.header.block_hash,
            },
        }))
    }
}

/// The nodes on the ways to keys, each once, in the order in which they are met.
fn nodes<L: Leaf>(trie: &Trie<L>, keys: &[Felt]) -> Value {
    let mut met = std::collections::HashSet::new();
    let mut nodes = Vec::new();
    for node in keys.iter().flat_map(|key| trie.path(key)) {
        let hash = node.hash();
        if !met.insert(hash) {
            continue;
        }
        let body = match node {
            Node::Leaf { .. } => continue,
            Node::Binary { left, right, .. } => json!({ "left": left.hash(), "right": right.hash() }),
            Node::Edge { key, start, end, child, .. } => {
                json!({ "path": key.path(*start, *end), "length": end - start, "child": child.hash() })
            }
        };
        nodes.push(json!({ "node_hash": hash, "node": body }));
    }
    nodes.into()
}
