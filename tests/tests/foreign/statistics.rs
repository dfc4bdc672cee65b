//! Statistics that fluss-rs 1.0.0 writes into its batches, and filters that it sends: the node leaves out the batches that
//! cannot fit, and no others. No server of Fluss that there is to be had knows either.

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use thalweg_tests::binary;
use thalweg_tests::client::Client;

use super::{Running, Server, trial};

const SCHEMA: &str =
    "id BIGINT, n INT, d DOUBLE, s STRING, price DECIMAL(10, 2), day DATE, at TIMESTAMP(3), long TIMESTAMP(9)";

/// Each list of rows is a batch of its own; the last row is written without statistics and comes always.
fn batches() -> Vec<Vec<Value>> {
    let row = |id: i64, n: Value, d: f64, s: &str, price: &str, day: &str| {
        json!({
            "id": id, "n": n, "d": d, "s": s, "price": price, "day": day,
            "at": format!("{day}T10:00:00"), "long": format!("{day}T10:00:00.000000001"),
        })
    };
    vec![
        vec![row(1, json!(5), -0.5, "PDX", "1.50", "2026-01-01"), row(2, json!(7), 0.0, "SEA", "-3.00", "2026-01-02")],
        vec![row(3, json!(null), 7.5, "SFO and a long tail", "99.99", "2026-03-01")],
        vec![
            row(4, json!(70), 100.0, "Zürich", "1000.00", "2026-05-01"),
            row(5, json!(null), 2.5, "LAX", "5.00", "2026-06-01"),
        ],
    ]
}

/// A test, and the offsets of the rows whose batches it leaves.
fn cases() -> Vec<(Value, &'static [i64])> {
    let case = |column: &str, test: &str, literal: Value, offsets: &'static [i64]| {
        (json!({"column": column, "test": test, "literal": literal}), offsets)
    };
    vec![
        case("id", "ge", json!({"bigint": 3}), &[2, 3, 4, 5]),
        case("id", "eq", json!({"bigint": 2}), &[0, 1, 5]),
        case("id", "ne", json!({"bigint": 3}), &[0, 1, 3, 4, 5]),
        case("n", "lt", json!({"int": 6}), &[0, 1, 5]),
        case("n", "null", json!(null), &[2, 3, 4, 5]),
        case("n", "not-null", json!(null), &[0, 1, 3, 4, 5]),
        case("d", "ge", json!({"double": 7.6}), &[3, 4, 5]),
        case("s", "starts-with", json!({"string": "SF"}), &[2, 3, 4, 5]),
        case("s", "lt", json!({"string": "Q"}), &[0, 1, 3, 4, 5]),
        case("s", "ge", json!({"string": "SG"}), &[3, 4, 5]),
        case("price", "lt", json!({"decimal": 0}), &[0, 1, 5]),
        case("day", "ge", json!({"date": 20_560}), &[3, 4, 5]),
        case("at", "lt", json!({"timestamp": 1_767_300_000_000_i64}), &[0, 1, 5]),
        case("long", "ge", json!({"timestamp": 1_772_300_000_000_i64}), &[2, 3, 4, 5]),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("statistics/fluss-rs_to_fluss-rs/node".to_owned(), Client::FlussRs.missing(), || {
        let running = Running::start(Server::Node)?;
        filters(running.address())
    })]
}

fn filters(server: &str) -> Result<()> {
    let create = ["table", "create", "statistics", "--schema", SCHEMA, "--property", "table.statistics.columns=*"];
    binary::run(server, create)?;
    let table = "fluss.statistics";
    let append = |rows: Vec<Value>| json!({"do": "append", "table": table, "rows": rows});
    let all: Vec<Value> = batches().into_iter().map(append).collect();
    Client::FlussRs.run(server, &all)?;
    Client::Thalweg.run(server, &[append(vec![json!({"id": 0})])])?;
    let cases = cases();
    let commands: Vec<Value> =
        cases.iter().map(|(test, _)| json!({"do": "filtered", "table": table, "rows": [test]})).collect();
    for ((test, expected), found) in cases.iter().zip(Client::FlussRs.run(server, &commands)?) {
        let expected: Vec<Value> = expected.iter().map(|offset| json!(offset)).collect();
        ensure!(found == expected, "{test}: {found:?} instead of {expected:?}");
    }
    Ok(())
}
