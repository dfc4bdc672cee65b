//! What all parts of a running node rest on.
//!
//! ```text
//! clock       the time of day
//! sync        locks without poison
//! panics      panics turned into errors
//! allocator   memory given back
//! memory      the bytes that requests and answers may take up
//! lifecycle   whether the node serves, stops, or has failed
//! ```

pub(crate) mod allocator;
pub(crate) mod clock;
pub(crate) mod lifecycle;
pub(crate) mod memory;
pub(crate) mod panics;
pub(crate) mod sync;
