//! What commands say to people on standard error: one line each, short, and with nothing in it that steers a terminal.

use crate::text;

/// Says a sentence.
pub(in crate::cli) fn say(sentence: &str) {
    eprintln!("thalweg: {}", text::message(sentence));
}

/// A failure with its causes, each said once: many an error says its cause itself.
pub(in crate::cli) fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        match sentence.is_empty() {
            true => sentence = cause,
            false if sentence.contains(&cause) => {}
            false => sentence = format!("{sentence}: {cause}"),
        }
    }
    sentence
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::{Context, anyhow};
    use arrow_schema::ArrowError;

    use super::*;
    use crate::client;
    use crate::module::{ModuleError, SpecError};
    use crate::runtime::RuntimeError;

    /// Whether any part of a sentence of some length stands there twice.
    fn repeats(said: &str) -> bool {
        let parts: Vec<&str> = said.split([':', '(', ')']).map(str::trim).filter(|part| part.len() > 3).collect();
        parts.iter().enumerate().any(|(at, part)| parts[..at].contains(part))
    }

    fn full() -> io::Error {
        io::Error::from_raw_os_error(28)
    }

    fn core_module() -> RuntimeError {
        RuntimeError::CoreModule { name: "late.wasm".into() }
    }

    /// Errors with a cause, of every kind that has one.
    fn failures() -> Vec<anyhow::Error> {
        let arrow = || ArrowError::from(full());
        let unreadable = || RuntimeError::Unreadable { path: "a.wasm".into(), cause: full() };
        vec![
            ModuleError::Runtime { module: "late".into(), cause: core_module() }.into(),
            ModuleError::Runtime { module: "late".into(), cause: unreadable() }.into(),
            client::Error::from(ModuleError::Runtime { module: "late".into(), cause: core_module() }).into(),
            client::Error::from(core_module()).into(),
            client::Error::from(arrow()).into(),
            arrow().into(),
            SpecError::Unreadable { path: "chain.toml".into(), cause: full() }.into(),
            thalweg_node::NodeError::Storage { path: "data".into(), source: full() }.into(),
            anyhow::Error::from(full()).context("a.csv cannot be made"),
            Err::<(), _>(arrow()).context("a.csv").unwrap_err(),
        ]
    }

    #[test]
    fn no_cause_is_said_twice() {
        assert!(repeats("a.csv: Io error: no space: no space") && !repeats("a.csv: no space"));
        for error in failures() {
            let said = sentence(&error);
            assert!(!repeats(&said), "{said}");
            let first = error.to_string();
            assert!(said.starts_with(&first), "{said}");
        }
        assert_eq!(sentence(&anyhow!("no space").context("a.csv")), "a.csv: no space");
    }

    #[test]
    fn errors_of_our_own_say_their_cause_once() {
        let ours = ModuleError::Runtime { module: "late".into(), cause: core_module() };
        let chain = format!("{:#}", anyhow::Error::from(client::Error::from(ours)));
        assert!(!repeats(&chain), "{chain}");
        let spec = format!("{:#}", anyhow::Error::from(SpecError::Unreadable { path: "c.toml".into(), cause: full() }));
        assert!(!repeats(&spec), "{spec}");
    }
}
