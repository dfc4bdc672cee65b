//! Offsets of buckets, asked of their leaders (ListOffsets, `fluss.md` 3.7).

use thalweg_wire::message::{
    self, ListOffsetsRequest, ListOffsetsResponse, PbListOffsetsRespForBucket, ServerErrorCode,
};

use crate::{
    api::{ConnectionSettings, Error, ErrorCode, Instant, TableHandle},
    backoff::Backoff,
    call::{Body, Call, Failure, Key, Target, passing, server_error},
    chance::Chance,
    cluster::Table,
    order::Orders,
};

/// Which offset of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first that it still has.
    Earliest,
    /// One past the last.
    Latest,
    /// Of the first batch that the server took at this time or later, in milliseconds since 1970-01-01T00:00:00Z; the
    /// latest if there is none yet.
    At(i64),
}

/// Why an answer is of no use.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The server refused for good.
    Refused(Error),
    /// The server broke the protocol.
    Malformed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Due,
    Asked(u64),
    Known(u64),
}

#[derive(Debug)]
struct Want {
    bucket: u32,
    kind: Kind,
    /// `kind`, or `Latest` where no batch is as young as asked.
    asked: Kind,
    state: State,
}

/// Some offsets of one table's buckets, asked until each is known.
#[derive(Debug)]
pub(crate) struct Offsets {
    handle: TableHandle,
    name: String,
    wants: Vec<Want>,
    backoff: Backoff,
    trouble: Option<Error>,
}

impl Offsets {
    /// Nothing asked yet. `name` is the table's, for errors.
    pub(crate) fn new(handle: TableHandle, name: String, wants: impl IntoIterator<Item = (u32, Kind)>) -> Self {
        let want = |(bucket, kind)| Want { bucket, kind, asked: kind, state: State::Due };
        let wants = wants.into_iter().map(want).collect();
        Self { handle, name, wants, backoff: Backoff::default(), trouble: None }
    }

    /// Asks what is not known, one request for each leader and kind; `keys` numbers them.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        table: &Table,
        keys: &mut u64,
        key: impl Fn(u64) -> Key,
        (settings, chance): (&ConnectionSettings, &mut Chance),
        orders: &mut Orders,
    ) {
        if self.backoff.not_before() > now {
            return;
        }
        let mut leaderless = None;
        while let Some(at) = self.wants.iter().position(|want| {
            want.state == State::Due && table.leaders.get(want.bucket as usize).copied().flatten().is_some()
        }) {
            let Some((kind, leader)) = self
                .wants
                .get(at)
                .and_then(|want| Some((want.asked, table.leaders.get(want.bucket as usize).copied().flatten()?)))
            else {
                return;
            };
            *keys += 1;
            let mut bucket_id = Vec::new();
            for want in &mut self.wants {
                let led = table.leaders.get(want.bucket as usize) == Some(&Some(leader));
                if want.state == State::Due && want.asked == kind && led {
                    want.state = State::Asked(*keys);
                    bucket_id.push(want.bucket as i32);
                }
            }
            let request = request(table.info.table_id, kind, bucket_id);
            orders.calls.push(Call::new(key(*keys), Target::Server(leader), request));
        }
        for want in self.wants.iter().filter(|want| want.state == State::Due) {
            leaderless = Some(want.bucket);
        }
        if let Some(bucket) = leaderless {
            let text = format!("bucket {bucket} of {} has no leader", self.name);
            self.again(now, passing(ErrorCode::Unavailable(text)), settings, chance);
            orders.stale.push(self.handle);
        }
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.wants.iter().any(|want| want.state == State::Due).then(|| self.backoff.not_before())
    }

    /// A request ended.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        (settings, chance): (&ConnectionSettings, &mut Chance),
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        let response = match result {
            Ok(body) => message::decode::<ListOffsetsResponse>(body.bytes).map_err(|error| error.to_string()),
            Err(failure) => {
                let error = failure.into_error();
                if !error.retriable {
                    return Err(Wrong::Refused(error));
                }
                self.retry(now, key, error, settings, chance, orders);
                return Ok(());
            }
        };
        let learned = response.and_then(|response| self.learn(key, response));
        match learned {
            Ok(Ok(None)) => {
                self.backoff.succeeded();
                Ok(())
            }
            Ok(Ok(Some(error))) => {
                self.retry(now, key, error, settings, chance, orders);
                Ok(())
            }
            Ok(Err(error)) => Err(Wrong::Refused(error)),
            Err(reason) => {
                let error = passing(ErrorCode::Corrupt(reason.clone()));
                self.retry(now, key, error, settings, chance, orders);
                Err(Wrong::Malformed(format!("in the answer to LIST_OFFSETS: {reason}")))
            }
        }
    }

    /// An offset that is known.
    pub(crate) fn offset(&self, bucket: u32, kind: Kind) -> Option<u64> {
        self.wants.iter().find(|want| want.bucket == bucket && want.kind == kind).and_then(|want| match want.state {
            State::Known(offset) => Some(offset),
            _ => None,
        })
    }

    /// Whether all are known.
    pub(crate) fn is_done(&self) -> bool {
        self.wants.iter().all(|want| matches!(want.state, State::Known(_)))
    }

    /// Why it takes so long, if anything failed.
    pub(crate) fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// Takes the offsets over. Gives an error that another try may mend (inside), or one that it does not, or what is
    /// malformed (outside).
    fn learn(&mut self, key: u64, response: ListOffsetsResponse) -> Result<Result<Option<Error>, Error>, String> {
        let mut passing = None;
        for want in self.wants.iter_mut().filter(|want| want.state == State::Asked(key)) {
            let answer = response.buckets_resp.iter().find(|answer| answer.bucket_id as u32 == want.bucket);
            let answer = answer.ok_or_else(|| format!("bucket {} is missing", want.bucket))?;
            let code = answer.error_code.unwrap_or(0);
            if code == ServerErrorCode::INVALID_TIMESTAMP.code() && matches!(want.asked, Kind::At(_)) {
                // In the future: nothing is as young, so it is behind the last row that is there.
                (want.asked, want.state) = (Kind::Latest, State::Due);
            } else if code != 0 {
                let error = refused(&self.name, answer);
                if !error.retriable {
                    return Ok(Err(error));
                }
                passing = Some(error);
            } else {
                let offset = answer.offset.and_then(|offset| u64::try_from(offset).ok());
                want.state = State::Known(offset.ok_or_else(|| format!("bucket {} has no offset", want.bucket))?);
            }
        }
        Ok(Ok(passing))
    }

    /// What this request asked and did not get is asked again after a while, of whoever leads then.
    fn retry(
        &mut self,
        now: Instant,
        key: u64,
        error: Error,
        settings: &ConnectionSettings,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        for want in self.wants.iter_mut().filter(|want| want.state == State::Asked(key)) {
            want.state = State::Due;
        }
        self.again(now, error, settings, chance);
        orders.stale.push(self.handle);
    }

    fn again(&mut self, now: Instant, error: Error, settings: &ConnectionSettings, chance: &mut Chance) {
        self.backoff.failed(now, settings.backoff, settings.backoff_limit, chance);
        self.trouble = Some(error);
    }
}

fn request(table_id: i64, kind: Kind, bucket_id: Vec<i32>) -> ListOffsetsRequest {
    let (offset_type, start_timestamp) = match kind {
        Kind::Earliest => (0, None),
        Kind::Latest => (1, None),
        Kind::At(timestamp) => (2, Some(timestamp)),
    };
    ListOffsetsRequest {
        follower_server_id: -1,
        offset_type,
        table_id,
        bucket_id,
        start_timestamp,
        ..Default::default()
    }
}

fn refused(name: &str, answer: &PbListOffsetsRespForBucket) -> Error {
    let text = answer.error_message.clone().unwrap_or_default();
    server_error(answer.error_code.unwrap_or(-1), format!("bucket {} of {name}: {text}", answer.bucket_id))
}
