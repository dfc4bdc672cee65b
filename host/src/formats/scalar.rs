//! Texts as values of a column's type, for every format of text: CSV cells, JSON scalars, keys on a command line.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::Field;

use super::Rounding;

/// Why a text is no value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The first text at fault, counted from 0.
    pub(crate) at: usize,
    /// Why: names the type as SQL does and shows the text, shortened.
    pub(crate) reason: String,
}

/// The column that texts are, one a row; `None` is null. Whether a null may stand in the column is not asked here.
pub(crate) fn column<'a>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>> + Clone,
    field: &Field,
    _rounding: Rounding,
) -> Result<ArrayRef, Misfit> {
    const STRICT: CastOptions<'static> =
        CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };
    let cast = |texts: StringArray| {
        let texts: ArrayRef = Arc::new(texts);
        cast_with_options(&texts, field.data_type(), &STRICT).map_err(|error| error.to_string())
    };
    cast(texts.clone().collect()).map_err(|_| {
        let mut wrong = texts
            .enumerate()
            .filter_map(|(at, text)| cast(StringArray::from(vec![text])).err().map(|reason| Misfit { at, reason }));
        wrong.next().unwrap_or(Misfit { at: 0, reason: "no value".into() })
    })
}
