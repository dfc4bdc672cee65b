//! Batches as arrow-rs reads and writes them: what we write it reads, what it writes we check.

mod common;

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, UInt32Array};
use arrow_buffer::Buffer;
use common::read::{LIMIT, layout, read};
use common::{Random, borrow, every_type, random_batch, schema};
use proptest::prelude::*;
use thalweg_wire::record::{
    BatchContent, BatchHead, ChangeType, CheckedMessage, ColumnsBuilder, Compression, LogBatch, NO_WRITER, Node,
    RecordError, encode_message, project,
};
use thalweg_wire::table::{ColumnType, DataType};

/// What encode work gives: `wit/client/codec.wit`. Every third buffer is stored as it is.
fn body_of(buffers: &[Vec<u8>], compression: Compression) -> (Vec<u8>, Vec<u32>) {
    let mut body = Vec::new();
    let lengths = buffers.iter().enumerate().map(|(at, buffer)| {
        let (prefix, stored) = match compression {
            Compression::None => (None, buffer.clone()),
            _ if buffer.is_empty() => (None, Vec::new()),
            _ if at % 3 == 0 => (Some(-1i64), buffer.clone()),
            Compression::Zstd => (Some(buffer.len() as i64), zstd::bulk::compress(buffer, 1).expect("memory")),
            Compression::Lz4Frame => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                std::io::Write::write_all(&mut encoder, buffer).expect("memory");
                (Some(buffer.len() as i64), encoder.finish().expect("memory"))
            }
        };
        let from = body.len();
        body.extend(prefix.map(i64::to_le_bytes).unwrap_or_default().iter().take(if prefix.is_some() { 8 } else { 0 }));
        body.extend(stored);
        let length = body.len() - from;
        body.resize(body.len().next_multiple_of(8), 0);
        length as u32
    });
    let lengths = lengths.collect();
    (body, lengths)
}

/// A whole batch.
fn batch_of(rows: u32, nodes: &[Node], buffers: &[Vec<u8>], compression: Compression) -> Vec<u8> {
    let (body, lengths) = body_of(buffers, compression);
    let message = encode_message(rows, nodes, &lengths, compression);
    assert_eq!(message.len() % 8, 0);
    let content = BatchContent {
        schema_id: 1,
        writer: NO_WRITER,
        records: rows,
        changes: None,
        message: &message,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    [BatchHead::encode(&content).expect("a short batch").bytes(), &body].concat()
}

/// Random rows, taken in ranges and picks: as the builder has them, and as arrow-rs has them.
fn gathered(types: &[ColumnType], seed: u64) -> (u32, Vec<Node>, Vec<Vec<u8>>, RecordBatch) {
    let (schema, layout, mut random) = (schema(types), layout(types), Random(seed));
    let mut builder = ColumnsBuilder::new(layout.clone());
    let mut expected = vec![RecordBatch::new_empty(schema.clone())];
    for _ in 0..random.below(5) {
        let rows = random.below(40);
        let batch = random_batch(&schema, rows, &mut random);
        layout.check(&borrow(&batch)).expect("rows that fit");
        let first = random.below(rows + 1);
        let count = random.below(rows - first + 1);
        builder.append_range(&borrow(&batch), first, count).expect("rows that are there");
        expected.push(batch.slice(first, count));
        let picked: Vec<u32> =
            if rows == 0 { vec![] } else { (0..random.below(30)).map(|_| random.below(rows) as u32).collect() };
        builder.append_rows(&borrow(&batch), &picked).expect("rows that are there");
        expected.push(arrow_select::take::take_record_batch(&batch, &UInt32Array::from(picked)).expect("rows"));
    }
    let expected = arrow_select::concat::concat_batches(&schema, &expected).expect("batches of one schema");
    let (rows, bytes) = (builder.rows(), builder.bytes());
    let (nodes, buffers) = builder.finish();
    assert_eq!((rows, bytes), (expected.num_rows(), buffers.iter().map(Vec::len).sum()));
    assert_eq!((builder.rows(), nodes.len(), buffers.len()), (0, layout.fields().len(), layout.buffer_count()));
    (rows as u32, nodes, buffers, expected)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arrow_reads_every_type_as_it_was_gathered(seed: u64) {
        let types = every_type();
        let (schema, layout) = (schema(&types), layout(&types));
        let (rows, nodes, buffers, expected) = gathered(&types, seed);
        for compression in [Compression::None, Compression::Lz4Frame, Compression::Zstd] {
            let bytes = batch_of(rows, &nodes, &buffers, compression);
            prop_assert!(LogBatch::parse(&bytes).unwrap().checksum_is_right());
            prop_assert_eq!(&read(&bytes, &layout, &schema).unwrap(), &expected);
        }
    }

    #[test]
    fn a_projected_batch_has_the_chosen_columns(seed: u64, chosen in proptest::sample::subsequence((0..58).collect::<Vec<usize>>(), 1..20)) {
        let types = every_type();
        let (rows, nodes, buffers, expected) = gathered(&types, seed);
        let expected = expected.project(&chosen).unwrap();
        let of_chosen: Vec<ColumnType> = chosen.iter().map(|&at| types[at].clone()).collect();
        for compression in [Compression::None, Compression::Zstd] {
            let bytes = batch_of(rows, &nodes, &buffers, compression);
            let mut out = vec![7; 3];
            project(&LogBatch::parse(&bytes).unwrap(), &layout(&types), &chosen, &mut out).unwrap();
            let projected = LogBatch::parse(&out[3..]).unwrap();
            prop_assert_eq!(projected.bytes().len(), out.len() - 3);
            prop_assert_eq!(projected.checksum, LogBatch::parse(&bytes).unwrap().checksum);
            prop_assert_eq!(&read(&out[3..], &layout(&of_chosen), &expected.schema()).unwrap(), &expected);
        }
    }

    #[test]
    fn what_arrow_writes_is_checked_and_read(seed: u64, rows in 0usize..50) {
        let types = every_type();
        let (schema, layout) = (schema(&types), layout(&types));
        let batch = random_batch(&schema, rows, &mut Random(seed));
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &schema).unwrap();
        writer.write(&batch).unwrap();
        let stream = writer.into_inner().unwrap();
        // The schema message has no body: the record batch message follows its metadata.
        let at = 8 + u32::from_le_bytes(stream[4..8].try_into().unwrap()) as usize;
        let message = CheckedMessage::decode(&stream, at, rows as u32, &layout, LIMIT).unwrap();
        prop_assert!(message.is_plain());
        let metadata = message.plain_metadata();
        let read = arrow_ipc::root_as_message(&metadata).unwrap();
        let body = Buffer::from(&stream[message.body.clone()]);
        let header = read.header_as_record_batch().unwrap();
        let read = arrow_ipc::reader::read_record_batch(&body, header, schema, &HashMap::new(), None, &read.version());
        prop_assert_eq!(read.unwrap(), batch);
        prop_assert!(CheckedMessage::decode(&stream, at, rows as u32 + 1, &layout, LIMIT).is_err());
    }

    #[test]
    fn damage_never_panics(
        seed: u64, edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut: proptest::sample::Index, codec in 0usize..2,
    ) {
        let types = every_type();
        let (schema, layout) = (schema(&types), layout(&types));
        let (rows, nodes, buffers, _) = gathered(&types, seed);
        let mut bytes = batch_of(rows, &nodes, &buffers, [Compression::None, Compression::Zstd][codec]);
        let head = bytes.len().min(6000);
        for (at, value) in edits {
            let at = at.index(head - 48) + 48;
            bytes[at] = value;
        }
        if codec == 0 {
            let _ = read(&bytes, &layout, &schema);
        }
        let batch = LogBatch::parse(&bytes).unwrap();
        let _ = CheckedMessage::of_batch(&batch, &layout, LIMIT);
        let _ = project(&batch, &layout, &[0, 5, 30], &mut Vec::new());
        let _ = CheckedMessage::decode(&bytes[..cut.index(bytes.len())], 48, rows, &layout, LIMIT);
    }

    #[test]
    fn any_bytes_are_no_message_or_a_checked_one(bytes in proptest::collection::vec(any::<u8>(), 0..300), rows: u32) {
        let layout = layout(&every_type());
        prop_assert!(CheckedMessage::decode(&bytes, 0, rows, &layout, LIMIT).is_err());
        let prefixed = [&[0xff; 4][..], &(bytes.len() as u32).to_le_bytes(), &bytes].concat();
        prop_assert!(CheckedMessage::decode(&prefixed, 0, rows, &layout, LIMIT).is_err());
    }
}

#[test]
fn too_much_is_refused_before_it_is_decompressed() {
    let types = [common::of(DataType::Bytes, true)];
    let nodes = [Node { length: 1, nulls: 0 }];
    let buffers = [vec![1], [0i32, 4096].iter().flat_map(|n| n.to_le_bytes()).collect(), vec![0; 4096]];
    let bytes = batch_of(1, &nodes, &buffers, Compression::Zstd);
    let batch = LogBatch::parse(&bytes).expect("a batch");
    let error = CheckedMessage::of_batch(&batch, &layout(&types), 4000).expect_err("it takes more than 4000 bytes");
    assert_eq!(error, RecordError::TooLarge { needed: 64 + 64 + 4096, limit: 4000 });
    assert!(CheckedMessage::of_batch(&batch, &layout(&types), 4224).is_ok());
}

#[test]
fn every_field_of_a_plain_batch_has_a_validity_buffer() {
    let types = every_type();
    let (rows, nodes, buffers, _) = gathered(&types, 11);
    assert!(rows > 0);
    for (field, node) in layout(&types).fields().iter().zip(&nodes) {
        assert_eq!(buffers[field.buffer].len(), (node.length as usize).div_ceil(8), "{}", field.name);
    }
}

#[test]
fn a_buffer_longer_than_its_values_is_cut_in_the_plain_metadata() {
    let types = [common::of(DataType::Bytes, true)];
    let nodes = [Node { length: 1, nulls: 0 }];
    let buffers = [vec![1], vec![0, 0, 0, 0, 2, 0, 0, 0, 9, 9, 9], b"abc".to_vec()];
    for compression in [Compression::None, Compression::Lz4Frame] {
        let bytes = batch_of(1, &nodes, &buffers, compression);
        let rows = read(&bytes, &layout(&types), &schema(&types)).expect("a sound batch");
        assert_eq!(rows.column(0).as_binary::<i32>().value(0), b"ab");
    }
}

#[test]
fn projecting_leaves_statistics_out_and_keeps_changes() {
    let types = [common::of(DataType::Int, true), common::of(DataType::Boolean, true)];
    let schema = schema(&types);
    let rows = random_batch(&schema, 3, &mut Random(5));
    let mut builder = ColumnsBuilder::new(layout(&types));
    builder.append_range(&borrow(&rows), 0, 3).expect("rows that are there");
    let (nodes, buffers) = builder.finish();
    let v0 = batch_of(3, &nodes, &buffers, Compression::None);
    let mut v1 = [&v0[..48], &5i32.to_le_bytes(), b"stats", &[1, 2, 3], &v0[48..]].concat();
    let length = (v1.len() - 12) as i32;
    v1[8..13].copy_from_slice(&[&length.to_le_bytes()[..], &[1]].concat());
    v1[27] = 0;
    let mut out = Vec::new();
    project(&LogBatch::parse(&v1).expect("a whole batch"), &layout(&types), &[1], &mut out).expect("a sound batch");
    let batch = LogBatch::parse(&out).expect("a whole batch");
    assert_eq!((batch.magic, batch.statistics_range().len()), (1, 0));
    let changes = [ChangeType::Insert, ChangeType::UpdateBefore, ChangeType::UpdateAfter];
    assert_eq!(batch.changes(0..3), Ok(Some(changes.to_vec())));
    let expected = rows.project(&[1]).expect("a column");
    assert_eq!(read(&out, &layout(&types[1..]), &expected.schema()).expect("a sound batch"), expected);
    for wrong in [&[][..], &[1, 0], &[0, 0], &[2]] {
        let batch = LogBatch::parse(&v1).expect("a whole batch");
        assert!(project(&batch, &layout(&types), wrong, &mut Vec::new()).is_err());
    }
}
