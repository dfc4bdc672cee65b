//! Options that every command has, and how their texts are read.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{ArgMatches, Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use super::login::LoginFlags;
use super::say::say;
use super::target::{Source, Sources, Target};
use super::tls::TlsFlags;
use crate::client::{Client, ClientOptions, EngineKind, Login, Settings};
use crate::module::{UnitError, parse_duration};
use crate::profiles::Profile;

/// Above the options of commands that connect to a server, in their help.
pub(in crate::cli) const CONNECTION: &str = "Connection options";

/// Options that every command has.
#[derive(Debug, Args)]
pub(in crate::cli) struct Common {
    /// Servers to begin with
    #[arg(long, global = true, value_name = "HOST:PORT,..", env = "THALWEG_SERVER", default_value = "127.0.0.1:9123")]
    #[arg(value_delimiter = ',', help_heading = CONNECTION)]
    pub(super) server: Vec<String>,
    /// Connect as this profile says [default: the one in use]; what is given beside it comes before it
    #[arg(long, global = true, value_name = "NAME", env = "THALWEG_PROFILE", help_heading = CONNECTION)]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) login: LoginFlags,
    #[command(flatten)]
    pub(super) tls: TlsFlags,
    /// Say which servers are talked to, and how
    #[arg(long, short, global = true, help_heading = CONNECTION)]
    verbose: bool,
    /// How long a server may take to answer, with all tries, as 30s or 2m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, help_heading = "Common options")]
    pub(super) timeout: Option<Duration>,
    /// What is logged to standard error: error, warn, info, debug, trace, or a filter as of env_logger
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn", help_heading = "Common options")]
    log: String,
    /// When colours are used
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Common options")]
    color: Color,
    /// Where the engine runs: as a component, linked natively (to measure what the sandbox costs), or both in lockstep
    #[arg(long, global = true, value_enum, default_value_t = Engine::Component, env = "THALWEG_ENGINE", hide = true)]
    engine: Engine,
    /// No progress, no summary, and not a word on what was done
    #[arg(long, short, global = true, help_heading = "Common options")]
    pub(in crate::cli) quiet: bool,
    /// Where options come from.
    #[arg(skip)]
    pub(super) sources: Sources,
    /// What is connected to, once that is known.
    #[arg(skip)]
    target: OnceLock<(Target, Option<Login>)>,
}

/// Where the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Component,
    Native,
    Lockstep,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Common {
    /// Why these options cannot be, together or with a command; `connects`: it connects to the servers that they name.
    pub(in crate::cli) fn check(&self, command: &str, connects: bool) -> Result<(), String> {
        let serve = command == "serve";
        match self.tls.given(serve) {
            Some(given) if serve => Err(format!(
                "{given} is for commands that connect to a server; the node takes --tls-cert, --tls-key and --tls-client-ca"
            )),
            Some(given) if !connects => Err(format!("{given} is for commands that connect to a server; leave it out")),
            _ => self.tls.options().map(drop),
        }
    }

    /// Sends log events to standard error.
    pub(in crate::cli) fn start_logging(&self) {
        use std::io::IsTerminal;
        let filter = EnvFilter::try_new(&self.log).unwrap_or_else(|error| {
            say(&format!("--log {:?} is no level or filter: {error}; warnings are shown", self.log));
            EnvFilter::new("warn")
        });
        let ansi = match self.color {
            Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            Color::Always => true,
            Color::Never => false,
        };
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
    }

    /// Says what was done, unless nobody wants to know.
    pub(in crate::cli) fn note(&self, done: &str) {
        if !self.quiet {
            say(done);
        }
    }

    /// Learns where the options come from.
    pub(in crate::cli) fn learn(&mut self, matches: &ArgMatches) {
        self.sources = Sources::of(matches);
    }

    /// What options say of a connection, as a profile. What the environment says is not in it.
    pub(in crate::cli) fn as_profile(&self) -> anyhow::Result<Profile> {
        let given = self.sources.server == Source::Option;
        anyhow::ensure!(given, "a profile has servers of its own: name them with --server HOST:PORT");
        let absolute = |path: Option<PathBuf>| path.map(std::path::absolute).transpose();
        let mut profile = Profile::new(self.server.clone());
        profile.user = self.login.user.clone().filter(|_| self.sources.user == Source::Option);
        profile.password_file = absolute(self.login.password_file.clone())?;
        profile.insecure_login = self.login.insecure_login;
        profile.timeout = self.timeout.map(|timeout| humantime::format_duration(timeout).to_string());
        profile.tls = self.tls.is_on();
        if let Some(tls) = self.tls.options().map_err(anyhow::Error::msg)? {
            profile.tls_ca = absolute(tls.ca)?;
            let (certificate, key) = tls.identity.map(|identity| (identity.certificate, identity.key)).unzip();
            (profile.tls_cert, profile.tls_key) = (absolute(certificate)?, absolute(key)?);
            profile.tls_server_name = tls.server_name;
        }
        Ok(profile)
    }

    /// Connects to the servers.
    pub(in crate::cli) async fn connect(&self) -> anyhow::Result<Client> {
        self.connect_with(|_| {}).await
    }

    /// Connects to the servers, with settings of the command's own.
    pub(in crate::cli) async fn connect_with(&self, set: impl FnOnce(&mut Settings)) -> anyhow::Result<Client> {
        self.connect_as(|options| set(&mut options.settings)).await
    }

    /// Connects to the servers with the engine that is linked into this program: descriptors of tables are whole there, with
    /// what the interface of the component has no place for.
    pub(in crate::cli) async fn connect_natively(&self) -> anyhow::Result<Client> {
        self.connect_as(|options| options.engine = EngineKind::Native).await
    }

    async fn connect_as(&self, set: impl FnOnce(&mut ClientOptions)) -> anyhow::Result<Client> {
        let mut options = self.target_options()?;
        set(&mut options);
        Ok(Client::connect(options).await?)
    }

    /// How the servers are connected to, with the engine that is linked into this program.
    pub(in crate::cli) fn native_options(&self) -> anyhow::Result<ClientOptions> {
        Ok(ClientOptions { engine: EngineKind::Native, ..self.target_options()? })
    }

    /// How long a server may take, if that is said.
    pub(in crate::cli) fn timeout(&self) -> anyhow::Result<Option<Duration>> {
        Ok(self.target()?.0.timeout)
    }

    fn target_options(&self) -> anyhow::Result<ClientOptions> {
        let (target, login) = self.target()?;
        let mut options = self.own_options(target.servers.clone());
        if let Some(timeout) = target.timeout {
            options.limit_to(timeout);
        }
        options.settings.connection.login = login.clone();
        options.insecure_login = target.insecure_login;
        options.tls = target.tls.clone();
        Ok(options)
    }

    /// What is connected to; the password is asked for at most once.
    fn target(&self) -> anyhow::Result<&(Target, Option<Login>)> {
        if let Some(target) = self.target.get() {
            return Ok(target);
        }
        let target = Target::of(self)?;
        if self.verbose {
            say(&target.to_string());
        }
        let login = target.login()?;
        Ok(self.target.get_or_init(|| (target, login)))
    }

    /// Connects to a node of the command's own, which has no login.
    pub(in crate::cli) async fn connect_to_own(&self, node: String) -> anyhow::Result<Client> {
        Ok(Client::connect(self.own_options(vec![node])).await?)
    }

    /// How a node of the command's own is connected to, which has no login.
    pub(in crate::cli) fn own_options(&self, servers: Vec<String>) -> ClientOptions {
        let mut options = ClientOptions::new(servers);
        options.engine = match self.engine {
            Engine::Component => EngineKind::Component,
            Engine::Native => EngineKind::Native,
            Engine::Lockstep => EngineKind::Lockstep,
        };
        if let Some(timeout) = self.timeout {
            options.limit_to(timeout);
        }
        options
    }
}

/// A duration as `30s`, `500ms`, `2m`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, UnitError> {
    let seconds = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds { parse_duration(&format!("{text}s")) } else { parse_duration(text) }
}

/// `KEY=VALUE`.
pub(in crate::cli) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("must be KEY=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let cases = [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("7", 7_000), ("1m 30s", 90_000)];
        for (text, millis) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "x", "0", "0ms", "-1s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_may_hold_equal_signs() {
        assert_eq!(key_value("if=a = 'b'"), Ok(("if".into(), "a = 'b'".into())));
        assert!(key_value("if").is_err() && key_value("=x").is_err());
    }
}
