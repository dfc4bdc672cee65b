//! The options of CSV.

use clap::Args;

use crate::formats::CsvOptions;

/// Options of CSV.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct CsvFlags {
    /// What stands between the values of CSV [default: a tab for .tsv, else a comma]
    #[arg(long, value_name = "C", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// A CSV cell of this text, without quotes, is null, as an empty one is
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// The first record of CSV is a row: the columns stand in the table's order
    #[arg(long)]
    no_header: bool,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err("it must be one ASCII character, and neither a quote nor an end of line; \\t is a tab".into()),
    }
}

impl CsvFlags {
    /// What they say to the reader.
    pub(in crate::cli) fn options(&self) -> CsvOptions {
        CsvOptions { delimiter: self.delimiter, null: self.null.clone(), header: !self.no_header }
    }
}
