//! Why a transaction is invalid.

use std::fmt::Display;

use revm::context::result::InvalidTransaction;

/// A stable code and a sentence; the README lists the codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Appends the packed form: 0, code and message, each with its u16 length. A message is cut off at 1024 bytes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.push(0);
        let message = &self.message[..self.message.floor_char_boundary(1024)];
        for text in [self.code, message] {
            out.extend_from_slice(&(text.len() as u16).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
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
