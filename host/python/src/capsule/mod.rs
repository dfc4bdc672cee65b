//! Arrow's C data interface, in and out: what the capsules of the PyCapsule interface hold.
//!
//! ```text
//! import   columns, batches and streams that others give
//! export   capsules of ours that others take
//! ```

mod export;
mod import;

pub(crate) use export::{array_capsules, schema_capsule, stream_capsule};
pub(crate) use import::{Batches, column, stream_of};
