//! What commands say to people on standard error: one line each, short, and with nothing in it that steers a terminal.

use crate::text;

/// Says a sentence.
pub(in crate::cli) fn say(sentence: &str) {
    eprintln!("thalweg: {}", text::message(sentence));
}

/// A failure with its causes, each told once: many an error tells its cause itself.
pub(in crate::cli) fn sentence(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        match told.is_empty() {
            true => told = cause,
            false if told.contains(&cause) => {}
            false => told = format!("{told}: {cause}"),
        }
    }
    told
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
    fn repeats(told: &str) -> bool {
        let parts: Vec<&str> = told.split([':', '(', ')']).map(str::trim).filter(|part| part.len() > 3).collect();
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
    fn no_cause_is_told_twice() {
        assert!(repeats("a.csv: Io error: no space: no space") && !repeats("a.csv: no space"));
        for error in failures() {
            let told = sentence(&error);
            assert!(!repeats(&told), "{told}");
            let first = error.to_string();
            assert!(told.starts_with(&first), "{told}");
        }
        assert_eq!(sentence(&anyhow!("no space").context("a.csv")), "a.csv: no space");
    }

    #[test]
    fn errors_of_our_own_tell_their_cause_once() {
        let ours = ModuleError::Runtime { module: "late".into(), cause: core_module() };
        let chain = format!("{:#}", anyhow::Error::from(client::Error::from(ours)));
        assert!(!repeats(&chain), "{chain}");
        let spec = format!("{:#}", anyhow::Error::from(SpecError::Unreadable { path: "c.toml".into(), cause: full() }));
        assert!(!repeats(&spec), "{spec}");
    }
}
