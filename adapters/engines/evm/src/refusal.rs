//! Why a transaction is invalid.

use std::fmt::Display;

use revm::context::result::InvalidTransaction;
use serde::Serialize;

/// A stable code and a sentence; the README lists the codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<InvalidTransaction> for Refusal {
    fn from(error: InvalidTransaction) -> Self {
        let code = match &error {
            InvalidTransaction::NonceTooLow { .. } => "nonce_too_low",
            InvalidTransaction::NonceTooHigh { .. } => "nonce_too_high",
            InvalidTransaction::LackOfFundForMaxFee { .. } | InvalidTransaction::OverflowPaymentInTransaction => {
                "insufficient_funds"
            }
            InvalidTransaction::GasPriceLessThanBasefee => "fee_too_low",
            InvalidTransaction::CallerGasLimitMoreThanBlock => "block_gas",
            InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
            | InvalidTransaction::GasFloorMoreThanGasLimit { .. } => "intrinsic_gas",
            InvalidTransaction::CreateInitCodeSizeLimit => "initcode",
            InvalidTransaction::InvalidChainId | InvalidTransaction::MissingChainId => "wrong_chain",
            _ => "invalid",
        };
        Self::new(code, error)
    }
}
