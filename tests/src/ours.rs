//! The commands of foreign clients, carried out by the `thalweg` binary.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::binary;
use crate::client::plain;

/// Carries out one command.
pub(crate) fn run(server: &str, command: &Value) -> Result<Vec<Value>> {
    let text = |name: &str| command[name].as_str().with_context(|| format!("no {name}"));
    let (table, rows) = (text("table")?, command["rows"].as_array().map_or(&[][..], Vec::as_slice));
    match text("do")? {
        write @ ("append" | "upsert" | "delete") => {
            let columns = columns(command).map(|columns| columns.join(","));
            let mut arguments = vec![write, table, "-"];
            arguments.extend(columns.iter().flat_map(|columns| ["--columns", columns]));
            lines(server, &arguments, rows)?;
            Ok(Vec::new())
        }
        "changes" => {
            let found = lines(server, &["scan", table, "--changelog", "--with-metadata"], &[])?;
            found.into_iter().map(change).collect()
        }
        "limit" => lines(server, &["scan", table, "--limit", &command["limit"].to_string()], &[]),
        "lookup" => {
            let found = lines(server, &["lookup", table, "--keys", "-"], rows)?;
            let row = |key| found.iter().find(|row| holds(row, key)).cloned().unwrap_or(Value::Null);
            Ok(rows.iter().map(row).collect())
        }
        "prefix" => {
            let found = lines(server, &["lookup", table, "--prefix", "--keys", "-"], rows)?;
            let list = |prefix| found.iter().filter(|row| holds(row, prefix)).cloned().collect::<Vec<_>>().into();
            Ok(rows.iter().map(list).collect())
        }
        other => bail!("no such command: {other}"),
    }
}

fn columns(command: &Value) -> Option<Vec<&str>> {
    command["columns"].as_array().map(|columns| columns.iter().filter_map(Value::as_str).collect())
}

/// The JSON lines that a command prints when it is given these.
fn lines(server: &str, arguments: &[&str], input: &[Value]) -> Result<Vec<Value>> {
    let input: String = input.iter().map(|row| format!("{row}\n")).collect();
    let output = binary::run_with(server, arguments, &input)?;
    // A look-up that finds nothing says so with its exit status, and prints nothing.
    if arguments[0] == "lookup" && output.status.code() == Some(1) && output.stdout.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(said.contains("has no row with this key") || said.contains("a row with none of"), "{said}");
        return Ok(Vec::new());
    }
    let printed = binary::printed(output).with_context(|| format!("thalweg {}", arguments.join(" ")))?;
    printed.lines().map(|line| Ok(serde_json::from_str(&exact(line))?)).collect()
}

/// A line with those numbers as texts that a parser would round: decimals.
fn exact(line: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        out += &rest[..at];
        rest = &rest[at..];
        let end = match rest.strip_prefix('"') {
            Some(text) => 1 + end_of_text(text),
            None => rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(end);
        let rounded = token.parse::<serde_json::Number>().is_ok_and(|number| number.to_string() != token);
        match rounded && !token.contains(['e', 'E']) {
            true => out.extend(["\"", token, "\""]),
            false => out += token,
        }
        rest = behind;
    }
    out + rest
}

/// Where the text ends whose opening quote stands before, behind its closing quote.
fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |at| at + 1)
}

/// A line of `scan --changelog --with-metadata` as the foreign clients print it.
fn change(line: Value) -> Result<Value> {
    let Value::Object(mut line) = line else { bail!("{line} is no row") };
    let mut take = |name: &str| line.remove(name).with_context(|| format!("no {name}"));
    let change = json!({"change": take("__change_type")?, "bucket": take("__bucket")?, "offset": take("__offset")?});
    let Value::Object(mut change) = change else { bail!("an object was just made") };
    let row: Map<String, Value> = line.into_iter().filter(|(name, _)| !name.starts_with("__")).collect();
    change.insert("row".into(), row.into());
    Ok(change.into())
}

/// Whether a row has all the values of a key.
fn holds(row: &Value, key: &Value) -> bool {
    key.as_object().is_some_and(|key| key.iter().all(|(name, value)| row.get(name).map(plain) == Some(plain(value))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_numbers_that_would_be_rounded_become_texts() {
        let line = r#"{"a-1":1,"b":[-0.05,1.50,"1.50\\\"2.50"],"c":-12345678901234567890.1234,"d":1e300,"e":-9223372036854775808}"#;
        let exact = r#"{"a-1":1,"b":[-0.05,"1.50","1.50\\\"2.50"],"c":"-12345678901234567890.1234","d":1e300,"e":-9223372036854775808}"#;
        assert_eq!(super::exact(line), exact);
    }
}
