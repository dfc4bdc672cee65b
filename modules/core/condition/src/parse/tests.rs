//! What conditions mean, and what is said about those that mean nothing.

use super::*;

#[test]
fn not_binds_tighter_than_and_and_that_tighter_than_or() {
    let expression = parse("a = 1 or not b AND not not (c = 3 or `d d` is not null)").unwrap();
    let Expression::Or(parts) = expression else { panic!("{expression:?}") };
    let Expression::And(parts) = &parts[1] else { panic!("{parts:?}") };
    let Expression::Not(negated) = &parts[0] else { panic!("{parts:?}") };
    assert!(matches!(&**negated, Expression::Column(column) if column.text == "b"));
    let Expression::Or(parts) = &parts[1] else { panic!("{parts:?}") };
    let Expression::Not(negated) = &parts[1] else { panic!("{parts:?}") };
    assert!(matches!(&**negated, Expression::IsNull(column) if column.text == "d d"));
}

#[test]
fn sides_are_turned_and_quotes_are_doubled_inside() {
    let Expression::Comparison(column, operator, Operand::Literal(literal)) = parse(r#"'it''s' < "a""b""#).unwrap()
    else {
        panic!()
    };
    assert_eq!((column.text.as_str(), operator), ("a\"b", Operator::Greater));
    assert_eq!(literal.kind, LiteralKind::Text("it's".to_owned()));
}

#[test]
fn errors_say_where_and_what() {
    for (text, message) in [
        ("", "at character 1: expected a column or a literal (30, 'text', x'00ff', true or false), found the end"),
        ("é > and", "at character 5: expected a column or a literal (30, 'text', x'00ff', true or false), found `and`"),
        ("a = 1 b", "at character 7: expected `and`, `or` or the end, found `b`"),
        (
            "a 1",
            "at character 3: expected a comparison (=, !=, <, <=, >, >=), `is`, `in`, `like`, `between` or `not`, found `1`",
        ),
        ("(a = 1", "at character 7: expected `and`, `or` or `)`, found the end"),
        ("a = 'x", "at character 5: the ' has no closing '"),
        ("a = x'0'", "at character 5: expected pairs of hexadecimal digits, as x'00ff'"),
        ("a = null", "at character 5: nothing compares with null: use `is null` or `is not null`"),
        ("a in (1, null)", "at character 10: nothing compares with null: use `is null` or `is not null`"),
        ("a = 1 ; b", "at character 7: `;` has no meaning here"),
        ("30 < 'a'", "at character 6: expected a column on one side, found literals on both"),
        ("30", "at character 3: expected a comparison (=, !=, <, <=, >, >=) or `between`, found the end"),
        ("a is 1", "at character 6: expected `null` or `not null`, found `1`"),
        ("a is not 1", "at character 10: expected `null`, found `1`"),
        ("a not = 1", "at character 7: expected `in`, `like` or `between`, found a comparison"),
        ("a in 1", "at character 6: expected `(`, found `1`"),
        ("a in (1 2)", "at character 9: expected `,` or `)`, found `2`"),
        ("a in ()", "at character 7: expected a literal (30, 'text', x'00ff', true or false), found `)`"),
        ("a between 1 or 2", "at character 13: expected `and` and the upper limit, found `or`"),
        ("a like 'x' escape 'yz'", "at character 19: expected one character in quotes, as '!'"),
        ("a like 'x' escape", "at character 18: expected one character in quotes, as '!'"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
    let deep = "(".repeat(100_000);
    assert_eq!(parse(&deep).unwrap_err().to_string(), "at character 65: more than 64 parentheses within each other");
    assert!(parse(&format!("{} a", "not ".repeat(100_000))).is_ok());
}
