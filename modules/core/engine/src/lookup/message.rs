//! Requests to look keys up, and their answers, as messages (`fluss.md` 2.4).

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use thalweg_wire::message::{
    self, LookupRequest, LookupResponse, PbLookupReqForBucket, PbPrefixLookupReqForBucket, PbValue, PbValueList,
    PrefixLookupRequest, PrefixLookupResponse,
};

use super::{
    open::{Kind, Open, Run},
    server::{Asked, place},
};
use crate::{
    backoff::micros,
    call::{Call, Key, Target},
};
use thalweg_contract::Ticket;

/// All replicas are to have a row that is made.
const ALL_REPLICAS: i32 = -1;

/// What an answer says of one bucket.
#[derive(Debug)]
pub(super) struct BucketAnswer {
    partition: Option<i64>,
    bucket: i32,
    /// 0: none.
    pub(super) code: i32,
    /// The server's text; may be empty.
    pub(super) message: String,
    /// What was found.
    pub(super) values: Values,
}

/// What was found for each key, in order.
#[derive(Debug)]
pub(super) enum Values {
    /// A row or none.
    One(Vec<PbValue>),
    /// Any number of rows.
    Many(Vec<PbValueList>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::One(values) => values.len(),
            Self::Many(lists) => lists.len(),
        }
    }

    /// The rows of a key.
    pub(super) fn of(&self, at: usize) -> &[Bytes] {
        match self {
            Self::One(values) => values.get(at).map_or(&[], |value| value.values.as_slice()),
            Self::Many(lists) => lists.get(at).map_or(&[], |list| &list.values),
        }
    }
}

/// The call of a request.
pub(super) fn call(
    key: u64,
    asked: &Asked,
    table_id: i64,
    open: &BTreeMap<Ticket, Open>,
    request_timeout: Duration,
) -> Call {
    let keys = |runs: &[Run]| -> Vec<Bytes> {
        let found = runs.iter().filter_map(|run| Some((open.get(&run.ticket)?, run)));
        let keys = found.flat_map(|(open, run)| {
            let order = open.order.get(run.from as usize..run.to as usize).unwrap_or_default();
            order.iter().map(|at| open.keys.key(*at))
        });
        keys.collect()
    };
    let places = asked.buckets().filter_map(|runs| Some((place(runs.first()?), keys(runs))));
    let (key, to) = (Key::Lookup(key), Target::Server(asked.server));
    if asked.kind == Kind::Prefix {
        let buckets_req = places.map(|((partition_id, bucket), keys)| PbPrefixLookupReqForBucket {
            partition_id,
            bucket_id: bucket as i32,
            keys,
            ..Default::default()
        });
        return Call::new(key, to, PrefixLookupRequest { table_id, buckets_req: buckets_req.collect() });
    }
    let buckets_req = places.map(|((partition_id, bucket), keys)| PbLookupReqForBucket {
        partition_id,
        bucket_id: bucket as i32,
        keys,
        ..Default::default()
    });
    let mut request = LookupRequest { table_id, buckets_req: buckets_req.collect(), ..Default::default() };
    if asked.kind == Kind::Insert {
        let milliseconds = micros(request_timeout) / 1000;
        request.insert_if_not_exists = Some(true);
        request.acks = Some(ALL_REPLICAS);
        request.timeout_ms = Some(i32::try_from(milliseconds).unwrap_or(i32::MAX));
    }
    Call::new(key, to, request)
}

/// What an answer says of each bucket that was asked, in the order of `Asked::buckets`. Fails with what is wrong: a
/// bucket that is missing, was not asked, or has not one value for each key.
pub(super) fn answers(asked: &Asked, body: Bytes) -> Result<Vec<BucketAnswer>, String> {
    let places: Vec<(Option<i64>, i32)> =
        asked.buckets().filter_map(|runs| runs.first()).map(|run| (run.partition_id, run.bucket as i32)).collect();
    let mut answers: Vec<Option<BucketAnswer>> = places.iter().map(|_| None).collect();
    for said in decode(asked.kind, body).map_err(|error| error.to_string())? {
        let at = places.binary_search(&(said.partition, said.bucket));
        match at.ok().and_then(|at| answers.get_mut(at)) {
            Some(answer @ None) => *answer = Some(said),
            Some(Some(_)) => return Err(format!("bucket {} is there twice", said.bucket)),
            None => return Err(format!("bucket {} was not asked for", said.bucket)),
        }
    }
    let whole = answers.into_iter().zip(asked.buckets()).map(|(said, runs)| {
        let bucket = runs.first().map_or(0, |run| run.bucket);
        let said = said.ok_or_else(|| format!("bucket {bucket} is missing"))?;
        let keys: usize = runs.iter().map(|run| (run.to - run.from) as usize).sum();
        match said.values.len() {
            values if said.code == 0 && values != keys => {
                Err(format!("bucket {bucket} has {values} values for {keys} keys"))
            }
            _ => Ok(said),
        }
    });
    whole.collect()
}

fn decode(kind: Kind, body: Bytes) -> Result<Vec<BucketAnswer>, message::DecodeError> {
    if kind == Kind::Prefix {
        let response = message::decode::<PrefixLookupResponse>(body)?;
        let said = response.buckets_resp.into_iter().map(|answer| BucketAnswer {
            partition: answer.partition_id,
            bucket: answer.bucket_id,
            code: answer.error_code.unwrap_or(0),
            message: answer.error_message.unwrap_or_default(),
            values: Values::Many(answer.value_lists),
        });
        return Ok(said.collect());
    }
    let response = message::decode::<LookupResponse>(body)?;
    let said = response.buckets_resp.into_iter().map(|answer| BucketAnswer {
        partition: answer.partition_id,
        bucket: answer.bucket_id,
        code: answer.error_code.unwrap_or(0),
        message: answer.error_message.unwrap_or_default(),
        values: Values::One(answer.values),
    });
    Ok(said.collect())
}
