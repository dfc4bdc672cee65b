//! The command line. Data go to standard output, everything else to standard error.
//!
//! ```text
//! rows      append, upsert, delete, scan, lookup
//! tables    database, table, partition, offsets
//! cluster   the servers, whether each answers, their settings
//! modules   module: list, new, build, test, inspect
//! component  component: export
//! serve     the embedded node
//! users     who may log in to it
//! profile   named ways to connect to clusters
//! demo      the whole product in one command
//! shell     completions and man pages
//! terminal  what every command has of the terminal: options, messages, lists, progress
//! ```

mod cluster;
mod component;
mod demo;
mod modules;
mod profile;
mod rows;
mod serve;
mod shell;
mod tables;
mod terminal;
mod users;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use terminal::{CONNECTION, Common, Failure, Outcome, is_broken_pipe, say, sentence};

/// Streaming storage at a terminal: a client of Apache Fluss, with sandboxed modules on the write path, and an embedded
/// single node.
#[derive(Debug, Parser)]
#[command(name = "thalweg", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the embedded node: one process that speaks the Fluss protocol
    Serve(serve::Serve),
    /// Add, list and remove the users who may log in to a node that is started with --users
    #[command(subcommand)]
    Users(users::Users),
    /// Show the whole product in one command, on a node in a temporary folder
    Demo(demo::Demo),
    /// Create, drop, list and show databases
    #[command(subcommand)]
    Database(tables::Database),
    /// Create, list, show, drop and alter tables
    #[command(subcommand)]
    Table(tables::Table),
    /// List, create and drop the partitions of a table
    #[command(subcommand)]
    Partition(tables::Partition),
    /// Show the earliest and latest offset and the rows of each bucket of a table
    Offsets(tables::Offsets),
    /// Show the servers of a cluster, whether each answers, and their settings
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// Append rows to a log table
    Append(rows::Append),
    /// Put rows into a table with a primary key
    Upsert(rows::Upsert),
    /// Delete rows of a table with a primary key
    Delete(rows::Delete),
    /// Read the rows of a table
    Scan(rows::Scan),
    /// Look rows of a table up by their keys
    Lookup(rows::Lookup),
    /// Keep ways to connect to clusters under a name
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Write, build, test and look into smart modules
    #[command(subcommand)]
    Module(modules::Module),
    /// Write out the components that other hosts embed
    #[command(subcommand)]
    Component(component::Component),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Write man pages into a folder
    Man(shell::Man),
}

/// Commands that connect to no server that is named to them.
const ALONE: &[&str] = &["serve", "demo", "component", "users", "completions", "man"];

/// The command line. How a server is connected to is not shown in the help of commands that connect to none; those of its
/// options that such a command has under the same name are that command's own.
fn command() -> clap::Command {
    let command = Cli::command();
    let connection = |arg: &&clap::Arg| arg.get_help_heading() == Some(CONNECTION);
    let hidden: Vec<_> = command.get_arguments().filter(connection).map(|arg| arg.clone().hide(true)).collect();
    let hide = |alone: clap::Command| {
        let own = |arg: &&clap::Arg| alone.get_arguments().any(|own| own.get_id() == arg.get_id());
        let hidden: Vec<_> = hidden.iter().filter(|arg| !own(arg)).cloned().collect();
        alone.args(hidden)
    };
    let command = ALONE.iter().fold(command, |command, name| command.mut_subcommand(name, hide));
    command.mut_subcommand(profile::NAME, |profile| {
        profile.mut_subcommands(|one| if one.get_name() == profile::ADD { one } else { hide(one) })
    })
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    ExitCode::from(run_with(std::env::args_os()))
}

/// Runs a command line, the program's name first, and gives its exit status. Help, and arguments that it cannot have, end
/// the process.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let matches = command().get_matches_from(arguments);
    // Which `--set` belongs to which `--module` is a matter of their order, which only the raw matches know.
    let order = rows::Order::of(&matches);
    let mut cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let name = matches.subcommand_name().unwrap_or_default();
    let within = matches.subcommand().and_then(|(_, within)| within.subcommand_name());
    let connects = !ALONE.contains(&name) && (name != profile::NAME || within == Some(profile::ADD));
    cli.common.learn(&matches);
    if let Err(reason) = cli.common.check(name, connects) {
        command().error(ErrorKind::ArgumentConflict, reason).exit();
    }
    cli.common.start_logging();
    match cli.execute(order) {
        Ok(()) => 0,
        Err(Failure::Failed(error)) if is_broken_pipe(&error) => 0,
        Err(Failure::Failed(error)) => {
            say(&sentence(&error));
            1
        }
        Err(Failure::Reported) => 1,
        Err(Failure::Interrupted) => 130,
    }
}

impl Cli {
    fn execute(self, order: rows::Order) -> Outcome {
        match self.command {
            Command::Completions(command) => return command.run(&mut self::command()),
            Command::Man(command) => return command.run(&self::command()),
            Command::Users(command) => return command.run(&self.common),
            Command::Profile(command) => return command.run(&self.common),
            _ => {}
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let common = self.common;
        let outcome = runtime.block_on(async {
            match self.command {
                Command::Serve(command) => command.run(&common).await,
                Command::Demo(command) => command.run(&common).await,
                Command::Database(command) => command.run(&common).await,
                Command::Table(command) => command.run(&common).await,
                Command::Offsets(command) => command.run(&common).await,
                Command::Cluster(command) => command.run(&common).await,
                Command::Partition(command) => command.run(&common).await,
                Command::Append(command) => command.run(&common, order).await,
                Command::Upsert(command) => command.run(&common, order).await,
                Command::Delete(command) => command.run(&common, order).await,
                Command::Lookup(command) => command.run(&common).await,
                Command::Scan(command) => command.run(&common, order).await,
                Command::Module(command) => command.run(&common).await,
                Command::Component(command) => command.run(&common),
                Command::Completions(_) | Command::Man(_) | Command::Users(_) | Command::Profile(_) => Ok(()),
            }
        });
        // A reader that waits for standard input cannot be woken; it ends with the process.
        runtime.shutdown_background();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
