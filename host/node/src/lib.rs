//! The embedded single node.
