//! Block 0: what a chain is made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use starknet_api::abi::abi_utils::{get_fee_token_var_address, get_storage_var_address};
use starknet_api::core::{ClassHash, ContractAddress, Nonce};
use starknet_api::state::StorageKey;
use starknet_types_core::felt::Felt;

use crate::chain::{ChainConfig, STRK};
use crate::classes::Class;
use crate::error::{EngineError, Result};
use crate::leaves::Contract;
use crate::sierra::{self, Sierra};
use crate::state::State;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    pub chain: ChainConfig,
    pub timestamp: u64,
    /// Address of the Universal Deployer.
    deployer: Felt,
    /// Address of Lockstep's gateway.
    gateway: Felt,
    /// By address.
    accounts: BTreeMap<Felt, Account>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Account {
    public_key: Felt,
    /// In fri.
    balance: Felt,
}

/// The classes that a chain starts with, encoded.
pub struct GenesisClasses<'a> {
    pub account: &'a [u8],
    pub token: &'a [u8],
    pub deployer: &'a [u8],
    pub gateway: &'a [u8],
}

impl Genesis {
    /// Declares the classes and writes the contracts, without running anything of them.
    pub fn allocate(&self, classes: &GenesisClasses<'_>, state: &mut State) -> Result<()> {
        let account_class = declare("account", classes.account, state)?;
        let token_class = declare("token", classes.token, state)?;
        let deployer_class = declare("deployer", classes.deployer, state)?;
        let gateway_class = declare("gateway", classes.gateway, state)?;
        deploy(*STRK, token_class, state)?;
        deploy(address(self.deployer)?, deployer_class, state)?;
        deploy(address(self.gateway)?, gateway_class, state)?;
        let mut supply = Felt::ZERO;
        for (at, Account { public_key, balance }) in &self.accounts {
            let at = address(*at)?;
            deploy(at, account_class, state)?;
            state.set_slot(at, get_storage_var_address("Account_public_key", &[]), *public_key);
            set_u256(*STRK, get_fee_token_var_address(at), *balance, state)?;
            supply += *balance;
        }
        let token = |name: &str| get_storage_var_address(name, &[]);
        state.set_slot(*STRK, token("ERC20_name"), Felt::from_bytes_be_slice(b"Starknet Token"));
        state.set_slot(*STRK, token("ERC20_symbol"), Felt::from_bytes_be_slice(b"STRK"));
        state.set_slot(*STRK, token("ERC20_decimals"), Felt::from(18_u8));
        set_u256(*STRK, token("ERC20_total_supply"), supply, state)
    }
}

fn declare(name: &str, encoded: &[u8], state: &mut State) -> Result<ClassHash> {
    let bad = |problem: String| EngineError::bad_input(format!("classes.{name}: {problem}"));
    let sierra = Sierra::decode(encoded).map_err(|malformed| bad(malformed.to_string()))?;
    let compiled = sierra::compile(&sierra.class).map_err(bad)?;
    state.add_class(sierra.hash, Arc::new(Class::new(&sierra, &compiled)));
    Ok(sierra.hash)
}

fn deploy(at: ContractAddress, class_hash: ClassHash, state: &mut State) -> Result<()> {
    if !state.contract(at).is_nothing() {
        return Err(EngineError::bad_input(format!("two contracts are at {:#x}", at.0.key())));
    }
    state.set_contract(at, Contract { class_hash, nonce: Nonce::default() });
    Ok(())
}

/// Two slots, the low 128 bits first.
fn set_u256(at: ContractAddress, key: StorageKey, value: Felt, state: &mut State) -> Result<()> {
    let bytes = value.to_bytes_be();
    state.set_slot(at, key, Felt::from_bytes_be_slice(&bytes[16..]));
    state.set_slot(
        at,
        key.next_storage_key().map_err(EngineError::bad_input)?,
        Felt::from_bytes_be_slice(&bytes[..16]),
    );
    Ok(())
}

fn address(felt: Felt) -> Result<ContractAddress> {
    ContractAddress::try_from(felt).map_err(EngineError::bad_input)
}
