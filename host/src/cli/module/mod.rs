//! `module`: write, build, test and look into smart modules. None of it needs a server, but for `--table`.

mod build;
mod folder;
mod list;

use clap::Subcommand;

use super::Outcome;
use super::options::Common;

/// `thalweg module`.
#[derive(Debug, Subcommand)]
pub(super) enum Module {
    /// List the stock modules and their parameters
    List(list::List),
    /// Build the module of a folder
    Build(build::Build),
}

impl Module {
    pub(super) async fn run(self, common: &Common) -> Outcome {
        match self {
            Self::List(command) => command.run(),
            Self::Build(command) => command.run(common),
        }
    }
}
