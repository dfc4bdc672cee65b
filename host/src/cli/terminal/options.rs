//! Options that every command has, and how their texts are read.

use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use super::login::LoginFlags;
use super::say::say;
use super::tls::TlsFlags;
use crate::client::{Client, ClientOptions, EngineKind, Settings};
use crate::module::{UnitError, parse_duration};

/// Above the options of commands that connect to a server, in their help.
pub(in crate::cli) const CONNECTION: &str = "Connection options";

/// Options that every command has.
#[derive(Debug, Args)]
pub(in crate::cli) struct Common {
    /// Servers to begin with
    #[arg(long, global = true, value_name = "HOST:PORT,..", env = "THALWEG_SERVER", default_value = "127.0.0.1:9123")]
    #[arg(value_delimiter = ',', help_heading = CONNECTION)]
    server: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) login: LoginFlags,
    #[command(flatten)]
    tls: TlsFlags,
    /// How long a server may take to answer, with all tries, as 30s or 2m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, help_heading = "Common options")]
    timeout: Option<Duration>,
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

    /// Connects to the servers.
    pub(in crate::cli) async fn connect(&self) -> anyhow::Result<Client> {
        self.connect_with(|_| {}).await
    }

    /// Connects to the servers, with settings of the command's own.
    pub(in crate::cli) async fn connect_with(&self, set: impl FnOnce(&mut Settings)) -> anyhow::Result<Client> {
        let mut options = self.client_options(self.server.clone())?;
        options.tls = self.tls.options().map_err(anyhow::Error::msg)?;
        set(&mut options.settings);
        Ok(Client::connect(options).await?)
    }

    /// Connects to a node of the command's own, which has no login.
    pub(in crate::cli) async fn connect_to_own(&self, node: String) -> anyhow::Result<Client> {
        Ok(Client::connect(self.own_options(vec![node])).await?)
    }

    /// How these servers are connected to, as the options say.
    fn client_options(&self, servers: Vec<String>) -> anyhow::Result<ClientOptions> {
        let mut options = self.own_options(servers);
        options.settings.connection.login = self.login.login()?;
        options.insecure_login = self.login.is_insecure();
        Ok(options)
    }

    /// The same without a login: for a node of the command's own.
    pub(in crate::cli) fn own_options(&self, servers: Vec<String>) -> ClientOptions {
        let mut options = ClientOptions::new(servers);
        options.engine = match self.engine {
            Engine::Component => EngineKind::Component,
            Engine::Native => EngineKind::Native,
            Engine::Lockstep => EngineKind::Lockstep,
        };
        if let Some(timeout) = self.timeout {
            let settings = &mut options.settings;
            settings.connection.connect_timeout = settings.connection.connect_timeout.min(timeout);
            settings.connection.request_timeout = settings.connection.request_timeout.min(timeout);
            settings.connection.command_timeout = timeout;
            settings.write.delivery_timeout = timeout;
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
