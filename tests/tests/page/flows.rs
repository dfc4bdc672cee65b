//! Flows on the write path: rows go through modules from table to table, are counted, and a flow that cannot go on says why.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thalweg_tests::wait;

use crate::http::{Answer, ask, get};
use crate::node::Served;

pub(crate) const CASES: &[(&str, crate::Case)] = &[
    ("flow_writes_what_its_modules_keep", writes_what_is_kept),
    ("flow_of_a_given_module_runs", runs_a_given_module),
    ("flow_that_cannot_go_on_says_why", says_why),
    ("flow_that_cannot_begin_says_why", does_not_begin),
    ("flows_are_bounded_and_form_no_circle", are_bounded),
    ("flows_tell_their_counts_as_events", tells_events),
];

const PATIENCE: Duration = Duration::from_secs(40);

fn table(served: &Served, name: &str) -> Result<()> {
    served.run(&[
        "table",
        "create",
        name,
        "--schema",
        "id BIGINT NOT NULL, delay INT, origin STRING NOT NULL",
        "--buckets",
        "2",
    ])?;
    Ok(())
}

fn append(served: &Served, table: &str, ids: std::ops::Range<i64>) -> Result<()> {
    let rows: String = ids.map(|id| format!("{{\"id\":{id},\"delay\":{},\"origin\":\"SEA\"}}\n", id % 60)).collect();
    served.run_with(&["append", table, "-", "--quiet"], &rows)?;
    Ok(())
}

fn start(served: &Served, flow: &Value) -> Result<Answer> {
    ask(&served.page, "POST", "/flows", &[], flow.to_string().as_bytes())
}

fn begun(served: &Served, flow: &Value) -> Result<u64> {
    let answer = start(served, flow)?;
    ensure!(answer.status == 201, "{}: {:?}", answer.status, answer.error());
    answer.json()?["id"].as_u64().context("no id")
}

fn flow(served: &Served, id: u64) -> Result<Value> {
    let flows = get(&served.page, "/flows")?.json()?;
    flows.as_array().and_then(|flows| flows.iter().find(|flow| flow["id"] == id)).cloned().context("the flow is gone")
}

/// Waits until a flow is as it should be.
fn until(served: &Served, id: u64, fine: impl Fn(&Value) -> bool) -> Result<Value> {
    let last = std::cell::RefCell::new(Value::Null);
    let look = || {
        let now = flow(served, id)?;
        last.replace(now.clone());
        Ok(fine(&now).then_some(now))
    };
    wait::until(PATIENCE, look, || format!("the flow is {}", last.borrow()))
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

fn writes_what_is_kept() -> Result<()> {
    let served = Served::start(&[])?;
    table(&served, "flights")?;
    append(&served, "flights", 0..600)?;
    let modules = json!([
        {"stock": "where", "config": {"if": "delay >= 30"}},
        {"stock": "scale", "config": {"column": "delay", "factor": 2}},
    ]);
    let all = json!({"source": "flights", "sink": "late", "create": true, "earliest": true, "modules": modules});
    let id = begun(&served, &all)?;
    let first = until(&served, id, |flow| flow["counts"]["kept"] == 300 && flow["counts"]["read"] == 600)?;
    ensure!(first["counts"]["filtered"] == 300 && first["modules"][0]["filtered"] == 300, "{first}");
    // Those that come while it runs.
    append(&served, "flights", 600..1200)?;
    until(&served, id, |flow| flow["counts"]["kept"] == 600 && flow["counts"]["read"] == 1200)?;
    ensure!(lines(&served.run(&["scan", "late"])?) == 600, "other rows than counted");
    ensure!(served.run(&["scan", "late", "--limit", "1"])?.contains("\"delay\":"), "no such column");
    let after = ask(&served.page, "DELETE", &format!("/flows/{id}"), &[], b"")?.json()?;
    ensure!(after[0]["state"] == "stopped", "{after}");
    append(&served, "flights", 1200..1300)?;
    ensure!(flow(&served, id)?["counts"]["read"] == 1200, "it goes on");
    let after = ask(&served.page, "DELETE", &format!("/flows/{id}"), &[], b"")?.json()?;
    ensure!(after == json!([]), "{after}");
    // From now on only; into a table with a key.
    served.run(&[
        "table",
        "create",
        "last",
        "--schema",
        "id BIGINT NOT NULL, delay INT, origin STRING NOT NULL",
        "--primary-key",
        "origin",
    ])?;
    let id = begun(&served, &json!({"source": "flights", "sink": "last", "modules": []}))?;
    append(&served, "flights", 2000..2100)?;
    until(&served, id, |flow| flow["counts"]["kept"] == 100 && flow["counts"]["read"] == 100)?;
    ensure!(lines(&served.run(&["scan", "last"])?) == 1);
    served.stop()
}

fn runs_a_given_module() -> Result<()> {
    let served = Served::start(&[])?;
    table(&served, "flights")?;
    append(&served, "flights", 0..60)?;
    // A stock module, given as a stranger's: its bytes come from the component that the build made.
    let made = ask(&served.page, "POST", "/transpile?name=mine", &[], &where_module()?)?;
    ensure!(made.status == 200, "{:?}", made.error());
    let made = made.json()?;
    ensure!(made["name"] == "mine" && made["parameters"]["properties"]["if"].is_object(), "{made}");
    let module = json!({"id": made["id"], "name": "mine", "config": {"if": "delay < 10"}});
    let id = begun(
        &served,
        &json!({"source": "flights", "sink": "early", "create": true, "earliest": true, "modules": [module]}),
    )?;
    let flow = until(&served, id, |flow| flow["counts"]["read"] == 60 && flow["counts"]["kept"] == 10)?;
    ensure!(flow["modules"][0]["name"] == "mine", "{flow}");
    let gone = json!({"source": "flights", "sink": "x", "create": true, "modules": [{"id": "00", "name": "gone"}]});
    let answer = start(&served, &gone)?;
    ensure!(answer.status == 422 && answer.error()?.contains("give it again"), "{:?}", answer.error());
    served.stop()
}

/// The component of the stock module `where`, as the build left it.
pub(crate) fn where_module() -> Result<Vec<u8>> {
    let core = thalweg_tests::target().join("components/wasm32-unknown-unknown/component/thalweg_where.wasm");
    let core = std::fs::read(&core).with_context(|| core.display().to_string())?;
    wit_component::ComponentEncoder::default().module(&core)?.validate(true).encode()
}

fn says_why() -> Result<()> {
    let served = Served::start(&[])?;
    served.run(&["table", "create", "raw", "--schema", "payload STRING"])?;
    // A row that the module refuses, and the policy is to fail.
    let parse = json!([{"stock": "parse-json", "config": {"column": "payload", "fields": {"a": "INT"}}}]);
    let id = begun(&served, &json!({"source": "raw", "sink": "parsed", "create": true, "modules": parse}))?;
    served.run_with(&["append", "raw", "-", "--quiet"], "{\"payload\":\"{\\\"a\\\": 1}\"}\n")?;
    until(&served, id, |flow| flow["counts"]["kept"] == 1)?;
    served.run_with(&["append", "raw", "-", "--quiet"], "{\"payload\":\"no json\"}\n")?;
    let failed = until(&served, id, |flow| flow["state"] == "failed")?;
    let error = failed["error"].as_str().unwrap_or_default();
    ensure!(error.contains("parse-json") && failed["counts"]["failed"] == 1, "{failed}");
    // The same with the policy to leave them out.
    let parse =
        json!([{"stock": "parse-json", "config": {"column": "payload", "fields": {"a": "INT"}}, "on-error": "drop"}]);
    let again = json!({"source": "raw", "sink": "parsed", "earliest": true, "modules": parse});
    let id = begun(&served, &again)?;
    let flow = until(&served, id, |flow| flow["counts"]["read"] == 2 && flow["counts"]["kept"] == 1)?;
    ensure!(flow["counts"]["refused"] == 1 && flow["counts"]["dropped"] == 1, "{flow}");
    ensure!(flow["notes"][0].as_str().is_some_and(|note| note.contains("1 row refused, dropped")), "{flow}");
    // The sink is dropped under it.
    served.run(&["table", "drop", "parsed"])?;
    served.run_with(&["append", "raw", "-", "--quiet"], "{\"payload\":\"{\\\"a\\\": 2}\"}\n")?;
    let failed = until(&served, id, |flow| flow["state"] == "failed")?;
    ensure!(failed["error"].as_str().is_some_and(|error| !error.is_empty()), "{failed}");
    served.stop()
}

fn does_not_begin() -> Result<()> {
    let served = Served::start(&[])?;
    table(&served, "flights")?;
    served.run(&["table", "create", "keyed", "--schema", "id BIGINT NOT NULL", "--primary-key", "id"])?;
    served.run(&["table", "create", "other", "--schema", "x INT NOT NULL"])?;
    for (flow, expected) in [
        (json!({"source": "none", "sink": "late"}), "none"),
        (json!({"source": "flights", "sink": "none"}), "none"),
        (json!({"source": "keyed", "sink": "flights"}), "primary key"),
        (json!({"source": "flights", "sink": "flights"}), "come back"),
        (json!({"source": "flights", "sink": "other"}), "x"),
        (
            json!({"source": "flights", "sink": "late", "create": true, "modules": [{"stock": "where", "config": {"if": "dely > 1"}}]}),
            "dely",
        ),
        (json!({"source": "flights", "sink": "late", "create": true, "modules": [{"stock": "nowhere"}]}), "nowhere"),
    ] {
        let answer = start(&served, &flow)?;
        let error = answer.error()?;
        ensure!(answer.status == 422 && error.contains(expected), "{flow}: {} {error}", answer.status);
    }
    ensure!(get(&served.page, "/flows")?.json()? == json!([]), "a flow that did not begin is there");
    served.stop()
}

fn are_bounded() -> Result<()> {
    let served = Served::start(&[])?;
    for name in ["a", "b", "c"] {
        table(&served, name)?;
    }
    begun(&served, &json!({"source": "a", "sink": "b"}))?;
    begun(&served, &json!({"source": "b", "sink": "c"}))?;
    let answer = start(&served, &json!({"source": "c", "sink": "a"}))?;
    ensure!(answer.status == 422 && answer.error()?.contains("come back"), "{:?}", answer.error());
    for _ in 2..8 {
        begun(&served, &json!({"source": "a", "sink": "c"}))?;
    }
    let answer = start(&served, &json!({"source": "a", "sink": "c"}))?;
    ensure!(answer.status == 422 && answer.error()?.contains("8 flows run already"), "{:?}", answer.error());
    // All of them at once, with a node that stops in the middle of rows.
    append(&served, "a", 0..5000)?;
    served.stop()
}

fn tells_events() -> Result<()> {
    use std::io::{BufRead, BufReader, Write};
    let served = Served::start(&[])?;
    table(&served, "flights")?;
    let mut stream = std::net::TcpStream::connect(&served.page)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /flows/events HTTP/1.1\r\nHost: {}\r\n\r\n", served.page)?;
    let mut events = BufReader::new(stream)
        .lines()
        .filter_map(|line| line.map(|line| line.strip_prefix("data: ").map(serde_json::from_str::<Value>)).transpose());
    let mut next = || -> Result<Value> { Ok(events.next().context("the events have ended")???) };
    ensure!(next()? == json!([]), "flows from the beginning");
    begun(&served, &json!({"source": "flights", "sink": "copy", "create": true}))?;
    append(&served, "flights", 0..100)?;
    for _ in 0..100 {
        if next()?[0]["counts"]["kept"] == 100 {
            return served.stop();
        }
    }
    anyhow::bail!("the rows are not told")
}
