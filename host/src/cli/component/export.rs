//! `component export`: the components, their WIT and a README, so that nobody needs the source tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::wit::{CLIENT, CLIENT_ASYNC, MODULE, Source};
use crate::cli::terminal::{Common, Outcome, say};
use crate::runtime::Runtime;

const README: &str = include_str!("export.md");

/// `thalweg component export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg component export components\n  \
    thalweg component export components --force    write over what an older binary wrote")]
pub(in crate::cli) struct Export {
    /// The folder to write into; it is made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Write over files that are there already
    #[arg(long)]
    force: bool,
}

impl Export {
    pub(super) fn run(&self, common: &Common) -> Outcome {
        let files = files()?;
        if !self.force {
            let there = files.keys().map(|path| self.folder.join(path)).find(|path| path.exists());
            if let Some(path) = there {
                Err(anyhow::anyhow!("{} is there already; --force writes over it", path.display()))?;
            }
        }
        for (path, bytes) in &files {
            write(&self.folder.join(path), bytes)?;
        }
        if !common.quiet {
            let folder = self.folder.display();
            say(&format!("wrote {} files into {folder}; {folder}/README.md says what they are for", files.len()));
        }
        Ok(())
    }
}

/// The files of an export: path in its folder, and bytes.
fn files() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::from([
        ("README.md".to_owned(), README.as_bytes().to_vec()),
        ("engine.wasm".to_owned(), Runtime::engine_bytes().to_vec()),
    ]);
    for packed in Runtime::client_components() {
        let (name, wasm) = packed.context("a component in this binary is damaged; install it anew")?;
        files.insert(format!("{name}.wasm"), wasm);
    }
    for name in Runtime::stock_modules() {
        let wasm = Runtime::stock_bytes(name).unwrap_or_default();
        files.insert(format!("modules/{name}.wasm"), wasm.to_vec());
    }
    // Each package with those that it uses, so that its folder alone is enough for every generator of bindings.
    for (folder, sources) in [
        ("wit/module", MODULE),
        ("wit/client", CLIENT),
        ("wit/client/deps/module", MODULE),
        ("wit/client-async", CLIENT_ASYNC),
        ("wit/client-async/deps/module", MODULE),
        ("wit/client-async/deps/client", CLIENT),
    ] {
        for Source { path, text } in sources.iter().filter(|source| source.path.ends_with(".wit")) {
            files.insert(format!("{folder}/{path}"), text.as_bytes().to_vec());
        }
    }
    ensure!(files.values().all(|bytes| !bytes.is_empty()), "a component in this binary is empty; install it anew");
    Ok(files)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let unwritable = || format!("{} cannot be written", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).with_context(unwritable)?;
    std::fs::write(path, bytes).with_context(unwritable)
}
