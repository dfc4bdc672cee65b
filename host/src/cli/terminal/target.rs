//! What a command connects to: of the options, the environment and a profile, what is said nearest to the command.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use clap::ArgMatches;
use clap::parser::ValueSource;

use super::login::{is_in_environment, password};
use super::options::Common;
use crate::client::{Login, Tls};
use crate::profiles::{self, Profile, Profiles};

/// Where something is said, the nearest last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// Nowhere.
    #[default]
    Default,
    /// By the profile in use.
    Used,
    /// In the environment.
    Environment,
    /// By an option.
    Option,
}

/// Where options come from that a profile has too.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Sources {
    pub(super) server: Source,
    pub(super) profile: Source,
    pub(super) user: Source,
}

impl Sources {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let source = |id| match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Source::Option,
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ => Source::Default,
        };
        Self { server: source("server"), profile: source("profile"), user: source("user") }
    }
}

/// What a command connects to, and how.
#[derive(Debug)]
pub(super) struct Target {
    /// The profile that it comes from.
    profile: Option<String>,
    pub(super) servers: Vec<String>,
    user: Option<String>,
    /// The file of the password; where there is none, it comes from the environment or a prompt.
    password_file: Option<PathBuf>,
    pub(super) insecure_login: bool,
    pub(super) tls: Option<Tls>,
    pub(super) timeout: Option<Duration>,
}

impl Target {
    /// What the options say, and the profile that they name, or that is in use.
    ///
    /// What is said by options comes first, then what a profile says that an option names, then the environment, then a
    /// profile that the environment names, then the profile in use. A profile that is named less near than the servers is
    /// left out as a whole: its password is not for them.
    pub(super) fn of(common: &Common) -> anyhow::Result<Self> {
        let sources = common.sources;
        match &common.profile {
            Some(name) if sources.profile >= sources.server => {
                let profiles = Profiles::read(&profiles::path()?)?;
                Self::with(common, sources.profile, Some((name.as_str(), profiles.get(name)?)))
            }
            None if sources.server <= Source::Used => {
                // Who has no folder for configuration has no profiles.
                let profiles = profiles::path().ok().map(|path| Profiles::read(&path)).transpose()?;
                let used = profiles.as_ref().and_then(|all| Some((all.default_name()?, all.get(all.default_name()?))));
                let used = used.map(|(name, profile)| profile.map(|profile| (name, profile))).transpose()?;
                Self::with(common, Source::Used, used)
            }
            _ => Self::with(common, Source::Default, None),
        }
    }

    fn with(common: &Common, place: Source, profile: Option<(&str, &Profile)>) -> anyhow::Result<Self> {
        let sources = common.sources;
        let own_servers = profile.is_none() || sources.server >= place;
        let (name, profile) = profile.unzip();
        let servers = profile.filter(|_| !own_servers).map_or(&common.server, |profile| &profile.servers);
        let flags = &common.login;
        let known = profile.filter(|profile| profile.user.is_some() && (flags.user.is_none() || sources.user < place));
        let user = known.map_or(&flags.user, |profile| &profile.user).clone();
        let known_file = known.and_then(|profile| profile.password_file.clone());
        let known_file = known_file.filter(|_| !is_in_environment() || place > Source::Environment);
        let password_file = flags.password_file.clone().or(known_file);
        ensure!(
            user.is_some() || password_file.is_none(),
            "--password-file is of no use without a user: give --user NAME too"
        );
        let timeout = match (common.timeout, profile) {
            (None, Some(profile)) => profile.time().map_err(anyhow::Error::msg)?,
            (timeout, _) => timeout,
        };
        Ok(Self {
            profile: name.map(str::to_owned),
            servers: servers.clone(),
            user,
            password_file,
            insecure_login: flags.insecure_login || profile.is_some_and(|known| known.insecure_login && !own_servers),
            tls: encryption(common, profile).map_err(anyhow::Error::msg)?,
            timeout,
        })
    }

    /// Who logs in; `None`: nobody. Asks for the password where it is not given.
    pub(super) fn login(&self) -> anyhow::Result<Option<Login>> {
        let Some(user) = &self.user else { return Ok(None) };
        let password = password(self.password_file.as_deref(), &format!("Password of {user}: "))?;
        Ok(Some(Login::new(user.clone(), password)?))
    }
}

/// How connections are encrypted: what the options say of it comes before what the profile says.
fn encryption(common: &Common, profile: Option<&Profile>) -> Result<Option<Tls>, String> {
    let flags = common.tls.options()?;
    let Some(known) = profile.map(Profile::encryption).transpose()?.flatten() else { return Ok(flags) };
    let flags = flags.unwrap_or_default();
    Ok(Some(Tls {
        ca: flags.ca.or(known.ca),
        identity: flags.identity.or(known.identity),
        server_name: flags.server_name.or(known.server_name),
    }))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connecting to {}", self.servers.join(", "))?;
        if let Some(profile) = &self.profile {
            write!(f, " (profile {profile})")?;
        }
        match &self.user {
            Some(user) => write!(f, " as {user}")?,
            None => f.write_str(" without a login")?,
        }
        f.write_str(if self.tls.is_some() { ", with TLS" } else { ", without TLS" })
    }
}
