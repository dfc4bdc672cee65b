//! Requests that read rows.

pub(crate) mod fetch;
pub(crate) mod lookup;
pub(crate) mod offsets;
pub(crate) mod scan_kv;
