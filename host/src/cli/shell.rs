//! `completions` and `man`: what shells and man read.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::terminal::Outcome;

/// `thalweg completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg completions bash > ~/.local/share/bash-completion/completions/thalweg")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, command: &mut Command) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "thalweg", &mut script);
        Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
    }
}

/// `thalweg man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg man ~/.local/share/man/man1")]
pub(super) struct Man {
    /// The folder, made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(&self, command: &Command) -> Outcome {
        std::fs::create_dir_all(&self.folder)?;
        Ok(clap_mangen::generate_to(command.clone(), &self.folder)?)
    }
}
