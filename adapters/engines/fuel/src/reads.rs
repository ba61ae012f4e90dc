//! Reads at a height.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::coin::{encode_utxo, Coin};
use crate::engine::Engine;
use crate::error::{Code, EngineError, Result};
use crate::index::{holding, place, CoinPlace, Holding, Total};
use crate::key;
use crate::state::{Change, Value};
use fuel_vm::fuel_tx::UtxoId;
use fuel_vm::fuel_types::{Address, AssetId};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoinAnswer {
    pub utxo_id: UtxoAnswer,
    owner: String,
    asset_id: String,
    amount: String,
    tx_pointer: PointerAnswer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UtxoAnswer {
    tx_id: String,
    index: u16,
}

#[derive(Serialize)]
struct PointerAnswer {
    height: u32,
    index: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BalanceAnswer {
    asset_id: String,
    amount: String,
}

#[derive(Serialize)]
pub struct Page<T> {
    items: Vec<T>,
    more: bool,
}

/// An asset to be spent: how much, and in how many coins at most.
pub struct Wanted {
    pub asset: AssetId,
    pub amount: u128,
    pub max: usize,
}

/// Coins of an owner that are looked through to find those worth most.
const CONSIDERED: usize = 65_536;

impl Engine {
    pub fn value(&self, number: u32, key: &[u8]) -> Result<Option<&Value>> {
        self.history.value(&self.base, number, key)
    }

    pub fn coin(&self, number: u32, utxo: &UtxoId) -> Result<Option<CoinAnswer>> {
        let value = self.value(number, &key::coin(utxo))?;
        Ok(value.and_then(|value| Coin::decode(value)).map(|coin| answer(utxo, coin)))
    }

    /// Coins of an owner, and of one asset if it is given, in order of asset and utxo id.
    pub fn coins(
        &self,
        number: u32,
        owner: &Address,
        asset: Option<&AssetId>,
        after: Option<CoinPlace>,
        limit: usize,
    ) -> Result<Page<CoinAnswer>> {
        self.history.check(number)?;
        let prefix = [owner.as_ref(), asset.map_or(&[], |asset| &asset[..])].concat();
        let changed = self.history.changes_after(number).flat_map(coin_places).map(|(place, _)| place);
        let changed: BTreeSet<_> =
            changed.filter(|place| place.starts_with(&prefix) && after.is_none_or(|after| *place > after)).collect();
        let newest = self.base.index.coins(&prefix, after).take(limit + 1 + changed.len()).copied();
        let candidates: BTreeSet<CoinPlace> = newest.chain(changed.iter().copied()).collect();
        let mut items = Vec::new();
        for place in candidates {
            let utxo = utxo_of(&place);
            let coin = self.value(number, &key::coin(&utxo))?.and_then(|value| Coin::decode(value));
            items.extend(coin.map(|coin| answer(&utxo, coin)));
            if items.len() > limit {
                break;
            }
        }
        Ok(page(items, limit))
    }

    /// What an owner has of an asset.
    pub fn balance(&self, number: u32, owner: &Address, asset: &AssetId) -> Result<Total> {
        self.history.check(number)?;
        let mut total = self.base.index.total(owner.as_ref(), asset.as_ref());
        let changes = self.history.changes_after(number).flat_map(coin_places);
        // Additions first: nothing is ever below zero.
        let (mut gone, prefix) = (0, holding(owner.as_ref(), asset.as_ref()));
        for (_, change) in changes.filter(|(place, _)| place.starts_with(&prefix)) {
            match change {
                CoinChange::Gone(amount) => total.amount += u128::from(amount),
                CoinChange::New(amount) => gone += u128::from(amount),
            }
        }
        total.amount -= gone;
        Ok(total)
    }

    /// What an owner has, in order of asset.
    pub fn balances(
        &self,
        number: u32,
        owner: &Address,
        after: Option<Holding>,
        limit: usize,
    ) -> Result<Page<BalanceAnswer>> {
        self.history.check(number)?;
        let changed = self.history.changes_after(number).flat_map(coin_places).map(|(place, _)| head_of(&place));
        let changed: BTreeSet<_> = changed
            .filter(|holding| holding.starts_with(owner.as_ref()) && after.is_none_or(|after| *holding > after))
            .collect();
        let newest = self.base.index.holdings(owner.as_ref(), after).take(limit + 1 + changed.len()).copied();
        let candidates: BTreeSet<Holding> = newest.chain(changed.iter().copied()).collect();
        let mut items = Vec::new();
        for holding in candidates {
            let asset = asset_of(&holding);
            let total = self.balance(number, owner, &asset)?;
            if total.amount > 0 {
                items.push(BalanceAnswer { asset_id: format!("{asset:#x}"), amount: total.amount.to_string() });
            }
            if items.len() > limit {
                break;
            }
        }
        Ok(page(items, limit))
    }

    /// What a contract has, in order of asset.
    pub fn contract_balances(
        &self,
        number: u32,
        contract: &[u8; 32],
        after: Option<Holding>,
        limit: usize,
    ) -> Result<Page<BalanceAnswer>> {
        self.history.check(number)?;
        let changed: BTreeSet<Holding> = self
            .history
            .changes_after(number)
            .filter(|change| change.key[0] == key::BALANCE)
            .filter_map(|change| Holding::try_from(&change.key[1..]).ok())
            .filter(|holding| holding.starts_with(contract) && after.is_none_or(|after| *holding > after))
            .collect();
        let newest = self.base.index.contract(contract, after).take(limit + 1 + changed.len()).copied();
        let candidates: BTreeSet<Holding> = newest.chain(changed.iter().copied()).collect();
        let mut items = Vec::new();
        for holding in candidates {
            let value = self.value(number, &key::key(key::BALANCE, &holding))?;
            let amount = value.and_then(|value| value[..].try_into().ok()).map_or(0, u64::from_be_bytes);
            if amount > 0 {
                items
                    .push(BalanceAnswer { asset_id: format!("{:#x}", asset_of(&holding)), amount: amount.to_string() });
            }
            if items.len() > limit {
                break;
            }
        }
        Ok(page(items, limit))
    }

    /// Coins of the newest sealed state that are worth enough, largest first.
    pub fn coins_to_spend(
        &self,
        owner: &Address,
        wanted: &Wanted,
        excluded: &BTreeSet<UtxoId>,
    ) -> Result<Vec<CoinAnswer>> {
        let prefix = holding(owner.as_ref(), wanted.asset.as_ref());
        let mut coins = Vec::new();
        for place in self.base.index.coins(&prefix, None).take(CONSIDERED) {
            let utxo = utxo_of(place);
            if excluded.contains(&utxo) {
                continue;
            }
            coins.extend(
                self.base.get(&key::coin(&utxo)).and_then(|value| Coin::decode(value)).map(|coin| (coin, utxo)),
            );
        }
        let have: u128 = coins.iter().map(|(coin, _)| u128::from(coin.amount)).sum();
        if have < wanted.amount {
            let message = format!("{owner:#x} has {have} of asset {:#x}, not {}", wanted.asset, wanted.amount);
            return Err(EngineError::new(Code::Request("insufficient_coins"), message));
        }
        coins.sort_by(|(a, first), (b, second)| b.amount.cmp(&a.amount).then(first.cmp(second)));
        let (mut sum, mut chosen) = (0u128, Vec::new());
        for (coin, utxo) in coins {
            if sum >= wanted.amount {
                break;
            }
            if chosen.len() == wanted.max {
                let message =
                    format!("{} coins of asset {:#x} are not worth {}", wanted.max, wanted.asset, wanted.amount);
                return Err(EngineError::new(Code::Request("too_many_coins"), message));
            }
            sum += u128::from(coin.amount);
            chosen.push(answer(&utxo, coin));
        }
        Ok(chosen)
    }
}

enum CoinChange {
    /// The amount of a coin that is there no more.
    Gone(u64),
    New(u64),
}

/// The places that a change took a coin from and put one to.
fn coin_places(change: &Change) -> impl Iterator<Item = (CoinPlace, CoinChange)> + '_ {
    let utxo = change.key.strip_prefix(&[key::COIN]);
    let coin = |value: &Option<Value>| value.as_ref().and_then(|value| Coin::decode(value));
    let gone = coin(&change.before).and_then(|coin| Some((place(&coin, utxo?), CoinChange::Gone(coin.amount))));
    let new = coin(&change.after).and_then(|coin| Some((place(&coin, utxo?), CoinChange::New(coin.amount))));
    gone.into_iter().chain(new)
}

fn head_of(place: &CoinPlace) -> Holding {
    let mut holding = [0; 64];
    holding.copy_from_slice(&place[..64]);
    holding
}

fn asset_of(holding: &Holding) -> AssetId {
    let mut asset = [0; 32];
    asset.copy_from_slice(&holding[32..]);
    asset.into()
}

fn utxo_of(place: &CoinPlace) -> UtxoId {
    crate::coin::decode_utxo(&place[64..]).unwrap_or_default()
}

/// The place of a coin that a page ended with.
pub fn place_of(owner: &Address, asset: &AssetId, utxo: &UtxoId) -> CoinPlace {
    let coin = Coin { owner: *owner, asset: *asset, amount: 0, pointer: Default::default() };
    place(&coin, &encode_utxo(utxo))
}

fn answer(utxo: &UtxoId, coin: Coin) -> CoinAnswer {
    CoinAnswer {
        utxo_id: UtxoAnswer { tx_id: format!("{:#x}", utxo.tx_id()), index: utxo.output_index() },
        owner: format!("{:#x}", coin.owner),
        asset_id: format!("{:#x}", coin.asset),
        amount: coin.amount.to_string(),
        tx_pointer: PointerAnswer { height: *coin.pointer.block_height(), index: coin.pointer.tx_index() },
    }
}

fn page<T>(mut items: Vec<T>, limit: usize) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    Page { items, more }
}
