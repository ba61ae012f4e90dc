//! Compiled classes that are not declared yet: one is compiled at admission, and again wanted when it is executed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use starknet_api::core::ClassHash;

use crate::refusal::Refusal;
use crate::sierra::{self, Compiled, Sierra};

/// A compiled class takes a few megabytes.
const KEPT: usize = 16;

type Outcome = std::result::Result<Arc<Compiled>, String>;

#[derive(Default)]
pub struct Compiler {
    recent: Mutex<VecDeque<(ClassHash, Outcome)>>,
}

impl Compiler {
    pub fn compile(&self, sierra: &Sierra) -> std::result::Result<Arc<Compiled>, Refusal> {
        let known =
            self.recent.lock().expect("no panic holds it").iter().find(|(hash, _)| *hash == sierra.hash).cloned();
        let outcome = known.map(|(_, outcome)| outcome).unwrap_or_else(|| {
            let outcome = sierra::compile(&sierra.class).map(Arc::new);
            let mut recent = self.recent.lock().expect("no panic holds it");
            recent.push_back((sierra.hash, outcome.clone()));
            if recent.len() > KEPT {
                recent.pop_front();
            }
            outcome
        });
        outcome.map_err(|problem| {
            Refusal::new("undecodable", format!("its class can't be compiled: {problem}"))
                .detailed("compilation_failed")
        })
    }
}
