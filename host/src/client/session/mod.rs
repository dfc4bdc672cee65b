//! A session with one cluster: connecting, asking, closing.
//!
//! ```text
//! admin    the typed questions to the catalogue
//! engine   starts the engine that the session drives
//! ```

mod admin;
mod engine;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, OnceLock},
    time::Duration,
};

use thalweg_contract::{Answer, Counters, ErrorCode, Request, Settings};
use thalweg_tls::Connector;
use tokio::sync::{mpsc, oneshot};

use crate::{
    client::{ClientOptions, EngineKind, Error},
    driver::{Clock, Command, Driver, DriverAccess, Ended, Reach, RowCounts, SocketSettings},
    runtime::{Runtime, off_the_runtime},
};

/// A session with one cluster. Clones share it; it ends when it is closed, or when the last of them and of all that came
/// from them (tables, appends on their way, scans) is dropped. Dropping does not wait for rows on their way: [`close`]
/// does.
///
/// [`close`]: Client::close
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    driver: Arc<DriverAccess>,
    commands: mpsc::UnboundedSender<Command>,
    ended: Arc<OnceLock<Ended>>,
    reach: Arc<Reach>,
    settings: Settings,
    engine: EngineKind,
    runtime: Option<Arc<Runtime>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("servers", &self.shared.settings.connection.bootstrap).finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a session on the tokio runtime of the caller, and sees that a server answers.
    ///
    /// # Errors
    /// `Unreachable` when every server refuses, or none answers within `settings.connection.connect_timeout`; it names
    /// each; `Insecure` when that is for TLS and no other try can help. `Tls` for certificates that cannot be used, `Engine`
    /// for a setting out of its range and for a login that is refused or lacking, `InsecureLogin` when a password would go
    /// beyond this machine in clear text, `Component` when the engine cannot run here.
    pub async fn connect(options: ClientOptions) -> Result<Client, Error> {
        Ok(Self::connect_asking(options, Request::ListDatabases).await?.0)
    }

    /// As [`connect`](Client::connect), by this request; gives its answer too, unless the server refuses it.
    pub(crate) async fn connect_asking(
        options: ClientOptions,
        request: Request,
    ) -> Result<(Client, Option<Answer>), Error> {
        let client = Self::start(options).await?;
        let connection = &client.shared.settings.connection;
        let servers = &connection.bootstrap;
        let unreachable = || {
            let (reach, reasons) = (&client.shared.reach, client.shared.reach.describe(servers));
            if reach.is_hopeless(servers) { Error::Insecure { reasons } } else { Error::Unreachable { reasons } }
        };
        tokio::select! {
            biased;
            answer = client.ask(request) => match answer {
                Ok(answer) => return Ok((client, Some(answer))),
                // Whatever a server says, it answers.
                Err(Error::Engine(error)) if error.is_login_refused() => return Err(Error::Engine(error)),
                Err(Error::Engine(error)) => match error.code {
                    ErrorCode::Server { .. } => {}
                    ErrorCode::Unavailable(_) | ErrorCode::TimedOut(_) => return Err(unreachable()),
                    _ => return Err(Error::Engine(error)),
                },
                Err(error) => return Err(error),
            },
            () = client.shared.reach.all_failed(servers) => return Err(unreachable()),
            () = tokio::time::sleep(connection.connect_timeout) => return Err(unreachable()),
        }
        Ok((client, None))
    }

    /// As [`connect`](Client::connect), but asks no server anything: the first call that needs one connects.
    ///
    /// # Errors
    /// `Tls` for certificates that cannot be used, `Engine` for a setting out of its range, `Component` when the engine
    /// cannot run here.
    pub async fn start(options: ClientOptions) -> Result<Client, Error> {
        let ClientOptions { settings, tls, insecure_login, engine: kind, runtime } = options;
        let tls = match tls {
            Some(tls) => Some(off_the_runtime(move || Connector::new(&tls).map_err(Error::from)).await?),
            None => None,
        };
        let only_loopback = settings.connection.login.is_some() && !insecure_login && tls.is_none();
        let clock = Clock::begin();
        let now = clock.now();
        let seed = RandomState::new().build_hasher().finish();
        let engine = engine::start(kind, runtime.clone(), now, &settings, seed).await?;
        let (ended, reach) = (Arc::new(OnceLock::new()), Arc::new(Reach::default()));
        let sockets = SocketSettings::new(&settings, tls, only_loopback);
        let driver = Driver::new(engine, clock, sockets, Arc::clone(&reach), Arc::clone(&ended));
        let (driver, commands) = DriverAccess::start(driver);
        let shared = Shared { driver, commands, ended, reach, settings, engine: kind, runtime };
        Ok(Client { shared: Arc::new(shared) })
    }

    /// The settings of the session.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Asks or changes the catalogue. The typed calls (`create_table`, ..) are easier.
    ///
    /// # Errors
    /// When the server refuses, or none tells within `settings.connection.command_timeout`.
    pub async fn ask(&self, request: Request) -> Result<Answer, Error> {
        if matches!(request, Request::Cluster(_)) && self.shared.engine != EngineKind::Native {
            let text = "the engine as a component cannot be asked about the cluster: connect with `EngineKind::Native`";
            return Err(Error::invalid(text.to_owned()));
        }
        Ok(self.call(|reply| Command::Ask { request, reply }).await??)
    }

    /// Sends all rows that were appended before, without waiting for more, and waits until each has a fate.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn flush(&self) -> Result<(), Error> {
        self.call(|reply| Command::Flush { reply }).await
    }

    /// What the engine has done so far.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn statistics(&self) -> Result<Counters, Error> {
        self.call(|reply| Command::Statistics { reply }).await
    }

    /// Takes nothing more, sends what is waiting, and ends the session once every row has a fate, or after this time;
    /// rows without a fate by then may have been written. Gives the fates of all rows of the session.
    ///
    /// # Errors
    /// When the client was closed before.
    pub async fn close(&self, within: Duration) -> Result<RowCounts, Error> {
        self.call(|reply| Command::Close { within, reply }).await
    }

    /// Gives the driver a command.
    pub(in crate::client) fn command(&self, command: Command) -> Result<(), Error> {
        let taken = self.shared.driver.command(command, &self.shared.commands);
        taken.then_some(()).ok_or_else(|| self.ended())
    }

    /// Gives the driver a command and waits for the reply.
    pub(in crate::client) async fn call<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply))?;
        answer.await.map_err(|_| self.ended())
    }

    /// What runs modules for this session.
    pub(in crate::client) fn runtime(&self) -> Result<Arc<Runtime>, Error> {
        match &self.shared.runtime {
            Some(runtime) => Ok(Arc::clone(runtime)),
            None => Ok(Runtime::shared()?),
        }
    }

    /// Why the driver does not answer.
    pub(in crate::client) fn ended(&self) -> Error {
        match self.shared.ended.get() {
            Some(Ended::Trapped(cause)) => Error::Broken { cause: cause.clone() },
            Some(Ended::Exposed(address)) => Error::InsecureLogin { address: address.clone() },
            _ => Error::Closed,
        }
    }
}
