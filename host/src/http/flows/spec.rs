//! What a flow is, as the page says it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::modules::Modules;
use crate::module::{ChainSpec, ModuleSpec, Policy, Source, parse_policy};
use crate::table::{Schema, TablePath};

/// The most modules of a flow.
const MODULES: usize = 16;

/// From where, through what, to where.
#[derive(Debug, Clone)]
pub(crate) struct FlowSpec {
    /// The log table whose rows go in.
    pub(crate) source: TablePath,
    /// The table that what comes out is written to.
    pub(crate) sink: TablePath,
    /// The modules, in order.
    pub(crate) modules: Vec<ModuleChoice>,
    /// Whether the rows that the source has now go in too, or only those that come.
    pub(crate) earliest: bool,
    /// Whether the sink is created where it is missing.
    pub(crate) create: bool,
}

/// A module in its place.
#[derive(Debug, Clone)]
pub(crate) struct ModuleChoice {
    /// Where it is.
    pub(crate) origin: ModuleOrigin,
    /// What outcomes call it.
    pub(crate) name: String,
    /// Its configuration.
    pub(crate) config: Map<String, Value>,
    /// For rows that it refuses.
    pub(crate) on_error: Policy,
    /// For calls that fail.
    pub(crate) on_failure: Policy,
}

/// Where a module is.
#[derive(Debug, Clone)]
pub(crate) enum ModuleOrigin {
    /// A stock module, by its name.
    Stock(String),
    /// One that was given to the page, by its id.
    Made(String),
}

/// As it comes from the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    source: String,
    sink: String,
    #[serde(default)]
    modules: Vec<Entry>,
    #[serde(default)]
    earliest: bool,
    #[serde(default)]
    create: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    stock: Option<String>,
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
    on_error: Option<String>,
    on_failure: Option<String>,
}

impl FlowSpec {
    /// Reads what the page sent. The error is a sentence.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| format!("this is no flow: {error}"))?;
        if body.modules.len() > MODULES {
            return Err(format!("a flow has at most {MODULES} modules"));
        }
        let table = |text: &str| text.parse::<TablePath>().map_err(|error| error.to_string());
        Ok(Self {
            source: table(&body.source)?,
            sink: table(&body.sink)?,
            modules: body.modules.into_iter().map(Entry::choice).collect::<Result<_, _>>()?,
            earliest: body.earliest,
            create: body.create,
        })
    }

    /// The chain, for rows with these columns. The error is a sentence.
    pub(super) fn chain(&self, input: &Schema, modules: &Modules) -> Result<ChainSpec, String> {
        let spec = |choice: &ModuleChoice| {
            let mut spec = match &choice.origin {
                ModuleOrigin::Stock(name) => {
                    let mut spec = ModuleSpec::new("module", "".as_ref());
                    spec.source = Source::Builtin(name.clone());
                    spec
                }
                ModuleOrigin::Made(id) => {
                    let gone = || format!("module {} is not here any more; give it again", choice.name);
                    let mut spec = ModuleSpec::new("module.wasm", "".as_ref());
                    spec.source = Source::File(modules.path(id).ok_or_else(gone)?);
                    spec
                }
            };
            spec.name = choice.name.clone();
            spec.config = choice.config.clone();
            (spec.on_error, spec.on_failure) = (choice.on_error.clone(), choice.on_failure.clone());
            Ok(spec)
        };
        let specs = self.modules.iter().map(spec).collect::<Result<Vec<_>, String>>()?;
        let input = Schema { primary_key: Vec::new(), ..input.clone() };
        Ok(ChainSpec { modules: specs, input: Some(input) })
    }
}

impl Entry {
    fn choice(self) -> Result<ModuleChoice, String> {
        let (origin, name) = match (self.stock, self.id) {
            (Some(name), None) => (ModuleOrigin::Stock(name.clone()), self.name.unwrap_or(name)),
            (None, Some(id)) => (ModuleOrigin::Made(id), self.name.unwrap_or_else(|| "module".to_owned())),
            _ => return Err("a module has either `stock` or `id`".to_owned()),
        };
        let policy = |text: Option<String>| text.as_deref().map_or(Ok(Policy::Fail), parse_policy);
        Ok(ModuleChoice {
            origin,
            name: crate::text::message(&name).chars().take(64).collect(),
            config: self.config,
            on_error: policy(self.on_error).map_err(|reason| format!("on-error {reason}"))?,
            on_failure: policy(self.on_failure).map_err(|reason| format!("on-failure {reason}"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_read() {
        let text = r#"{"source": "flights", "sink": "my.late", "earliest": true, "modules": [
            {"stock": "where", "config": {"if": "delay > 30"}, "on-error": "dead-letter:refused"},
            {"id": "abc", "name": "mine"}]}"#;
        let flow = FlowSpec::parse(text.as_bytes()).expect("a flow");
        assert_eq!((flow.source.to_string(), flow.sink.to_string()), ("fluss.flights".into(), "my.late".into()));
        assert!(flow.earliest && !flow.create);
        assert_eq!(flow.modules[0].on_error, Policy::DeadLetter("refused".into()));
        assert_eq!((flow.modules[0].name.as_str(), flow.modules[1].name.as_str()), ("where", "mine"));
    }

    #[test]
    fn what_is_no_flow_is_refused() {
        for (text, expected) in [
            ("", "no flow"),
            ("[]", "no flow"),
            (r#"{"source": "a", "sink": "b", "what": 1}"#, "unknown field `what`"),
            (r#"{"source": "a/b", "sink": "b"}"#, "no valid table name"),
            (r#"{"source": "a", "sink": "b", "modules": [{}]}"#, "either"),
            (r#"{"source": "a", "sink": "b", "modules": [{"stock": "where", "id": "x"}]}"#, "either"),
            (
                r#"{"source": "a", "sink": "b", "modules": [{"stock": "where", "on-error": "ignore"}]}"#,
                "on-error must be",
            ),
        ] {
            let error = FlowSpec::parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
        let many = vec![r#"{"stock": "where"}"#; MODULES + 1].join(",");
        let text = format!(r#"{{"source": "a", "sink": "b", "modules": [{many}]}}"#);
        assert!(FlowSpec::parse(text.as_bytes()).is_err());
    }
}
