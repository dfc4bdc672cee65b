//! Which settings make sense.

use std::time::Duration;

use crate::call::fatal;
use thalweg_contract::{Acks, Error, ErrorCode, Settings};

/// Fails on a setting out of its range.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    let (connection, write, scan, lookup) = (&settings.connection, &settings.write, &settings.scan, &settings.lookup);
    let has_port = |address: &String| {
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        matches!(port, Some(Ok(1..)))
    };
    if let Some(address) = connection.bootstrap.iter().find(|address| !has_port(address)) {
        return Err(invalid(format!("`{address}` is no server address; write it as host:port")));
    }
    let positive = [
        ("connect_timeout", connection.connect_timeout),
        ("request_timeout", connection.request_timeout),
        ("backoff", connection.backoff),
        ("backoff_limit", connection.backoff_limit),
        ("metadata_age", connection.metadata_age),
        ("command_timeout", connection.command_timeout),
        ("delivery_timeout", write.delivery_timeout),
        ("partition_interval", scan.partition_interval),
    ];
    if let Some((name, _)) = positive.iter().find(|(_, duration)| *duration < Duration::from_micros(1)) {
        return Err(invalid(format!("the setting `{name}` must be longer than zero")));
    }
    let rules = [
        ("bootstrap", !connection.bootstrap.is_empty(), "must name at least one server"),
        ("frame_limit", connection.frame_limit >= 1024, "must be at least 1024 bytes"),
        ("buffer_limit", write.buffer_limit > 0, "must be more than zero"),
        ("batch_bytes", write.batch_bytes > 0, "must be more than zero"),
        ("batch_rows", (1..=131_072).contains(&write.batch_rows), "must be 1 to 131072"),
        ("request_bytes", (1024..=100 << 20).contains(&write.request_bytes), "must be 1 KiB to 100 MiB"),
        ("in_flight", (1..=5).contains(&write.in_flight), "must be 1 to 5"),
        ("idempotent", !write.idempotent || write.acks == Acks::All, "needs the acknowledgement of all replicas"),
        ("fetch_bytes", (1..=i32::MAX as u32).contains(&scan.fetch_bytes), "must be 1 byte to 2 GiB"),
        ("bucket_bytes", (1..=i32::MAX as u32).contains(&scan.bucket_bytes), "must be 1 byte to 2 GiB"),
        ("min_bytes", scan.min_bytes <= i32::MAX as u32, "must be at most 2 GiB"),
        ("request_keys", (1..=65_536).contains(&lookup.request_keys), "must be 1 to 65536"),
        ("lookup.in_flight", (1..=1024).contains(&lookup.in_flight), "must be 1 to 1024"),
        ("batch_limit", (1..=i32::MAX as u32).contains(&scan.batch_limit), "must be 1 byte to 2 GiB"),
    ];
    match rules.iter().find(|(_, holds, _)| !holds) {
        Some((name, _, rule)) => Err(invalid(format!("the setting `{name}` {rule}"))),
        None => Ok(()),
    }
}

fn invalid(text: String) -> Error {
    fatal(ErrorCode::Invalid(text))
}
