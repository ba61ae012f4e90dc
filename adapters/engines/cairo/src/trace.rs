//! Traces of executed transactions, in the shape of Starknet's RPC (`TRANSACTION_TRACE`).

use blockifier::execution::call_info::CallInfo;
use blockifier::execution::entry_point::CallType;
use blockifier::transaction::objects::TransactionExecutionInfo;
use serde_json::{json, Map, Value};
use starknet_api::contract_class::EntryPointType;
use starknet_types_core::felt::Felt;

use crate::receipt::Resources;
use crate::refusal::shorten;
use crate::transaction::Transaction;

pub fn of(transaction: &Transaction, info: &TransactionExecutionInfo) -> Value {
    let mut trace = Map::new();
    let mut put = |name: &str, call: &Option<CallInfo>| {
        if let Some(call) = call {
            trace.insert(name.into(), invocation(call));
        }
    };
    put("validate_invocation", &info.validate_call_info);
    put("fee_transfer_invocation", &info.fee_transfer_call_info);
    match (transaction.kind(), &info.revert_error) {
        ("INVOKE", Some(error)) => {
            trace.insert("execute_invocation".into(), json!({ "revert_reason": shorten(error.to_string()) }));
        }
        ("INVOKE", None) => put("execute_invocation", &info.execute_call_info),
        ("DEPLOY_ACCOUNT", _) => put("constructor_invocation", &info.execute_call_info),
        _ => {}
    }
    trace.insert("type".into(), transaction.kind().into());
    trace.insert("execution_resources".into(), json!(Resources::of(info)));
    trace.into()
}

/// `FUNCTION_INVOCATION`. Calls nest as deep as Starknet lets them, 50.
fn invocation(info: &CallInfo) -> Value {
    let CallInfo { call, execution, inner_calls, .. } = info;
    let events: Vec<Value> = execution
        .events
        .iter()
        .map(|event| {
            let keys: Vec<Felt> = event.event.keys.iter().map(|key| key.0).collect();
            json!({ "order": event.order, "keys": keys, "data": event.event.data.0 })
        })
        .collect();
    let messages: Vec<Value> = execution
        .l2_to_l1_messages
        .iter()
        .map(|sent| {
            json!({
                "order": sent.order,
                "from_address": call.storage_address.0.key(),
                "to_address": sent.message.to_address.0,
                "payload": sent.message.payload.0,
            })
        })
        .collect();
    json!({
        "contract_address": call.storage_address.0.key(),
        "entry_point_selector": call.entry_point_selector.0,
        "calldata": *call.calldata.0,
        "caller_address": call.caller_address.0.key(),
        "class_hash": call.class_hash.unwrap_or_default().0,
        "entry_point_type": match call.entry_point_type {
            EntryPointType::Constructor => "CONSTRUCTOR",
            EntryPointType::External => "EXTERNAL",
            EntryPointType::L1Handler => "L1_HANDLER",
        },
        "call_type": match call.call_type {
            CallType::Call => "CALL",
            CallType::Delegate => "DELEGATE",
        },
        "result": execution.retdata.0,
        "calls": inner_calls.iter().map(invocation).collect::<Vec<_>>(),
        "events": events,
        "messages": messages,
        "execution_resources": { "l1_gas": 0, "l2_gas": execution.gas_consumed },
        "is_reverted": execution.failed,
    })
}
