//! What wit-bindgen makes of `wit/module`.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated from the WIT files, which hold the documentation"
)]

wit_bindgen::generate!({
    path: "../wit/module",
    world: "module",
    pub_export_macro: true,
    default_bindings_module: "thalweg_module::bindings",
    export_macro_name: "export_component",
    generate_unused_types: true,
    additional_derives: [PartialEq],
});
