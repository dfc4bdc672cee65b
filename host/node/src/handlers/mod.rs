//! What each request does. A handler gets a decoded request and gives an answer or a failure.
//!
//! ```text
//! service    what all connections share; refusal: errors of logs and keys as failures
//! admin      what there is: databases, tables, partitions, the node itself
//! write      rows appended, put, inserted
//! read       rows fetched, looked up, scanned
//! login      a login, where the node has users
//! dispatch   from a request's key to who handles it; served: which there are
//! frame      an answer on its way to the socket
//! ```

pub(crate) mod admin;
pub(crate) mod dispatch;
pub(crate) mod frame;
pub(crate) mod login;
pub(crate) mod read;
mod refusal;
mod served;
pub(crate) mod service;
pub(crate) mod write;

use thalweg_wire::message::{PbTablePath, ServerErrorCode};
use thalweg_wire::table::TablePath;

use crate::failure::Failure;

/// Buckets or tables that one request may name: no fewer than a table may have buckets.
pub(crate) const MOST_NAMED: usize = 131_072;

/// Refuses a request that names too many buckets or tables.
fn bound(named: usize) -> Result<(), Failure> {
    if named <= MOST_NAMED {
        return Ok(());
    }
    let text = format!("The request names {named} buckets or tables; ask for {MOST_NAMED} at once at most.");
    Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text))
}

fn path(path: PbTablePath) -> TablePath {
    TablePath { database: path.database_name, table: path.table_name }
}
