//! Memory stays flat: batch after batch, and trap after trap. In a process of its own, where nothing else allocates; a
//! million batches with THALWEG_SOAK=full.

use std::process::Command;

use super::*;

/// Says to the test that it is the process of its own.
const CHILD: &str = "THALWEG_SOAK_CHILD";

/// What a process may gain between two measurements, in bytes: pages that allocators keep.
const SLACK: usize = 8 << 20;

fn batches() -> usize {
    match std::env::var("THALWEG_SOAK").is_ok_and(|soak| soak == "full") {
        true => 1_000_000,
        false => 10_000,
    }
}

/// Runs the test of this name alone.
fn alone(test: &str, body: fn()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let name = format!("module::tests::hostile::soak::{test}");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&child.stderr));
}

/// What this process has in memory, in bytes. Where the system does not tell, nothing.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// Gives batches to a chain; after the first fifth no memory may be gained, by the process or by an instance.
fn stays_flat(chain: &Chain, batches: usize, mut one: impl FnMut(usize)) {
    let memory = || chain.report().iter().map(|report| report.memory).collect::<Vec<_>>();
    let warm = batches / 5;
    (0..warm).for_each(&mut one);
    let before = (memory(), resident());
    (warm..batches).for_each(&mut one);
    let after = (memory(), resident());
    assert_eq!(before.0, after.0, "memory of the instances");
    assert!(after.0.iter().sum::<usize>() > 0);
    assert!(after.1 < before.1 + SLACK, "the process has {} bytes, and had {}", after.1, before.1);
}

#[test]
fn memory_is_flat_over_many_batches() {
    alone("memory_is_flat_over_many_batches", || {
        let settings = ["column=i", "factor=2"];
        let chain = chain(vec![stock("where", &["if=i != 5"]), stock("scale", &settings)]).expect("a chain");
        let batch = rows(64);
        stays_flat(&chain, batches(), |_| {
            assert_eq!(chain.apply(&batch).expect("applied").batch.num_rows(), 63);
        });
    });
}

#[test]
fn memory_is_flat_over_many_traps() {
    alone("memory_is_flat_over_many_traps", || {
        let chain = surrounded(&wrap(&traps_with_one_row()), Policy::Drop);
        let (one, many) = (rows(1), rows(64));
        stays_flat(&chain, batches() / 4, |number| {
            // Every second batch passes, so that the module is never left alone.
            let (batch, left) = if number % 2 == 0 { (&one, 0) } else { (&many, 62) };
            assert_eq!(chain.apply(batch).expect("applied").batch.num_rows(), left);
        });
        assert_eq!(chain.report()[1].failed, batches() as u64 / 8);
    });
}

#[test]
fn loading_is_told_apart_from_running() {
    let chain = surrounded(&wrap(&traps_with_one_row()), Policy::Drop);
    let before = chain.report().swap_remove(1);
    assert!(before.loading > Duration::ZERO);
    assert_eq!((before.calls, before.running), (0, Duration::ZERO));
    chain.apply(&rows(ROWS)).expect("applied");
    let after = chain.report().swap_remove(1);
    assert!(after.running > Duration::ZERO);
    assert_eq!((after.calls, after.loading), (2, before.loading));
}
