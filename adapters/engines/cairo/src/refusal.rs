//! Why a transaction is not executed: it leaves no trace.

use blockifier::blockifier::transaction_executor::TransactionExecutorError;
use blockifier::transaction::errors::{
    ResourceBoundsError, TransactionExecutionError, TransactionFeeError, TransactionPreValidationError,
};
use serde::Serialize;

use crate::error::EngineError;

/// Reasons are cut to this: what a contract says when it panics can be long.
const MESSAGE: usize = 2048;

/// A code of `adapters/adapter.ts`, a finer one where Starknet's RPC knows it, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
    pub message: String,
}

/// A refusal, or an engine that broke.
#[derive(Debug)]
pub enum Failed {
    Refused(Refusal),
    Broken(EngineError),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, detail: None, message: shorten(message.into()) }
    }

    pub fn detailed(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

pub fn shorten(mut message: String) -> String {
    if message.len() > MESSAGE {
        let end = (0..=MESSAGE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

/// What blockifier's error says of the transaction; an error of the state is not about it at all.
pub fn of_execution(error: &TransactionExecutionError) -> Failed {
    use TransactionExecutionError as E;
    let message = error.to_string();
    match error {
        E::TransactionPreValidationError(error) => of_pre_validation(error),
        E::TransactionFeeError(error) => of_fee(error).into(),
        E::ValidateTransactionError { .. } | E::PanicInValidate { .. } | E::InvalidValidateReturnData { .. } => {
            let message = format!("its account doesn't take its signature: {message}");
            Refusal::new("bad_signature", message).detailed("validation_failed").into()
        }
        E::DeclareTransactionError { .. } => Refusal::new("invalid", message).detailed("class_already_declared").into(),
        E::StateError(blockifier::state::errors::StateError::UndeclaredClassHash(_)) => {
            Refusal::new("invalid", message).detailed("class_not_declared").into()
        }
        E::StateError(
            error @ (blockifier::state::errors::StateError::StateReadError(_)
            | blockifier::state::errors::StateError::OldBlockHashNotProvided),
        ) => Failed::Broken(EngineError::broken(error)),
        _ => Refusal::new("invalid", message).into(),
    }
}

pub fn of_pre_validation(error: &TransactionPreValidationError) -> Failed {
    match error {
        TransactionPreValidationError::InvalidNonce { account_nonce, incoming_tx_nonce, .. } => {
            let code = if incoming_tx_nonce > account_nonce { "nonce_too_high" } else { "nonce_too_low" };
            let (given, next) = (incoming_tx_nonce.0, account_nonce.0);
            Refusal::new(code, format!("its nonce is {given:#x}, the account's is {next:#x}")).into()
        }
        TransactionPreValidationError::TransactionFeeError(error) => of_fee(error).into(),
        TransactionPreValidationError::StateError(error) => Failed::Broken(EngineError::broken(error)),
        TransactionPreValidationError::InvalidProofFacts(_) => Refusal::new("unsupported", error.to_string()).into(),
    }
}

fn of_fee(error: &TransactionFeeError) -> Refusal {
    use TransactionFeeError as E;
    let code = match error {
        E::InsufficientResourceBounds { errors } => {
            let is_price = |error: &ResourceBoundsError| matches!(error, ResourceBoundsError::MaxGasPriceTooLow { .. });
            if errors.iter().any(is_price) {
                "fee_too_low"
            } else {
                "intrinsic_gas"
            }
        }
        E::ResourcesBoundsExceedBalance { .. } | E::GasBoundsExceedBalance { .. } | E::MaxFeeExceedsBalance { .. } => {
            "insufficient_funds"
        }
        _ => "invalid",
    };
    Refusal::new(code, error.to_string())
}

pub fn of_executor(error: &TransactionExecutorError) -> Failed {
    match error {
        TransactionExecutorError::TransactionExecutionError(error) => of_execution(error),
        other => Refusal::new("invalid", other.to_string()).into(),
    }
}
