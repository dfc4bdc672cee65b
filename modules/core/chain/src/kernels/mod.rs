//! What filters, takes and joins arrays. Natively these are Arrow's kernels; a component has small ones of its own, as
//! Arrow's know every type that Arrow has, most of which no table has, and would make up a third of it.
//!
//! ```text
//! fast   Arrow's
//! small  runs of rows copied, over columns in their flat form
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod fast;
#[cfg(any(test, target_arch = "wasm32"))]
mod small;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use self::fast::{Filter, concat, filter, interleave, nulls, take, zip};
#[cfg(target_arch = "wasm32")]
pub(crate) use self::small::{Filter, concat, filter, interleave, nulls, take, zip};
