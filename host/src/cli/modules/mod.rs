//! `module`: write, build, test and look into smart modules. None of it needs a server, but for `--table`.
//!
//! ```text
//! list, new, build, test, inspect  the commands
//! folder      the folder of a module, and what its module.toml says
//! subject     the module that a command is about
//! context     the columns of the rows that a module is given
//! parameters  the parameters of a module, shown
//! ```

mod build;
mod context;
mod folder;
mod inspect;
mod list;
mod new;
mod parameters;
mod subject;
mod test;

use clap::Subcommand;

use super::terminal::{Common, Outcome};

/// `thalweg module`.
#[derive(Debug, Subcommand)]
pub(super) enum Module {
    /// List the stock modules and their parameters
    List(list::List),
    /// Make a folder with a module that builds and passes its test at once
    New(new::New),
    /// Build the module of a folder
    Build(build::Build),
    /// Run rows through a module and show what becomes of each
    Test(Box<test::Test>),
    /// Show what a module is, what it can reach, and what it does with columns
    Inspect(Box<inspect::Inspect>),
}

impl Module {
    pub(super) async fn run(self, common: &Common) -> Outcome {
        match self {
            Self::List(command) => command.run(),
            Self::New(command) => command.run(common),
            Self::Build(command) => command.run(common),
            Self::Test(command) => command.run(common).await,
            Self::Inspect(command) => command.run(common).await,
        }
    }
}
