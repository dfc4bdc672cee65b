//! The types of columns, and their SQL: no dependencies, for the wire formats and the SDK alike.
