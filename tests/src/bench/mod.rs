//! What work costs: thalweg beside fluss-rs 1.0.0, each client in a process of its own, on one server in one run.
//!
//! The node and our own clients are the calling program once more: it must ask `called` first.
//!
//! ```text
//! work      the kinds of work, and how much of each
//! run       all clients in turns
//! server    the node in a process of its own, or a real cluster
//! ours      our client, which carries out the commands of `tests/fluss-rs`
//! keyed     what keyed tables cost a node: memory and its start
//! process   CPU and memory of processes
//! figures   what was measured, medians and ratios
//! table     the figures as a table
//! plot      the ratios as a picture
//! ```

mod figures;
mod keyed;
mod ours;
mod plot;
mod process;
mod run;
mod server;
mod table;
mod work;

pub use figures::{Client, Figures, Measured, Node};
pub use plot::plot;
pub use run::run;
pub use table::{machine, table};
pub use work::{Plan, Work, works};

use anyhow::Result;

/// Is what this program was called as: the node (`node DATA DURABILITY`), or a client (`client ENGINE SERVER`). `None`: it
/// was called as neither.
pub async fn called() -> Option<Result<()>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["node", data, durability] => Some(server::serve(data, durability).await),
        ["client", engine, server] => Some(ours::client(engine, server).await),
        _ => None,
    }
}
