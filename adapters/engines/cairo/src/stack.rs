//! Every call runs on a stack of its own: contracts call each other as deep as Starknet lets them, whatever the stack
//! of the thread that Node gave.

use std::thread::{scope, Builder};

use crate::error::{EngineError, Result};

/// Address space; only what is touched becomes memory.
const STACK: usize = 256 * 1024 * 1024;

/// Runs a call. A panic becomes an error instead of ending the process.
pub fn on_deep_stack<T: Send>(run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    scope(|threads| {
        let thread = Builder::new().name("cairo".into()).stack_size(STACK).spawn_scoped(threads, run);
        thread.map_err(EngineError::broken)?.join().unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let message = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("unknown panic");
            Err(EngineError::broken(format!("the engine panicked: {message}")))
        })
    })
}
