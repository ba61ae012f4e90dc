//! How an execution ended.

use alloy_primitives::{Bytes, Log};
use revm::context::result::{ExecutionResult, HaltReason};

/// The end of a transaction or call that was executed.
pub struct Outcome {
    pub gas_used: u64,
    /// Empty unless successful: what a failed transaction logged is undone.
    pub logs: Vec<Log>,
    /// Returned or revert data; the deployed code of a creation; empty after a halt.
    pub output: Bytes,
    /// Why it failed; `None` when it succeeded.
    pub reason: Option<&'static str>,
}

impl Outcome {
    pub fn succeeded(&self) -> bool {
        self.reason.is_none()
    }
}

impl From<ExecutionResult> for Outcome {
    fn from(result: ExecutionResult) -> Self {
        let gas_used = result.tx_gas_used();
        match result {
            ExecutionResult::Success { logs, output, .. } => {
                Self { gas_used, logs, output: output.into_data(), reason: None }
            }
            ExecutionResult::Revert { output, .. } => {
                Self { gas_used, logs: Vec::new(), output, reason: Some("revert") }
            }
            ExecutionResult::Halt { reason, .. } => {
                Self { gas_used, logs: Vec::new(), output: Bytes::new(), reason: Some(halt_name(&reason)) }
            }
        }
    }
}

fn halt_name(reason: &HaltReason) -> &'static str {
    match reason {
        HaltReason::OutOfGas(_) => "out_of_gas",
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid_opcode",
        HaltReason::InvalidJump => "invalid_jump",
        HaltReason::NotActivated => "not_activated",
        HaltReason::StackUnderflow => "stack_underflow",
        HaltReason::StackOverflow => "stack_overflow",
        HaltReason::OutOfOffset => "out_of_offset",
        HaltReason::CreateCollision => "create_collision",
        HaltReason::PrecompileError | HaltReason::PrecompileErrorWithContext(_) => "precompile_error",
        HaltReason::NonceOverflow => "nonce_overflow",
        HaltReason::CreateContractSizeLimit => "create_contract_size_limit",
        HaltReason::CreateContractStartingWithEF => "create_contract_starting_with_ef",
        HaltReason::CreateInitCodeSizeLimit => "create_initcode_size_limit",
        HaltReason::OverflowPayment => "overflow_payment",
        HaltReason::StateChangeDuringStaticCall => "state_change_during_static_call",
        HaltReason::CallNotAllowedInsideStatic => "call_not_allowed_inside_static",
        HaltReason::OutOfFunds => "out_of_funds",
        HaltReason::CallTooDeep => "call_too_deep",
    }
}
