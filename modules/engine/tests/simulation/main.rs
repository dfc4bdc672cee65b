//! The engine against a model of servers and network, in virtual time.

mod failover;
mod scenarios;
mod server;
mod world;
