//! Buckets: a log with its keys, and the threads that write them.

pub(crate) mod commit;
