//! A filter: keeps flights that left late.

use thalweg_module::{config, filter};

/// What can be set: `--set min=45` at the command line, `config = { min = 45 }` in a chain file.
#[config]
struct Config {
    /// Minutes from which a flight is late.
    min: i32,
}

/// Keeps flights that left late.
#[filter]
fn late(#[config] config: &Config, delay: i32) -> bool {
    delay >= config.min
}

#[cfg(test)]
mod tests {
    use thalweg_module::testing::Rows;

    use super::*;

    #[test]
    fn late_flights_are_kept() {
        let rows = Rows::new().column("delay", [Some(45), Some(10), None, Some(30)]);
        let outcome = rows.run::<Late>(r#"{"min": 30}"#).expect("the module takes these rows");
        assert_eq!(outcome.kept(), [0, 3]);
    }
}
