//! `cluster`: the servers that there are, whether each answers, and their settings.

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use futures::future::join_all;
use serde_json::{Value, json};

use super::terminal::{Common, Failure, ListFormat, Outcome, counted, key_value, print_list, print_one};
use crate::client::{
    Client, ClientOptions, ClusterRequest, EngineError, Error, ErrorCode, Health, HealthStatus, Request, Role, Server,
    ServerErrorCode,
};
use crate::text::{escaped, padded, width};

/// How long a server may take to answer where `--timeout` does not say.
const PATIENCE: Duration = Duration::from_secs(5);

/// `thalweg cluster`.
#[derive(Debug, Subcommand)]
pub(super) enum Cluster {
    /// Say how the cluster is: its servers, whether each answers and how soon, and what it has
    #[command(after_help = "Examples:\n  thalweg cluster status\n  thalweg cluster status --format json\n\n\
        Each server is asked by a connection of its own, at the address that the cluster tells clients. The exit status\n\
        is 1 if one does not answer, if buckets are without a leader, or if replicas are behind.")]
    Status {
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// List the servers that the cluster says it has
    #[command(after_help = "Example:\n  thalweg cluster nodes --format yaml")]
    Nodes {
        /// How they are listed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// List the settings of the servers, or change those that can be changed while they run
    Config(Config),
}

/// `thalweg cluster config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg cluster config\n  \
    thalweg cluster config --set kv.rocksdb.shared-rate-limiter.bytes-per-sec=100MB\n  \
    thalweg cluster config --reset kv.rocksdb.shared-rate-limiter.bytes-per-sec")]
pub(super) struct Config {
    /// A setting to change
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// A setting to have its first value again
    #[arg(long, value_name = "KEY")]
    reset: Vec<String>,
    /// How they are listed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

impl Cluster {
    pub(super) async fn run(self, common: &Common) -> Outcome {
        match self {
            Self::Status { format } => return status(common, format).await,
            Self::Nodes { format } => {
                let servers = common.connect_natively().await?.list_servers().await?;
                print_list(&servers.iter().map(server).collect::<Vec<_>>(), format)?;
            }
            Self::Config(config) => config.run(common).await?,
        }
        Ok(())
    }
}

impl Config {
    async fn run(self, common: &Common) -> anyhow::Result<()> {
        let Self { set, reset, format } = self;
        let client = common.connect_natively().await?;
        if set.is_empty() && reset.is_empty() {
            let configs = client.list_configs().await?;
            let row = |config: &crate::client::Config| json!({ "key": config.key, "value": config.value, "source": config.source });
            return print_list(&configs.iter().map(row).collect::<Vec<_>>(), format);
        }
        let changed = set.iter().map(|(key, value)| format!("{key} = {value}"));
        let changed: Vec<String> = changed.chain(reset.iter().map(|key| format!("{key} reset"))).collect();
        client.alter_configs(set, reset).await?;
        common.note(&format!("altered the cluster: {}", changed.join(", ")));
        Ok(())
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Coordinator => "coordinator",
        Role::Tablet => "tablet",
    }
}

fn server(server: &Server) -> Value {
    json!({ "role": role(server.role), "id": server.id, "address": server.address, "rack": server.rack })
}

/// A server, and how soon it answers, or why it does not.
type Asked = (Server, Result<Duration, String>);

async fn status(common: &Common, format: ListFormat) -> Outcome {
    let timeout = common.timeout()?.unwrap_or(PATIENCE);
    let mut options = common.native_options()?;
    options.limit_to(timeout);
    let client = Client::connect(options.clone()).await?;
    let servers = client.list_servers().await?;
    if servers.is_empty() {
        return Err(anyhow::anyhow!("the cluster names no server; it may be starting: try again").into());
    }
    let (asked, held, health) = tokio::join!(ask_all(&servers, &options, timeout), held(&client), health(&client));
    let mut wrong = wrong(&asked);
    // Whatever cannot be told, the rest is.
    let mut known = |what: &str, error: Error| wrong.push(format!("{what} cannot be told: {error}"));
    let held = held.map_err(|error| known("the databases and tables", error)).ok();
    let health = health.map_err(|error| known("the health of the cluster", error)).ok().flatten();
    wrong.extend(health.into_iter().flat_map(unwell));
    let value = json!({
        "servers": asked.iter().map(as_json).collect::<Vec<_>>(),
        "databases": held.map(|(databases, _)| databases), "tables": held.map(|(_, tables)| tables),
        "health": health.map(health_json),
        "wrong": wrong,
    });
    print_one(&value, &as_text(&asked, held, health), format)?;
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.iter().for_each(|text| super::terminal::say(text));
    Err(Failure::Reported)
}

/// Asks each server at its own address; several at once.
async fn ask_all(servers: &[Server], options: &ClientOptions, timeout: Duration) -> Vec<Asked> {
    let ask = async |server: &Server| {
        let mut own = options.clone();
        own.settings.connection.bootstrap = vec![server.address.clone()];
        own.limit_to(timeout);
        let began = Instant::now();
        let answer = Client::connect_asking(own, Request::Cluster(ClusterRequest::Servers)).await;
        let answer = answer.map(|_| began.elapsed()).map_err(|error| error.to_string());
        (server.clone(), answer)
    };
    join_all(servers.iter().map(ask)).await
}

/// How many databases and tables there are.
async fn held(client: &Client) -> Result<(usize, usize), Error> {
    let databases = client.list_databases().await?;
    let tables = join_all(databases.iter().map(|name| client.list_tables(name))).await;
    let tables = tables.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok((databases.len(), tables.iter().map(Vec::len).sum()))
}

/// How the replicas are; `None` where the servers do not tell.
async fn health(client: &Client) -> Result<Option<Health>, Error> {
    match client.show_health().await {
        Ok(health) => Ok(Some(health)),
        Err(Error::Engine(error)) if is_unknown(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a server does not know a request at all.
fn is_unknown(error: &EngineError) -> bool {
    matches!(error.code, ErrorCode::Unsupported(_)) || error.server_code() == Some(ServerErrorCode::UNSUPPORTED_VERSION)
}

/// What is wrong with servers, a sentence each.
fn wrong(asked: &[Asked]) -> Vec<String> {
    let dead = asked.iter().filter_map(|(server, answer)| {
        let error = answer.as_ref().err()?;
        Some(format!("the {} server {} at {} does not answer: {error}", role(server.role), server.id, server.address))
    });
    let tablets = asked.iter().any(|(server, _)| server.role == Role::Tablet);
    let none = (!tablets).then(|| "the cluster names no tablet server: start one".to_owned());
    dead.chain(none).collect()
}

/// What is wrong with replicas, a sentence each.
fn unwell(health: Health) -> Vec<String> {
    let leaderless = health.leaders.saturating_sub(health.active_leaders) as usize;
    let behind = health.replicas.saturating_sub(health.in_sync) as usize;
    let leaderless = (leaderless > 0)
        .then(|| format!("{} without a leader: start the servers that have them", counted(leaderless, "bucket")));
    let behind = (behind > 0)
        .then(|| format!("{} behind: their servers catch up, or are to be started", counted(behind, "replica")));
    leaderless.into_iter().chain(behind).collect()
}

fn as_json((about, answer): &Asked) -> Value {
    let mut value = server(about);
    value["milliseconds"] = answer.as_ref().ok().map(|time| time.as_millis() as u64).into();
    value["error"] = answer.as_ref().err().cloned().into();
    value
}

fn health_json(health: Health) -> Value {
    json!({
        "status": status_name(health.status), "replicas": health.replicas, "in_sync": health.in_sync,
        "leaders": health.leaders, "active_leaders": health.active_leaders,
    })
}

fn status_name(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Green => "green",
        HealthStatus::Yellow => "yellow",
        HealthStatus::Red => "red",
        HealthStatus::Unknown => "unknown",
    }
}

/// The same for people.
fn as_text(asked: &[Asked], held: Option<(usize, usize)>, health: Option<Health>) -> String {
    let widest = asked.iter().map(|(server, _)| width(&escaped(&server.address))).max().unwrap_or(0);
    let line = |(server, answer): &Asked| {
        let (name, address) = (padded(role(server.role), 11, false), padded(&escaped(&server.address), widest, false));
        let answer = match answer {
            Ok(time) => format!("answers in {} ms", time.as_millis()),
            Err(_) => "does not answer".to_owned(),
        };
        let rack = server.rack.as_ref().map(|rack| format!(", rack {}", escaped(rack))).unwrap_or_default();
        format!("{name}  {:>3}  {address}  {answer}{rack}\n", server.id)
    };
    let mut text: String = asked.iter().map(line).collect();
    if let Some((databases, tables)) = held {
        text += &format!("{}, {}\n", counted(databases, "database"), counted(tables, "table"));
    }
    if let Some(health) = health {
        let Health { status, replicas, in_sync, leaders, active_leaders } = health;
        text += &format!(
            "health {}: {active_leaders} of {} led, {in_sync} of {} in sync\n",
            status_name(status),
            counted(leaders as usize, "bucket"),
            counted(replicas as usize, "replica"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let server = |role, id| Server { role, id, address: format!("h:{id}"), rack: None };
        let fine = (server(Role::Coordinator, 0), Ok(Duration::from_millis(3)));
        let dead = (server(Role::Tablet, 2), Err("no server answers".to_owned()));
        assert_eq!(wrong(&[fine.clone(), (server(Role::Tablet, 1), Ok(Duration::ZERO))]), [""; 0]);
        assert_eq!(wrong(std::slice::from_ref(&fine)), ["the cluster names no tablet server: start one"]);
        assert_eq!(wrong(&[fine, dead]), ["the tablet server 2 at h:2 does not answer: no server answers"]);
        let health = |in_sync, active_leaders| Health {
            status: HealthStatus::Yellow,
            replicas: 9,
            in_sync,
            leaders: 3,
            active_leaders,
        };
        assert_eq!(unwell(health(9, 3)), [""; 0]);
        let said = unwell(health(8, 1));
        assert!(
            said.len() == 2 && said[0].starts_with("2 buckets without a leader") && said[1].starts_with("1 replica")
        );
    }
}
