//! A program whose author wrote a smart module too. The rows that it appends go through that module, and the rule by which
//! the module keeps them is the program's own: one crate makes both, for two targets.
//!
//! ```text
//! rule     which flights are late
//! module   the smart module, for wasm32-unknown-unknown
//! command  the command component, for wasm32-wasip2
//! ```
//!
//! ```sh
//! thalweg component export out
//! thalweg module build examples/components/author --release          # late.wasm, in that folder
//! cargo build --release --target wasm32-wasip2 -p thalweg-example-author
//! wac compose examples/components/author/flights.wac -o flights.wasm \
//!     --dep thalweg:quiet-log=out/quiet-log.wasm --dep example:late=examples/components/author/late.wasm \
//!     --dep thalweg:module-adapter=out/module-adapter.wasm --dep thalweg:client=out/client-with-modules.wasm \
//!     --dep example:app=target/wasm32-wasip2/release/thalweg_example_author.wasm
//! wasmtime run -S inherit-network flights.wasm 127.0.0.1:9123
//! ```

#[cfg(target_os = "wasi")]
mod command;
#[cfg(target_os = "unknown")]
mod module;
#[cfg(any(target_arch = "wasm32", test))]
mod rule;
