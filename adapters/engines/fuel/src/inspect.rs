//! What a transaction says of itself, and how the newest sealed state sees its inputs.

use fuel_vm::checked_transaction::{CheckPredicateParams, CheckPredicates, Checked, IntoChecked};
use fuel_vm::fuel_tx::field::{MaxFeeLimit, Tip};
use fuel_vm::fuel_tx::input::coin::{CoinPredicate, CoinSigned};
use fuel_vm::fuel_tx::{Input, Output, Transaction, UtxoId};
use fuel_vm::fuel_types::{Address, AssetId, Bytes32, ContractId};
use fuel_vm::interpreter::{MemoryInstance, NotSupportedEcal};

use crate::coin::{encode_utxo, Coin};
use crate::engine::Engine;
use crate::execute::Executable;
use crate::key;
use crate::refusal::Refusal;
use crate::state::Overlay;
use crate::transaction::{check, decode, max_gas};

/// How a coin stands in the newest sealed state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Missing = 0,
    There = 1,
    /// It has another owner, amount or asset.
    Different = 2,
}

pub struct CoinInput {
    pub utxo: UtxoId,
    pub coin: Coin,
    pub standing: Standing,
}

pub struct Facts {
    pub id: Bytes32,
    /// Owner of the first coin.
    pub sender: Address,
    pub gas: u64,
    pub tip: u64,
    /// Most that it takes from the sender's base asset: fee, and what its outputs give to others.
    pub cost: u128,
    /// Base asset that the sender has in the newest sealed state.
    pub balance: u128,
    pub coins: Vec<CoinInput>,
    /// Contracts that must be there, and whether they are.
    pub contracts: Vec<(ContractId, bool)>,
    pub outputs: Vec<Output>,
}

impl Engine {
    /// Decodes a transaction and checks what needs no state; predicates only if `thorough`.
    pub fn inspect(&mut self, bytes: &[u8], thorough: bool) -> Result<Facts, Refusal> {
        match decode(bytes)? {
            Transaction::Script(transaction) => self.inspect_checked(bytes, transaction, thorough),
            Transaction::Create(transaction) => self.inspect_checked(bytes, transaction, thorough),
            Transaction::Blob(transaction) => self.inspect_checked(bytes, transaction, thorough),
            _ => Err(Refusal::new("unsupported", "it is of a kind that is not taken")),
        }
    }

    fn inspect_checked<Tx: Executable>(
        &mut self,
        bytes: &[u8],
        transaction: Tx,
        thorough: bool,
    ) -> Result<Facts, Refusal>
    where
        Tx: IntoChecked,
        Checked<Tx>: CheckPredicates,
    {
        let gas = max_gas(&transaction, &self.parameters)?;
        let checked = check(transaction, self.next_height(), &self.parameters)?;
        let mut checked = self.verified.check(bytes, checked, &self.parameters)?;
        let facts = self.facts(&checked, gas)?;
        self.check_fee(checked.transaction())?;
        // Nobody makes predicates run who has no coin to spend.
        if thorough && facts.coins.iter().all(|input| input.standing == Standing::There) {
            let rules = CheckPredicateParams::from(&self.parameters);
            let mut nothing = Overlay::default();
            let view = self.sealed_view(&mut nothing);
            checked = checked.check_predicates(&rules, MemoryInstance::new(), &view, NotSupportedEcal)?;
        }
        let (costs, fees) = (self.parameters.gas_costs(), self.parameters.fee_params());
        checked.into_ready(self.chain.gas_price, costs, fees, Some(self.next_height().into()))?;
        Ok(facts)
    }

    fn check_fee(&self, transaction: &impl Executable) -> Result<(), Refusal> {
        let (costs, fees) = (self.parameters.gas_costs(), self.parameters.fee_params());
        let (may_cost, offered) = (transaction.max_fee(costs, fees, self.chain.gas_price), transaction.max_fee_limit());
        if may_cost <= u128::from(offered) {
            return Ok(());
        }
        Err(Refusal::new("fee_too_low", format!("its max fee is {offered}, it may cost {may_cost}")))
    }

    fn facts<Tx: Executable>(&self, checked: &Checked<Tx>, gas: u64) -> Result<Facts, Refusal>
    where
        Tx: IntoChecked,
    {
        let transaction = checked.transaction();
        let coins: Vec<_> = transaction.inputs().iter().filter_map(|input| self.coin_input(input)).collect();
        let Some(sender) = coins.first().map(|input| input.coin.owner) else {
            return Err(Refusal::new("unsupported", "no coin pays for it"));
        };
        let outputs = transaction.outputs().to_vec();
        let base = self.parameters.base_asset_id();
        Ok(Facts {
            id: checked.id(),
            sender,
            gas,
            tip: transaction.tip(),
            cost: cost(&sender, base, transaction.max_fee_limit(), &coins, &outputs),
            balance: self.base.index.total(sender.as_ref(), base.as_ref()).amount,
            contracts: transaction
                .inputs()
                .iter()
                .filter_map(|input| input.contract_id())
                .map(|contract| (*contract, self.base.get(&key::key(key::LATEST, contract.as_ref())).is_some()))
                .collect(),
            coins,
            outputs,
        })
    }

    fn coin_input(&self, input: &Input) -> Option<CoinInput> {
        let (Input::CoinSigned(CoinSigned { utxo_id, owner, amount, asset_id, tx_pointer, .. })
        | Input::CoinPredicate(CoinPredicate { utxo_id, owner, amount, asset_id, tx_pointer, .. })) = input
        else {
            return None;
        };
        let coin = Coin { owner: *owner, asset: *asset_id, amount: *amount, pointer: *tx_pointer };
        let standing = match self.base.get(&key::coin(utxo_id)).and_then(|value| Coin::decode(value)) {
            None => Standing::Missing,
            Some(there) if (Coin { pointer: coin.pointer, ..there }) == coin => Standing::There,
            Some(_) => Standing::Different,
        };
        Some(CoinInput { utxo: *utxo_id, coin, standing })
    }
}

/// Without change that comes back, all the coins are gone.
fn cost(sender: &Address, base: &AssetId, max_fee: u64, coins: &[CoinInput], outputs: &[Output]) -> u128 {
    let own = |to: &Address, asset: &AssetId| to == sender && asset == base;
    let changes =
        outputs.iter().any(|output| matches!(output, Output::Change { to, asset_id, .. } if own(to, asset_id)));
    let sum = |take: &dyn Fn(&Output) -> Option<u64>| outputs.iter().filter_map(take).map(u128::from).sum::<u128>();
    if changes {
        let given = sum(&|output| match output {
            Output::Coin { to, amount, asset_id } if to != sender && asset_id == base => Some(*amount),
            _ => None,
        });
        return u128::from(max_fee) + given;
    }
    let kept = sum(&|output| match output {
        Output::Coin { to, amount, asset_id } if own(to, asset_id) => Some(*amount),
        _ => None,
    });
    let spent = coins.iter().filter(|input| own(&input.coin.owner, &input.coin.asset));
    spent.map(|input| u128::from(input.coin.amount)).sum::<u128>().saturating_sub(kept)
}

impl Facts {
    /// Appends the packed form: 1, then as `adapters/fuel/packed.ts` reads it.
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.push(1);
        out.extend_from_slice(self.id.as_ref());
        out.extend_from_slice(self.sender.as_ref());
        out.extend_from_slice(&self.gas.to_be_bytes());
        out.extend_from_slice(&self.tip.to_be_bytes());
        out.extend_from_slice(&self.cost.to_be_bytes());
        out.extend_from_slice(&self.balance.to_be_bytes());
        out.extend_from_slice(&(self.coins.len() as u16).to_be_bytes());
        for input in &self.coins {
            out.extend_from_slice(&encode_utxo(&input.utxo));
            out.push(input.standing as u8);
            pack_coin(out, &input.coin.owner, &input.coin.asset, input.coin.amount);
        }
        out.extend_from_slice(&(self.contracts.len() as u16).to_be_bytes());
        for (contract, is_there) in &self.contracts {
            out.extend_from_slice(contract.as_ref());
            out.push(u8::from(*is_there));
        }
        out.extend_from_slice(&(self.outputs.len() as u16).to_be_bytes());
        for output in &self.outputs {
            match output {
                Output::Coin { to, amount, asset_id } => {
                    out.push(1);
                    pack_coin(out, to, asset_id, *amount);
                }
                Output::Change { .. } | Output::Variable { .. } => out.push(2),
                Output::ContractCreated { contract_id, .. } => {
                    out.push(3);
                    out.extend_from_slice(contract_id.as_ref());
                }
                Output::Contract(_) => out.push(0),
            }
        }
    }
}

fn pack_coin(out: &mut Vec<u8>, owner: &Address, asset: &AssetId, amount: u64) {
    out.extend_from_slice(owner.as_ref());
    out.extend_from_slice(asset.as_ref());
    out.extend_from_slice(&amount.to_be_bytes());
}
