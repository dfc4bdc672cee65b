//! Components made into JavaScript: for the npm package `thalweg`, and for modules that run in a page.
