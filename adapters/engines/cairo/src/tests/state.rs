use std::collections::HashMap;

use blockifier::state::cached_state::StateMaps;
use blockifier::state::state_api::{StateReader, UpdatableState};
use starknet_api::core::{ClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::state::State;

fn address(number: u64) -> ContractAddress {
    ContractAddress::try_from(Felt::from(number)).unwrap()
}

fn slot(state: &State, at: u64, key: u64) -> Felt {
    state.get_storage_at(address(at), StorageKey::from(key)).unwrap()
}

#[test]
fn goes_back_to_any_mark() {
    let mut state = State::default();
    state.set_slot(address(1), StorageKey::from(1_u64), Felt::ONE);
    let outer = state.mark();
    let mut writes = StateMaps::default();
    writes.storage.insert((address(1), StorageKey::from(1_u64)), Felt::TWO);
    writes.storage.insert((address(1), StorageKey::from(2_u64)), Felt::THREE);
    writes.nonces.insert(address(2), Nonce(Felt::ONE));
    writes.class_hashes.insert(address(2), ClassHash(Felt::THREE));
    state.apply_writes(&writes, &HashMap::new());
    let inner = state.mark();
    state.set_slot(address(1), StorageKey::from(1_u64), Felt::ZERO);
    state.revert_to(inner);
    assert_eq!(slot(&state, 1, 1), Felt::TWO);
    assert_eq!(state.get_class_hash_at(address(2)).unwrap().0, Felt::THREE);
    state.revert_to(outer);
    assert_eq!((slot(&state, 1, 1), slot(&state, 1, 2)), (Felt::ONE, Felt::ZERO));
    assert_eq!(state.get_nonce_at(address(2)).unwrap().0, Felt::ZERO);
}

#[test]
fn gives_net_changes_only() {
    let mut state = State::default();
    state.set_slot(address(1), StorageKey::from(1_u64), Felt::ONE);
    state.take_changes();
    state.set_slot(address(1), StorageKey::from(1_u64), Felt::TWO);
    state.set_slot(address(1), StorageKey::from(1_u64), Felt::ONE);
    state.set_slot(address(1), StorageKey::from(2_u64), Felt::ONE);
    state.set_slot(address(1), StorageKey::from(2_u64), Felt::ZERO);
    state.set_slot(address(3), StorageKey::from(9_u64), Felt::TWO);
    let changes = state.take_changes();
    let slots: Vec<_> = changes.slots.iter().map(|(key, change)| (*key, change.old, change.new)).collect();
    assert_eq!(slots, vec![((address(3), StorageKey::from(9_u64)), None, Some(Felt::TWO))]);
    assert!(changes.contracts.is_empty() && changes.classes.is_empty());
}
