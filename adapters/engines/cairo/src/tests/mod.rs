mod binary;
mod engine;
mod patricia;
mod state;
