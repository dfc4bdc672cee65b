//! The page of a node: what it is asked over HTTP, its gateway, its flows, and the page itself in Chromium, driven by its
//! debugging protocol. Without Chromium the tests of the browser are listed as ignored.

mod http;
mod node;
mod socket;

mod browser;
mod flows;
mod gateway;
mod hostile;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test of a node's page.
type Case = fn() -> anyhow::Result<()>;

fn main() {
    let arguments = Arguments::from_args();
    let cases = [hostile::CASES, gateway::CASES, flows::CASES].concat();
    let plain = cases.into_iter().map(|(name, case): (&str, Case)| {
        Trial::test(name, move || case().map_err(|error| Failed::from(format!("{error:#}"))))
    });
    libtest_mimic::run(&arguments, plain.chain(browser::trials()).collect()).exit();
}
