//! The page of a node: its files, what it asks of the node, and a gateway to servers, over HTTP.
//!
//! Everything that comes in is a stranger's: a page of another origin is refused by `guard`, beyond this machine a token is
//! asked for, and every body, message, wait and queue has a limit. A handler that panics ends its own request.
//!
//! ```text
//! server     listens, serves connections, stops
//! patience   connections that are given up when they take nothing
//! routes     which path is answered by what
//! guard      who may ask: Host, Origin, token; the headers of every answer
//! token      the token that is asked for beyond this machine
//! answer     answers as JSON, errors among them, and bodies read within limits
//! page       the files of the page, as the binary carries them
//! gateway    a WebSocket as a connection to a server
//! servers    which servers that may be
//! modules    the stock modules, and modules made into JavaScript
//! flows      table, modules, table: rows on their way through this process
//! ```

mod answer;
mod flows;
mod gateway;
mod guard;
mod modules;
mod page;
mod patience;
mod routes;
mod server;
mod servers;
mod token;

pub(crate) use flows::{FlowSpec, ModuleChoice, ModuleOrigin};
pub(crate) use server::{HttpOptions, HttpServer};
