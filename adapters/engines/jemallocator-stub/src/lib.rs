//! Nothing: whoever names this allocator gets none, and the default one is used.
