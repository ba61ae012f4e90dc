//! What every engine shares with the process around it.

pub mod packed;

mod mark;
pub use mark::Mark;
