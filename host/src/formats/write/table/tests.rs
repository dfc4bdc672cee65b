//! Tables as they look, and the widths of their columns.

use std::sync::{Arc, Mutex};

use arrow_array::{Int32Array, StringArray};
use arrow_schema::{DataType, Field, Schema};

use super::layout::widest_cap;
use super::*;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a buffer").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn batch(first: i32, notes: &[&str]) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("id", DataType::Int32, false), Field::new("note", DataType::Utf8, true)]);
    let ids = Int32Array::from_iter_values((first..).take(notes.len()));
    let notes = StringArray::from_iter(notes.iter().map(|note| (*note != "null").then_some(*note)));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(notes)]).expect("a batch")
}

/// What is printed of batches, each flushed.
fn printed(room: Option<usize>, batches: &[RecordBatch]) -> String {
    let out = Shared::default();
    let schema = batch(0, &[]).schema();
    let mut table = Box::new(Table::new(out.clone(), &schema, room));
    for batch in batches {
        table.write(batch).expect("written");
        table.flush().expect("written");
    }
    table.finish().expect("written");
    let bytes = out.0.lock().expect("a buffer").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn cells_line_up_by_their_width_and_cannot_steer_the_terminal() {
    let notes = ["plain", "中文字", "👩\u{200d}🚀", "a\x1b[2J\nb", "null"];
    let expected = "\
+----+---------------+
| id | note          |
+----+---------------+
|  1 | plain         |
|  2 | 中文字        |
|  3 | 👩\u{200d}🚀            |
|  4 | a\\u{1b}[2J\\nb |
|  5 |               |
+----+---------------+
";
    assert_eq!(printed(None, &[batch(1, &notes)]), expected);
}

#[test]
fn cells_are_cut_to_the_terminal() {
    let long = "x".repeat(100);
    let wide = "中".repeat(50);
    let text = printed(Some(30), &[batch(1, &["short", &long, &wide])]);
    let expected = "\
+----+-----------------------+
| id | note                  |
+----+-----------------------+
|  1 | short                 |
|  2 | xxxxxxxxxxxxxxxxxxxx… |
|  3 | 中中中中中中中中中中… |
+----+-----------------------+
";
    assert_eq!(text, expected);
    assert!(printed(None, &[batch(1, &[&long])]).contains(&long));
    // Room for all of it.
    assert!(printed(Some(109), &[batch(1, &[&long])]).contains(&long));
}

#[test]
fn rows_are_blocks_where_columns_would_be_too_narrow() {
    let long = "x".repeat(100);
    let text = printed(Some(16), &[batch(1, &["short", &long]), batch(3, &["next"])]);
    let expected = "\
-[ row 1 ]------
id   | 1
note | short
-[ row 2 ]------
id   | 2
note | xxxxxxxx…
-[ row 3 ]------
id   | 3
note | next
";
    assert_eq!(text, expected);
}

#[test]
fn pages_stand_under_one_head_until_cells_need_more() {
    let text = printed(None, &[batch(1, &["one"]), batch(2, &["two"]), batch(3, &["longer"])]);
    let expected = "\
+----+------+
| id | note |
+----+------+
|  1 | one  |
|  2 | two  |
+----+--------+
| id | note   |
+----+--------+
|  3 | longer |
+----+--------+
";
    assert_eq!(text, expected);
    let many = printed(None, &[batch(1, &["x"; 2500])]);
    assert_eq!((many.matches("| note |").count(), many.matches("| x    |").count()), (3, 2500));
    assert_eq!(printed(None, &[]), "+----+------+\n| id | note |\n+----+------+\n+----+------+\n");
    assert_eq!(printed(Some(5), &[]), "(no rows)\n");
}

#[test]
fn the_widest_columns_give_way() {
    let cases = [
        (&[3, 4][..], &[false, false][..], 14, usize::MAX),
        (&[3, 40], &[false, false], 14, 4),
        (&[40, 3, 40], &[false; 3], 51, 19),
        (&[1, 1, 1], &[false; 3], 5, 0),
        (&[20, 40, 40], &[true, false, false], 80, 25),
        (&[20, 40], &[true, true], 67, usize::MAX),
        (&[20, 40], &[true, true], 66, 0),
        (&[], &[], 5, usize::MAX),
    ];
    for (needed, whole, room, cap) in cases {
        assert_eq!(widest_cap(needed, whole, room), cap, "{needed:?} in {room}");
    }
}
