//! engine-component.
