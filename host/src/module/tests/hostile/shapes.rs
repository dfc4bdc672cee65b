//! What a module does that writes a column of some type: its plan, and its answer to good rows.

use super::image::*;

/// Every row, with these columns written.
pub(super) fn written(image: &mut Image, columns: &[Column]) -> Answer {
    let columns = image.columns(columns);
    replaced(1, ALL, columns)
}

/// The answer that a module gives to good rows when it writes a column of this type: every row, with zeros.
pub(super) fn good(image: &mut Image, writes: &str) -> Answer {
    let columns = match writes.trim_end_matches(" NOT NULL") {
        "" => return kept(ALL),
        "INT" | "TIME(0)" => vec![column(INT32, zeros(1, 0), NOTHING)],
        "BOOLEAN" => vec![column(BITS, zeros(1, 0), NOTHING)],
        "STRING" | "BYTES" | "CHAR(4)" => vec![column(SPANS, zeros(1, 1), NOTHING)],
        "DECIMAL(4, 2)" => vec![column(FIXED, zeros(16, 0), NOTHING)],
        "BINARY(4)" => vec![column(FIXED, zeros(4, 0), NOTHING)],
        "ARRAY<INT>" | "ARRAY<INT NOT NULL>" => {
            vec![column(OFFSETS, zeros(1, 1), NOTHING), column(INT32, NOTHING, NOTHING)]
        }
        "ARRAY<DECIMAL(4, 2)>" => vec![column(OFFSETS, zeros(1, 1), NOTHING), column(FIXED, NOTHING, NOTHING)],
        "ARRAY<ROW<a INT>>" => {
            let elements = column(INT32, NOTHING, NOTHING);
            vec![column(OFFSETS, zeros(1, 1), NOTHING), column(NONE, NOTHING, NOTHING), elements]
        }
        "MAP<INT, INT>" => vec![
            column(OFFSETS, zeros(1, 1), NOTHING),
            column(INT32, NOTHING, NOTHING),
            column(INT32, NOTHING, NOTHING),
        ],
        "ROW<a INT, b INT>" => {
            let child = column(INT32, zeros(1, 0), NOTHING);
            vec![column(NONE, NOTHING, NOTHING), child, child]
        }
        other => panic!("no good answer is known for {other}"),
    };
    written(image, &columns)
}

/// The plan of such a module: it reads the first column, and passes it on before the one that it writes.
pub(super) fn plan(image: &mut Image, writes: &str) -> Plan {
    let plan = filter(image.numbers([0]));
    let bare = writes.trim_end_matches(" NOT NULL");
    let nullable = bare == writes;
    let int = |name| (name, [3, 0, 0], true);
    let mut fields = vec![int("i")];
    // `ROW`'s children are a list in memory; every other type holds its numbers itself.
    match bare {
        "" => return plan,
        "INT" => fields.push(("w", [3, 0, 0], nullable)),
        "TIME(0)" => fields.push(("w", [13, 0, 0], nullable)),
        "BOOLEAN" => fields.push(("w", [0, 0, 0], nullable)),
        "DECIMAL(4, 2)" => fields.push(("w", [7, 4 | 2 << 8, 0], nullable)),
        "CHAR(4)" => fields.push(("w", [8, 4, 0], nullable)),
        "STRING" => fields.push(("w", [9, 0, 0], nullable)),
        "BINARY(4)" => fields.push(("w", [10, 4, 0], nullable)),
        "BYTES" => fields.push(("w", [11, 0, 0], nullable)),
        "ARRAY<INT>" => fields.extend([("w", [16, 2, 0], true), int("element")]),
        "ARRAY<INT NOT NULL>" => fields.extend([("w", [16, 2, 0], true), ("element", [3, 0, 0], false)]),
        "ARRAY<DECIMAL(4, 2)>" => fields.extend([("w", [16, 2, 0], true), ("element", [7, 4 | 2 << 8, 0], true)]),
        "ARRAY<ROW<a INT>>" => {
            let children = image.numbers([3]).0;
            fields.extend([("w", [16, 2, 0], true), ("element", [18, children, 1], true), int("a")]);
        }
        "MAP<INT, INT>" => fields.extend([("w", [17, 2, 3], true), ("key", [3, 0, 0], false), int("value")]),
        "ROW<a INT, b INT>" => {
            let children = image.numbers([2, 3]).0;
            fields.extend([("w", [18, children, 2], true), int("a"), int("b")]);
        }
        other => panic!("no plan is known for {other}"),
    }
    let lists = [image.fields(&fields), image.numbers([0, 1]), NOTHING, sources(image, &[Some(0), None])];
    output(plan, lists)
}
