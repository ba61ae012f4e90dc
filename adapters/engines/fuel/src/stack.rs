//! A stack of our own for whatever programs drive: the caller's may be small.

use std::panic::resume_unwind;
use std::thread;

const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs a function in a thread with a stack of fixed size; panics come through.
pub fn on_own_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let spawned = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        let thread = spawned.expect("a thread can be started");
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
