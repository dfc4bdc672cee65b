//! The module's interface as wasmtime makes it from `wit/module`.
#![allow(missing_docs, unreachable_pub, dead_code, unsafe_code, clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../wit/module",
    world: "thalweg:module/module",
    ownership: Borrowing { duplicate_if_necessary: true },
});
