//! Who logs in: the user's name, and the password from a file, the environment or a prompt. It never stands on the command
//! line, where other users of the machine would see it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::options::CONNECTION;
use super::say::say;
use crate::profiles::{is_open_to_all, read_password};

/// Where a password may stand.
const PASSWORD: &str = "THALWEG_PASSWORD";

/// The options of a login.
#[derive(Debug, Args)]
pub(in crate::cli) struct LoginFlags {
    /// Log in as this user; the password comes from --password-file, THALWEG_PASSWORD, or a prompt
    #[arg(long, global = true, value_name = "NAME", env = "THALWEG_USER", help_heading = CONNECTION)]
    pub(super) user: Option<String>,
    /// A file whose one line is the password
    #[arg(long, global = true, value_name = "FILE", help_heading = "Common options")]
    pub(super) password_file: Option<PathBuf>,
    /// Let the password go to other machines in clear text
    #[arg(long, global = true, help_heading = CONNECTION)]
    pub(super) insecure_login: bool,
}

impl LoginFlags {
    /// A password: from the file, the environment, or what is typed after `prompt`.
    pub(in crate::cli) fn password(&self, prompt: &str) -> anyhow::Result<String> {
        password(self.password_file.as_deref(), prompt)
    }

    /// Whether a password comes from somewhere else than a prompt.
    pub(in crate::cli) fn is_given(&self) -> bool {
        self.password_file.is_some() || is_in_environment()
    }
}

/// Whether the environment has a password.
pub(super) fn is_in_environment() -> bool {
    std::env::var_os(PASSWORD).is_some()
}

/// A password: from the file where there is one, from the environment, or what is typed after `prompt`.
pub(super) fn password(file: Option<&Path>, prompt: &str) -> anyhow::Result<String> {
    if let Some(path) = file {
        if is_open_to_all(path) {
            let path = path.display();
            say(&format!("every user of this machine can read the password in {path}: run `chmod 600 {path}`"));
        }
        return read_password(path)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("the password file {}", path.display()));
    }
    if let Some(password) = std::env::var_os(PASSWORD) {
        let password = password.into_string().map_err(|_| anyhow::anyhow!("{PASSWORD} is not UTF-8"))?;
        ensure!(!password.is_empty(), "{PASSWORD} is empty: give it a password, or unset it");
        return Ok(password);
    }
    if !std::io::stderr().is_terminal() {
        bail!("there is no terminal to ask for the password on: give --password-file FILE, or set {PASSWORD}");
    }
    let typed = rpassword::prompt_password(prompt);
    typed.with_context(|| format!("no password was typed: give --password-file FILE, or set {PASSWORD}"))
}
