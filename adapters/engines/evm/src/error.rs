//! What the engine throws. An error is never an outcome of a block: whoever gets one has to correct its call or stop.

use std::fmt::{self, Display};

/// Stable codes of thrown errors; the README says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    BadInput,
    WrongState,
    BadCheckpoint,
    HeightUnavailable,
    RootMismatch,
    BlockHashUnavailable,
    Panicked,
    /// A request of `call` or `estimate` that can't be executed; carries the transaction's own code.
    Request(&'static str),
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Self::BadInput => "bad_input",
            Self::WrongState => "wrong_state",
            Self::BadCheckpoint => "bad_checkpoint",
            Self::HeightUnavailable => "height_unavailable",
            Self::RootMismatch => "root_mismatch",
            Self::BlockHashUnavailable => "block_hash_unavailable",
            Self::Panicked => "panicked",
            Self::Request(code) => code,
        }
    }
}

/// A thrown error: a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    pub code: Code,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, EngineError>;

impl EngineError {
    pub fn new(code: Code, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }

    pub fn bad_input(message: impl Display) -> Self {
        Self::new(Code::BadInput, message)
    }

    pub fn wrong_state(message: impl Display) -> Self {
        Self::new(Code::WrongState, message)
    }
}

impl Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_ref(), self.message)
    }
}

impl std::error::Error for EngineError {}

impl From<lockstep_host::packed::Malformed> for EngineError {
    fn from(malformed: lockstep_host::packed::Malformed) -> Self {
        Self::bad_input(malformed)
    }
}
