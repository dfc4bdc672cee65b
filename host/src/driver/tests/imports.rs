//! What the engine component may reach.

use wasmtime::component::types::ComponentItem;

use crate::runtime::Runtime;

#[test]
fn the_engine_component_imports_nothing_but_types_and_held_bytes() {
    let runtime = Runtime::new(None).unwrap();
    let engine = runtime.engine();
    let component = runtime.engine_component().unwrap();
    let component_type = component.component_type();
    for (name, import) in component_type.imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { panic!("it imports {name}") };
        for (item, export) in instance.exports(engine) {
            let is_read = (name, item) == ("thalweg:client/buffers@0.2.2", "read");
            assert!(is_read || matches!(export.ty, ComponentItem::Type(_)), "it imports {item} of {name}");
        }
    }
    let mut exports: Vec<_> = component_type.exports(engine).map(|(name, _)| name.to_owned()).collect();
    exports.sort();
    let expected = ["chain", "codec", "engine", "tables"].map(|name| format!("thalweg:client/{name}@0.2.2"));
    assert_eq!(exports, expected);
}
