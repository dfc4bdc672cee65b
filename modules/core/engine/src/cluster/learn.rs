//! What metadata answers say.

use std::sync::Arc;

use thalweg_wire::{
    message::{self, GetTableInfoRequest, MetadataResponse, PbTableMetadata},
    table::{TableDescriptor, TablePath},
};

use super::{Cluster, News, Question, Table, partition::Partitions, wire_path};
use crate::{
    backoff::micros,
    call::{Answered, Call, Failure, fatal, passing},
    chance::Chance,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableInfo};

/// More buckets than this a table does not have: the highest limit of a real server (`server-behaviour.md`).
const BUCKET_LIMIT: u32 = 128_000;

impl Cluster {
    /// The answer to a metadata request for these tables.
    pub(super) fn metadata(
        &mut self,
        now: Instant,
        paths: Vec<TablePath>,
        answer: Answered,
        chance: &mut Chance,
        calls: &mut Vec<Call>,
    ) -> Result<(), String> {
        let result = match answer.result {
            Ok(body) => message::decode::<MetadataResponse>(body.bytes)
                .map_err(|error| format!("in the answer to GET_METADATA: {error}")),
            Err(Failure::Refused { code, message }) if !paths.is_empty() => {
                // One table that does not exist fails the answer for all, and not by its name.
                self.trouble = Some(Failure::Refused { code, message }.into_error());
                self.doubt(now, paths, chance, calls);
                return Ok(());
            }
            Err(failure) => {
                self.failed(now, &paths, failure.into_error(), chance);
                return Ok(());
            }
        };
        match result {
            Ok(response) => {
                self.learn(now, paths, response, chance, calls);
                Ok(())
            }
            Err(reason) => {
                let text = format!("{} broke the protocol: {reason}", answer.address);
                self.failed(now, &paths, passing(ErrorCode::Corrupt(text)), chance);
                Err(reason)
            }
        }
    }

    fn learn(
        &mut self,
        now: Instant,
        paths: Vec<TablePath>,
        response: MetadataResponse,
        chance: &mut Chance,
        calls: &mut Vec<Call>,
    ) {
        self.servers.learn(response.coordinator_server.as_ref(), &response.tablet_servers);
        if self.servers.are_known() {
            self.backoff.succeeded();
            self.trouble = None;
        } else {
            let text = "the cluster has no coordinator or no tablet server yet".to_owned();
            self.failed(now, &[], passing(ErrorCode::Unavailable(text)), chance);
        }
        let mut missing = Vec::new();
        for path in paths {
            let wanted = wire_path(&path);
            match response.table_metadata.iter().find(|table| table.table_path == wanted) {
                Some(table) => self.learn_table(now, path, table, chance),
                None => missing.push(path),
            }
        }
        self.doubt(now, missing, chance, calls);
    }

    /// A table whose description cannot be read is refused, and no other suffers from it: it may be of a newer version.
    fn learn_table(&mut self, now: Instant, path: TablePath, metadata: &PbTableMetadata, chance: &mut Chance) {
        let handle = self.entries.get(&path).and_then(|entry| entry.table);
        let known = handle.and_then(|handle| self.tables.get(handle as usize)).map(|table| Arc::clone(&table.info));
        let known = known.as_deref();
        if known.is_some_and(|known| known.table_id != metadata.table_id) {
            let name = format!("{}.{}", path.database, path.table);
            let text = format!("the table {name} was dropped and created anew; open it again");
            self.lose(&path, fatal(ErrorCode::Invalid(text)));
        }
        let same = handle.filter(|_| known.is_some_and(|known| known.table_id == metadata.table_id));
        // One with more columns is opened beside those that have it open: these go on with what they know.
        let handle = match same.filter(|_| known.is_some_and(|known| known.schema_id >= metadata.schema_id)) {
            Some(handle) => handle,
            None => match table_info(&path, metadata) {
                Ok(info) => self.add(info),
                Err(reason) => {
                    let error = fatal(ErrorCode::Corrupt(reason));
                    self.entries.entry(path.clone()).or_default().ask.failed(Some(error.clone()));
                    self.refuse(&path, error);
                    return;
                }
            },
        };
        let entry = self.entries.entry(path).or_default();
        entry.older.extend(same.filter(|before| *before != handle));
        entry.table = Some(handle);
        let mut complete = true;
        for handle in entry.handles() {
            if let Some(table) = self.tables.get_mut(handle as usize) {
                self.servers.lead(&metadata.bucket_metadata, &mut table.leaders);
                complete = table.leaders.iter().all(Option::is_some);
            }
        }
        let later = now.saturating_add(micros(self.settings.metadata_age));
        entry.ask.slow(now, &self.settings, chance);
        entry.ask.settled();
        entry.ask.at_latest(later);
        if !complete {
            // A table made a moment ago has no leaders for a while.
            entry.ask.want(now);
        }
        for (ticket, _) in entry.waiting.drain(..) {
            self.news.push(News::Opened(ticket, Ok(handle)));
        }
        self.news.extend(entry.handles().map(News::Leaders));
    }

    fn add(&mut self, info: TableInfo) -> u32 {
        let buckets = info.descriptor.bucket_count.unwrap_or(1) as usize;
        self.tables.push(Table {
            info: Arc::new(info),
            leaders: vec![None; buckets],
            gone: None,
            partitions: Partitions::default(),
        });
        (self.tables.len() - 1) as u32
    }

    /// A request failed: these tables, and the servers, are asked for again after a while.
    pub(super) fn failed(&mut self, now: Instant, paths: &[TablePath], error: Error, chance: &mut Chance) {
        let due = self.backoff.failed(now, self.settings.backoff, self.settings.backoff_limit, chance);
        if !self.servers.are_known() {
            self.servers_due = Some(due);
        }
        for path in paths {
            let entry = self.entries.entry(path.clone()).or_default();
            entry.ask.slow(now, &self.settings, chance);
            entry.ask.failed(Some(error.clone()));
        }
        self.trouble = Some(error);
    }

    /// Asks for each of these tables whether the server has it.
    fn doubt(&mut self, now: Instant, paths: Vec<TablePath>, chance: &mut Chance, calls: &mut Vec<Call>) {
        for path in paths {
            self.entries.entry(path.clone()).or_default().ask.slow(now, &self.settings, chance);
            let request = GetTableInfoRequest { table_path: wire_path(&path) };
            calls.push(self.question(Question::Existence(path), request));
        }
    }
}

fn table_info(path: &TablePath, metadata: &PbTableMetadata) -> Result<TableInfo, String> {
    let name = format!("{}.{}", path.database, path.table);
    let descriptor = TableDescriptor::from_json(&metadata.table_json)
        .map_err(|error| format!("the description of the table {name} cannot be read: {error}"))?;
    match descriptor.bucket_count {
        Some(1..=BUCKET_LIMIT) => {}
        Some(count) => return Err(format!("the table {name} cannot have {count} buckets")),
        None => return Err(format!("the description of the table {name} has no bucket count")),
    }
    Ok(TableInfo {
        path: path.clone(),
        table_id: metadata.table_id,
        schema_id: metadata.schema_id,
        descriptor,
        created: metadata.created_time,
        modified: metadata.modified_time,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use thalweg_wire::message::PbServerNode;
    use thalweg_wire::table::Schema;

    use super::*;
    use crate::{call::Body, call::Key};
    use thalweg_contract::Settings;

    #[test]
    fn a_table_that_cannot_be_read_harms_no_other() {
        let mut chance = Chance::new(1);
        let mut cluster = Cluster::new(0, &Settings::new(vec!["h:1".into()]).connection);
        let path = |table: &str| TablePath { database: "d".into(), table: table.into() };
        for (ticket, name) in ["broken", "sound"].into_iter().enumerate() {
            cluster.open(0, path(name), ticket as u64);
        }
        let mut calls = Vec::new();
        cluster.tick(0, &mut calls);
        let [Call { key: Key::Cluster(key), .. }] = calls[..] else { panic!("one call: {calls:?}") };
        let mut descriptor = TableDescriptor::new(Schema::parse_sql("n BIGINT").expect("a column"));
        descriptor.bucket_count = Some(1);
        let table = |name: &str, json: String| PbTableMetadata {
            table_path: wire_path(&path(name)),
            table_id: 1,
            schema_id: 1,
            table_json: json.into_bytes().into(),
            ..Default::default()
        };
        let server = PbServerNode { node_id: 0, host: "h".into(), port: 1, ..Default::default() };
        let response = MetadataResponse {
            coordinator_server: Some(server.clone()),
            tablet_servers: vec![server],
            table_metadata: vec![table("broken", "{}".into()), table("sound", descriptor.to_json())],
            ..Default::default()
        };
        let frame = thalweg_wire::frame::encode_response(0, &response).expect("it is short");
        let bytes = Bytes::from(frame).slice(9..);
        let result = Ok(Body { length: bytes.len(), bytes: bytes.clone(), frame: bytes, buffer: 1 });
        let answer = Answered { key: Key::Cluster(key), result, address: "h:1".into() };
        let answered = cluster.answered(0, key, answer, &mut chance, &mut Vec::new());
        assert_eq!(answered, Ok(()), "the connection is to be kept");
        let news = cluster.take_news();
        assert!(matches!(&news[0], News::Opened(0, Err(Error { code: ErrorCode::Corrupt(_), retriable: false }))));
        assert!(matches!(&news[1], News::Opened(1, Ok(_))), "{news:?}");
    }
}
