//! A chain as a TOML file.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use thalweg_chain::Policy;
use thalweg_wire::table::Schema;

use super::units::{parse_bytes, parse_duration};
use super::{ChainSpec, Limits, ModuleSpec, SpecError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    input: Option<String>,
    #[serde(default)]
    module: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    path: String,
    name: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
    on_error: Option<Word>,
    on_failure: Option<Word>,
    dead_letter: Option<String>,
    #[serde(default)]
    limits: LimitsEntry,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Fail,
    Drop,
    Pass,
    DeadLetter,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LimitsEntry {
    memory: Option<String>,
    deadline: Option<String>,
    output: Option<String>,
    output_rows: Option<usize>,
    log: Option<String>,
    size: Option<String>,
    compile: Option<String>,
}

impl ChainSpec {
    /// Reads a chain file. Paths in it are relative to it; a bare name is a stock module.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or has a key or a value that a chain file does not have.
    pub fn read(path: &Path) -> Result<ChainSpec, SpecError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| SpecError::Unreadable { path: path.to_owned(), cause })?;
        ChainSpec::parse(&text, path.parent().unwrap_or(Path::new("")))
            .map_err(|reason| SpecError::Invalid { path: path.to_owned(), reason })
    }

    /// Reads the text of a chain file that lies in `folder`. The error says what is wrong, and where.
    fn parse(text: &str, folder: &Path) -> Result<ChainSpec, String> {
        let file: File = toml::from_str(text).map_err(|error| toml_problem(text, &error))?;
        if file.module.is_empty() {
            return Err("there is no [[module]]".to_owned());
        }
        let spec = |(number, entry): (usize, Entry)| {
            let path = entry.path.clone();
            entry.spec(folder).map_err(|reason| format!("module {} ({path}): {reason}", number + 1))
        };
        let input = file.input.as_deref().map(Schema::parse_sql).transpose();
        let input = input.map_err(|error| format!("input: {error}"))?;
        Ok(ChainSpec { modules: file.module.into_iter().enumerate().map(spec).collect::<Result<_, _>>()?, input })
    }
}

/// What is wrong with a TOML text, in one sentence that says where.
pub(crate) fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let problem = error.message().lines().collect::<Vec<_>>().join("; ");
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {problem}", before.matches('\n').count() + 1),
        None => problem,
    }
}

impl Entry {
    fn spec(self, folder: &Path) -> Result<ModuleSpec, String> {
        let mut spec = ModuleSpec::new(&self.path, folder);
        spec.on_error = policy(self.on_error, self.dead_letter.as_ref())?;
        spec.on_failure = policy(self.on_failure, self.dead_letter.as_ref())?;
        if self.dead_letter.is_some() && ![&spec.on_error, &spec.on_failure].into_iter().any(is_dead_letter) {
            return Err("dead-letter names a table, but no policy is \"dead-letter\"".to_owned());
        }
        spec.name = self.name.unwrap_or(spec.name);
        spec.config = self.config;
        spec.limits = self.limits.limits()?;
        Ok(spec)
    }
}

impl LimitsEntry {
    fn limits(&self) -> Result<Limits, String> {
        let default = Limits::default();
        let bytes = |text: &Option<String>, default| match text {
            Some(text) => parse_bytes(text).map_err(|error| error.to_string()),
            None => Ok(default),
        };
        let duration = |text: &Option<String>, default| match text {
            Some(text) => parse_duration(text).map_err(|error| error.to_string()),
            None => Ok(default),
        };
        Ok(Limits {
            memory: bytes(&self.memory, default.memory)?,
            deadline: duration(&self.deadline, default.deadline)?,
            output: bytes(&self.output, default.output)?,
            rows: self.output_rows.unwrap_or(default.rows),
            log: bytes(&self.log, default.log)?,
            size: bytes(&self.size, default.size)?,
            compile: duration(&self.compile, default.compile)?,
        })
    }
}

fn policy(word: Option<Word>, table: Option<&String>) -> Result<Policy, String> {
    Ok(match (word, table) {
        (None | Some(Word::Fail), _) => Policy::Fail,
        (Some(Word::Drop), _) => Policy::Drop,
        (Some(Word::Pass), _) => Policy::Pass,
        (Some(Word::DeadLetter), Some(table)) => Policy::DeadLetter(table.clone()),
        (Some(Word::DeadLetter), None) => return Err("the policy \"dead-letter\" needs dead-letter = TABLE".to_owned()),
    })
}

fn is_dead_letter(policy: &Policy) -> bool {
    matches!(policy, Policy::DeadLetter(_))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::module::spec::Source;

    #[test]
    fn everything_that_a_file_may_say_is_read() {
        let text = r#"
            input = "payload STRING"
            [[module]]
            path = "late-only.wasm"
            name = "late"
            config = { min = 30, list = [1, "a"] }
            on-error = "dead-letter"
            on-failure = "fail"
            dead-letter = "flights_rejected"
            limits = { memory = "8MiB", deadline = "250ms", output-rows = 5000, log = "1KiB", size = "2MiB", compile = "9s" }
            [[module]]
            path = "where"
        "#;
        let chain = ChainSpec::parse(text, Path::new("/etc")).expect("a chain");
        let [late, stock] = &chain.modules[..] else { panic!("two modules") };
        assert_eq!(chain.input, Schema::parse_sql("payload STRING").ok());
        assert_eq!(late.source, Source::File("/etc/late-only.wasm".into()));
        assert_eq!(late.name, "late");
        assert_eq!(Value::Object(late.config.clone()), serde_json::json!({"min": 30, "list": [1, "a"]}));
        assert_eq!(late.on_error, Policy::DeadLetter("flights_rejected".into()));
        let limits = Limits {
            memory: 8 << 20,
            deadline: Duration::from_millis(250),
            output: 64 << 20,
            rows: 5000,
            log: 1 << 10,
            size: 2 << 20,
            compile: Duration::from_secs(9),
        };
        assert_eq!(late.limits, limits);
        assert_eq!(stock, &ModuleSpec::new("where", Path::new("/etc")));
    }

    #[test]
    fn what_a_file_may_not_say_is_named() {
        let cases = [
            ("", "no [[module]]"),
            ("input = 'a INTT'\n[[module]]\npath = 'a.wasm'", "input: "),
            ("[[module]]", "missing field `path`"),
            ("[[module]]\npath = a.wasm", "line 2: "),
            ("[[module]]\npath = 'a.wasm'\nretries = 3", "line 3: unknown field `retries`"),
            ("[[module]]\npath = 'a.wasm'\non-error = 'ignore'", "unknown variant `ignore`"),
            ("[[module]]\npath = 'a.wasm'\non-error = 'dead-letter'", "needs dead-letter = TABLE"),
            ("[[module]]\npath = 'a.wasm'\ndead-letter = 't'", "no policy is"),
            ("[[module]]\npath = 'a.wasm'\nlimits = { memory = 'lots' }", "module 1 (a.wasm): \"lots\" is no size"),
            ("[[module]]\npath = 'a.wasm'\nlimits = { cpu = '1' }", "unknown field `cpu`"),
        ];
        for (text, expected) in cases {
            let error = ChainSpec::parse(text, Path::new("")).expect_err("it may not");
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }
}
