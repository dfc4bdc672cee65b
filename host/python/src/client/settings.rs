//! How a session connects, from dicts.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyDict};
use thalweg::client::{
    Acks, Assignment, ClientOptions, ConnectionSettings, EngineKind, Login, LookupSettings, ScanSettings, Settings,
    WriteSettings,
};

use crate::call::seconds;
use crate::error::Failure;

/// The settings for these servers, with what the dicts name: groups by name, and settings in them by name.
pub(super) fn options(
    servers: Vec<String>,
    engine: &str,
    groups: &Bound<'_, PyDict>,
) -> Result<ClientOptions, Failure> {
    let mut options = ClientOptions::new(servers);
    options.engine = match engine {
        "component" => EngineKind::Component,
        "native" => EngineKind::Native,
        other => return Err(Failure::Invalid(format!("engine {other:?} must be \"component\" or \"native\""))),
    };
    let Settings { connection, write, scan, lookup } = &mut options.settings;
    for (group, given) in groups.iter() {
        let group: String = group.extract()?;
        if given.is_none() {
            continue;
        }
        let given =
            given.cast::<PyDict>().map_err(|_| Failure::Invalid(format!("{group} must be a dict of settings")))?;
        if group == "login" {
            (connection.login, options.insecure_login) = login(given)?;
            continue;
        }
        for (name, value) in given.iter() {
            let name: String = name.extract()?;
            let known = match group.as_str() {
                "connection" => set_connection(connection, &name, &value),
                "write" => set_write(write, &name, &value),
                "scan" => set_scan(scan, &name, &value),
                "lookup" => set_lookup(lookup, &name, &value),
                _ => Ok(false),
            };
            let known = known.map_err(|error| Failure::Invalid(format!("the setting {group}[{name:?}]: {error}")))?;
            if !known {
                return Err(Failure::Invalid(format!("there is no setting {group}[{name:?}]")));
            }
        }
    }
    Ok(options)
}

/// Who logs in, and whether the password may go beyond this machine in clear text.
fn login(given: &Bound<'_, PyDict>) -> Result<(Option<Login>, bool), Failure> {
    let (mut user, mut password, mut insecure) = (None, None, false);
    for (name, value) in given.iter() {
        match name.extract::<String>()?.as_str() {
            "user" => user = Some(value.extract::<String>()?),
            "password" => password = Some(value.extract::<String>()?),
            "insecure" => insecure = value.extract()?,
            other => return Err(Failure::Invalid(format!("there is no setting login[{other:?}]"))),
        }
    }
    let (Some(user), Some(password)) = (user, password) else {
        return Err(Failure::Invalid("login must have \"user\" and \"password\"".into()));
    };
    let login = Login::new(user, password).map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok((Some(login), insecure))
}

/// A number of seconds, or a `timedelta`.
fn time(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    if value.cast::<PyDelta>().is_ok() {
        return value.extract();
    }
    Ok(seconds(value.extract()?)?)
}

fn set_connection(settings: &mut ConnectionSettings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "connect_timeout" => settings.connect_timeout = time(value)?,
        "request_timeout" => settings.request_timeout = time(value)?,
        "backoff" => settings.backoff = time(value)?,
        "backoff_limit" => settings.backoff_limit = time(value)?,
        "frame_limit" => settings.frame_limit = value.extract()?,
        "metadata_age" => settings.metadata_age = time(value)?,
        "command_timeout" => settings.command_timeout = time(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_write(settings: &mut WriteSettings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "buffer_limit" => settings.buffer_limit = value.extract()?,
        "batch_bytes" => settings.batch_bytes = value.extract()?,
        "batch_rows" => settings.batch_rows = value.extract()?,
        "linger" => settings.linger = time(value)?,
        "request_bytes" => settings.request_bytes = value.extract()?,
        "in_flight" => settings.in_flight = value.extract()?,
        "idempotent" => settings.idempotent = value.extract()?,
        "acks" => {
            settings.acks = match value.extract::<String>()?.as_str() {
                "all" => Acks::All,
                "leader" => Acks::Leader,
                "none" => Acks::None,
                other => {
                    return Err(Failure::Invalid(format!("{other:?} must be \"all\", \"leader\" or \"none\"")).into());
                }
            }
        }
        "delivery_timeout" => settings.delivery_timeout = time(value)?,
        "assignment" => {
            settings.assignment = match value.extract::<String>()?.as_str() {
                "sticky" => Assignment::Sticky,
                "round-robin" => Assignment::RoundRobin,
                other => {
                    return Err(Failure::Invalid(format!("{other:?} must be \"sticky\" or \"round-robin\"")).into());
                }
            }
        }
        "create_partitions" => settings.create_partitions = value.extract()?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_scan(settings: &mut ScanSettings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "fetch_bytes" => settings.fetch_bytes = value.extract()?,
        "bucket_bytes" => settings.bucket_bytes = value.extract()?,
        "min_bytes" => settings.min_bytes = value.extract()?,
        "max_wait" => settings.max_wait = time(value)?,
        "batch_limit" => settings.batch_limit = value.extract()?,
        "partition_interval" => settings.partition_interval = time(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_lookup(settings: &mut LookupSettings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "request_keys" => settings.request_keys = value.extract()?,
        "in_flight" => settings.in_flight = value.extract()?,
        "misplaced" => settings.misplaced = value.extract()?,
        _ => return Ok(false),
    }
    Ok(true)
}
