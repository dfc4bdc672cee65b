//! The Python package `thalweg`: the host library behind Python classes.
