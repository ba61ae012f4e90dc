//! What the tree answers instead of a result: a code and a sentence.

use std::fmt::Display;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    WrongState,
    HeightUnavailable,
    /// A node is missing: nothing in the tree can be trusted.
    Broken,
}

#[derive(Debug)]
pub struct TreeError {
    pub code: Code,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, TreeError>;

impl TreeError {
    pub fn new(code: Code, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }
}
