//! The task behind a row writer: sends what is gathered, in time, and keeps what became of it.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    super::writer::Writer,
    gathered::{Gathered, Gathering},
    writer::RowsWritten,
};
use crate::{client::Outcome, formats::JsonRows};

/// How many appends may be under way.
const UNDER_WAY: usize = 64;

/// What sends the rows of a row writer.
pub(super) struct Sender {
    pub(super) writer: Writer,
    pub(super) table: JsonRows,
    pub(super) gathering: Arc<Gathering>,
    pub(super) interval: Duration,
}

/// The numbers of the rows of an append, and its outcome.
pub(super) type Appended = (Vec<u64>, Outcome);

impl Sender {
    /// Sends rows until nobody is left who could ask what became of them; each message asks for that.
    pub(super) async fn run(mut self, asked: &mut mpsc::UnboundedReceiver<oneshot::Sender<RowsWritten>>) {
        let mut written = RowsWritten::default();
        let mut under_way = FuturesUnordered::new();
        loop {
            let may_send = under_way.len() < UNDER_WAY;
            let due = self.gathering.since().and_then(|since| since.checked_add(self.interval));
            let reply = tokio::select! {
                Some(appended) = under_way.next() => { written.settle(appended); continue }
                () = self.gathering.something.notified(), if may_send => None,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if may_send && due.is_some() => None,
                reply = asked.recv() => Some(reply),
            };
            let all = reply.is_some();
            let before = Instant::now().checked_sub(self.interval);
            while let Some(gathered) = self.gathering.take(before, all) {
                under_way.extend(self.append(gathered, &mut written).await);
                if under_way.len() >= UNDER_WAY
                    && let Some(appended) = under_way.next().await
                {
                    written.settle(appended);
                }
            }
            match reply {
                None => {}
                Some(Some(reply)) => {
                    let _ = self.writer.client().flush().await;
                    while let Some(appended) = under_way.next().await {
                        written.settle(appended);
                    }
                    let _ = reply.send(written.clone());
                }
                Some(None) => {
                    while under_way.next().await.is_some() {}
                    return;
                }
            }
        }
    }

    /// Appends these rows; those that do not fit fail.
    async fn append(
        &mut self,
        gathered: Gathered,
        written: &mut RowsWritten,
    ) -> Option<impl Future<Output = Appended> + use<>> {
        written.rows += gathered.rows() as u64;
        let (first, rows) = (gathered.first(), gathered.rows() as u64);
        let finished = gathered.finish(&mut self.table, |number, problem| written.fail(number, problem));
        let (batch, numbers) = match finished {
            Ok(finished) => finished,
            Err(problem) => {
                (first..first + rows).for_each(|number| written.fail(number, &problem));
                return None;
            }
        };
        if batch.num_rows() == 0 {
            return None;
        }
        match self.writer.write(batch).await {
            Ok(pending) => Some(async move { (numbers, pending.await) }),
            Err(error) => {
                let cause = error.to_string();
                numbers.iter().for_each(|number| written.fail(*number, &cause));
                None
            }
        }
    }
}
