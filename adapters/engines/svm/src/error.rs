//! What the addon throws: a stable code and a sentence.

use std::fmt::Display;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    BadInput,
    WrongState,
    HeightUnavailable,
    /// A node is missing, or a panic: nothing in the tree can be trusted.
    Broken,
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Self::BadInput => "bad_input",
            Self::WrongState => "wrong_state",
            Self::HeightUnavailable => "height_unavailable",
            Self::Broken => "broken",
        }
    }
}

#[derive(Debug)]
pub struct EngineError {
    pub code: Code,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, EngineError>;

impl EngineError {
    pub fn new(code: Code, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<lockstep_tree::TreeError> for EngineError {
    fn from(error: lockstep_tree::TreeError) -> Self {
        let code = match error.code {
            lockstep_tree::Code::WrongState => Code::WrongState,
            lockstep_tree::Code::HeightUnavailable => Code::HeightUnavailable,
            lockstep_tree::Code::Broken => Code::Broken,
        };
        Self::new(code, error.message)
    }
}
