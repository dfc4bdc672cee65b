//! What every command has of the terminal: options, messages, lists and progress.
//!
//! ```text
//! failure    how a command ends
//! options    the options that every command has
//! login      who logs in, and where the password comes from
//! tls        how connections are encrypted
//! target     what is connected to, of options, environment and profile
//! csv        the options of CSV
//! say        sentences for people, on standard error
//! listing    lists and descriptions, on standard output
//! numbers    numbers as people read them
//! progress   the line that shows how rows go
//! interrupt  Ctrl-C
//! ```

mod csv;
mod failure;
mod interrupt;
mod listing;
mod login;
mod numbers;
mod options;
mod progress;
mod say;
mod target;
mod tls;

pub(super) use csv::CsvFlags;
pub(super) use failure::{Failure, Outcome};
pub(super) use interrupt::Interrupts;
pub(super) use listing::{ListFormat, is_broken_pipe, print_each, print_list, print_one};
pub(super) use numbers::{counted, grouped};
pub(super) use options::{CONNECTION, Common, key_value};
pub(super) use progress::Bar;
pub(super) use say::{say, sentence};
