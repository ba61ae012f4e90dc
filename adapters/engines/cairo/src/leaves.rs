//! The leaves of Starknet's three kinds of tries, and the commitment over two of them.

use std::sync::LazyLock;

use starknet_api::core::{ClassHash, CompiledClassHash, Nonce};
use starknet_types_core::felt::Felt;
use starknet_types_core::hash::{Pedersen, Poseidon, StarkHash};

use crate::patricia::{Leaf, Trie};

static CLASS_LEAF: LazyLock<Felt> = LazyLock::new(|| Felt::from_bytes_be_slice(b"CONTRACT_CLASS_LEAF_V0"));
static STATE: LazyLock<Felt> = LazyLock::new(|| Felt::from_bytes_be_slice(b"STARKNET_STATE_V0"));

/// A storage value; never zero.
#[derive(Clone, Copy)]
pub struct Slot(pub Felt);

impl Leaf for Slot {
    type Hasher = Pedersen;

    fn hash(&self) -> Felt {
        self.0
    }
}

#[derive(Clone, Default)]
pub struct ContractLeaf {
    pub contract: Contract,
    pub storage: Trie<Slot>,
}

/// What the flat state holds of a contract besides its storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    pub class_hash: ClassHash,
    pub nonce: Nonce,
}

impl Contract {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Leaf for ContractLeaf {
    type Hasher = Pedersen;

    fn hash(&self) -> Felt {
        let Contract { class_hash, nonce } = &self.contract;
        let with_storage = Pedersen::hash(&class_hash.0, &self.storage.root());
        Pedersen::hash(&Pedersen::hash(&with_storage, &nonce.0), &Felt::ZERO)
    }
}

#[derive(Clone, Copy)]
pub struct ClassLeaf(pub CompiledClassHash);

impl Leaf for ClassLeaf {
    type Hasher = Poseidon;

    fn hash(&self) -> Felt {
        Poseidon::hash(&CLASS_LEAF, &self.0 .0)
    }
}

/// The state root; zero for an empty state.
pub fn state_commitment(contracts: Felt, classes: Felt) -> Felt {
    if contracts == Felt::ZERO && classes == Felt::ZERO {
        return Felt::ZERO;
    }
    Poseidon::hash_array(&[*STATE, contracts, classes])
}
