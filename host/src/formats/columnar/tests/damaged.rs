//! Files that are damaged, cut off, or claim what is not in them: refused in a sentence, without room for what they claim.

use super::*;

#[test]
fn any_byte_may_be_wrong_and_any_end_missing() {
    let plain = IpcWriteOptions::default;
    let packed = |how| plain().try_with_compression(Some(how)).expect("known");
    let cases = [
        (stream(&rows(), plain()), Format::Arrow),
        (stream(&rows(), packed(CompressionType::ZSTD)), Format::Arrow),
        (stream(&rows(), packed(CompressionType::LZ4_FRAME)), Format::Arrow),
        (file(&rows()), Format::Arrow),
        (stream(&odd_rows(), plain()), Format::Arrow),
        (parquet_bytes(&rows(), Compression::SNAPPY), Format::Parquet),
        (parquet_bytes(&rows(), Compression::UNCOMPRESSED), Format::Parquet),
    ];
    let mut refused = 0_usize;
    for (whole, format) in cases {
        let all = read(&whole, format, ReadOptions::default()).expect("nothing is wrong");
        assert_eq!(all[0].num_rows(), 300);
        for at in (0..whole.len()).step_by(9) {
            let mut bytes = whole.clone();
            bytes[at] ^= [0xff, 0x80, 0x01, 0x40][at / 9 % 4];
            match read(&bytes, format, ReadOptions::default()) {
                // Whatever was read can be used: neither fitting nor writing it breaks down.
                Ok(batches) => {
                    for batch in batches {
                        let fitted = table_of(&batch).and_then(|table| fit(&batch, &table).ok());
                        let _ = fitted.map(|fitted| (flatten(&fitted), crate::formats::json_lines(&fitted)));
                    }
                }
                Err(_) => refused += 1,
            }
        }
        for length in (0..whole.len()).step_by(7) {
            let cut = read(&whole[..length], format, ReadOptions::default());
            // A stream may end behind any message.
            let rows: usize = cut.iter().flatten().map(RecordBatch::num_rows).sum();
            assert!(cut.is_err() || [0, 300].contains(&rows), "{length} of {}: {cut:?}", whole.len());
        }
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn lengths_are_checked_before_anything_is_decoded() {
    let length = |bytes: &[u8], old: i64| {
        let old = old.to_le_bytes();
        bytes.windows(8).position(|eight| eight == old).expect("the length of the ids, uncompressed")
    };
    for how in [CompressionType::ZSTD, CompressionType::LZ4_FRAME] {
        let options = IpcWriteOptions::default().try_with_compression(Some(how)).expect("known");
        let mut bytes = stream(&rows(), options);
        let at = length(&bytes, 300 * 8);
        bytes[at..at + 8].copy_from_slice(&5_700_000_000_i64.to_le_bytes());
        let error = read(&bytes, Format::Arrow, ReadOptions::default()).expect_err("5.7 GB").to_string();
        assert!(error.contains("row 1: it is damaged") && error.contains("cannot become 5700000000"), "{error}");
    }
    // A column of nulls alone takes no bytes, whatever its length.
    let nulls = RecordBatch::try_from_iter_with_nullable([("n", Arc::new(NullArray::new(77_777)) as ArrayRef, true)]);
    let mut bytes = stream(&nulls.expect("a column"), IpcWriteOptions::default());
    while let Some(at) = bytes.windows(8).position(|eight| eight == 77_777_i64.to_le_bytes()) {
        bytes[at..at + 8].copy_from_slice(&(1_i64 << 40).to_le_bytes());
    }
    let error = read(&bytes, Format::Arrow, ReadOptions::default()).expect_err("2^40 rows").to_string();
    assert!(error.contains("cannot lie in 0 bytes"), "{error}");
}

#[test]
fn lengths_as_differences_are_counted_before_there_is_room_for_them() {
    for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = WriterProperties::builder()
                .set_writer_version(version)
                .set_dictionary_enabled(false)
                .set_encoding(encoding)
                .build();
            let names = RecordBatch::try_from_iter([("name", Arc::clone(rows().column(1)))]).expect("a column");
            let mut bytes = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut bytes, names.schema(), Some(properties)).expect("a column");
            writer.write(&names).expect("written");
            writer.close().expect("whole");
            let whole = read(&bytes, Format::Parquet, ReadOptions::default()).expect("nothing is wrong");
            assert_eq!(whole[0], names);
            // Blocks of 128 numbers, 4 parts, 257 numbers: the names that are not null.
            let head = [0x80, 0x01, 0x04, 0x81, 0x02];
            let at = bytes.windows(5).position(|five| five == head).expect("the head of the lengths");
            // Two million numbers in blocks of 32.
            bytes[at..at + 5].copy_from_slice(&[0x20, 0x01, 0xff, 0xff, 0x7f]);
            let error = read(&bytes, Format::Parquet, ReadOptions::default()).expect_err("too many");
            assert!(error.contains("more lengths than values"), "{error}");
        }
    }
}

#[test]
fn the_other_byte_order_is_refused_in_a_sentence() {
    let mut builder = FlatBufferBuilder::new();
    let fields = builder.create_vector::<flatbuffers::WIPOffset<arrow_ipc::Field<'_>>>(&[]);
    let mut schema = SchemaBuilder::new(&mut builder);
    schema.add_endianness(Endianness::Big);
    schema.add_fields(fields);
    let schema = schema.finish();
    let mut message = MessageBuilder::new(&mut builder);
    message.add_version(MetadataVersion::V5);
    message.add_header_type(MessageHeader::Schema);
    message.add_header(schema.as_union_value());
    let message = message.finish();
    builder.finish(message, None);
    let head = builder.finished_data();
    let length = i32::try_from(head.len()).expect("short").to_le_bytes();
    let bytes = [&[0xff; 4], &length[..], head, &[0; 8]].concat();
    for error in [
        read(&bytes, Format::Arrow, ReadOptions::default()).map(drop).expect_err("big-endian"),
        columns(&bytes, Format::Arrow).map(drop).expect_err("big-endian"),
    ] {
        assert!(error.contains("byte order of a big-endian machine"), "{error}");
    }
}

#[test]
fn what_is_not_the_format_is_said_to_be_none() {
    for (bytes, problem) in
        [(&b"FEA1 and more"[..], "Feather of version 1"), (b"", "is empty"), (b"id,name\n1,a\n", "")]
    {
        let error = columns(bytes, Format::Arrow).expect_err("no Arrow");
        assert!(error.contains("no Arrow file that can be read") && error.contains(problem), "{error}");
    }
    for (bytes, problem) in
        [(&b"PAR1aaaa\x04\0\0\0PARE"[..], "encrypted"), (b"PAR1", "cut off"), (b"id,name\n1,a\n", "")]
    {
        let error = columns(bytes, Format::Parquet).expect_err("no Parquet");
        assert!(error.contains("no Parquet file that can be read") && error.contains(problem), "{error}");
    }
}

#[test]
fn values_out_of_their_type_s_range_are_refused() {
    let decimals = |values: Vec<i128>| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(4, 2).expect("a precision"))
    };
    let (large, item) =
        (decimals(vec![1, 9_999, 10_000]), Arc::new(Field::new("item", DataType::Decimal128(4, 2), true)));
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([3]);
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::clone(&large), None));
    let times: ArrayRef = Arc::new(Time32SecondArray::from(vec![86_399, 86_400]));
    let before: ArrayRef = Arc::new(Time64NanosecondArray::from(vec![-1]));
    for array in [large, list, times, before] {
        let rows = RecordBatch::try_from_iter([("price", array)]).expect("a column");
        let error = read(&file(&rows), Format::Arrow, ReadOptions::default()).expect_err("it is out of range");
        assert!(error.contains("row 1") && error.contains("column \"price\" has a decimal of more digits"), "{error}");
    }
    let last: ArrayRef = Arc::new(Time32SecondArray::from(vec![Some(0), Some(86_399), None]));
    let rows = RecordBatch::try_from_iter([("price", last)]).expect("a column");
    read(&file(&rows), Format::Arrow, ReadOptions::default()).expect("times of a day");
}
