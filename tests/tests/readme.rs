//! The commands that README.md shows are those that the binary has: each names a command, and options of it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use thalweg_tests::binary;

/// The commands in blocks of `sh`, each on one line and without its comment.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let joined = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let lines = joined.lines().map(|line| line.split(" #").next().unwrap_or_default());
    // What is piped into a command stands before it.
    let commands = lines.flat_map(|line| line.split(" | ").map(str::trim).map(str::to_owned).collect::<Vec<_>>());
    commands.filter(|command| command.starts_with("thalweg ")).collect()
}

/// The words that name a command: one, or two as `table create`.
fn named(command: &str) -> Vec<&str> {
    const GROUPS: [&str; 7] = ["cluster", "database", "module", "partition", "profile", "table", "users"];
    let words = command.split_whitespace().skip(1);
    words.clone().take(if words.clone().next().is_some_and(|word| GROUPS.contains(&word)) { 2 } else { 1 }).collect()
}

/// The long options of a command, as its help has them.
fn options(command: &[&str]) -> Result<BTreeSet<String>> {
    let help = binary::printed(binary::command(command.iter().copied().chain(["--help"])).output()?)?;
    let is_of_option = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = help.split(|c: char| !is_of_option(c)).filter(|word| word.starts_with("--"));
    Ok(words.map(str::to_owned).collect())
}

#[test]
fn every_command_of_the_readme_is_there() -> Result<()> {
    let page = std::fs::read_to_string(thalweg_tests::root().join("README.md"))?;
    let commands = commands(&page);
    ensure!(commands.len() > 20, "only {} commands were found", commands.len());
    for command in &commands {
        if *command == "thalweg --help" {
            continue;
        }
        let known = options(&named(command))?;
        let used = command.split_whitespace().filter(|word| word.starts_with("--"));
        for option in used.filter_map(|word| word.split('=').next()) {
            ensure!(known.contains(option), "{command}\nhas no {option}: {known:?}");
        }
    }
    Ok(())
}
