//! TLS between client and node, and between each of them and others: rows, versions, what is refused and why, certificates
//! that change, options of the command line.
//!
//! Small by default; `THALWEG_TLS=full` takes a million rows.

mod certificates;
mod commands;
mod peers;
mod refused;
mod rows;
mod served;

use std::future::Future;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg_tests::cluster;
use tokio_rustls::rustls::version::{TLS12, TLS13};

fn trial(name: &str, missing: Option<&str>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let trial = Trial::test(name, move || test().map_err(|e| Failed::from(format!("{e:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())
}

/// A test on a runtime of its own.
fn task<F: Future<Output = Result<()>>>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial {
    trial(name, None, || tokio::runtime::Runtime::new()?.block_on(test()))
}

fn main() {
    let arguments = Arguments::from_args();
    let no_cluster = cluster::missing();
    let rows = if std::env::var("THALWEG_TLS").is_ok_and(|size| size == "full") { 1_000_000 } else { 50_000 };
    let trials = vec![
        task("rows_of_client_and_node", move || rows::client_and_node(rows)),
        task("rows_through_tls_1_2_only", || rows::one_version(&TLS12)),
        task("rows_through_tls_1_3_only", || rows::one_version(&TLS13)),
        trial("rows_of_a_real_cluster", no_cluster.as_deref(), || {
            tokio::runtime::Runtime::new()?.block_on(rows::real_cluster())
        }),
        task("a_node_takes_both_versions", served::both_versions),
        task("a_node_is_not_harmed_by_half_handshakes", served::no_handshake),
        task("certificates_are_read_anew", served::reloaded),
        task("refusals_say_why", refused::each_says_why),
        task("servers_without_tls_are_told", refused::servers_without_tls),
        task("files_are_checked", refused::files_that_are_none),
        trial("commands_with_rows", None, commands::rows),
        trial("commands_used_wrongly", None, commands::wrong_usage),
        trial("commands_and_their_help", None, commands::help),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}
