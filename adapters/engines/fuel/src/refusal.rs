//! Why a transaction is invalid.

use std::fmt::Display;

use fuel_vm::checked_transaction::CheckError;
use fuel_vm::fuel_tx::ValidityError;

/// A stable code and a sentence.
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

impl From<CheckError> for Refusal {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Validity(error) => error.into(),
            CheckError::PredicateVerificationFailed(error) => {
                Self::new("invalid", format!("a predicate does not hold: {error:?}"))
            }
            CheckError::InsufficientMaxFee { max_fee_from_policies, max_fee_from_gas_price } => Self::new(
                "fee_too_low",
                format!("its max fee is {max_fee_from_policies}, it may cost {max_fee_from_gas_price}"),
            ),
        }
    }
}

impl From<ValidityError> for Refusal {
    fn from(error: ValidityError) -> Self {
        match error {
            ValidityError::InputInvalidSignature { index } => Self::new(
                "bad_signature",
                format!("the owner of input {index} did not sign it, or signed it for a chain with another id"),
            ),
            ValidityError::TransactionMaxGasExceeded => Self::new("gas_limit", "it asks for more gas than one may use"),
            ValidityError::TransactionSizeLimitExceeded => {
                Self::new("oversized", "it has more bytes than one may have")
            }
            ValidityError::InsufficientFeeAmount { expected, provided } => {
                Self::new("insufficient_funds", format!("its inputs have {provided} for a max fee of {expected}"))
            }
            ValidityError::InsufficientInputAmount { asset, expected, provided } => Self::new(
                "insufficient_funds",
                format!("its inputs have {provided} of asset {asset}, its outputs {expected}"),
            ),
            other => Self::new("invalid", format!("it breaks a rule of Fuel: {other:?}")),
        }
    }
}
