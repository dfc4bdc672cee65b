//! ROW columns as parameters, at any depth, and nested columns that are put together from their children.
#![allow(missing_docs, reason = "the modules here are tests")]

use thalweg_module::testing::Rows;
use thalweg_module::{
    Answer, AnyOutput, Batch, Bitmap, Context, Description, Error, Input, Module, Output, Plan, Selection,
};

mod functions {
    use thalweg_module::{Array, List, Record, Row, filter, map};

    #[filter]
    pub(crate) fn named(place: Row<'_, (f64, String, Vec<u8>)>) -> bool {
        let (latitude, name, code) = place.fields();
        latitude == Some(47.5) && name == Some("Seattle") && code == Some(&[0xff][..])
    }

    /// Sums over rows within arrays, which hold arrays.
    #[map(column = total)]
    pub(crate) fn total(orders: List<'_, Record<(i32, Array<i64>)>>) -> i64 {
        let order = |order: Row<'_, (i32, Array<i64>)>| {
            let (count, prices) = order.fields();
            i64::from(count.unwrap_or(0)) * prices.map_or(0, |prices| prices.iter().flatten().sum())
        };
        orders.iter().flatten().map(order).sum()
    }

    #[map(column = inner)]
    pub(crate) fn inner(outer: Option<Row<'_, (Record<(Count,)>, i8)>>) -> Option<i32> {
        outer?.fields().0?.fields().0
    }

    type Count = i32;
}

#[test]
fn rows_are_parameters() {
    let schema = "place ROW<latitude DOUBLE, name STRING, code BINARY(1)>";
    let rows = Rows::json(
        schema,
        r#"
            {"place": {"latitude": 47.5, "name": "Seattle", "code": "ff"}}
            {"place": {"latitude": 47.5, "name": "Seattle"}}
            {"place": null}
        "#,
    );
    assert_eq!(rows.run::<functions::Named>("{}").unwrap().kept(), [0]);
    for other in ["place ROW<latitude DOUBLE, name STRING>", "place ROW<a DOUBLE, b STRING, c INT>", "place DOUBLE"] {
        let error = Rows::json(other, "").run::<functions::Named>("{}").unwrap_err().to_string();
        let found = other.trim_start_matches("place ");
        assert_eq!(error, format!("column `place` is {found}, but ROW<DOUBLE, STRING, BYTES> is expected"));
    }
}

#[test]
fn rows_are_nested_at_will() {
    let rows = Rows::json(
        "orders ARRAY<ROW<count INT, prices ARRAY<BIGINT>>>, outer ROW<r ROW<n INT>, t TINYINT>",
        r#"
            {"orders": [{"count": 2, "prices": [1, null, 3]}, null, {"count": 1, "prices": [10]}], "outer": {"r": {"n": 7}}}
            {"orders": [{"count": 2}], "outer": {"r": null}}
            {}
        "#,
    );
    let totals = rows.run::<functions::Total>("{}").unwrap();
    assert_eq!(totals.values::<i64>("total").unwrap(), [Some(18), Some(0), None]);
    let inner = rows.run::<functions::Inner>("{}").unwrap();
    assert_eq!(inner.values::<i32>("inner").unwrap(), [Some(7), None, None]);
}

/// Splits `text` into MAP<STRING, ROW<n INT, letters ARRAY<STRING>>>: its words, with their lengths and letters.
struct Split {
    text: Input<str>,
    words: AnyOutput,
    word: Output<str>,
    about: AnyOutput,
    length: Output<i32>,
    letters: AnyOutput,
    letter: Output<str>,
}

impl Module for Split {
    fn describe() -> Description {
        Description::new("splits texts")
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let mut plan = Plan::new(context.input());
        let text = plan.read("text")?;
        let words = plan.write_any("words", "MAP<STRING, ROW<n INT, letters ARRAY<STRING>>>".parse()?)?;
        let (word, about) = words.entries()?;
        let fields = about.fields()?;
        let (length, letters) = (fields[0].typed()?, fields[1].clone());
        let letter = letters.element()?.typed()?;
        assert!(words.element().is_err() && letters.entries().is_err() && words.typed::<i32>().is_err());
        Ok((Self { text, words, word: word.typed()?, about, length, letters, letter }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let texts = batch.column(self.text)?;
        let (mut words, mut lengths) = (self.word.builder(0), self.length.builder(0));
        let (mut offsets, mut letter_offsets, mut letters) = (vec![0], vec![0], self.letter.builder(0));
        let unfit = |unfit: thalweg_module::Unfit| Error::other(unfit.to_string());
        for text in texts.iter() {
            for word in text.into_iter().flat_map(str::split_whitespace) {
                words.push(word).map_err(unfit)?;
                lengths.push(word.len() as i32).map_err(unfit)?;
                for (at, _) in word.char_indices() {
                    letters.push(&word[at..=at]).map_err(unfit)?;
                }
                letter_offsets.push(letters.len() as i32);
            }
            offsets.push(words.len() as i32);
        }
        assert!(self.letters.array(vec![1, 0], None, self.letter.builder(0).finish()).is_err());
        let letters = self.letters.array(letter_offsets, None, letters.finish())?;
        let about = self.about.row(None, [lengths.finish(), letters])?;
        let present = Bitmap::from_fn(batch.rows(), |row| !texts.is_null(row));
        let written = self.words.map(offsets, Some(present), words.finish(), about)?;
        Ok(Answer::replaced(Selection::All, [written]))
    }
}

#[test]
fn nested_columns_are_put_together() {
    let outcome = Rows::new().column("text", [Some("ab c"), None, Some("")]).run::<Split>("{}").unwrap();
    let expected = [
        r#"{"text":"ab c","words":{"ab":{"n":2,"letters":["a","b"]},"c":{"n":1,"letters":["c"]}}}"#,
        r#"{"text":null,"words":null}"#,
        r#"{"text":"","words":{}}"#,
    ];
    assert_eq!(outcome.json(), expected);
}
