//! `thalweg component export`: what it writes is whole, and enough.

use anyhow::{Context, Result, ensure};
use thalweg_tests::{binary, root};
use wit_component::DecodedWasm;
use wit_parser::Resolve;

pub(crate) fn run() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let folder = parent.path().join("components");
    let path = folder.to_str().context("a path that is text")?;
    binary::printed(binary::command(["component", "export", path]).output()?)?;

    // Each component imports what the README says, and nothing more.
    for (name, allowed) in [
        ("engine", &["thalweg:"][..]),
        ("client", &["thalweg:client/", "thalweg:module/", "wasi:sockets/", "wasi:clocks/", "wasi:random/"]),
        ("client-with-modules", &["thalweg:", "wasi:sockets/", "wasi:clocks/", "wasi:random/"]),
        ("module-adapter", &["thalweg:module/"]),
        ("quiet-log", &[]),
        ("modules/where", &["thalweg:module/"]),
    ] {
        let bytes = std::fs::read(folder.join(name).with_extension("wasm"))?;
        let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes)? else {
            anyhow::bail!("{name} is no component");
        };
        let imports = resolve.worlds.get(world).context("a world")?.imports.keys();
        for import in imports.map(|key| resolve.name_world_key(key)) {
            ensure!(allowed.iter().any(|allowed| import.starts_with(allowed)), "{name} imports {import}");
            ensure!(!import.starts_with("wasi:") || import.contains("@0.3."), "{name} imports {import}");
        }
    }

    // The WIT of each package is whole in its folder, and that of the tree.
    for (package, file) in [("client", "engine.wit"), ("client-async", "client.wit"), ("module", "transform.wit")] {
        let wit = folder.join("wit").join(package);
        Resolve::default().push_dir(&wit).with_context(|| format!("wit/{package} is not whole"))?;
        let (ours, theirs) = (root().join("wit").join(package).join(file), wit.join(file));
        ensure!(std::fs::read(ours)? == std::fs::read(theirs)?, "wit/{package}/{file} is another");
    }
    ensure!(std::fs::read_to_string(folder.join("README.md"))?.contains("wac plug"), "the README says how");

    // What is there is left alone, unless it is to be written over.
    let readme = folder.join("README.md");
    std::fs::write(&readme, "mine")?;
    let refused = binary::command(["component", "export", path]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1) && said.contains("--force"), "{said}");
    ensure!(std::fs::read_to_string(&readme)? == "mine", "it was written over");
    binary::printed(binary::command(["component", "export", path, "--force"]).output()?)?;
    ensure!(std::fs::read_to_string(&readme)? != "mine", "it was not written over");
    Ok(())
}
