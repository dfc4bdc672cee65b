//! One profile, and how it connects.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thalweg_contract::Login;
use thalweg_tls::{Identity, Tls};

use super::error::ProfileError;
use super::password::{is_open_to_all, read as read_password};
use crate::client::ClientOptions;
use crate::module::parse_duration;

/// A way to connect to a cluster. What it leaves out has the client's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Profile {
    /// Servers to begin with, as `host:port`; at least one.
    pub servers: Vec<String>,
    /// Who logs in; nobody where there is none.
    pub user: Option<String>,
    /// A file whose one line is the user's password.
    pub password_file: Option<PathBuf>,
    /// Whether the password may go to other machines over connections that are not encrypted.
    #[serde(default)]
    pub insecure_login: bool,
    /// Whether connections are encrypted. Each of the files and names below does that too.
    #[serde(default)]
    pub tls: bool,
    /// The authorities that are trusted, as a PEM file.
    pub tls_ca: Option<PathBuf>,
    /// The certificate that servers are shown, as a PEM file.
    pub tls_cert: Option<PathBuf>,
    /// Its private key, as a PEM file.
    pub tls_key: Option<PathBuf>,
    /// The name that certificates of servers must be for.
    pub tls_server_name: Option<String>,
    /// How long a server may take to answer, as `30s` or `2m`.
    pub timeout: Option<String>,
}

impl Profile {
    /// A profile for these servers, with every default.
    pub fn new(servers: Vec<String>) -> Self {
        Self { servers, ..Self::default() }
    }

    /// How a client connects with it; reads the password.
    ///
    /// # Errors
    /// `Value` for a value that cannot be, `Password` when the file of the password cannot be read, `NoPassword` for a user
    /// without one.
    pub fn options(&self) -> Result<ClientOptions, ProfileError> {
        self.check().map_err(ProfileError::Value)?;
        let mut options = ClientOptions::new(self.servers.clone());
        options.insecure_login = self.insecure_login;
        options.tls = self.encryption().map_err(ProfileError::Value)?;
        if let Some(timeout) = self.time().map_err(ProfileError::Value)? {
            options.limit_to(timeout);
        }
        if let Some(user) = &self.user {
            let path = self.password_file.as_deref().ok_or(ProfileError::NoPassword)?;
            if is_open_to_all(path) {
                tracing::warn!(
                    "every user of this machine can read the password in {0}: run `chmod 600 {0}`",
                    path.display()
                );
            }
            let problem = |problem: String| ProfileError::Password { path: path.to_owned(), problem };
            let password = read_password(path).map_err(problem)?;
            let login = Login::new(user.clone(), password).map_err(|error| problem(error.to_string()))?;
            options.settings.connection.login = Some(login);
        }
        Ok(options)
    }

    /// What is wrong with it, as far as it can be known without a look at its files.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.servers.is_empty() {
            return Err("servers must name at least one server, as \"host:port\"".to_owned());
        }
        if let Some(wrong) = self.servers.iter().find(|server| !is_address(server)) {
            return Err(format!("servers: {wrong:?} must be \"host:port\""));
        }
        if self.user.as_deref() == Some("") {
            return Err("user must not be empty; leave it out for nobody".to_owned());
        }
        if self.user.is_none() && self.password_file.is_some() {
            return Err("password-file is of no use without a user".to_owned());
        }
        self.encryption().and_then(|_| self.time()).map(drop)
    }

    /// Whether its connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        let files = [&self.tls_ca, &self.tls_cert, &self.tls_key];
        self.tls || self.tls_server_name.is_some() || files.iter().any(|file| file.is_some())
    }

    /// How its connections are encrypted; `None`: not at all.
    pub(crate) fn encryption(&self) -> Result<Option<Tls>, String> {
        let identity = match (self.tls_cert.clone(), self.tls_key.clone()) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err("tls-cert needs tls-key, the private key of the certificate".to_owned()),
            (None, Some(_)) => return Err("tls-key needs tls-cert, the certificate of the key".to_owned()),
        };
        let options = Tls { ca: self.tls_ca.clone(), identity, server_name: self.tls_server_name.clone() };
        Ok((self.tls || options != Tls::default()).then_some(options))
    }

    /// How long a server may take.
    pub(crate) fn time(&self) -> Result<Option<Duration>, String> {
        let read = |text: &String| parse_duration(text).map_err(|error| format!("timeout: {error}"));
        self.timeout.as_ref().map(read).transpose()
    }

    /// Names its files from a folder.
    pub(super) fn lie_in(&mut self, folder: &Path) {
        let files = [&mut self.password_file, &mut self.tls_ca, &mut self.tls_cert, &mut self.tls_key];
        for file in files.into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
}

/// Whether a text is `host:port`.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0))
}
