//! The module's interface as wasmtime makes it from `wit/module`.

pub(in crate::module) use crate::wit::module::*;
