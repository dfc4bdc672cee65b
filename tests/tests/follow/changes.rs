//! What happens to files that are followed: rotation, truncation, and rows that are not finished.

/// What happens to a file that is followed, step by step.
pub(crate) enum Step {
    /// Bytes are written behind its last.
    Append(&'static str),
    /// Bytes are written behind the last of another file.
    AppendTo(&'static str, &'static str),
    /// It gets this name.
    Rename(&'static str),
    /// It is cut to nothing and written anew, in place.
    Rewrite(&'static str),
    /// So many rows are there.
    Rows(usize),
    /// Time goes by.
    Wait,
}

/// The steps of a case, the rows that are there in the end, and what is said.
pub(crate) type Change =
    (&'static str, &'static str, &'static [Step], &'static [&'static str], &'static [&'static str]);

pub(crate) const CHANGES: &[Change] = &[
    (
        "rotated, and written to under its old name for a moment",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":3}\n"),
            Step::AppendTo("a.json.1", "{\"id\":2}\n"),
            Step::Rows(3),
            Step::Append("{\"id\":4}\n"),
            Step::Rows(4),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,", "\"id\":4,"],
        &["a.json is another file now, and is read from its start", "to its end, 18 bytes"],
    ),
    (
        "gone for a while",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n"),
            Step::Rows(1),
            Step::Rename("away"),
            Step::Wait,
            Step::AppendTo("away", "{\"id\":2}\n"),
            Step::Rows(2),
            Step::Append("{\"id\":3}\n"),
            Step::Rows(3),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json is another file now"],
    ),
    (
        "copied and truncated",
        "a.json",
        &[
            Step::Append("{\"id\":1,\"note\":\"long\"}\n{\"id\":2}\n"),
            Step::Rows(2),
            Step::Rewrite("{\"id\":3}\n"),
            Step::Append("{\"id\":4}\n"),
            Step::Rows(4),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,", "\"id\":4,"],
        &["a.json was truncated from 32 to", "read from its start", "may have been missed"],
    ),
    (
        "written anew, and longer than before",
        "a.json",
        &[Step::Append("{\"id\":1}\n"), Step::Rows(1), Step::Rewrite("{\"id\":2}\n{\"id\":3}\n"), Step::Rows(3)],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json was written anew; it is read from its start"],
    ),
    (
        "another header in the new file",
        "a.csv",
        &[
            Step::Append("id,note\n1,one\n"),
            Step::Rows(1),
            Step::Rename("a.csv.1"),
            Step::Append("note,id\ntwo,2\n"),
            Step::Rows(2),
            Step::Append("three,x\n"),
        ],
        &["\"id\":1,\"note\":\"one\"", "\"id\":2,\"note\":\"two\""],
        &["a.csv is another file now", "a.csv, line 3: "],
    ),
    (
        "a row that is not finished",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n{\"id\":7,\"no"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":2}\n"),
            Step::Rows(2),
        ],
        &["\"id\":1,", "\"id\":2,"],
        &["a.json is another file now", "a.json, line 2: ", "it was not finished when the file ended, and is left out"],
    ),
    (
        "a whole row without an end of line",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n{\"id\":2}"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":3}\n"),
            Step::Rows(3),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json is another file now", "no end of line behind its last row before, which was taken as it stood"],
    ),
];
