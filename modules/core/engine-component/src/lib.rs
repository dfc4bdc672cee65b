//! The engine behind the WIT interface of `wit/client`: types converted, nothing decided.
//!
//! ```text
//! bindings what wit-bindgen makes of the WIT
//! shell    the exported engine: one for each instance
//! lower    what comes in
//! lift     what goes out
//! table    schemas and descriptors, both ways
//! codec    the exported heavy work on bytes
//! ```

mod bindings;
mod codec;
mod lift;
mod lower;
mod shell;
mod table;

/// The component: what the exports are implemented for.
struct Component;
