//! Which coins an owner has, and which assets a contract: what the flat state itself is not sorted by.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::coin::Coin;
use crate::key;

/// Owner 32 ‖ asset 32 ‖ utxo id 34.
pub type CoinPlace = [u8; 98];
/// Owner or contract 32 ‖ asset 32.
pub type Holding = [u8; 64];

/// Of one owner in one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub amount: u128,
    pub coins: u64,
}

#[derive(Default)]
pub struct Index {
    coins: BTreeSet<CoinPlace>,
    totals: BTreeMap<Holding, Total>,
    contracts: BTreeSet<Holding>,
}

impl Index {
    /// Follows a change of the flat state.
    pub fn change(&mut self, key: &[u8], before: Option<&[u8]>, after: Option<&[u8]>) {
        match key.split_first() {
            Some((&key::COIN, utxo)) => {
                if let Some(coin) = before.and_then(Coin::decode) {
                    self.coins.remove(&place(&coin, utxo));
                    let holding = holding(coin.owner.as_ref(), coin.asset.as_ref());
                    let total = self.totals.entry(holding).or_default();
                    *total = Total { amount: total.amount - u128::from(coin.amount), coins: total.coins - 1 };
                    if total.coins == 0 {
                        self.totals.remove(&holding);
                    }
                }
                if let Some(coin) = after.and_then(Coin::decode) {
                    self.coins.insert(place(&coin, utxo));
                    let total = self.totals.entry(holding(coin.owner.as_ref(), coin.asset.as_ref())).or_default();
                    *total = Total { amount: total.amount + u128::from(coin.amount), coins: total.coins + 1 };
                }
            }
            Some((&key::BALANCE, id)) => {
                let Ok(holding) = Holding::try_from(id) else { return };
                if after.is_some() {
                    self.contracts.insert(holding);
                } else {
                    self.contracts.remove(&holding);
                }
            }
            _ => {}
        }
    }

    pub fn total(&self, owner: &[u8], asset: &[u8]) -> Total {
        self.totals.get(&holding(owner, asset)).copied().unwrap_or_default()
    }

    /// Places of coins that start with `prefix`, behind `after`.
    pub fn coins<'a>(&'a self, prefix: &'a [u8], after: Option<CoinPlace>) -> impl Iterator<Item = &'a CoinPlace> + 'a {
        self.coins.range(start(prefix, after)).take_while(move |place| place.starts_with(prefix))
    }

    /// Holdings of an owner, behind `after`.
    pub fn holdings<'a>(&'a self, owner: &'a [u8], after: Option<Holding>) -> impl Iterator<Item = &'a Holding> + 'a {
        let range = self.totals.range(start(owner, after));
        range.map(|(holding, _)| holding).take_while(move |holding| holding.starts_with(owner))
    }

    /// Holdings of a contract, behind `after`.
    pub fn contract<'a>(
        &'a self,
        contract: &'a [u8],
        after: Option<Holding>,
    ) -> impl Iterator<Item = &'a Holding> + 'a {
        self.contracts.range(start(contract, after)).take_while(move |holding| holding.starts_with(contract))
    }
}

fn start<const N: usize>(prefix: &[u8], after: Option<[u8; N]>) -> (Bound<[u8; N]>, Bound<[u8; N]>) {
    let first = match after {
        Some(after) => Bound::Excluded(after),
        None => {
            let mut first = [0; N];
            first[..prefix.len()].copy_from_slice(prefix);
            Bound::Included(first)
        }
    };
    (first, Bound::Unbounded)
}

pub fn place(coin: &Coin, utxo: &[u8]) -> CoinPlace {
    let mut place = [0; 98];
    place[..32].copy_from_slice(coin.owner.as_ref());
    place[32..64].copy_from_slice(coin.asset.as_ref());
    place[64..].copy_from_slice(utxo);
    place
}

pub fn holding(owner: &[u8], asset: &[u8]) -> Holding {
    let mut holding = [0; 64];
    holding[..32].copy_from_slice(owner);
    holding[32..].copy_from_slice(asset);
    holding
}
