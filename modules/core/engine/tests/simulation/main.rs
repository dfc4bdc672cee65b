//! The engine against a model of servers and network, in virtual time.

mod batches;
mod failover;
mod keys;
mod limits;
mod logins;
mod logs;
mod lookups;
mod many_tables;
mod partitions;
mod scenarios;
mod server;
mod steps;
mod world;
mod writes;
