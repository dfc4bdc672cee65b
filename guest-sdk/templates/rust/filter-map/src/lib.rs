//! A filter and map in one: keeps flights that left too late, with the minutes that were too many.

use thalweg_module::{config, filter_map};

/// What can be set: `--set allowed=20` at the command line, `config = { allowed = 20 }` in a chain file.
#[config]
struct Config {
    /// Minutes of delay that are no matter.
    allowed: i32,
}

/// Keeps flights that left too late, with the minutes that were too many.
#[filter_map(column = delay)]
fn too_late(#[config] config: &Config, delay: i32) -> Option<i32> {
    delay.checked_sub(config.allowed).filter(|minutes| *minutes > 0)
}

#[cfg(test)]
mod tests {
    use thalweg_module::testing::Rows;

    use super::*;

    #[test]
    fn only_minutes_that_were_too_many_are_left() {
        let rows = Rows::new().column("delay", [Some(45), Some(10), None]);
        let outcome = rows.run::<TooLate>(r#"{"allowed": 15}"#).expect("the module takes these rows");
        assert_eq!(outcome.kept(), [0]);
        assert_eq!(outcome.values::<i32>("delay").expect("a column"), [Some(30)]);
    }
}
