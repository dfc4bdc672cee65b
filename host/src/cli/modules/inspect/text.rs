//! An inspection for people.

use crate::cli::modules::parameters::parameters_as_text;
use crate::cli::terminal::grouped;
use crate::module::{Inspection, OutputColumn, PlanReport};

/// What a component is and can reach. `limit` is the memory that the host lets it have, in bytes.
pub(super) fn inspection(module: &str, inspection: &Inspection, limit: usize) -> String {
    let mut text = format!("{module}  {} bytes\n", grouped(inspection.size as u64));
    if let Some(description) = &inspection.description {
        text += &format!("  {}\n", description.summary);
    }
    text += &section("exports", inspection.exports.iter().map(|name| (name.as_str(), "")));
    text += &section("imports", inspection.imports.iter().map(|import| (import.name.as_str(), import.reach.text())));
    text += &match &inspection.refused {
        Some(error) => format!("refused\n  {error}\n"),
        None => {
            "proven from the binary\n  these are all its imports: it has no files, no network, no clock and no true \
                 randomness, and\n  a host can load it\n"
                .to_owned()
        }
    };
    let bound = match inspection.memory_bound {
        Some(bound) => format!("it grows to {} at most", grouped(bound)),
        None => "it sets no bound".to_owned(),
    };
    text += &format!(
        "memory\n  {} bytes to begin with; {bound}; a chain lets it have {} unless told otherwise\n",
        grouped(inspection.memory),
        grouped(limit as u64)
    );
    if !inspection.tools.is_empty() {
        text += &format!("made with\n  {}\n", inspection.tools.join(", "));
    }
    match &inspection.description {
        Some(description) if description.parameters.is_empty() => text += "parameters\n  none\n",
        Some(description) => text += &format!("parameters\n{}", parameters_as_text(&description.parameters)),
        None => {}
    }
    text
}

/// A head and aligned lines.
fn section<'a>(head: &str, lines: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return format!("{head}\n  none\n");
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, what): &(&str, &str)| format!("  {name:<width$}  {what}").trim_end().to_owned() + "\n";
    format!("{head}\n{}", lines.iter().map(line).collect::<String>())
}

/// What a module does with the columns of rows.
pub(super) fn plan(planned: &PlanReport) -> String {
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let names = |wanted: fn(&OutputColumn) -> bool| {
        planned.output.iter().filter(|column| wanted(column)).map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let instances = match planned.one_instance {
        true => "one, which sees every batch in order",
        false => "any number, side by side",
    };
    let column = |column: &OutputColumn| {
        let from = match &column.from {
            None => "written".to_owned(),
            Some(from) if *from == column.name => "as it is".to_owned(),
            Some(from) => format!("from {from}, as it is"),
        };
        (format!("{} {}", column.name, column.column_type), from)
    };
    let output: Vec<_> = planned.output.iter().map(column).collect();
    let mut text = format!(
        "plan\n  reads      {}\n  writes     {}\n  passes on  {}\n",
        list(&planned.reads),
        list(&names(|column| column.from.is_none())),
        list(&names(|column| column.from.is_some())),
    );
    if !planned.dropped.is_empty() {
        text += &format!("  leaves out {}\n", planned.dropped.join(", "));
    }
    text += &format!("  instances  {instances}\n");
    let head = if planned.changes { "columns that come out" } else { "columns that come out, as they went in" };
    text + &section(head, output.iter().map(|(column, from)| (column.as_str(), from.as_str())))
}
