//! Builds the components that the binary carries.
fn main() {}
