//! The bindings of modules that are kept in `guest-sdk/src/bindings/generated.rs` are those that the WIT gives.
//!
//! After a change of `wit/module`: `THALWEG_BINDINGS=write cargo test -p thalweg-tests --test bindings`.

use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

/// The bindings of `wit/module`, as one file.
fn generate(root: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root.join("wit/module")).expect("wit/module is valid");
    let world = resolve.select_world(&[package], Some("module")).expect("there is a world `module`");
    let options = Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export_component".to_owned()),
        default_bindings_module: Some("thalweg_module::bindings".to_owned()),
        generate_unused_types: true,
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).expect("bindings can be made");
    let (_, text) = files.iter().next().expect("the bindings are one file");
    String::from_utf8(text.to_vec()).expect("code is text")
}

#[test]
fn the_bindings_are_those_of_the_wit() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let file = root.join("guest-sdk/src/bindings/generated.rs");
    let made = generate(root);
    if std::env::var("THALWEG_BINDINGS").is_ok_and(|value| value == "write") {
        std::fs::write(&file, &made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).position(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "guest-sdk/src/bindings/generated.rs is not what wit/module gives (from line {}); write it anew with: \
         THALWEG_BINDINGS=write cargo test -p thalweg-tests --test bindings",
        differs.unwrap_or_else(|| made.lines().count().min(kept.lines().count())) + 1,
    );
}
