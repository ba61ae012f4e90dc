//! User transactions: the encoding of `adapters/cairo/transaction.ts`, and what blockifier executes.

use std::sync::Arc;

use blockifier::transaction::account_transaction::{AccountTransaction, ExecutionFlags};
use starknet_api::block::GasPrice;
use starknet_api::contract_class::{ClassInfo, ContractClass};
use starknet_api::core::{ChainId, ClassHash, CompiledClassHash, ContractAddress, Nonce};
use starknet_api::data_availability::DataAvailabilityMode;
use starknet_api::executable_transaction as executable;
use starknet_api::execution_resources::GasAmount;
use starknet_api::transaction::fields::{
    AllResourceBounds, Calldata, ContractAddressSalt, Fee, ResourceBounds, Tip, TransactionSignature,
    ValidResourceBounds,
};
use starknet_api::transaction::{
    CalculateContractAddress, DeclareTransaction, DeclareTransactionV3, DeployAccountTransaction,
    DeployAccountTransactionV3, InvokeTransaction, InvokeTransactionV3, Transaction as Signed, TransactionHash,
    TransactionOptions,
};
use starknet_api::transaction_hash::get_transaction_hash;
use starknet_types_core::felt::Felt;

use crate::binary::{Malformed, Reader, MAX_CALLDATA, MAX_SIGNATURE};
use crate::refusal::Refusal;
use crate::sierra::{Compiled, Sierra};

const VERSION: u8 = 3;

/// Largest encoding of a transaction.
const MAX_BYTES: usize = 2 * 1024 * 1024;

#[derive(Clone)]
pub struct Transaction {
    signed: Signed,
    pub hash: TransactionHash,
    pub sender: ContractAddress,
    pub nonce: Nonce,
    pub bounds: AllResourceBounds,
    pub tip: Tip,
    /// Of a DECLARE.
    pub sierra: Option<Arc<Sierra>>,
}

struct Common {
    nonce: Nonce,
    bounds: AllResourceBounds,
    tip: Tip,
    signature: TransactionSignature,
}

impl Transaction {
    /// With `query` its hash is the one of a transaction that is only to be simulated.
    pub fn decode(bytes: &[u8], chain_id: &ChainId, query: bool) -> Result<Self, Refusal> {
        if bytes.len() > MAX_BYTES {
            let message = format!("it has {} bytes, at most {MAX_BYTES} are allowed", bytes.len());
            return Err(Refusal::new("oversized", message));
        }
        if bytes.first().is_some_and(|version| *version != VERSION) {
            return Err(Refusal::new("unsupported", format!("its version is {}, and only 3 is taken", bytes[0])));
        }
        let undecodable = |problem: String| Refusal::new("undecodable", format!("not a transaction: {problem}"));
        let (signed, bounds, tip, sierra) = read(bytes).map_err(|malformed| match malformed {
            Malformed::Wrong(problem) => undecodable(problem),
            Malformed::Oversized(problem) => Refusal::new("oversized", problem),
        })?;
        let options = TransactionOptions { only_query: query };
        let hash = get_transaction_hash(&signed, chain_id, &options).map_err(|error| undecodable(error.to_string()))?;
        let (sender, nonce) = match &signed {
            Signed::Invoke(tx) => (tx.sender_address(), tx.nonce()),
            Signed::Declare(tx) => (tx.sender_address(), tx.nonce()),
            Signed::DeployAccount(tx) => {
                (tx.calculate_contract_address().map_err(|error| undecodable(error.to_string()))?, tx.nonce())
            }
            _ => return Err(undecodable("users can't send this".into())),
        };
        Ok(Self { signed, hash, sender, nonce, bounds, tip, sierra })
    }

    pub fn kind(&self) -> &'static str {
        match &self.signed {
            Signed::Declare(_) => "DECLARE",
            Signed::DeployAccount(_) => "DEPLOY_ACCOUNT",
            _ => "INVOKE",
        }
    }

    pub fn is_deploy_account(&self) -> bool {
        self.kind() == "DEPLOY_ACCOUNT"
    }

    /// L2 gas that it may use at most; what producers declare.
    pub fn gas(&self) -> u64 {
        self.bounds.l2_gas.max_amount.0
    }

    pub fn max_fee(&self) -> Fee {
        ValidResourceBounds::AllResources(self.bounds).max_possible_fee(self.tip)
    }

    /// What blockifier executes; `compiled` is there for a DECLARE.
    pub fn executable(
        &self,
        compiled: Option<&Compiled>,
        execution_flags: ExecutionFlags,
    ) -> Result<AccountTransaction, Refusal> {
        let tx_hash = self.hash;
        let tx = match (&self.signed, &self.sierra, compiled) {
            (Signed::Invoke(tx), ..) => {
                executable::AccountTransaction::Invoke(executable::InvokeTransaction { tx: tx.clone(), tx_hash })
            }
            (Signed::DeployAccount(tx), ..) => {
                executable::AccountTransaction::DeployAccount(executable::DeployAccountTransaction {
                    tx: tx.clone(),
                    tx_hash,
                    contract_address: self.sender,
                })
            }
            (Signed::Declare(tx), Some(sierra), Some(compiled)) => {
                if tx.compiled_class_hash() != compiled.hash {
                    let message = format!(
                        "its class compiles to {:#x}, not to the compiled class hash {:#x} that it names",
                        compiled.hash.0,
                        tx.compiled_class_hash().0
                    );
                    return Err(Refusal::new("undecodable", message).detailed("compiled_class_hash_mismatch"));
                }
                let class_info = ClassInfo {
                    contract_class: ContractClass::V1((compiled.casm.clone(), compiled.version.clone())),
                    sierra_program_length: sierra.class.sierra_program.len(),
                    abi_length: sierra.class.abi.len(),
                    sierra_version: compiled.version.clone(),
                };
                executable::AccountTransaction::Declare(executable::DeclareTransaction {
                    tx: tx.clone(),
                    tx_hash,
                    class_info,
                })
            }
            _ => return Err(Refusal::new("invalid", "it has no class to declare")),
        };
        Ok(AccountTransaction { tx, execution_flags })
    }

    /// Lets it use `gas` for nothing, under the hash that it has.
    pub fn without_bounds(self, gas: u64) -> Self {
        let bound = |amount| ResourceBounds { max_amount: GasAmount(amount), max_price_per_unit: GasPrice(0) };
        self.within(AllResourceBounds { l1_gas: bound(gas), l1_data_gas: bound(gas), l2_gas: bound(gas) })
    }

    /// Lets it use at most `gas` of L2, under the hash that it has.
    pub fn limited(self, gas: u64) -> Self {
        let mut bounds = self.bounds;
        bounds.l2_gas.max_amount = bounds.l2_gas.max_amount.min(GasAmount(gas));
        self.within(bounds)
    }

    fn within(mut self, bounds: AllResourceBounds) -> Self {
        self.bounds = bounds;
        let bounds = ValidResourceBounds::AllResources(self.bounds);
        match &mut self.signed {
            Signed::Invoke(InvokeTransaction::V3(tx)) => tx.resource_bounds = bounds,
            Signed::Declare(DeclareTransaction::V3(tx)) => tx.resource_bounds = bounds,
            Signed::DeployAccount(DeployAccountTransaction::V3(tx)) => tx.resource_bounds = bounds,
            _ => {}
        }
        self
    }
}

type Parts = (Signed, AllResourceBounds, Tip, Option<Arc<Sierra>>);

fn read(bytes: &[u8]) -> Result<Parts, Malformed> {
    let mut reader = Reader::new(bytes, 1);
    let kind = reader.take(1)?[0];
    let parts = match kind {
        0 => read_invoke(&mut reader)?,
        1 => read_declare(bytes, &mut reader)?,
        2 => read_deploy_account(&mut reader)?,
        other => return Err(format!("there is no kind {other}").into()),
    };
    reader.end()?;
    Ok(parts)
}

fn read_common(reader: &mut Reader<'_>) -> Result<Common, Malformed> {
    let nonce = Nonce(reader.felt("nonce")?);
    let mut bounds = |resource: &str| {
        Ok::<_, Malformed>(ResourceBounds {
            max_amount: GasAmount(reader.u64(&format!("max_amount of {resource}"))?),
            max_price_per_unit: GasPrice(reader.u128(&format!("max_price_per_unit of {resource}"))?),
        })
    };
    let l1_gas = bounds("l1_gas")?;
    let l1_data_gas = bounds("l1_data_gas")?;
    let l2_gas = bounds("l2_gas")?;
    let tip = Tip(reader.u64("tip")?);
    let signature = TransactionSignature(reader.felts(MAX_SIGNATURE, "an element of the signature")?.into());
    Ok(Common { nonce, bounds: AllResourceBounds { l1_gas, l2_gas, l1_data_gas }, tip, signature })
}

fn read_sender(reader: &mut Reader<'_>) -> Result<ContractAddress, Malformed> {
    ContractAddress::try_from(reader.felt("sender_address")?).map_err(|_| "sender_address is too large".into())
}

fn read_invoke(reader: &mut Reader<'_>) -> Result<Parts, Malformed> {
    let sender_address = read_sender(reader)?;
    let Common { nonce, bounds, tip, signature } = read_common(reader)?;
    let tx = InvokeTransactionV3 {
        resource_bounds: ValidResourceBounds::AllResources(bounds),
        tip,
        signature,
        nonce,
        sender_address,
        calldata: Calldata(reader.felts(MAX_CALLDATA, "an element of the calldata")?.into()),
        nonce_data_availability_mode: DataAvailabilityMode::L1,
        fee_data_availability_mode: DataAvailabilityMode::L1,
        paymaster_data: Default::default(),
        account_deployment_data: Default::default(),
        proof_facts: Default::default(),
    };
    Ok((Signed::Invoke(InvokeTransaction::V3(tx)), bounds, tip, None))
}

fn read_declare(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Parts, Malformed> {
    let sender_address = read_sender(reader)?;
    let Common { nonce, bounds, tip, signature } = read_common(reader)?;
    let compiled_class_hash = CompiledClassHash(reader.felt("compiled_class_hash")?);
    let sierra = Arc::new(Sierra::read(bytes, reader)?);
    let tx = DeclareTransactionV3 {
        resource_bounds: ValidResourceBounds::AllResources(bounds),
        tip,
        signature,
        nonce,
        class_hash: sierra.hash,
        compiled_class_hash,
        sender_address,
        nonce_data_availability_mode: DataAvailabilityMode::L1,
        fee_data_availability_mode: DataAvailabilityMode::L1,
        paymaster_data: Default::default(),
        account_deployment_data: Default::default(),
    };
    Ok((Signed::Declare(DeclareTransaction::V3(tx)), bounds, tip, Some(sierra)))
}

fn read_deploy_account(reader: &mut Reader<'_>) -> Result<Parts, Malformed> {
    let class_hash = ClassHash(reader.felt("class_hash")?);
    let contract_address_salt = ContractAddressSalt(reader.felt("contract_address_salt")?);
    let Common { nonce, bounds, tip, signature } = read_common(reader)?;
    let tx = DeployAccountTransactionV3 {
        resource_bounds: ValidResourceBounds::AllResources(bounds),
        tip,
        signature,
        nonce,
        class_hash,
        contract_address_salt,
        constructor_calldata: Calldata(reader.felts(MAX_CALLDATA, "an element of the calldata")?.into()),
        nonce_data_availability_mode: DataAvailabilityMode::L1,
        fee_data_availability_mode: DataAvailabilityMode::L1,
        paymaster_data: Default::default(),
    };
    Ok((Signed::DeployAccount(DeployAccountTransaction::V3(tx)), bounds, tip, None))
}

/// A felt as a number, where it is small.
pub fn small(felt: &Felt) -> Option<u64> {
    u64::try_from(*felt).ok()
}
