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
    WriteFailed,
    Panicked,
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Self::BadInput => "bad_input",
            Self::WrongState => "wrong_state",
            Self::BadCheckpoint => "bad_checkpoint",
            Self::HeightUnavailable => "height_unavailable",
            Self::RootMismatch => "root_mismatch",
            Self::WriteFailed => "write_failed",
            Self::Panicked => "panicked",
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

    /// Something of the engine itself broke: like a panic, it says nothing of a transaction.
    pub fn broken(message: impl Display) -> Self {
        Self::new(Code::Panicked, message)
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
