//! What a new module may be called: a name that is one everywhere, for files, packages and summaries.

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// Names that mean something else to a language's tools or to a file system.
const TAKEN: [&str; 20] = [
    "alloc",
    "aux",
    "con",
    "core",
    "crate",
    "fn",
    "mod",
    "nul",
    "prn",
    "sdk",
    "self",
    "std",
    "super",
    "target",
    "test",
    "thalweg-module",
    "thalweg-module-macros",
    "thalweg-types",
    "type",
    "wit",
];

/// Whether it is a name for a module. The error is a sentence that follows it.
pub(super) fn check(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if name.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} characters"));
    }
    if !name.bytes().all(plain) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err("is no name for a module: use small letters, digits, - and _, beginning with a letter".to_owned());
    }
    if TAKEN.contains(&name) {
        return Err("has a meaning of its own; choose another name".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_refused() {
        for name in ["late", "late-only", "a_1"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "a".repeat(65);
        for name in ["", "-a", "1a", "Late", "a b", "a/b", "..", "é", "a.wasm", "std", "test", "con", &long] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
