//! Any text and any rows, as CSV: read, or refused.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_column_comes_back_also_alone(seed in any::<[u8; 32]>(), rows in 0..12_usize) {
        let mut rng = chance(&seed);
        for sql in FLAT {
            let rows = batch(&schema(&[sql]), rows, &mut rng);
            prop_assert_eq!(there_and_back(&rows, b','), rows, "{}", sql);
        }
    }

    /// The crate csv-core finds the same records, where it has a word for them.
    #[test]
    fn any_text_is_split_as_others_do_or_refused(text in "[ab\", \r\n]{0,40}") {
        let mut columns = 0;
        let expected: Vec<Vec<String>> = reference(&text).into_iter().inspect(|record| columns = columns.max(record.len())).collect();
        let mut stream = Stream::new(Box::new(std::io::Cursor::new(text.clone())), "a".into(), b',');
        let mut found = Vec::new();
        let ended = loop {
            match stream.next(Limits { records: 2, follow: false }) {
                Ok(records) if records.len() == 0 => break true,
                Ok(records) => found.extend((0..records.len()).map(|record| {
                    (0..records.width()).map(|column| records.cell(record, column).0.to_owned()).collect::<Vec<_>>()
                })),
                Err(_) => break false,
            }
        };
        if ended {
            prop_assert_eq!(found, expected);
        } else {
            let ragged = expected.windows(2).any(|two| two[0].len() != two[1].len());
            prop_assert!(ragged || text.contains('"'), "{:?} is refused", text);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[1a\",\r\né-]{0,30}") {
        for bytes in [bytes, text.into_bytes()] {
            let (_folder, input) = file("a.csv", &bytes);
            let inferred = infer_schema(&input, &InferOptions::default());
            let table = inferred.map_or_else(|_| schema(&["STRING", "INT"]), |inferred| inferred.schema.into());
            let read = reader(&input, Format::Csv, table, ReadOptions::default());
            let _ = read.map(|rows| rows.map(|rows| rows.map(|rows| rows.batch.num_rows())).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_like_takes_append_takes(text in any_csv(), header in any::<bool>(), batch_rows in 1..9_usize) {
        let (_folder, input) = file("a.csv", text.as_bytes());
        let csv = CsvOptions { header, null: Some("NA".into()), ..CsvOptions::default() };
        let inferred = infer_schema(&input, &InferOptions { csv: csv.clone(), ..InferOptions::default() });
        if let Ok(inferred) = inferred {
            let table = std::sync::Arc::new(inferred.schema);
            let read = reader(&input, Format::Csv, table, ReadOptions { batch_rows, ..with(csv) });
            for rows in read.map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))? {
                rows.map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
            }
        }
    }
}

/// Texts of a few columns, each mostly of one kind.
fn any_csv() -> impl Strategy<Value = String> {
    const CELLS: &[&[&str]] = &[
        &["1", "-7", "9223372036854775808", "99999999999999999999", "100000000000000000000", " 3 ", "-0", "0"],
        &["1.5", "1e3", "-.5", "5.", "nan", "-Infinity", "1e400", "123456789012345678901234567890.5", "+1", "007"],
        &["true", "FALSE", "t", "1"],
        &["2020-01-31", "0000-01-01", "9999-12-31", "2020-02-30", "2020-1-1"],
        &[
            "2020-01-31T12:30",
            "2020-01-31 12:30:00.123456789",
            "9999-12-31T00:00:00",
            "2020-01-31 1:00:00",
            "2020-01-01",
        ],
        &["2020-01-31T12:30Z", "2020-01-31 12:30:00+02:00", "1500-01-01T00:00:00.1234567-01", "2020-01-01 00:00 UTC"],
        &["12:30", "12:30:59.5", "23:59:59.1234567891", "24:00:00", "1:30", "12:30:00 PM", "12:00:00.0000000000"],
        &["a", "\"a\nb\"", "\"x\"\"y\"", "é", "NA", "\"NA\"", "\"1\"", "\"2020-01-01\"", " "],
    ];
    let number = "[0-9]{1,45}".prop_map(|digits| digits);
    let cell = move |kind: usize| {
        prop_oneof![
            8 => proptest::sample::select(CELLS[kind]).prop_map(str::to_owned),
            1 => Just(String::new()),
            1 => Just("\"\"".to_owned()),
            (kind == 0) as u32 => number.clone(),
        ]
    };
    let column = move |rows: usize| {
        (0..CELLS.len()).prop_flat_map({
            let cell = cell.clone();
            move |kind| proptest::collection::vec(cell(kind), rows)
        })
    };
    (1..4_usize, 0..8_usize).prop_flat_map(move |(columns, rows)| {
        proptest::collection::vec(column(rows), columns).prop_map(move |columns| {
            let names = ["x", "", "\"z\""];
            let mut lines = vec![names[..columns.len()].join(",")];
            lines.extend(
                (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect::<Vec<_>>().join(",")),
            );
            lines.join("\r\n")
        })
    })
}

/// Records by csv-core.
fn reference(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv_core::Reader::new();
    let (mut out, mut ends) = ([0; 256], [0; 64]);
    let (mut input, mut records) = (text.as_bytes(), Vec::new());
    loop {
        let (mut length, mut count) = (0, 0);
        loop {
            let (result, read, written, cells) = reader.read_record(input, &mut out[length..], &mut ends[count..]);
            input = &input[read..];
            (length, count) = (length + written, count + cells);
            match result {
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return records,
                _ => {}
            }
        }
        let starts = std::iter::once(0).chain(ends[..count].iter().copied());
        let cells =
            starts.zip(&ends[..count]).map(|(start, end)| String::from_utf8_lossy(&out[start..*end]).into_owned());
        records.push(cells.collect());
    }
}
