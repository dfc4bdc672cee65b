//! What each call does. A handler gets a decoded request and gives an answer or a failure.

pub(crate) mod database;
pub(crate) mod fetch;
pub(crate) mod handshake;
pub(crate) mod metadata;
pub(crate) mod offsets;
pub(crate) mod produce;
pub(crate) mod table;

use thalweg_wire::message::PbTablePath;
use thalweg_wire::table::TablePath;

fn path(path: PbTablePath) -> TablePath {
    TablePath { database: path.database_name, table: path.table_name }
}
