//! Modules in JavaScript.

use std::path::Path;

use anyhow::bail;

use super::Options;

/// Builds the module in a folder.
pub(super) fn build(folder: &Path, _out: &Path, _options: Options) -> anyhow::Result<()> {
    bail!("{}: modules in JavaScript cannot be built by this version", folder.display())
}
