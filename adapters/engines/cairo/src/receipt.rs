//! Receipts: JSON under the names of Starknet's RPC.

use blockifier::transaction::objects::TransactionExecutionInfo;
use serde::Serialize;
use starknet_types_core::felt::Felt;

use crate::refusal::shorten;
use crate::transaction::Transaction;

/// The order of the fields is that of the encoding.
#[derive(Serialize)]
pub struct Receipt {
    #[serde(rename = "type")]
    kind: &'static str,
    transaction_hash: Felt,
    sender_address: Felt,
    actual_fee: Felt,
    execution_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revert_reason: Option<String>,
    events: Vec<Event>,
    messages_sent: Vec<Message>,
    execution_resources: Resources,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_address: Option<Felt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_hash: Option<Felt>,
}

#[derive(Serialize)]
pub struct Event {
    pub from_address: Felt,
    pub keys: Vec<Felt>,
    pub data: Vec<Felt>,
}

#[derive(Serialize)]
pub struct Message {
    pub from_address: Felt,
    pub to_address: Felt,
    pub payload: Vec<Felt>,
}

#[derive(Clone, Copy, Serialize)]
pub struct Resources {
    pub l1_gas: u64,
    pub l1_data_gas: u64,
    pub l2_gas: u64,
}

impl Resources {
    pub fn of(info: &TransactionExecutionInfo) -> Self {
        let gas = &info.receipt.gas;
        Self { l1_gas: gas.l1_gas.0, l1_data_gas: gas.l1_data_gas.0, l2_gas: gas.l2_gas.0 }
    }
}

impl Receipt {
    pub fn new(transaction: &Transaction, info: &TransactionExecutionInfo) -> Self {
        let output = info.output_for_hashing();
        Self {
            kind: transaction.kind(),
            transaction_hash: transaction.hash.0,
            sender_address: *transaction.sender.0.key(),
            actual_fee: Felt::from(info.receipt.fee.0),
            execution_status: if info.is_reverted() { "REVERTED" } else { "SUCCEEDED" },
            revert_reason: info.revert_error.as_ref().map(|error| shorten(error.to_string())),
            events: output
                .events
                .into_iter()
                .map(|event| Event {
                    from_address: *event.from_address.0.key(),
                    keys: event.content.keys.iter().map(|key| key.0).collect(),
                    data: event.content.data.0,
                })
                .collect(),
            messages_sent: output
                .messages_sent
                .into_iter()
                .map(|message| Message {
                    from_address: *message.from_address.0.key(),
                    to_address: message.to_address.into(),
                    payload: message.payload.0,
                })
                .collect(),
            execution_resources: Resources::of(info),
            contract_address: transaction.is_deploy_account().then(|| *transaction.sender.0.key()),
            class_hash: transaction.sierra.as_ref().map(|sierra| sierra.hash.0),
        }
    }
}
