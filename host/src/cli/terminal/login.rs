//! Who logs in: the user's name, and the password from a file, the environment or a prompt. It never stands on the command
//! line, where other users of the machine would see it.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::say::say;
use crate::client::Login;

/// Where a password may stand.
const PASSWORD: &str = "THALWEG_PASSWORD";
/// More bytes of a password file are not read.
const LONGEST: u64 = 64 << 10;

/// The options of a login.
#[derive(Debug, Args)]
pub(in crate::cli) struct LoginFlags {
    /// Log in as this user; the password comes from --password-file, THALWEG_PASSWORD, or a prompt
    #[arg(long, global = true, value_name = "NAME", env = "THALWEG_USER", help_heading = "Common options")]
    user: Option<String>,
    /// A file whose one line is the password
    #[arg(long, global = true, value_name = "FILE", help_heading = "Common options")]
    password_file: Option<PathBuf>,
    /// Let the password go to other machines in clear text
    #[arg(long, global = true, help_heading = "Common options")]
    insecure_login: bool,
    /// The login, once it was asked for.
    #[arg(skip)]
    asked: OnceLock<Login>,
}

impl LoginFlags {
    /// Who logs in; `None`: nobody. Asks for the password at most once.
    pub(in crate::cli) fn login(&self) -> anyhow::Result<Option<Login>> {
        let Some(user) = &self.user else {
            ensure!(self.password_file.is_none(), "--password-file is of no use without a user: give --user NAME too");
            return Ok(None);
        };
        if let Some(login) = self.asked.get() {
            return Ok(Some(login.clone()));
        }
        let password = self.password(&format!("Password of {user}: "))?;
        let login = Login::new(user.clone(), password)?;
        Ok(Some(self.asked.get_or_init(|| login).clone()))
    }

    /// A password: from the file, the environment, or what is typed after `prompt`.
    pub(in crate::cli) fn password(&self, prompt: &str) -> anyhow::Result<String> {
        if let Some(path) = &self.password_file {
            return from_file(path).with_context(|| format!("the password file {}", path.display()));
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

    /// Whether the password may go to other machines in clear text.
    pub(in crate::cli) fn is_insecure(&self) -> bool {
        self.insecure_login
    }

    /// Whether a password comes from somewhere else than a prompt.
    pub(in crate::cli) fn is_given(&self) -> bool {
        self.password_file.is_some() || std::env::var_os(PASSWORD).is_some()
    }
}

/// The password in a file, without the end of its line.
fn from_file(path: &Path) -> anyhow::Result<String> {
    let file = File::open(path)?;
    if is_open_to_all(&file) {
        let path = path.display();
        say(&format!("every user of this machine can read the password in {path}: run `chmod 600 {path}`"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= LONGEST, "it is longer than {} KiB, which no password is", LONGEST >> 10);
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("it is not UTF-8"))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    ensure!(!line.is_empty(), "it is empty, and should have the password in one line");
    if line.contains('\n') {
        bail!("it has more than one line, and should have nothing but the password");
    }
    Ok(line.to_owned())
}

#[cfg(unix)]
fn is_open_to_all(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_has_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("it is written");
            from_file(&path).map_err(|error| error.to_string())
        };
        for (bytes, password) in [
            (&b"s3cret"[..], "s3cret"),
            (b"s3cret\n", "s3cret"),
            (b"s3cret\r\n", "s3cret"),
            (b" s3 cret \n", " s3 cret "),
            ("gehei\u{df}\n".as_bytes(), "gehei\u{df}"),
        ] {
            assert_eq!(read(bytes).as_deref(), Ok(password));
        }
        for (bytes, expected) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"s3cret\nother\n", "more than one line"),
            (b"s3cret\xff", "not UTF-8"),
            (&[b's'; (64 << 10) + 1], "longer than 64 KiB"),
        ] {
            let error = read(bytes).expect_err("it is none");
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
        assert!(from_file(folder.path()).is_err() && from_file(&folder.path().join("none")).is_err());
    }
}
