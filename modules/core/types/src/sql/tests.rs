//! What is read, what is written, and what the errors say.

use super::*;
use crate::ColumnType;

#[test]
fn columns_are_read() {
    let text = "id BIGINT NOT NULL, `the ``name`` ü` string comment 'it''s', price decimal(10,2) NULL,\n\
                m MAP<STRING, INT>, r ROW<a INTEGER NOT NULL, b ARRAY<TIMESTAMP_LTZ>>, größe CHAR";
    let expected = "id BIGINT NOT NULL, `the ``name`` ü` STRING COMMENT 'it''s', price DECIMAL(10, 2), \
                    m MAP<STRING, INT>, r ROW<a INT NOT NULL, b ARRAY<TIMESTAMP_LTZ(6)>>, größe CHAR(1)";
    let columns = parse_columns(text).unwrap();
    let written: Vec<String> = columns.iter().map(ToString::to_string).collect();
    assert_eq!(written.join(", "), expected);
    assert_eq!(columns[1].name, "the `name` ü");
    assert_eq!(columns[1].description.as_deref(), Some("it's"));
}

#[test]
fn a_primary_key_stands_among_the_columns() {
    let cases = [
        ("id INT, PRIMARY KEY (id)", "id INT", "id"),
        ("a INT, primary key(`b c`, a) not enforced, `b c` INT", "a INT, `b c` INT", "b c,a"),
        ("PRIMARY KEY (a) NOT ENFORCED, a INT COMMENT 'x'", "a INT COMMENT 'x'", "a"),
        // A column with that name.
        ("primary INT, key INT", "primary INT, key INT", ""),
    ];
    for (text, columns, key) in cases {
        let (read, keys) = parse_table(text).unwrap();
        let written: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!((written.join(", "), keys.join(",")), (columns.to_owned(), key.to_owned()), "{text}");
    }
    let cases = [
        ("", "at character 1: expected a column name or PRIMARY KEY, found the end"),
        ("PRIMARY KEY (a)", "at character 16: expected a column, found the end"),
        ("a INT, PRIMARY KEY a", "at character 20: expected '(', found 'a'"),
        ("a INT, PRIMARY KEY ()", "at character 21: expected a column name, found ')'"),
        ("a INT, PRIMARY KEY (a", "at character 22: expected ',' or ')', found the end"),
        ("a INT, PRIMARY KEY (a) NOT NULL", "at character 28: expected ENFORCED after NOT, found 'NULL'"),
        ("a INT, PRIMARY KEY (a) b", "at character 24: expected ',', NOT ENFORCED or the end, found 'b'"),
        ("a INT, PRIMARY KEY (a), PRIMARY KEY (a)", "at character 33: expected a data type, found 'KEY'"),
        ("a INT PRIMARY KEY", "at character 7: expected ',', NOT NULL, COMMENT or the end, found 'PRIMARY'"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_table(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn defaults_are_fluss_s() {
    let cases = [
        ("DECIMAL", "DECIMAL(10, 0)"),
        ("DECIMAL(5)", "DECIMAL(5, 0)"),
        ("CHAR", "CHAR(1)"),
        ("BINARY", "BINARY(1)"),
        ("TIME", "TIME(0)"),
        ("TIMESTAMP", "TIMESTAMP(6)"),
        ("TIMESTAMP_LTZ", "TIMESTAMP_LTZ(6)"),
        ("MAP<INT NOT NULL, ROW<>> NOT NULL", "MAP<INT, ROW<>> NOT NULL"),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<ColumnType>().unwrap().to_string(), expected);
    }
}

#[test]
fn errors_say_where_and_what() {
    let cases = [
        ("", "at character 1: expected a column name, found the end"),
        ("a", "at character 2: expected a data type, found the end"),
        ("a VARCHAR(10)", "at character 3: expected a data type of Fluss's, here STRING, found 'VARCHAR'"),
        ("a INT b INT", "at character 7: expected ',', NOT NULL, COMMENT or the end, found 'b'"),
        ("ü INT NOT b", "at character 11: expected NULL after NOT, found 'b'"),
        ("a DECIMAL(39)", "at character 11: expected a precision of 1 to 38, found '39'"),
        ("a DECIMAL(4, 5)", "at character 14: expected a scale of 0 to 4, found '5'"),
        ("a CHAR(0)", "at character 8: expected a length of 1 to 2147483647, found '0'"),
        ("a TIME(10)", "at character 8: expected a precision of 0 to 9, found '10'"),
        ("a ARRAY(INT)", "at character 8: expected '<', found '('"),
        ("a ROW<b INT", "at character 12: expected ',' or '>', found the end"),
        ("a INT,", "at character 7: expected a column name, found the end"),
        ("a INT COMMENT b", "at character 15: expected a text between single quotes, found 'b'"),
        ("`a INT", "at character 7: expected a closing ` for the one at character 1, found the end"),
        ("`` INT", "at character 1: expected a column name, found ``"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_columns(text).unwrap_err().to_string(), expected, "{text}");
    }
    let deep = format!("a {}INT{}", "ARRAY<".repeat(40), ">".repeat(40));
    assert!(parse_columns(&deep).is_err());
}
