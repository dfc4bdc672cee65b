//! Requests that write rows.

pub(super) mod insert;
pub(crate) mod produce;
pub(crate) mod put_kv;
