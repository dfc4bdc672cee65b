//! The exported interface: what it says converted, nothing decided.
//!
//! ```text
//! words     rows, outcomes and chains from and into WIT
//! imported  modules that are imported
//! ```

#[cfg(feature = "modules")]
mod imported;
mod words;

use std::rc::Rc;

use thalweg_bindings::batch_from_wit;
use thalweg_contract::{
    Bucket, Error, Request, ScanSpec, Settings,
    flat::FlatSchema,
    wit::{FromWit, IntoWit, TryFromWit},
};
use thalweg_wire::table::{TableDescriptor, TablePath};

use crate::{
    Component, Reader, Session, Table,
    bindings::{
        catalog,
        client::{self, Guest, GuestReader, GuestSession, GuestTable},
        settings, types,
    },
    modules::Modules,
};

impl Guest for Component {
    type Session = Session;
    type Table = Table;
    type Reader = Reader;

    fn default_settings(bootstrap: Vec<String>) -> settings::Settings {
        Settings::new(bootstrap).into_wit()
    }
}

#[cfg(feature = "modules")]
fn modules() -> Rc<dyn Modules> {
    Rc::new(imported::Imported)
}

#[cfg(not(feature = "modules"))]
fn modules() -> Rc<dyn Modules> {
    Rc::new(crate::NoModules)
}

impl GuestSession for Session {
    async fn connect(settings: settings::Settings) -> Result<client::Session, catalog::Error> {
        let session = Session::with_modules(Settings::from_wit(settings), modules());
        session.map(client::Session::new).map_err(IntoWit::into_wit)
    }

    fn log_in(&self, user: String, password: String) -> Result<(), catalog::Error> {
        Session::log_in(self, user, password).map_err(IntoWit::into_wit)
    }

    async fn open(
        &self,
        path: catalog::TablePath,
        modules: Vec<client::Module>,
    ) -> Result<client::Table, catalog::Error> {
        let specs = modules.into_iter().map(words::module).collect();
        let table = Session::open(self, TablePath::from_wit(path), specs).await;
        table.map(client::Table::new).map_err(IntoWit::into_wit)
    }

    async fn ask(&self, request: catalog::Request) -> Result<catalog::Answer, catalog::Error> {
        let request = Request::try_from_wit(request).map_err(|malformed| Error::from(malformed).into_wit())?;
        Session::ask(self, request).await.map(IntoWit::into_wit).map_err(IntoWit::into_wit)
    }

    async fn add_columns(
        &self,
        path: catalog::TablePath,
        columns: catalog::TableDescriptor,
    ) -> Result<(), catalog::Error> {
        let columns = TableDescriptor::try_from_wit(columns).map_err(|malformed| Error::from(malformed).into_wit())?;
        let (path, columns) = (TablePath::from_wit(path), Box::new(columns.schema));
        Session::ask(self, Request::AddColumns { path, columns }).await.map(drop).map_err(IntoWit::into_wit)
    }

    async fn flush(&self) -> Result<(), catalog::Error> {
        Session::flush(self).await.map_err(IntoWit::into_wit)
    }

    async fn close(&self, timeout: u64) -> Result<(), catalog::Error> {
        Session::close(self, timeout).await.map_err(IntoWit::into_wit)
    }
}

impl GuestTable for Table {
    fn info(&self) -> catalog::TableInfo {
        Table::info(self).clone().into_wit()
    }

    async fn append(&self, rows: types::Batch) -> Result<client::Outcome, catalog::Error> {
        let outcome = Table::append(self, &batch_from_wit(&rows)).await;
        outcome.and_then(words::outcome).map_err(IntoWit::into_wit)
    }

    async fn upsert(&self, columns: Option<Vec<u32>>, rows: types::Batch) -> Result<client::Outcome, catalog::Error> {
        let outcome = Table::upsert(self, columns, &batch_from_wit(&rows)).await;
        outcome.and_then(words::outcome).map_err(IntoWit::into_wit)
    }

    async fn delete(&self, keys: types::Batch) -> Result<client::Outcome, catalog::Error> {
        let outcome = Table::delete(self, &batch_from_wit(&keys)).await;
        outcome.and_then(words::outcome).map_err(IntoWit::into_wit)
    }

    async fn lookup(&self, keys: types::Batch, insert: bool) -> Result<client::Found, catalog::Error> {
        let found = Table::lookup(self, &batch_from_wit(&keys), insert).await;
        found.map(words::found).map_err(IntoWit::into_wit)
    }

    async fn prefix_lookup(&self, prefixes: types::Batch) -> Result<client::Found, catalog::Error> {
        let found = Table::prefix_lookup(self, &batch_from_wit(&prefixes)).await;
        found.map(words::found).map_err(IntoWit::into_wit)
    }

    async fn scan(
        &self,
        spec: catalog::ScanSpec,
        modules: Vec<client::Module>,
    ) -> Result<client::Reader, catalog::Error> {
        let specs: Vec<_> = modules.into_iter().map(words::module).collect();
        let reader = Table::scan(self, ScanSpec::from_wit(spec), &specs);
        reader.map(client::Reader::new).map_err(IntoWit::into_wit)
    }

    async fn limit_scan(&self, bucket: catalog::Bucket, limit: u32) -> Result<Vec<client::Rows>, catalog::Error> {
        let found = Table::limit_scan(self, Bucket::from_wit(bucket), limit).await;
        let rows = found.and_then(|found| found.into_iter().map(words::rows).collect::<Result<Vec<_>, _>>());
        rows.map_err(IntoWit::into_wit)
    }

    async fn scan_current(&self, bucket: catalog::Bucket) -> Result<(u64, client::Reader), catalog::Error> {
        let (offset, reader) = Table::scan_current(self, Bucket::from_wit(bucket)).await.map_err(IntoWit::into_wit)?;
        Ok((offset, client::Reader::new(reader)))
    }
}

impl GuestReader for Reader {
    fn columns(&self) -> types::Schema {
        FlatSchema::new(self.schema()).into_wit()
    }

    async fn next(&self) -> Result<Option<client::Rows>, catalog::Error> {
        let rows = Reader::next(self).await;
        rows.and_then(|rows| rows.map(words::rows).transpose()).map_err(IntoWit::into_wit)
    }
}
