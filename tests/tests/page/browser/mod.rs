//! The page in Chromium: what a person sees and does.
//!
//! ```text
//! chromium  a browser of the test's own, driven by its debugging protocol
//! tab       one page in it: looked at, clicked, typed into
//! cases     what is tried
//! ```

mod cases;
mod chromium;
mod tab;

use std::future::Future;

use anyhow::{Context, Result};
use libtest_mimic::{Failed, Trial};

use chromium::Chromium;
use tab::Tab;

use crate::node::Served;

/// What a case does with a node and a tab.
type Case = for<'a> fn(&'a Served, &'a mut Tab) -> std::pin::Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// The tests, or, without a browser, their names with the reason.
pub(crate) fn trials() -> Vec<Trial> {
    let missing = chromium::missing();
    let trial = |(name, prepare, case): &cases::Entry| {
        let (name, prepare, case) = (*name, *prepare, *case);
        match &missing {
            None => Trial::test(name, move || run(prepare, case).map_err(|error| Failed::from(format!("{error:#}")))),
            Some(reason) => Trial::test(format!("{name} ({reason})"), || Ok(())).with_ignored_flag(true),
        }
    };
    cases::CASES.iter().map(trial).collect()
}

fn run(prepare: fn(&Served) -> Result<()>, case: Case) -> Result<()> {
    let served = Served::start(&[])?;
    prepare(&served)?;
    let chromium = Chromium::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tab = Tab::open(&chromium, &served.url).await?;
        let done = case(&served, &mut tab).await;
        if done.is_err() {
            // What a person would see is the best explanation.
            let _ = tab.screenshot("failed").await;
        }
        let said = tab.complaints();
        done.with_context(|| format!("the browser says {said:?}"))?;
        anyhow::ensure!(said.is_empty(), "the browser complains: {said:?}");
        Ok(())
    })
}
