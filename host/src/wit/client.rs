//! The engine component's interface as wasmtime makes it from `wit/client`, over the types of a module's: what this host
//! calls of it, which has the rules of chains and the words for tables in itself.
#![allow(missing_docs, unreachable_pub, dead_code, unsafe_code, clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: ["../wit/module", "../wit/client"],
    inline: "
        package thalweg:host;

        world engine-component {
          import thalweg:client/buffers@0.2.2;
          export thalweg:client/engine@0.2.2;
          export thalweg:client/codec@0.2.2;
        }
    ",
    world: "thalweg:host/engine-component",
    ownership: Borrowing { duplicate_if_necessary: false },
    with: { "thalweg:module/types@1.0.0": crate::wit::types },
});
