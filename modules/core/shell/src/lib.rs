//! What the components of the client share: the engine that does its work itself, and rows as columns.
