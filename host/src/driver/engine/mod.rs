//! The engines that the driver can drive.
//!
//! ```text
//! instance   what the loop needs of an engine
//! native     the engine linked natively
//! component  the engine as a component in wasmtime
//! lockstep   both, compared
//! ```

mod component;
mod instance;
mod lockstep;
mod native;

pub(crate) use component::{ComponentEngine, OpenError};
pub(crate) use instance::{EngineInstance, Trap};
pub(crate) use lockstep::Lockstep;
pub(crate) use native::Native;
