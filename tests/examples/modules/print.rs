//! The figures for people.

use crate::measure::Times;
use crate::{Figures, Growth, Report};

pub(crate) fn table(report: &Report) {
    println!("Nanoseconds a row, of the fastest round (of the round in the middle); x: times thalweg's.\n");
    println!(
        "{:<24}{:>7}{:>20}{:>10}{:>10}{:>20}{:>20}{:>20}",
        "one module", "rows", "thalweg", "in calls", "outside", "native", "Arrow IPC, column", "Arrow IPC, batch"
    );
    report.cases.iter().for_each(case);
    report.chains.iter().for_each(growth);
    let load = report.load.map(|load| load.map_or("unknown".to_owned(), |load| format!("{load:.1}")));
    println!("\nLoad {} at the begin, {} at the end, on {} cores.", load[0], load[1], report.cores);
}

fn case(figures: &Figures) {
    let Figures { title, rows, thalweg, calls, native, ipc_column, ipc_batch } = figures;
    let times = |times: &Times| format!("{:.2} ({:.2})", times.least, times.median);
    let against = |times: &Option<Times>| {
        times.as_ref().map_or(String::new(), |it| format!("{:.2} x {:.1}", it.least, it.least / thalweg.least))
    };
    println!(
        "{title:<24}{rows:>7}{:>20}{calls:>10.2}{:>10.2}{:>20}{:>20}{:>20}",
        times(thalweg),
        thalweg.least - calls,
        times(native),
        against(ipc_column),
        against(ipc_batch),
    );
}

fn growth(growth: &Growth) {
    println!("\n{:<24}{:>7}{:>12}{:>12}{:>24}", growth.title, "rows", "alone", "chain", "x what all take alone");
    let mut sum = 0.0;
    for ((module, alone), together) in growth.modules.iter().zip(&growth.alone).zip(&growth.together) {
        sum += alone.least;
        let (alone, together, rows) = (alone.least, together.least, growth.rows);
        println!("{:<24}{rows:>7}{alone:>12.2}{together:>12.2}{:>24.2}", format!("+ {module}"), together / sum);
    }
}
