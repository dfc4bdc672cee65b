//! The cluster as a whole, which is this node: its settings, its health, where its buckets lie.

use thalweg_wire::message::{
    AlterClusterConfigsRequest, AlterClusterConfigsResponse, CancelRebalanceRequest, CancelRebalanceResponse,
    DescribeClusterConfigsRequest, DescribeClusterConfigsResponse, GetClusterHealthRequest, GetClusterHealthResponse,
    ListRebalanceProgressRequest, ListRebalanceProgressResponse, PbDescribeConfig, RebalanceRequest, RebalanceResponse,
    ServerErrorCode,
};

use crate::failure::Failure;
use crate::handlers::service::Service;

/// Every bucket has its leader and all its replicas.
const GREEN: i32 = 0;

/// The settings of the node that Fluss has under these names too.
pub(crate) fn configs(
    service: &Service,
    _: DescribeClusterConfigsRequest,
) -> Result<DescribeClusterConfigsResponse, Failure> {
    let limits = &service.limits;
    let known = [
        ("advertised.listeners", format!("CLIENT://{}:{}", service.host, service.port)),
        ("default.bucket.number", "1".to_owned()),
        ("default.replication.factor", "1".to_owned()),
        ("log.segment.file-size", format!("{}b", limits.segment_bytes)),
        ("max.bucket.num", limits.buckets.to_string()),
        ("max.partition.num", limits.partitions.to_string()),
        ("netty.server.max-queued-requests", limits.requests_per_connection.to_string()),
    ];
    let entry = |(key, value): (&str, String)| PbDescribeConfig {
        config_key: key.to_owned(),
        config_value: Some(value),
        config_source: "INITIAL_SERVER_CONFIG".to_owned(),
    };
    Ok(DescribeClusterConfigsResponse { configs: known.into_iter().map(entry).collect() })
}

/// Nothing can be set while the node runs.
pub(crate) fn alter_configs(
    _: &Service,
    request: AlterClusterConfigsRequest,
) -> Result<AlterClusterConfigsResponse, Failure> {
    match request.alter_configs.first() {
        None => Ok(AlterClusterConfigsResponse {}),
        Some(first) => {
            let text = format!("The config key {} is not allowed to be changed dynamically.", first.config_key);
            Err(Failure::new(ServerErrorCode::CONFIG, text))
        }
    }
}

/// How many buckets there are: each has one replica, which leads it.
pub(crate) fn health(service: &Service, _: GetClusterHealthRequest) -> Result<GetClusterHealthResponse, Failure> {
    let buckets = i32::try_from(service.catalog.state().buckets()).unwrap_or(i32::MAX);
    Ok(GetClusterHealthResponse {
        num_replicas: buckets,
        in_sync_replicas: buckets,
        num_leader_replicas: buckets,
        active_leader_replicas: buckets,
        status: GREEN,
    })
}

/// There is no other server to move buckets to.
pub(crate) fn rebalance(_: &Service, _: RebalanceRequest) -> Result<RebalanceResponse, Failure> {
    let text = "Buckets cannot be rebalanced: this node is the only server that there is.";
    Err(Failure::new(ServerErrorCode::REBALANCE_FAILURE, text))
}

/// Nothing is being rebalanced, nor ever was.
pub(crate) fn rebalance_progress(
    _: &Service,
    _: ListRebalanceProgressRequest,
) -> Result<ListRebalanceProgressResponse, Failure> {
    Ok(ListRebalanceProgressResponse::default())
}

/// Nothing is being rebalanced, nor ever was.
pub(crate) fn cancel_rebalance(_: &Service, _: CancelRebalanceRequest) -> Result<CancelRebalanceResponse, Failure> {
    Ok(CancelRebalanceResponse {})
}
