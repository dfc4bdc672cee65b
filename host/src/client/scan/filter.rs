//! The condition of a scan: applied by the stock module `where`, before any other, to no more columns than are needed.

use std::path::Path;

use serde_json::Value;
use thalweg_condition::Expression;

use crate::{
    client::Error,
    module::{ChainSpec, ModuleSpec},
};

/// A condition that can be read.
pub(in crate::client) struct Filter {
    text: String,
    expression: Expression,
}

impl Filter {
    /// Reads a condition, in the words of the stock module `where`.
    pub(in crate::client) fn parse(text: &str) -> Result<Self, Error> {
        let expression = thalweg_condition::parse(text);
        let expression = expression.map_err(|error| Error::invalid(format!("the condition of the scan: {error}")))?;
        Ok(Self { text: text.to_owned(), expression })
    }

    /// The names of the columns that it tests.
    pub(super) fn columns(&self) -> Vec<&str> {
        self.expression.columns().into_iter().map(|name| name.text.as_str()).collect()
    }

    /// The chain whose first module is the filter.
    pub(in crate::client) fn before(&self, chain: Option<&ChainSpec>) -> ChainSpec {
        let mut filter = ModuleSpec::new("where", Path::new(""));
        filter.config.insert("if".to_owned(), Value::String(self.text.clone()));
        let mut whole = chain.cloned().unwrap_or_default();
        whole.modules.insert(0, filter);
        whole
    }
}
