//! The client against the embedded node and against servers that misbehave, with the engine as a component and native.

mod failures;
mod keys;
mod modules;
mod policies;
mod rig;
mod rows_in;
mod rows_out;
mod swap;
mod tables;
mod wasm;
