//! Answers to the fetches of one scan.

use thalweg_wire::message::{self, PbFetchLogRespForBucket};

use crate::scan::{
    Shared,
    log::fetch,
    log::portion::largest_batch,
    log::{Asked, Reader},
    source::Source,
};
use crate::{
    backoff::micros,
    call::{Body, Failure, passing},
    chance::Chance,
    offsets::Wrong,
    order::Orders,
    rows::MissingSchema,
};
use thalweg_contract::{Bucket, Buffers, Error, ErrorCode, Instant, ServerErrorCode};

impl Reader {
    /// A request ended.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        (result, frames): (Result<Body, Failure>, &mut dyn Buffers),
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        let Some(asked) = self.asked.remove(&key) else {
            return self.places.answered(now, key, result, shared, chance, orders);
        };
        for bucket in &asked.buckets {
            if let Some(cursor) = self.cursors.get_mut(*bucket) {
                cursor.asked = None;
            }
        }
        let body = match result {
            Ok(body) => body,
            Err(failure) => {
                let mut error = failure.into_error();
                error.retriable |= error.server_code() == Some(ServerErrorCode::UNKNOWN_SERVER_ERROR);
                if !error.retriable {
                    return Err(Wrong::Refused(error));
                }
                self.failed(now, &asked.buckets, &error, shared, chance, orders);
                return Ok(());
            }
        };
        let mut source = Source::new(&body, frames);
        let answers =
            fetch::decode(&body, &mut source).and_then(|response| fetch::answers(&self.plan, &asked.buckets, response));
        match answers {
            Ok(answers) => answers
                .iter()
                .try_for_each(|(bucket, answer)| {
                    self.fetched(now, *bucket, answer, (&mut source, &asked), shared, chance, orders)
                })
                .map_err(Wrong::Refused),
            Err(reason) => {
                let error = passing(ErrorCode::Corrupt(format!("the answer to a fetch: {reason}")));
                self.failed(now, &asked.buckets, &error, shared, chance, orders);
                Err(Wrong::Malformed(format!("in the answer to FETCH_LOG: {reason}")))
            }
        }
    }

    /// What an answer has for one bucket.
    #[expect(clippy::too_many_arguments, reason = "what a stage needs, and what an answer has")]
    fn fetched(
        &mut self,
        now: Instant,
        bucket: Bucket,
        answer: &PbFetchLogRespForBucket,
        (source, asked): (&mut Source<'_>, &Asked),
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Error> {
        let Some(cursor) = self.cursors.get_mut(bucket) else { return Ok(()) };
        if asked.projected && fetch::cannot_project(answer) {
            // It has rows from before a column was added: all columns are read, and what they lack is null.
            self.plan.projection = None;
            return Ok(());
        }
        if let Some(error) = fetch::refused(&self.plan, cursor, answer) {
            if !error.retriable {
                return Err(error);
            }
            self.failed(now, &[bucket], &error, shared, chance, orders);
            return Ok(());
        }
        let records = message::records_place(answer).unwrap_or_default();
        let (batch_limit, frame_limit) = (shared.settings.scan.batch_limit, shared.settings.connection.frame_limit);
        let cut = fetch::cut(&self.plan, cursor, records, (source, asked.projected), batch_limit)?;
        if let Err(lean) = cursor.took(&cut, asked, answer.high_watermark, largest_batch(frame_limit)) {
            let error = fetch::lean(&self.plan, cursor, lean);
            if !error.retriable {
                return Err(error);
            }
            self.failed(now, &[bucket], &error, shared, chance, orders);
            return Ok(());
        }
        cursor.trouble = None;
        cursor.backoff.succeeded();
        if let Some(schema) = cut.missing_schema {
            let text = format!("schema {schema} of {} could not be had within the command timeout", self.plan.name);
            let deadline = now.saturating_add(micros(shared.settings.connection.command_timeout));
            cursor.trouble = Some((passing(ErrorCode::TimedOut(text)), deadline));
            cursor.missing_schema = Some(MissingSchema::of(schema));
        }
        for (chunk, work) in cut.chunks {
            self.queued = self.queued.saturating_add(chunk.cost);
            shared.queue(self.ticket, source.buffer, cursor, chunk, work, orders);
        }
        Ok(())
    }
}
