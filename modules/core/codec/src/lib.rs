//! Changes the compression of the buffers of Arrow messages; the zstd at work is chosen by the user of the crate.
