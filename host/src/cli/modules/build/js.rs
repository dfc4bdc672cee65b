//! Modules in JavaScript: componentize-qjs, in the folder's own `node_modules`, puts them into QuickJS.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::{Options, tool};

/// Where npm puts the compiler that `package.json` asks for.
const COMPILER: &str = "node_modules/componentize-qjs/cli.mjs";

const NO_NODE: &str = "install Node.js 20 or later from https://nodejs.org";

/// Makes a component of `module.js` and what it imports.
pub(super) fn build(folder: &Path, out: &Path, _options: Options) -> anyhow::Result<()> {
    if !folder.join(COMPILER).is_file() {
        install(folder)?;
    }
    let mut node = Command::new("node");
    node.current_dir(folder).arg(COMPILER).args(["--wit", "wit", "--world", "module", "--js", "module.js"]);
    node.arg("--output").arg(std::path::absolute(out)?).arg("--module-root").arg(root(folder)?);
    // Without these two it would import WASI, and need a host that calls it asynchronously.
    node.args(["--sync", "--stub-wasi"]);
    tool::run(&mut node, NO_NODE)?;
    Ok(())
}

/// Lets npm install what `package.json` asks for, which must have the compiler in it.
fn install(folder: &Path) -> anyhow::Result<()> {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(folder).args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
    tool::run(&mut npm, NO_NODE)?;
    folder.join(COMPILER).is_file().then_some(()).with_context(|| {
        format!(
            "{} lacks the compiler; it needs \"devDependencies\": {{ \"componentize-qjs\": \"0.4.5\" }}",
            folder.join("package.json").display()
        )
    })
}

/// The folder from which the compiler may read: the module's own, or one above it where a source is a link.
fn root(folder: &Path) -> anyhow::Result<PathBuf> {
    let folders = tool::sources(folder, "js")?;
    let common = |path: PathBuf, other: &PathBuf| {
        path.components().zip(other.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
    };
    let first = folders[0].clone();
    Ok(folders.iter().fold(first, common))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_widen_what_the_compiler_may_read() {
        let above = tempfile::tempdir().expect("a folder");
        let above = above.path().canonicalize().expect("a path");
        let (module, shared) = (above.join("module"), above.join("shared"));
        std::fs::create_dir(&module).expect("made");
        std::fs::create_dir(&shared).expect("made");
        std::fs::write(module.join("module.js"), "").expect("written");
        assert_eq!(root(&module).expect("a folder"), module);
        std::fs::write(shared.join("thalweg.js"), "").expect("written");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(shared.join("thalweg.js"), module.join("thalweg.js")).expect("linked");
            assert_eq!(root(&module).expect("a folder"), above);
        }
    }
}
