//! The figures as a table of Markdown, and the machine that they are of.

use std::fmt::Write as _;

use super::figures::{Client, Figures, Measured, Node, Run};

const HEAD: &str = "\
| work | client | a second (least to most) | × fluss-rs | p50 | CPU µs (least to most) | × fluss-rs | server CPU µs | peak MB | component / native CPU |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// What the machine is, in a line.
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split(':').nth(1).map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = after(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let release = read("/proc/sys/kernel/osrelease");
    let processor = after(&read("/proc/cpuinfo"), "model name");
    format!("{processor}, {cores} cores, {} GB of memory, {} {}", memory >> 20, std::env::consts::OS, release.trim())
}

/// The figures: medians of the runs, and in brackets the least and the most.
pub fn table(figures: &Figures) -> String {
    let mut out = HEAD.to_owned();
    for (work, measured) in &figures.works {
        for (at, one) in measured.iter().enumerate() {
            let name = if at == 0 { work.name.as_str() } else { "" };
            line(&mut out, name, measured, one);
        }
    }
    if let Some(node) = &figures.node {
        out += &of_node(node);
    }
    out
}

fn line(out: &mut String, name: &str, measured: &[Measured], one: &Measured) {
    let ratio = one.client.is_ours().then(|| Figures::ratio(measured, one)).flatten();
    let times = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let tax = (one.client == Client::Component).then(|| Figures::tax(measured)).flatten();
    let p50 = one.runs.iter().all(|run| run.p50.is_some()).then(|| one.median(|run| run.p50.unwrap_or_default()));
    let cells = [
        name.to_owned(),
        one.client.name().to_owned(),
        spread(one, count, |run| run.rate),
        times(ratio.map(|ratio| ratio.rate)),
        p50.map_or_else(String::new, |p50| format!("{p50:.0} µs")),
        spread(one, micros, |run| run.cpu),
        times(ratio.and_then(|ratio| ratio.cpu)),
        micros(one.median(|run| run.server)),
        format!("{:.0}", one.median(|run| run.peak) / 1e6),
        times(tax),
    ];
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn spread(one: &Measured, print: fn(f64) -> String, of: fn(&Run) -> f64) -> String {
    let [least, most] = one.spread(of).map(print);
    let median = print(one.median(of));
    if one.runs.len() == 1 { median } else { format!("{median} ({least} to {most})") }
}

fn of_node(node: &Node) -> String {
    let rows = count(node.rows as f64);
    let held = format!("{rows} rows in 3 tables of 16 buckets, one with {} partitions", node.partitions);
    format!(
        "\nThe node, {held}: {:.0} MB. Its start: {:.0} ms without tables, {:.0} ms with these rows after SIGKILL.\n",
        node.memory as f64 / 1e6,
        node.start_empty.as_secs_f64() * 1e3,
        node.start_full.as_secs_f64() * 1e3,
    )
}

/// Three digits.
fn count(number: f64) -> String {
    let (scaled, unit) = match number {
        n if n >= 1e6 => (n / 1e6, " M"),
        n if n >= 1e3 => (n / 1e3, " k"),
        n => (n, ""),
    };
    let digits = if scaled < 10.0 { 2 } else { usize::from(scaled < 100.0) };
    format!("{scaled:.digits$}{unit}")
}

fn micros(number: f64) -> String {
    let digits = if number < 1.0 { 3 } else { 2 - usize::from(number >= 9.995) - usize::from(number >= 99.95) };
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::{count, micros};

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(
            [0.5, 12.34, 999.0, 1234.0, 56_780.0, 7_654_321.0].map(count),
            ["0.50", "12.3", "999", "1.23 k", "56.8 k", "7.65 M"]
        );
        assert_eq!([0.0591, 2.781, 34.04, 110.2].map(micros), ["0.059", "2.78", "34.0", "110"]);
    }
}
