//! The engine component's interface as wasmtime makes it from `wit/client`, over the types of a module's.
#![allow(missing_docs, unreachable_pub, dead_code, unsafe_code, clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: ["../wit/module", "../wit/client"],
    world: "thalweg:client/engine-component",
    ownership: Borrowing { duplicate_if_necessary: false },
    with: { "thalweg:module/types@1.0.0": crate::wit::types },
});
