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
        is 1 if one does not answer, or if buckets are without a leader.")]
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
    let options = common.native_options()?;
    let timeout = common.timeout()?.unwrap_or(PATIENCE);
    let client = Client::connect(options.clone()).await?;
    let servers = client.list_servers().await?;
    if servers.is_empty() {
        return Err(anyhow::anyhow!("the cluster names no server; it may be starting: try again").into());
    }
    let (asked, held, health) = tokio::join!(ask_all(&servers, &options, timeout), held(&client), health(&client));
    let (held, health) = (held?, health?);
    let dead = asked.iter().filter(|(_, answer)| answer.is_err()).count();
    let wrong = wrong(&asked, health);
    let value = json!({
        "servers": asked.iter().map(as_json).collect::<Vec<_>>(),
        "databases": held.0, "tables": held.1,
        "health": health.map(health_json),
        "wrong": wrong,
    });
    print_one(&value, &as_text(&asked, held, health), format)?;
    if dead > 0 || !wrong.is_empty() {
        wrong.iter().for_each(|text| super::terminal::say(text));
        return Err(Failure::Reported);
    }
    Ok(())
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
async fn held(client: &Client) -> anyhow::Result<(usize, usize)> {
    let databases = client.list_databases().await?;
    let tables = join_all(databases.iter().map(|name| client.list_tables(name))).await;
    let tables = tables.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok((databases.len(), tables.iter().map(Vec::len).sum()))
}

/// How the replicas are; `None` where the servers do not tell.
async fn health(client: &Client) -> anyhow::Result<Option<Health>> {
    match client.show_health().await {
        Ok(health) => Ok(Some(health)),
        Err(Error::Engine(error)) if is_unknown(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a server does not know a request at all.
fn is_unknown(error: &EngineError) -> bool {
    matches!(error.code, ErrorCode::Unsupported(_)) || error.server_code() == Some(ServerErrorCode::UNSUPPORTED_VERSION)
}

/// What is wrong, a sentence each.
fn wrong(asked: &[Asked], health: Option<Health>) -> Vec<String> {
    let dead = asked.iter().filter_map(|(server, answer)| {
        let error = answer.as_ref().err()?;
        Some(format!("the {} server {} at {} does not answer: {error}", role(server.role), server.id, server.address))
    });
    let leaderless = health.and_then(|health| {
        let missing = health.leaders.saturating_sub(health.active_leaders);
        (missing > 0).then(|| {
            format!("{} without a leader: start the servers that have them", counted(missing as usize, "bucket"))
        })
    });
    dead.chain(leaderless).collect()
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
fn as_text(asked: &[Asked], (databases, tables): (usize, usize), health: Option<Health>) -> String {
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
    text += &format!("{}, {}\n", counted(databases, "database"), counted(tables, "table"));
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
