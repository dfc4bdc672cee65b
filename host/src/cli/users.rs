//! `users`: the file of those who may log in to a node.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use thalweg_node::users::{self, UsersError};

use super::terminal::{Common, ListFormat, Outcome, print_list};

/// `thalweg users`.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Add a user, or give one another password; the file is made if it is not there
    #[command(after_help = "Examples:\n  thalweg users add users.txt alice\n  \
        thalweg users add users.txt alice --password-file alice.txt\n\n\
        The password comes from --password-file, THALWEG_PASSWORD, or a prompt. The file has its hash.")]
    Add(One),
    /// List the names of the users
    #[command(after_help = "Examples:\n  thalweg users list users.txt")]
    List {
        /// The file
        file: PathBuf,
        /// How they are listed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Remove a user; connections that are open stay
    #[command(after_help = "Examples:\n  thalweg users remove users.txt alice")]
    Remove(One),
}

/// One user of a file.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The file
    file: PathBuf,
    /// The user's name
    name: String,
}

impl Users {
    pub(super) fn run(self, common: &Common) -> Outcome {
        match self {
            Users::Add(One { file, name }) => {
                let password = new_password(common, &name)?;
                let known = of(&file, users::add(&file, &name, &password))?;
                let what = if known { "gave another password to" } else { "added" };
                common.note(&format!("{what} user {name} in {}", file.display()));
            }
            Users::List { file, format } => {
                let names = of(&file, users::list(&file))?;
                print_list(&names.iter().map(|name| json!({ "user": name })).collect::<Vec<_>>(), format)?;
            }
            Users::Remove(One { file, name }) => {
                of(&file, users::remove(&file, &name))?;
                common.note(&format!("removed user {name} from {}", file.display()));
            }
        }
        Ok(())
    }
}

/// A result, with the file that it is of.
fn of<T>(file: &Path, result: Result<T, UsersError>) -> anyhow::Result<T> {
    result.with_context(|| format!("the file of users {}", file.display()))
}

/// A password that is new: typed twice, where it is typed.
fn new_password(common: &Common, name: &str) -> anyhow::Result<String> {
    let password = common.login.password(&format!("Password for {name}: "))?;
    if !common.login.is_given() {
        let again = common.login.password("The same again: ")?;
        ensure!(password == again, "the two passwords differ; nothing was changed");
    }
    Ok(password)
}
