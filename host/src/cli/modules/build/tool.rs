//! Running the tools that a language is built with, and wrapping what they make.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail};
use wit_component::ComponentEncoder;

/// Runs a tool and gives what it printed; what it says goes to standard error. `remedy` says how to get a tool that is
/// not there, as in `install Go from https://go.dev/dl`.
pub(super) fn run(command: &mut Command, remedy: &str) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("{name} is not there: {remedy}"),
        other => other.with_context(|| format!("{name} cannot be run"))?,
    };
    if !output.status.success() {
        bail!("{name} failed ({}); what is wrong stands above", output.status);
    }
    Ok(output)
}

/// The folders in which a folder's own files of a suffix really lie: itself, and where links lead. Each stands once.
pub(super) fn sources(folder: &Path, suffix: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = vec![folder.canonicalize().with_context(|| format!("{} cannot be read", folder.display()))?];
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() != Some(OsStr::new(suffix)) || !path.is_file() {
            continue;
        }
        let real = path.canonicalize()?;
        let parent = real.parent().map(Path::to_owned).filter(|parent| !folders.contains(parent));
        folders.extend(parent);
    }
    Ok(folders)
}

/// Makes a component of a core module that carries its interface, as wit-bindgen leaves it.
pub(super) fn wrap(core: &[u8], out: &Path) -> anyhow::Result<()> {
    let component = ComponentEncoder::default().validate(true).module(core).and_then(|encoder| encoder.encode());
    let component = component.context(
        "what was built cannot be wrapped as a component; it may import only thalweg:module/log, and must export \
         thalweg:module/transform",
    )?;
    std::fs::write(out, component).with_context(|| format!("{} cannot be written", out.display()))
}
