//! where.
