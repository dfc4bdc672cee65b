//! The stock modules in chains; one by one in `cases`.

mod cases;
mod table;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_cast::cast;
use arrow_select::take::take_record_batch;

use super::*;

const TYPES: &str = "id BIGINT NOT NULL, yes BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, \
    n DECIMAL(10, 2), c CHAR(8), x STRING, b BYTES, day DATE, at TIME(3), ts TIMESTAMP(6), tz TIMESTAMP_LTZ(3)";

/// `id` is the row; every other column is a number made of it, null in each seventh row.
fn rows(count: i64) -> RecordBatch {
    let schema = arrow(TYPES);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..count).map(|row| (row % 7 != 3).then_some(row % 50))));
    let texts: ArrayRef = Arc::new(cast(&numbers, &arrow_schema::DataType::Utf8).expect("numbers as texts"));
    let column = |field: &arrow_schema::FieldRef| -> ArrayRef {
        use arrow_schema::DataType::{Binary, Boolean, Date32, Time32, Utf8};
        let from = |array: &ArrayRef| cast(array, field.data_type()).expect("a cast");
        match field.data_type() {
            _ if field.name() == "id" => Arc::new(Int64Array::from_iter_values(0..count)),
            Utf8 | Binary => from(&texts),
            Boolean => from(&cast(&numbers, &arrow_schema::DataType::Int32).expect("a cast")),
            Date32 | Time32(_) => from(&cast(&numbers, &arrow_schema::DataType::Int32).expect("a cast")),
            arrow_schema::DataType::Timestamp(unit, zone) => {
                let bare = cast(&numbers, &arrow_schema::DataType::Timestamp(*unit, None)).expect("a cast");
                match zone {
                    None => bare,
                    Some(_) => Arc::new(bare.as_primitive::<TimestampMillisecondType>().clone().with_timezone("UTC")),
                }
            }
            _ => from(&numbers),
        }
    };
    let columns = schema.fields().iter().map(column).collect();
    RecordBatch::try_new(schema, columns).expect("columns of the schema")
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn a_filter_keeps_rows_by_a_column_of_any_simple_type() {
    let batch = rows(20_000);
    let kept =
        |fits: fn(i64) -> bool| -> Vec<i64> { (0..20_000).filter(|row| row % 7 != 3 && fits(row % 50)).collect() };
    let cases: [(&str, Vec<i64>); 15] = [
        ("yes = true", kept(|value| value != 0)),
        ("t > 30", kept(|value| value > 30)),
        ("s >= 49", kept(|value| value >= 49)),
        ("i < 2", kept(|value| value < 2)),
        ("l != 7", kept(|value| value != 7)),
        ("f > 10.5", kept(|value| value > 10)),
        ("d <= 1e1", kept(|value| value <= 10)),
        ("n = 12.00", kept(|value| value == 12)),
        ("c = '42'", kept(|value| value == 42)),
        ("x = '7' or x = '8'", kept(|value| value == 7 || value == 8)),
        ("b = x'3432'", kept(|value| value == 42)),
        ("day = '1970-01-31'", kept(|value| value == 30)),
        ("at >= '00:00:00.049'", kept(|value| value == 49)),
        ("ts > '1970-01-01'", kept(|value| value > 0)),
        ("tz is not null and i > 100", Vec::new()),
    ];
    for (condition, expected) in cases {
        let chain = load(vec![stock("where", &[&format!("if={condition}")])], TYPES, TYPES).expect(condition);
        let applied = chain.apply(&batch).expect(condition);
        assert_eq!(ids(&applied.batch), expected, "{condition}");
        assert_eq!(filtered(&applied), [20_000 - expected.len() as u64]);
        let origins = applied.origins.expect("some rows are left out");
        let taken = take_record_batch(&batch, &UInt32Array::from(origins)).expect("rows of the batch");
        assert_eq!(applied.batch, taken, "{condition}");
    }
}

#[test]
fn a_map_writes_a_column_of_any_numeric_type_and_moves_the_others() {
    let batch = rows(20_000);
    for column in ["t", "s", "i", "l", "f", "d", "n"] {
        let settings = [format!("column={column}"), "factor=2".to_owned()];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let chain = load(vec![stock("scale", &settings)], TYPES, TYPES).expect(column);
        let applied = chain.apply(&batch).expect(column);
        assert_eq!((filtered(&applied), applied.origins), (vec![0], None));
        for (at, field) in batch.schema().fields().iter().enumerate() {
            let (before, after) = (batch.column(at), applied.batch.column(at));
            if field.name() != column {
                assert_eq!(before, after);
                continue;
            }
            let double = |array: &ArrayRef| cast(array, &arrow_schema::DataType::Float64).expect("a cast");
            let (before, after) = (double(before), double(after));
            let doubled = before.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value * 2.0);
            assert_eq!(&doubled, after.as_primitive::<Float64Type>(), "{column}");
        }
    }
}

#[test]
fn a_chain_filters_maps_and_filters_again() {
    let modules = vec![
        stock("where", &["if=i > 10"]),
        stock("scale", &["column=i", "factor=2"]),
        stock("where", &["if=i < 60 and x != '20'"]),
    ];
    let chain = load(modules, TYPES, TYPES).expect("a chain");
    assert_eq!(chain.names().collect::<Vec<_>>(), ["where", "scale", "where-2"]);
    let batch = rows(30_000).slice(5, 29_000);
    let applied = chain.apply(&batch).expect("it runs");
    let (first, last) = (|row: &i64| row % 7 != 3 && row % 50 > 10, |row: &i64| row % 50 < 30 && row % 50 != 20);
    let passed: Vec<i64> = (5..29_005).filter(first).collect();
    let expected: Vec<i64> = passed.iter().copied().filter(last).collect();
    assert_eq!(ids(&applied.batch), expected);
    assert_eq!(filtered(&applied), [29_000 - passed.len() as u64, 0, (passed.len() - expected.len()) as u64]);
    let origins = applied.origins.expect("some rows are left out");
    assert!(origins.iter().zip(&expected).all(|(&origin, &id)| i64::from(origin) + 5 == id));
    let numbers = applied.batch.column(4).as_primitive::<Int32Type>();
    assert!(numbers.iter().zip(&expected).all(|(value, id)| value.map(i64::from) == Some(id % 50 * 2)));
    let report = chain.report();
    // 8192 rows a call.
    assert_eq!((report[0].calls, report[1].calls), (4, passed.len().div_ceil(8192) as u64));
}

#[test]
fn long_rows_are_cut_into_calls_by_bytes() {
    let schema = arrow("x STRING");
    let long = "a".repeat(1 << 20);
    let texts = StringArray::from_iter_values((0..9).map(|row| format!("{row}{long}")));
    let chain = load(vec![stock("where", &["if=x >= '3'"])], "x STRING", "x STRING").expect("a chain");
    let applied = chain.apply(&RecordBatch::try_new(schema.clone(), vec![Arc::new(texts)]).expect("a batch"));
    assert_eq!(applied.expect("it runs").batch.num_rows(), 6);
    let too_long = StringArray::from(vec!["b".to_owned(), "a".repeat(5 << 20)]);
    let batch = RecordBatch::try_new(schema, vec![Arc::new(too_long)]).expect("a batch");
    assert!(error(chain.apply(&batch)).contains("a row holds 52428"));
}

#[test]
fn an_empty_batch_and_an_empty_chain_pass() {
    let chain = load(vec![stock("where", &["if=i > 10"])], TYPES, TYPES).expect("a chain");
    assert_eq!(chain.apply(&rows(0)).expect("it runs").batch.num_rows(), 0);
    let chain = load(Vec::new(), TYPES, TYPES).expect("a chain");
    assert_eq!(chain.apply(&rows(9)).expect("it runs").batch, rows(9));
}

#[test]
fn a_refused_row_fails_the_batch_and_is_named_as_it_came() {
    let modules = vec![stock("where", &["if=l >= 40"]), stock("scale", &["column=t", "factor=2.7"])];
    let chain = load(modules, TYPES, TYPES).expect("a chain");
    // 48 * 2.7 does not fit in a TINYINT; row 48 is the first with it, row 45 is null.
    let text = error(chain.apply(&rows(60)));
    assert!(text.starts_with("module scale refuses row 48: "), "{text}");
    assert!(chain.apply(&rows(47)).is_ok(), "the chain takes the next batch");
}

#[test]
fn what_does_not_fit_is_refused_before_a_row_runs() {
    let scale = || vec![stock("scale", &["column=i", "factor=2"])];
    let cases = [
        (load(vec![stock("where", &["if=i >"])], TYPES, TYPES), "module where: configuration \"if\""),
        (load(vec![stock("where", &["if=nope > 1"])], TYPES, TYPES), "module where"),
        (load(vec![stock("where", &[])], TYPES, TYPES), "module where"),
        (load(vec![stock("wher", &[])], TYPES, TYPES), "no stock module \"wher\""),
        (
            load(scale(), "i INT", "i BIGINT"),
            "module scale gives column \"i\" INT, but table fluss.t has column \"i\" BIGINT",
        ),
        (load(scale(), "i INT", "i INT NOT NULL"), "has column \"i\" INT NOT NULL"),
        (load(scale(), "i INT, j INT", "i INT, j STRING"), "the input gives column \"j\" INT"),
        (
            load(scale(), "i INT, j INT", "i INT"),
            "the input gives column \"j\" INT, but table fluss.t has no such column",
        ),
        (load(scale(), "i INT", "i INT, j INT"), "module scale gives no column \"j\""),
    ];
    for (result, expected) in cases {
        let text = error(result);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn columns_come_out_in_the_order_of_the_table() {
    let chain = load(vec![stock("where", &["if=i > 0"])], "i INT, x STRING", "x STRING, i INT").expect("a chain");
    let x: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let i: ArrayRef = Arc::new(arrow_array::Int32Array::from(vec![0, 1]));
    let batch = RecordBatch::try_from_iter([("x", x), ("i", i)]).expect("a batch");
    let applied = chain.apply(&batch).expect("it runs");
    assert_eq!(applied.batch.schema(), arrow("x STRING, i INT"));
    assert_eq!(applied.batch.column(0).as_string::<i32>().value(0), "b");
}
