//! `thalweg cluster` and `database alter`: on the node, and on a real cluster with a server that is killed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use thalweg_tests::binary::{self, Node};
use thalweg_tests::cluster::{self, Cluster};
use thalweg_tests::wait;

fn said(server: &str, arguments: &[&str], status: i32) -> Result<(String, String)> {
    let output = binary::command(arguments).env("THALWEG_SERVER", server).output()?;
    let (printed, said) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(output.status.code() == Some(status), "{arguments:?}: {} instead of {status}: {said}", output.status);
    Ok((printed, said))
}

fn lines(text: &str) -> Result<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn a_node_is_a_cluster_of_one() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let server = node.address.as_str();
    binary::run(server, ["table", "create", "t", "--schema", "id INT", "--buckets", "3", "--quiet"])?;
    binary::run(server, ["database", "create", "sales", "--quiet"])?;

    let (nodes, _) = said(server, &["cluster", "nodes", "--format", "json"], 0)?;
    let expected =
        ["coordinator", "tablet"].map(|role| json!({"role": role, "id": 0, "address": server, "rack": null}));
    ensure!(lines(&nodes)? == expected, "{nodes}");

    let (text, _) = said(server, &["cluster", "status"], 0)?;
    for part in ["coordinator    0  127.0.0.1:", "tablet         0", "answers in", "2 databases, 1 table\n"] {
        ensure!(text.contains(part), "{text} does not have {part:?}");
    }
    ensure!(text.contains("health green: 3 of 3 buckets led, 3 of 3 replicas in sync\n"), "{text}");
    let (status, _) = said(server, &["cluster", "status", "--format", "json"], 0)?;
    let status: Value = serde_json::from_str(&status)?;
    ensure!(status["servers"][1]["milliseconds"].is_u64() && status["wrong"] == json!([]), "{status}");
    ensure!(status["health"]["status"] == "green" && status["tables"] == 1, "{status}");

    let (configs, _) = said(server, &["cluster", "config", "--format", "json"], 0)?;
    let buckets = json!({"key": "default.bucket.number", "value": "1", "source": "INITIAL_SERVER_CONFIG"});
    ensure!(lines(&configs)?.contains(&buckets), "{configs}");
    let (_, refused) = said(server, &["cluster", "config", "--set", "max.bucket.num=3"], 1)?;
    ensure!(refused.contains("max.bucket.num is not allowed to be changed dynamically"), "{refused}");

    let altered = said(server, &["database", "alter", "sales", "--set", "owner=me", "--comment", "a note"], 0)?;
    ensure!(altered.1 == "thalweg: altered database sales: owner = me, another comment\n", "{altered:?}");
    said(server, &["database", "alter", "sales", "--set", "tier=1", "--reset", "owner"], 0)?;
    let (shown, _) = said(server, &["database", "show", "sales", "--format", "json"], 0)?;
    let shown: Value = serde_json::from_str(&shown)?;
    ensure!(shown["comment"] == "a note" && shown["properties"] == json!({"tier": "1"}), "{shown}");
    said(server, &["database", "alter", "none", "--set", "a=b"], 1)?;
    said(server, &["database", "alter", "none", "--set", "a=b", "--if-exists"], 0)?;
    let (_, nothing) = said(server, &["database", "alter", "sales"], 1)?;
    ensure!(nothing.contains("nothing to alter"), "{nothing}");
    Ok(())
}

#[test]
fn nobody_answers_where_nobody_is() -> Result<()> {
    for command in [&["cluster", "status"][..], &["cluster", "nodes"], &["cluster", "config"]] {
        let (printed, said) = said("127.0.0.1:1", &[command, &["--timeout", "2s"]].concat(), 1)?;
        ensure!(printed.is_empty() && said.contains("no server answers (127.0.0.1:1"), "{said}");
    }
    Ok(())
}

#[test]
fn a_cluster_of_several_servers_says_which_does_not_answer() -> Result<()> {
    if let Some(missing) = cluster::missing() {
        eprintln!("left out: {missing}");
        return Ok(());
    }
    let cluster = Cluster::start(2)?;
    let server = cluster.address.as_str();
    binary::run(server, ["table", "create", "t", "--schema", "id INT", "--buckets", "4", "--quiet"])?;
    let (nodes, _) = said(server, &["cluster", "nodes", "--format", "json"], 0)?;
    let nodes = lines(&nodes)?;
    let roles: Vec<_> = nodes.iter().map(|node| (node["role"].as_str(), node["id"].as_i64())).collect();
    let tablets: Vec<i64> =
        roles.iter().filter(|(role, _)| *role == Some("tablet")).filter_map(|(_, id)| *id).collect();
    ensure!(roles.len() == 3 && roles[0].0 == Some("coordinator") && tablets.len() == 2, "{nodes:?}");

    let (text, _) = said(server, &["cluster", "status"], 0)?;
    ensure!(text.matches("answers in").count() == 3 && text.contains("1 database, 1 table\n"), "{text}");
    // A server of 0.9.1 does not tell how its replicas are.
    ensure!(!text.contains("health"), "{text}");
    let (configs, _) = said(server, &["cluster", "config"], 0)?;
    ensure!(configs.contains("zookeeper.address"), "{configs}");
    let (_, refused) = said(server, &["cluster", "config", "--set", "zookeeper.address=x"], 1)?;
    ensure!(refused.contains("not allowed to be changed dynamically"), "{refused}");
    let limit = "kv.rocksdb.shared-rate-limiter.bytes-per-sec";
    said(server, &["cluster", "config", "--set", &format!("{limit}=100mb")], 0)?;
    let (configs, _) = said(server, &["cluster", "config", "--format", "json"], 0)?;
    let changed = lines(&configs)?.into_iter().find(|config| config["key"] == limit).context("the setting")?;
    ensure!(changed["source"] == "DYNAMIC_SERVER_CONFIG", "{changed}");
    said(server, &["cluster", "config", "--reset", limit], 0)?;
    let (_, refused) = said(server, &["database", "alter", "fluss", "--set", "a=b"], 1)?;
    ensure!(refused.contains("ALTER_DATABASE"), "{refused}");

    cluster.kill(1)?;
    let began = Instant::now();
    let (text, wrong) = said(server, &["cluster", "status", "--timeout", "3s"], 1)?;
    ensure!(began.elapsed() < Duration::from_secs(60), "it took {:?}", began.elapsed());
    ensure!(text.matches("answers in").count() == 2 && text.contains("does not answer"), "{text}");
    ensure!(wrong.contains("the tablet server") && wrong.contains("does not answer: no server answers ("), "{wrong}");
    cluster.restart(1)?;
    let answers = || Ok(said(server, &["cluster", "status"], 0).is_ok().then_some(()));
    wait::until(Duration::from_secs(60), answers, || "the server does not answer again".to_owned())
}
