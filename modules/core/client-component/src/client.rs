//! A session with one cluster.

use std::rc::Rc;

use thalweg_contract::{Answer, Error, Request, Settings};
use thalweg_wire::table::TablePath;

use crate::{
    chain::ModuleSpec,
    modules::{Modules, NoModules},
    session::Shared,
    table::Table,
};

/// A session with one cluster. It lives in the component task that made it, which does not end before; its tables and readers
/// end with it.
pub struct Session {
    shared: Rc<Shared>,
    modules: Rc<dyn Modules>,
}

impl Session {
    /// Starts a session without modules.
    ///
    /// # Errors
    /// On a setting that is out of its range.
    pub fn connect(settings: Settings) -> Result<Session, Error> {
        Session::with_modules(settings, Rc::new(NoModules))
    }

    /// Starts a session whose tables and scans may have these modules.
    ///
    /// # Errors
    /// On a setting that is out of its range.
    pub fn with_modules(settings: Settings, modules: Rc<dyn Modules>) -> Result<Session, Error> {
        Ok(Session { shared: Shared::start(settings)?, modules })
    }

    /// Logs in on every connection that is made from now on: to be called before anything else. User and password are sent
    /// as they are.
    ///
    /// # Errors
    /// On a user or a password that is empty, has a NUL character, or is longer than 256 and 4096 bytes.
    pub fn log_in(&self, user: String, password: String) -> Result<(), Error> {
        self.shared.log_in(user, password)
    }

    /// Opens a table. Rows and keys that are written to it go through these modules first.
    ///
    /// # Errors
    /// When there is no such table, and when the modules do not fit it.
    pub async fn open(&self, path: TablePath, modules: Vec<ModuleSpec>) -> Result<Table, Error> {
        Table::open(Rc::clone(&self.shared), path, Rc::clone(&self.modules), modules).await
    }

    /// Asks or changes the catalogue.
    ///
    /// # Errors
    /// What the server says, or that none answers in time.
    pub async fn ask(&self, request: Request) -> Result<Answer, Error> {
        self.shared.ask(request).await
    }

    /// Sends what is waiting, and waits until everything written before has a fate.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn flush(&self) -> Result<(), Error> {
        self.shared.flush().await
    }

    /// Sends everything and waits for its fate, at most so many microseconds. Takes nothing more.
    ///
    /// # Errors
    /// When the session is closed already.
    pub async fn close(&self, timeout: u64) -> Result<(), Error> {
        self.shared.close(timeout).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.end();
    }
}
