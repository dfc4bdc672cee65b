//! Answers about partitions: their metadata, and lists of them.

use std::collections::HashMap;

use thalweg_wire::{
    message::{
        self, ListPartitionInfosResponse, MetadataResponse, PbPartitionInfo, PbPartitionMetadata, ServerErrorCode,
    },
    table::partition_name,
};

use super::{Cluster, partition::Which};
use crate::{
    call::{Answered, Call, Failure, fatal, passing},
    chance::Chance,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

impl Cluster {
    /// The answer to a metadata request for these partitions. One that does not exist fails the answer for all
    /// (`server-behaviour.md`), so that each is then asked for alone.
    pub(super) fn portions(
        &mut self,
        now: Instant,
        asked: Vec<(TableHandle, Which)>,
        answer: Answered,
        chance: &mut Chance,
        calls: &mut Vec<Call>,
    ) -> Result<(), String> {
        let absent = ServerErrorCode::PARTITION_NOT_EXISTS.code();
        match answer.result {
            Ok(body) => match message::decode::<MetadataResponse>(body.bytes) {
                Ok(response) => self.learn_portions(now, asked, &response, chance, calls),
                Err(error) => {
                    let reason = format!("in the answer to GET_METADATA for partitions: {error}");
                    let text = format!("{} broke the protocol: {reason}", answer.address);
                    self.portions_failed(now, &asked, &passing(ErrorCode::Corrupt(text)), chance);
                    return Err(reason);
                }
            },
            Err(Failure::Refused { code, message }) if asked.len() == 1 && code == absent => {
                let error = Failure::Refused { code, message }.into_error();
                self.portions_missing(now, &asked, &error, chance);
            }
            Err(Failure::Refused { .. }) if asked.len() > 1 => self.ask_each(asked, calls),
            Err(Failure::Refused { code, message }) => {
                // The table itself may be gone, or of another number.
                for (handle, _) in &asked {
                    self.refresh(now, *handle);
                }
                self.portions_failed(now, &asked, &Failure::Refused { code, message }.into_error(), chance);
            }
            Err(failure) => self.portions_failed(now, &asked, &failure.into_error(), chance),
        }
        Ok(())
    }

    /// The answer to the question which partitions there are.
    pub(super) fn listed(
        &mut self,
        now: Instant,
        handle: TableHandle,
        answer: Answered,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let asked = [(handle, Which::All)];
        let response = match answer.result.map(|body| message::decode::<ListPartitionInfosResponse>(body.bytes)) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let reason = format!("in the answer to LIST_PARTITION_INFOS: {error}");
                let text = format!("{} broke the protocol: {reason}", answer.address);
                self.portions_failed(now, &asked, &passing(ErrorCode::Corrupt(text)), chance);
                return Err(reason);
            }
            Err(failure) => {
                if matches!(failure, Failure::Refused { .. }) {
                    self.refresh(now, handle);
                }
                self.portions_failed(now, &asked, &failure.into_error(), chance);
                return Ok(());
            }
        };
        // Each list is asked for on purpose, so that the next is not slowed down.
        self.asks.entry((handle, Which::All)).or_default().settled();
        let Ok(table) = self.table(handle) else {
            self.tell_portion(handle, &Which::All);
            return Ok(());
        };
        let keys = table.info.descriptor.partition_keys.clone();
        let listed = response.partitions_info.into_iter().map(|info| (name_of(&keys, &info), info.partition_id));
        let listed = listed.collect();
        let gone = self.partitions_of(handle).map(|partitions| partitions.list(listed)).unwrap_or_default();
        for id in gone {
            self.lose_portion(handle, &Which::Id(id), &dropped());
        }
        self.tell_portion(handle, &Which::All);
        Ok(())
    }

    fn learn_portions(
        &mut self,
        now: Instant,
        asked: Vec<(TableHandle, Which)>,
        response: &MetadataResponse,
        chance: &mut Chance,
        calls: &mut Vec<Call>,
    ) {
        self.servers.learn(response.coordinator_server.as_ref(), &response.tablet_servers);
        let found = &response.partition_metadata;
        let by_name: HashMap<_, _> = found.iter().map(|at| ((at.table_id, at.partition_name.clone()), at)).collect();
        let by_id: HashMap<_, _> = found.iter().map(|at| ((at.table_id, at.partition_id), at)).collect();
        let mut left_out = Vec::new();
        for (handle, which) in asked {
            let Some(table_id) = self.table(handle).ok().map(|table| table.info.table_id) else {
                self.tell_portion(handle, &which);
                continue;
            };
            let metadata = match &which {
                Which::Name(name) => by_name.get(&(table_id, name.clone())),
                Which::Id(id) => by_id.get(&(table_id, *id)),
                Which::All => None,
            };
            match metadata.copied() {
                Some(metadata) => self.learn_portion(now, (handle, which), metadata, chance),
                None => left_out.push((handle, which)),
            }
        }
        // A server that knows the table under another number, or leaves out what it does not know.
        for (handle, _) in &left_out {
            self.refresh(now, *handle);
        }
        if left_out.len() == 1 {
            let text = "the server does not say anything of this partition".to_owned();
            self.portions_failed(now, &left_out, &passing(ErrorCode::Unavailable(text)), chance);
        } else if !left_out.is_empty() {
            self.ask_each(left_out, calls);
        }
    }

    fn learn_portion(
        &mut self,
        now: Instant,
        asked: (TableHandle, Which),
        metadata: &PbPartitionMetadata,
        chance: &mut Chance,
    ) {
        let handle = asked.0;
        let Some(table) = self.tables.get_mut(handle as usize) else { return };
        let (before, leaders) =
            table.partitions.add(&metadata.partition_name, metadata.partition_id, table.leaders.len());
        self.servers.lead(&metadata.bucket_metadata, leaders);
        let complete = leaders.iter().all(Option::is_some);
        if let Some(before) = before {
            self.lose_portion(handle, &Which::Id(before), &dropped());
        }
        self.portion_settled(now, asked.clone(), chance);
        if !complete {
            // A partition made a moment ago has no leaders for a while.
            self.asks.entry(asked.clone()).or_default().want(now);
        }
        self.tell_portion(handle, &Which::Name(metadata.partition_name.clone()));
        if let Which::Id(_) = asked.1 {
            self.tell_portion(handle, &asked.1);
        }
    }

    /// An answer told everything.
    fn portion_settled(&mut self, now: Instant, asked: (TableHandle, Which), chance: &mut Chance) {
        let ask = self.asks.entry(asked).or_default();
        ask.slow(now, &self.settings, chance);
        ask.settled();
    }

    fn portions_missing(&mut self, now: Instant, asked: &[(TableHandle, Which)], error: &Error, chance: &mut Chance) {
        for (handle, which) in asked {
            self.portion_settled(now, (*handle, which.clone()), chance);
            self.lose_portion(*handle, which, error);
        }
    }

    /// A request failed: these are asked for again after a while, if their tables are still there.
    fn portions_failed(&mut self, now: Instant, asked: &[(TableHandle, Which)], error: &Error, chance: &mut Chance) {
        for (handle, which) in asked {
            if self.table(*handle).is_err() {
                self.asks.remove(&(*handle, which.clone()));
                self.tell_portion(*handle, which);
                continue;
            }
            let ask = self.asks.entry((*handle, which.clone())).or_default();
            ask.slow(now, &self.settings, chance);
            ask.failed(Some(error.clone()));
        }
        self.trouble = Some(error.clone());
    }

    fn ask_each(&mut self, asked: Vec<(TableHandle, Which)>, calls: &mut Vec<Call>) {
        for one in asked {
            self.ask_portions(vec![one], calls);
        }
    }
}

/// The name of a listed partition.
fn name_of(keys: &[String], info: &PbPartitionInfo) -> String {
    let pairs = &info.partition_spec.partition_key_values;
    let value = |key: &String| pairs.iter().find(|pair| pair.key == *key).map_or("", |pair| pair.value.as_str());
    partition_name(keys.iter().map(value))
}

fn dropped() -> Error {
    fatal(ErrorCode::Invalid("the partition was dropped, and perhaps created anew under another number".into()))
}
