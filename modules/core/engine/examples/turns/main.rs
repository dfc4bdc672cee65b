//! What a turn of the engine costs with ever more open things, against a model of servers in memory:
//!
//! ```sh
//! cargo run --release -p thalweg-engine --example turns                 # [PART OF A CASE'S NAME]
//! ```
//!
//! Each case does one thing again and again while so many others are open that it does not concern. Printed are
//! nanoseconds within the engine, the median, and how often it asked for memory; then what it holds for idle things.
//!
//! ```text
//! cases   what is measured
//! host    a host that answers at once
//! memory  an allocator that counts
//! server  the model of servers of the tests
//! ```

mod cases;
mod host;
mod memory;
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
#[path = "../../tests/simulation/server/mod.rs"]
mod server;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let sizes = [1, 10, 100, 1_000, 10_000];
    print!("{:<56}", "ns (allocations), with so many open:");
    sizes.iter().for_each(|size| print!("{size:>16}"));
    println!();
    for (name, most, case) in cases::CASES.iter().filter(|(name, ..)| name.contains(&wanted)) {
        print!("{name:<56}");
        for size in sizes.iter().filter(|size| *size <= most) {
            let figure = case(*size);
            print!("{:>16}", format!("{} ({})", figure.time, figure.allocations));
            std::io::Write::flush(&mut std::io::stdout()).expect("a terminal");
        }
        println!();
    }
    if wanted.is_empty() {
        println!("\nbytes held for");
        cases::held().iter().for_each(|(name, bytes)| println!("{name:<56}{bytes:>16}"));
    }
}
