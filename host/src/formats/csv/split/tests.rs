//! Records and cells of texts that come in pieces.

use super::*;

/// Cells with what is around them, and how many lines they take.
type Found = (Vec<(String, Quoting)>, u64);

/// The records of a text that comes in pieces of this length.
fn split(text: &str, piece: usize) -> Result<Vec<Found>, Fault> {
    let mut splitter = Splitter::new(b',');
    let (mut records, mut cells, mut there) = (Vec::new(), Vec::new(), 0);
    loop {
        match splitter.record(&text.as_bytes()[..there], there == text.len(), 9, &mut cells)? {
            Split::Record { cells: count, lines } => {
                assert_eq!(count, cells.len());
                let cell = |cell: Cell| (text[cell.start as usize..cell.end as usize].to_owned(), cell.quoting);
                records.push((cells.drain(..).map(cell).collect(), lines));
            }
            Split::More => there = (there + piece).min(text.len()),
            Split::End => {
                assert_eq!(splitter.begun(), text.len(), "every byte was looked at");
                return Ok(records);
            }
        }
    }
}

#[test]
fn every_byte_belongs_to_a_record() {
    use Quoting::{Escaped, Plain, Quoted};
    type Record<'a> = (&'a [(&'a str, Quoting)], u64);
    let cases: &[(&str, &[Record<'_>])] = &[
        ("", &[]),
        ("a,b\nc", &[(&[("a", Plain), ("b", Plain)], 1), (&[("c", Plain)], 1)]),
        ("a\rb\r\nc\n", &[(&[("a", Plain)], 1), (&[("b", Plain)], 1), (&[("c", Plain)], 1)]),
        ("a\r\r\n\n", &[(&[("a", Plain)], 1), (&[("", Plain)], 1), (&[("", Plain)], 1)]),
        ("a,\n,", &[(&[("a", Plain), ("", Plain)], 1), (&[("", Plain), ("", Plain)], 1)]),
        ("\"a\nb\r\nc\r\",d\n", &[(&[("a\nb\r\nc\r", Quoted), ("d", Plain)], 4)]),
        ("\"a\"\"b\",\"\"\"\"", &[(&[("a\"\"b", Escaped), ("\"\"", Escaped)], 1)]),
        ("\"\",\"\"\r\n", &[(&[("", Quoted), ("", Quoted)], 1)]),
        ("a\"b, \"c\"\n", &[(&[("a\"b", Plain), (" \"c\"", Plain)], 1)]),
    ];
    for (text, expected) in cases {
        let owned = |(cells, lines): &Record<'_>| {
            (cells.iter().map(|(cell, form)| ((*cell).to_owned(), *form)).collect::<Vec<_>>(), *lines)
        };
        let expected = expected.iter().map(owned).collect::<Vec<_>>();
        for piece in [1, 2, 3, 100] {
            assert_eq!(split(text, piece).as_ref(), Ok(&expected), "{text:?} in pieces of {piece}");
        }
    }
}

#[test]
fn what_is_no_csv_is_said() {
    for (text, fault) in [
        ("a,\"b\nc", Fault::Open),
        ("a,\"b\"c\n", Fault::Behind(2)),
        ("\"a\" ,b\n", Fault::Behind(1)),
        ("\"a \"b\" c\"\n", Fault::Behind(1)),
    ] {
        for piece in [1, 100] {
            assert_eq!(split(text, piece), Err(fault), "{text:?}");
        }
    }
}

#[test]
fn cells_beyond_the_wanted_are_counted_and_not_kept() {
    let mut cells = Vec::new();
    let split = Splitter::new(b';').record(b"1;2;3\n", true, 2, &mut cells);
    assert_eq!((split, cells.len()), (Ok(Split::Record { cells: 3, lines: 1 }), 2));
}
