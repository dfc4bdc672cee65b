//! `profile`: ways to connect to clusters, kept under a name.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::terminal::{Common, ListFormat, Outcome, print_list, print_one};
use crate::profiles::{self, Profile as Kept, Profiles};

/// The command's name.
pub(super) const NAME: &str = "profile";
/// The name of the one of its commands that takes the options of a connection.
pub(super) const ADD: &str = "add";

/// `thalweg profile`.
#[derive(Debug, Subcommand)]
pub(super) enum Profile {
    /// Keep the servers, the login and the TLS that the options name under a name
    #[command(after_help = "Examples:\n  \
        thalweg profile add laptop --server 127.0.0.1:9123\n  \
        thalweg profile add production --server a.example.com:9123,b.example.com:9123 \\\n      \
        --user alice --password-file alice.password --tls --timeout 30s --use\n\n\
        Profiles are in profiles.toml in the user's configuration folder, or in the folder that THALWEG_CONFIG names.\n\
        Passwords are not: a profile names the file of one; without one, it is asked for.")]
    Add(Add),
    /// List the profiles
    #[command(after_help = "Example:\n  thalweg profile list --format json")]
    List {
        /// How they are listed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Put a profile in use for commands that name neither a profile nor servers
    #[command(after_help = "Examples:\n  thalweg profile use production\n  thalweg profile use --none")]
    Use {
        /// The profile
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        name: Option<String>,
        /// Put none in use
        #[arg(long)]
        none: bool,
    },
    /// Show a profile
    #[command(after_help = "Examples:\n  thalweg profile show\n  thalweg profile show production --format yaml")]
    Show {
        /// The profile [default: the one in use]
        name: Option<String>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Give a profile another name
    #[command(after_help = "Example:\n  thalweg profile rename production far")]
    Rename {
        /// The profile
        name: String,
        /// Its new name
        to: String,
    },
    /// Remove a profile; the files that it names stay
    #[command(after_help = "Example:\n  thalweg profile remove production")]
    Remove {
        /// The profile
        name: String,
    },
}

/// `thalweg profile add`.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name
    name: String,
    /// Put it in use at once
    #[arg(long = "use")]
    used: bool,
}

impl Profile {
    pub(super) fn run(self, common: &Common) -> Outcome {
        let path = profiles::path()?;
        match self {
            Profile::Add(Add { name, used }) => {
                profiles::add(&path, &name, &common.as_profile()?)?;
                if used {
                    profiles::set_default(&path, Some(&name))?;
                }
                let more = if used { ", which is in use now" } else { "" };
                common.note(&format!("added profile {name}{more}"));
            }
            Profile::List { format } => list(&Profiles::read(&path)?, format)?,
            Profile::Use { name, .. } => {
                profiles::set_default(&path, name.as_deref())?;
                common.note(&match name {
                    Some(name) => format!("profile {name} is in use now"),
                    None => "no profile is in use now".to_owned(),
                });
            }
            Profile::Show { name, format } => {
                let profiles = Profiles::read(&path)?;
                let none = "no profile is in use: name one, or put one in use with `thalweg profile use`";
                let name = name.as_deref().or(profiles.default_name()).context(none)?;
                let used = profiles.default_name() == Some(name);
                let shown = shown(name, profiles.get(name)?, used);
                print_one(&shown, &as_text(&shown), format)?;
            }
            Profile::Rename { name, to } => {
                profiles::rename(&path, &name, &to)?;
                common.note(&format!("renamed profile {name} to {to}"));
            }
            Profile::Remove { name } => {
                let used = profiles::remove(&path, &name)?;
                let more = if used { "; it was in use, and none is now" } else { "" };
                common.note(&format!("removed profile {name}{more}"));
            }
        }
        Ok(())
    }
}

fn list(profiles: &Profiles, format: ListFormat) -> anyhow::Result<()> {
    let row = |(name, profile): (&str, &Kept)| {
        json!({
            "profile": name,
            "servers": profile.servers.join(","),
            "user": profile.user,
            "tls": profile.is_encrypted(),
            "in_use": profiles.default_name() == Some(name),
        })
    };
    print_list(&profiles.iter().map(row).collect::<Vec<_>>(), format)
}

/// Everything that a profile says; what it leaves out is null.
fn shown(name: &str, profile: &Kept, used: bool) -> Value {
    let file = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    json!({
        "profile": name,
        "in_use": used,
        "servers": profile.servers,
        "user": profile.user,
        "password_file": file(&profile.password_file),
        "insecure_login": profile.insecure_login,
        "tls": profile.is_encrypted(),
        "tls_ca": file(&profile.tls_ca),
        "tls_cert": file(&profile.tls_cert),
        "tls_key": file(&profile.tls_key),
        "tls_server_name": profile.tls_server_name,
        "timeout": profile.timeout,
    })
}

/// The same for people: a line for each thing that is said.
fn as_text(shown: &Value) -> String {
    const ORDER: [&str; 12] = [
        "profile",
        "in_use",
        "servers",
        "user",
        "password_file",
        "insecure_login",
        "tls",
        "tls_ca",
        "tls_cert",
        "tls_key",
        "tls_server_name",
        "timeout",
    ];
    let line = |key: &&str| {
        let text = match &shown[*key] {
            Value::Null => return None,
            Value::String(text) => crate::text::escaped(text).into_owned(),
            Value::Bool(set) => (if *set { "yes" } else { "no" }).to_owned(),
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        Some(format!("{:<16}{text}\n", key.replace('_', " ")))
    };
    ORDER.iter().filter_map(line).collect()
}
