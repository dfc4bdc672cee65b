//! The rules of a chain of modules: plans checked, answers applied to batches, policies.
