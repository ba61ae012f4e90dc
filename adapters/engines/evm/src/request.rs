//! The request object of eth_call and eth_estimateGas.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, Bytes, TxKind, B256, U128, U256, U64, U8};
use revm::context::TxEnv;
use revm::context_interface::either::Either;
use serde::Deserialize;

use crate::error::{EngineError, Result};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[serde(default)]
    from: Option<Address>,
    #[serde(default)]
    to: Option<Address>,
    pub gas: Option<U64>,
    gas_price: Option<U128>,
    max_fee_per_gas: Option<U128>,
    max_priority_fee_per_gas: Option<U128>,
    value: Option<U256>,
    data: Option<Bytes>,
    input: Option<Bytes>,
    access_list: Option<Vec<AccessItem>>,
    authorization_list: Option<Vec<AuthorizationItem>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessItem {
    address: Address,
    #[serde(default)]
    storage_keys: Vec<B256>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationItem {
    chain_id: U256,
    address: Address,
    nonce: U64,
    y_parity: U8,
    r: U256,
    s: U256,
}

impl Request {
    /// The transaction to simulate with `gas`. Contradictory fields are `bad_input`.
    pub fn env(&self, chain_id: u64, gas: u64) -> Result<TxEnv> {
        if self.gas_price.is_some() && (self.max_fee_per_gas.is_some() || self.max_priority_fee_per_gas.is_some()) {
            return Err(EngineError::bad_input("both gasPrice and the fee fields of EIP-1559 are given"));
        }
        if let (Some(data), Some(input)) = (&self.data, &self.input) {
            if data != input {
                return Err(EngineError::bad_input("data and input differ"));
            }
        }
        let max_fee = self.gas_price.or(self.max_fee_per_gas).or(self.max_priority_fee_per_gas);
        let mut env = TxEnv {
            caller: self.from.unwrap_or_default(),
            gas_limit: gas,
            gas_price: max_fee.unwrap_or_default().to(),
            kind: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value.unwrap_or_default(),
            data: self.input.clone().or_else(|| self.data.clone()).unwrap_or_default(),
            chain_id: Some(chain_id),
            access_list: self.access_list(),
            gas_priority_fee: self.max_priority_fee_per_gas.map(|tip| tip.to()),
            authorization_list: self.authorizations(),
            ..TxEnv::default()
        };
        env.derive_tx_type().map_err(EngineError::bad_input)?;
        Ok(env)
    }

    fn access_list(&self) -> AccessList {
        let items = self.access_list.iter().flatten();
        AccessList(
            items
                .map(|item| AccessListItem { address: item.address, storage_keys: item.storage_keys.clone() })
                .collect(),
        )
    }

    fn authorizations<T>(&self) -> Vec<Either<SignedAuthorization, T>> {
        let items = self.authorization_list.iter().flatten();
        items
            .map(|item| {
                let authorization =
                    Authorization { chain_id: item.chain_id, address: item.address, nonce: item.nonce.to() };
                Either::Left(SignedAuthorization::new_unchecked(authorization, item.y_parity.to(), item.r, item.s))
            })
            .collect()
    }
}
