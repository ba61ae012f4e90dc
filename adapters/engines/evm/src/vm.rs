//! revm, set up for this chain.

use alloy_consensus::Header;
use alloy_primitives::{address, Address, Bytes};
use revm::context::result::EVMError;
use revm::context::{CfgEnv, ContextSetters, ContextTr, TxEnv};
use revm::database_interface::DatabaseCommit;
use revm::handler::{pre_execution, EvmTr, Handler, MainnetContext, MainnetEvm, MainnetHandler};
use revm::primitives::{hardfork::SpecId, TxKind};
use revm::{Context, Database, ExecuteEvm, MainBuilder, MainContext};

use crate::block_hashes::MissingBlockHash;
use crate::error::{Code, EngineError};
use crate::header;
use crate::outcome::Outcome;

pub type Vm<DB> = MainnetEvm<MainnetContext<DB>>;

/// The caller of system calls (EIP-4788).
const SYSTEM: Address = address!("fffffffffffffffffffffffffffffffffffffffe");
const SYSTEM_GAS: u64 = 30_000_000;

/// revm under Prague rules. Every check of a transaction is on unless `relax` turns it off.
pub fn build<DB: Database>(chain_id: u64, database: DB, relax: impl FnOnce(&mut CfgEnv)) -> Vm<DB> {
    Context::mainnet()
        .with_db(database)
        .modify_cfg_chained(|config| {
            config.chain_id = chain_id;
            config.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            relax(config);
        })
        .build_mainnet()
}

/// Sets the block that the opcodes see.
pub fn set_block<DB: Database>(vm: &mut Vm<DB>, header: &Header) {
    vm.ctx.set_block(header::block_env(header));
}

/// A call from the system address with 30M gas: no fee, no nonce (EIP-4788, EIP-2935). revm's own system call takes the
/// gas of a later fork, which a contract could see.
pub fn system_call<DB>(vm: &mut Vm<DB>, to: Address, data: Bytes) -> Result<Outcome, EngineError>
where
    DB: Database<Error = MissingBlockHash> + DatabaseCommit,
{
    vm.ctx.set_tx(TxEnv {
        caller: SYSTEM,
        kind: TxKind::Call(to),
        data,
        gas_limit: SYSTEM_GAS,
        chain_id: None,
        ..TxEnv::default()
    });
    // Warms what a transaction would find warm; else that would depend on what this instance ran before.
    let result = pre_execution::load_accounts::<_, EVMError<MissingBlockHash>>(vm)
        .and_then(|()| MainnetHandler::default().run_system_call(vm));
    let changes = vm.finalize();
    let result = result.map_err(thrown)?;
    vm.ctx().db_mut().commit(changes);
    Ok(result.into())
}

/// The error to throw for what is no verdict about a transaction.
pub fn thrown(error: EVMError<MissingBlockHash>) -> EngineError {
    match error {
        EVMError::Database(missing) => EngineError::new(Code::BlockHashUnavailable, missing),
        // Header and custom errors: broken invariants of ours or revm's, so treated like a panic.
        other => EngineError::new(Code::Panicked, other),
    }
}
