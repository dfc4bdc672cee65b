//! `component`: the components of the client for hosts other than this binary.

mod export;
mod wit;

use clap::Subcommand;

use super::terminal::{Common, Outcome};

/// `thalweg component`.
#[derive(Debug, Subcommand)]
pub(super) enum Component {
    /// Write the components, their WIT and a README into a folder
    Export(export::Export),
}

impl Component {
    pub(super) fn run(&self, common: &Common) -> Outcome {
        match self {
            Self::Export(command) => command.run(common),
        }
    }
}
