//! Runs every file of `tests/foreign` (its README says what they hold): what one client writes another reads.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thalweg::table::Schema;
use thalweg_tests::binary;
use thalweg_tests::client::{Client, plain};
use thalweg_tests::cluster;

use super::{Running, Server, trial};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    about: String,
    schema: String,
    #[serde(default)]
    primary_key: Vec<String>,
    #[serde(default)]
    bucket_key: Vec<String>,
    /// The column that numbers rows.
    auto_increment: Option<String>,
    #[serde(default)]
    partition_by: Vec<String>,
    #[serde(default = "one")]
    buckets: u32,
    #[serde(default)]
    properties: std::collections::BTreeMap<String, String>,
    /// The foreign clients that take part.
    clients: Vec<String>,
    /// Whether thalweg can write it.
    #[serde(default = "yes")]
    we_write: bool,
    /// Partitions to create first when a client writes that creates none, each `column=value,..`.
    #[serde(default)]
    partitions: Vec<String>,
    write: Vec<Command>,
    read: Vec<Command>,
}

/// The command that adds `columns` to the table.
const ADD: &str = "add-columns";

/// What a client does, and what it finds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    r#do: String,
    columns: Option<Vec<String>>,
    #[serde(default)]
    rows: String,
    #[serde(default)]
    answer: String,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Case {
    fn create(&self, server: &str, table: &str, writer: Client) -> Result<()> {
        let buckets = self.buckets.to_string();
        let mut arguments = vec!["table", "create", table, "--schema", &self.schema, "--buckets", &buckets];
        let lists = [
            ("--primary-key", &self.primary_key),
            ("--bucket-key", &self.bucket_key),
            ("--partition-by", &self.partition_by),
        ];
        let lists = lists.map(|(option, columns)| (option, columns.join(",")));
        for (option, columns) in lists.iter().filter(|(_, columns)| !columns.is_empty()) {
            arguments.extend([*option, columns.as_str()]);
        }
        arguments.extend(self.auto_increment.iter().flat_map(|column| ["--auto-increment", column]));
        let properties: Vec<String> = self.properties.iter().map(|(key, value)| format!("{key}={value}")).collect();
        arguments.extend(properties.iter().flat_map(|property| ["--property", property]));
        binary::run(server, arguments)?;
        if matches!(writer, Client::FlussRs | Client::Pyfluss) {
            for partition in &self.partitions {
                let spec = ["partition", "create", table].into_iter().chain(partition.split(','));
                binary::run(server, spec)?;
            }
        }
        Ok(())
    }

    /// The columns that the table has in the end.
    fn all_columns(&self) -> String {
        let added = self.write.iter().filter(|command| command.r#do == ADD).flat_map(|command| command.columns.iter());
        std::iter::once(&self.schema).chain(added.flatten()).cloned().collect::<Vec<_>>().join(", ")
    }

    /// Writes everything; what adds columns is not for the writer, which opens the table anew behind it.
    fn write(&self, table: &str, server: &str, writer: Client) -> Result<()> {
        let qualified = format!("fluss.{table}");
        for part in self.write.chunk_by(|one, other| (one.r#do == ADD) == (other.r#do == ADD)) {
            let (add, write): (Vec<_>, Vec<_>) = part.iter().partition(|command| command.r#do == ADD);
            for column in add.iter().flat_map(|command| &command.columns).flatten() {
                binary::run(server, ["table", "alter", table, "--add", column])?;
            }
            let commands = write.iter().map(|command| command.json(&qualified)).collect::<Result<Vec<_>>>()?;
            if !commands.is_empty() {
                writer.run(server, &commands)?;
            }
        }
        Ok(())
    }

    /// A row's columns, null where it does not name them.
    fn whole(&self, row: &Value) -> Result<Value> {
        let schema = Schema::parse_sql(&self.all_columns())?;
        let given = row.as_object().with_context(|| format!("{row} is no row"))?;
        let mut whole: Map<String, Value> =
            schema.columns.iter().map(|column| (column.name.clone(), Value::Null)).collect();
        for (name, value) in given {
            ensure!(whole.insert(name.clone(), plain(value)).is_some(), "no column {name}");
        }
        Ok(whole.into())
    }

    /// An answer in the form that is compared: whole rows, sorted where no order is promised.
    fn settled(&self, command: &str, answer: &[Value]) -> Result<Vec<Value>> {
        let row = |value: &Value| if value.is_null() { Ok(Value::Null) } else { self.whole(value) };
        let rows = |list: &[Value]| -> Result<Vec<Value>> {
            let mut rows = list.iter().map(row).collect::<Result<Vec<_>>>()?;
            rows.sort_by_key(Value::to_string);
            Ok(rows)
        };
        match command {
            "lookup" => answer.iter().map(row).collect(),
            "limit" => rows(answer),
            "prefix" => answer.iter().map(|list| Ok(rows(list.as_array().context("no list")?)?.into())).collect(),
            "changes" => {
                let change = |line: &Value| -> Result<Value> {
                    let [change, bucket, offset] = ["change", "bucket", "offset"].map(|name| line[name].clone());
                    Ok(json!({"bucket": bucket, "offset": offset, "change": change, "row": row(&line["row"])?}))
                };
                let mut lines = answer.iter().map(change).collect::<Result<Vec<_>>>()?;
                lines.sort_by_key(Value::to_string);
                Ok(lines)
            }
            other => bail!("{other} gives no answer"),
        }
    }

    fn run(&self, table: &str, server: &str, writer: Client, reader: Client) -> Result<()> {
        self.create(server, table, writer).with_context(|| format!("create {table}"))?;
        let qualified = format!("fluss.{table}");
        let read = self.read.iter().map(|command| command.json(&qualified)).collect::<Result<Vec<_>>>()?;
        self.write(table, server, writer).with_context(|| format!("writing {table}"))?;
        let answers = reader.run(server, &read).with_context(|| format!("reading {table}"))?;
        for (command, answer) in self.read.iter().zip(answers) {
            let expected = self.settled(&command.r#do, &json_lines(&command.answer)?)?;
            let found = self.settled(&command.r#do, &answer)?;
            let texts = [&found, &expected].map(|list| list.iter().map(|line| format!("\n{line}")).collect::<String>());
            ensure!(
                found == expected,
                "{}: {} of {table} finds:{}\nexpected:{}",
                self.about,
                command.r#do,
                texts[0],
                texts[1]
            );
        }
        Ok(())
    }
}

impl Command {
    fn json(&self, table: &str) -> Result<Value> {
        let rows = json_lines(&self.rows)?;
        // More than any case has.
        Ok(json!({"do": self.r#do, "table": table, "columns": self.columns, "rows": rows, "limit": 1000}))
    }
}

fn json_lines(text: &str) -> Result<Vec<Value>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Ours and theirs in both directions, for each case, client and server; with `THALWEG_FOREIGN=full` also foreign clients
/// among themselves, on the real cluster.
fn pairs(clients: &[Client], server: Server, full: bool) -> Vec<(Client, Client)> {
    // Our package is tried in both directions as a foreign client is, on the node.
    let package = [Client::JavaScript];
    let package = if matches!(server, Server::Node) { &package[..] } else { &[] };
    let ours =
        clients.iter().chain(package).flat_map(|client| [(*client, Client::Thalweg), (Client::Thalweg, *client)]);
    let among = clients.iter().flat_map(|writer| clients.iter().map(|reader| (*writer, *reader)));
    let mut pairs: Vec<_> = ours.collect();
    pairs.extend(among.filter(|_| full && matches!(server, Server::Cluster(_))));
    pairs
}

/// A trial for each case, pair of clients, and server.
pub(crate) fn trials() -> Result<Vec<Trial>> {
    let no_cluster = cluster::missing();
    let missing: Vec<(Client, Option<String>)> =
        Client::FOREIGN.into_iter().chain([Client::JavaScript]).map(|client| (client, client.missing())).collect();
    let missing = |client| missing.iter().find(|(other, _)| *other == client).and_then(|(_, missing)| missing.clone());
    let full = std::env::var("THALWEG_FOREIGN").is_ok_and(|value| value == "full");
    let mut trials = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/foreign"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let (stem, case) = read(&path).with_context(|| path.display().to_string())?;
        let clients: Vec<Client> = Client::FOREIGN
            .into_iter()
            .filter(|client| case.clients.iter().any(|name| name == client.name()))
            .collect();
        ensure!(clients.len() == case.clients.len(), "{stem} names a client that there is not");
        let case = Arc::new(case);
        for (place, server) in [("node", Server::Node), ("cluster", Server::Cluster(1))] {
            let no_server = no_cluster.clone().filter(|_| place == "cluster");
            for (writer, reader) in pairs(&clients, server, full) {
                let name = format!("{stem}/{}_to_{}/{place}", writer.name(), reader.name());
                if matches!(writer, Client::Thalweg | Client::JavaScript) && !case.we_write {
                    continue;
                }
                let missing = no_server.clone().or_else(|| missing(writer)).or_else(|| missing(reader));
                let case = Arc::clone(&case);
                let table = format!("{stem}_{}_{}", writer.name(), reader.name()).replace('-', "_");
                trials.push(trial(name, missing, move || {
                    let running = Running::start(server)?;
                    case.run(&table, running.address(), writer, reader)
                }));
            }
        }
    }
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(trials)
}

fn read(path: &Path) -> Result<(String, Case)> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).context("plain file names")?.to_owned();
    Ok((stem, toml::from_str(&std::fs::read_to_string(path)?)?))
}
