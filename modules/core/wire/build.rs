//! Compiles `proto/fluss.proto`, without protoc, to Rust types and to a table of each message's fields.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use prost_build::Config;

const PROTO: &str = "proto/fluss.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let files = protox::compile([PROTO], ["proto"])?;
    let mut shapes = String::new();
    for message in files.file.iter().flat_map(|file| &file.message_type) {
        let name = message.name();
        assert!(message.field.len() <= 32, "{name} has more fields than src/message/required.rs has bits for");
        writeln!(shapes, "static {}: Shape = Shape {{ message: {name:?}, fields: &[", shape_name(name))?;
        for field in &message.field {
            // A nested message's type name is absolute: ".fluss.PbTablePath".
            let nested = match field.type_name().rsplit('.').next().filter(|name| !name.is_empty()) {
                Some(name) => format!("Some(&{})", shape_name(name)),
                None => "None".to_owned(),
            };
            let required = field.label() == Label::Required;
            let (name, number) = (field.name(), field.number());
            writeln!(shapes, "Field {{ number: {number}, name: {name:?}, required: {required}, nested: {nested} }},")?;
        }
        writeln!(shapes, "] }};\nimpl Shaped for {name} {{ const SHAPE: &'static Shape = &{}; }}", shape_name(name))?;
    }
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("shapes.rs"), shapes)?;
    Config::new().bytes(["."]).compile_fds(files)?;
    Ok(())
}

type Label = protox::prost_reflect::prost_types::field_descriptor_proto::Label;

/// `PbTablePath` becomes `PB_TABLE_PATH`.
fn shape_name(message: &str) -> String {
    let mut name = String::new();
    for (at, letter) in message.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}
