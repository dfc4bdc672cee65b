//! Rows of files and pipes for a command: the options that say how they are written down, and the thread that reads them.

use arrow_schema::SchemaRef;
use clap::Args;
use tokio::sync::mpsc;

use crate::cli::terminal::CsvFlags;
use crate::formats::{Format, FormatError, Input, ReadOptions, Rounding, Rows, broken, reader};

/// Options of every command that reads rows.
#[derive(Debug, Clone, Args)]
pub(super) struct InputOptions {
    /// How rows are written down [default: by the file's suffix; standard input is JSON]
    #[arg(long)]
    pub(super) format: Option<Format>,
    #[command(flatten)]
    pub(super) csv: CsvFlags,
    /// Round values that a column cannot hold exactly, instead of refusing their row
    #[arg(long)]
    round: bool,
}

impl InputOptions {
    /// How rows are read, so many in a batch.
    pub(super) fn read_options(&self, batch_rows: usize) -> ReadOptions {
        let rounding = if self.round { Rounding::Nearest } else { Rounding::Refuse };
        ReadOptions { batch_rows, rounding, csv: self.csv.options(), ..ReadOptions::default() }
    }
}

/// Reads the inputs one after the other on a thread of its own, a few batches ahead; only the last is followed. Whatever
/// ends the reading before the inputs do, a panic of a reader included, comes out as an error.
pub(super) fn start(
    inputs: Vec<(Input, Format)>,
    schema: SchemaRef,
    options: ReadOptions,
) -> mpsc::Receiver<Result<Rows, FormatError>> {
    on_a_thread(move |sender| {
        let last = inputs.len().saturating_sub(1);
        for (place, (input, format)) in inputs.into_iter().enumerate() {
            let options = ReadOptions { follow: options.follow && place == last, ..options.clone() };
            if read(&input, format, &schema, options, sender) {
                return;
            }
        }
    })
}

/// Runs what reads rows; a panic of it is the last that comes out, an error.
fn on_a_thread(
    read: impl FnOnce(&mpsc::Sender<Result<Rows, FormatError>>) + Send + 'static,
) -> mpsc::Receiver<Result<Rows, FormatError>> {
    let (sender, receiver) = mpsc::channel(2);
    let last_word = sender.clone();
    let reading = tokio::task::spawn_blocking(move || read(&sender));
    tokio::spawn(async move {
        if reading.await.is_err() {
            let _ = last_word.send(Err(broken("the input"))).await;
        }
    });
    receiver
}

/// Reads one input; whether reading ends with it.
fn read(
    input: &Input,
    format: Format,
    schema: &SchemaRef,
    options: ReadOptions,
    sender: &mpsc::Sender<Result<Rows, FormatError>>,
) -> bool {
    let rows = match reader(input, format, schema.clone(), options) {
        Ok(rows) => rows,
        Err(error) => {
            let _ = sender.blocking_send(Err(error));
            return true;
        }
    };
    for batch in rows {
        let failed = batch.is_err();
        if sender.blocking_send(batch).is_err() || failed {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_panics_does_not_end_the_rows_in_order() {
        let mut rows = on_a_thread(|_| panic!("of a test"));
        let error = rows.recv().await.expect("an error, not the end").expect_err("it panicked").to_string();
        assert!(error.contains("broke down"), "{error}");
        assert!(rows.recv().await.is_none());
        assert!(on_a_thread(|_| ()).recv().await.is_none());
    }
}
