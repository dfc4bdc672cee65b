//! Logins between ours and theirs: foreign clients at our node, and our binary at both listeners of a real cluster.

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::json;
use thalweg_tests::binary::{self, Node};
use thalweg_tests::client::Client;
use thalweg_tests::cluster::{self, Cluster};

use super::trial;

/// One test for each client and each engine.
pub(super) fn trials() -> Vec<Trial> {
    let clients = [Client::JavaScript, Client::Java, Client::FlussRs, Client::Pyfluss];
    let mut trials: Vec<Trial> = clients
        .into_iter()
        .map(|client| trial(format!("{}_logs_in", client.name()), client.missing(), move || at_the_node(client)))
        .collect();
    trials.push(trial("thalweg_logs_in_at_a_cluster".into(), cluster::missing(), at_a_cluster));
    trials
}

/// Writes and reads with a login; not with a wrong one, and not with none.
fn at_the_node(client: Client) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (users, data) = (folder.path().join("users"), folder.path().join("data"));
    let users = users.to_str().context("temporary folders have plain names")?;
    ours("", ("alice", "s3cret-word"), &["users", "add", users, "alice"])?;
    let node = Node::start_with(&data, &["--listen", "127.0.0.1:0", "--users", users])?;
    let login = ("alice", "s3cret-word");
    ours(&node.address, login, &["table", "create", "t", "--schema", "id BIGINT NOT NULL, name STRING"])?;
    let rows = [json!({"id": 1, "name": "one"}), json!({"id": 2, "name": "two"})];
    let write = json!({"do": "append", "table": "fluss.t", "rows": rows});
    let read = json!({"do": "changes", "table": "fluss.t"});
    let answers = client.run_as(&node.address, Some(login), &[write, read.clone()])?;
    ensure!(answers[1].len() == rows.len(), "it reads {:?}", answers[1]);
    let scanned = ours(&node.address, login, &["scan", "t"])?;
    ensure!(scanned.lines().count() == rows.len(), "{scanned}");
    for wrong in [Some(("alice", "s3cret")), Some(("mallory", "s3cret-word")), None] {
        ensure!(client.run_as(&node.address, wrong, std::slice::from_ref(&read)).is_err(), "{wrong:?} is let in");
    }
    Ok(())
}

/// Both kinds of tables, every engine, and what is refused.
fn at_a_cluster() -> Result<()> {
    let cluster = Cluster::with_logins()?;
    let server = cluster.address.as_str();
    let login = ("alice", "alice-secret");
    for engine in ["component", "native", "lockstep"] {
        let (log, keyed) = (format!("log_{engine}"), format!("keyed_{engine}"));
        let run = |arguments: &[&str], input: &str| {
            with_login(server, login, &[arguments, &["--engine", engine]].concat(), input)
        };
        run(&["table", "create", &log, "--schema", "id BIGINT", "--buckets", "3"], "")?;
        run(&["append", &log], "{\"id\":1}\n{\"id\":2}\n")?;
        let scanned = run(&["scan", &log], "")?;
        ensure!(scanned.lines().count() == 2, "{scanned}");
        run(&["table", "create", &keyed, "--schema", "id BIGINT NOT NULL, n INT", "--primary-key", "id"], "")?;
        run(&["upsert", &keyed], "{\"id\":1,\"n\":2}\n")?;
        ensure!(run(&["lookup", &keyed, "1"], "")? == "{\"id\":1,\"n\":2}\n");
    }
    let wrong = ours(server, ("alice", "admin-secret"), &["table", "list"]).expect_err("it is let in").to_string();
    ensure!(wrong.contains("does not take the login of user `alice`") && !wrong.contains("admin-secret"), "{wrong}");
    let none = binary::run(server, ["scan", "log_native"]).expect_err("it is let in").to_string();
    ensure!(none.contains("wants a login"), "{none}");
    let port: u16 = server.rsplit_once(':').context("an address")?.1.parse()?;
    let plain = format!("127.0.0.1:{}", port - 100);
    let useless = ours(&plain, login, &["table", "list"]).expect_err("it is let in").to_string();
    ensure!(useless.contains("takes no login with a password"), "{useless}");
    ensure!(binary::run(&plain, ["table", "list"])?.contains("log_native"));
    Ok(())
}

fn ours(server: &str, login: (&str, &str), arguments: &[&str]) -> Result<String> {
    with_login(server, login, arguments, "")
}

/// Runs the binary with a login, and gives what it printed.
fn with_login(server: &str, (user, password): (&str, &str), arguments: &[&str], input: &str) -> Result<String> {
    let mut command = binary::command(arguments);
    command.envs([("THALWEG_SERVER", server), ("THALWEG_USER", user), ("THALWEG_PASSWORD", password)]);
    binary::printed(binary::fed(command, input)?)
}
