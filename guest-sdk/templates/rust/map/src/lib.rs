//! A map: gives distances in another unit.

use thalweg_module::{config, map};

/// What can be set: `--set factor=1.852` at the command line, `config = { factor = 1.852 }` in a chain file.
#[config]
struct Config {
    /// How many of the new unit are one of the old.
    factor: f64,
}

/// Gives distances in another unit, and refuses what is no distance.
#[map(column = distance)]
fn scaled(#[config] config: &Config, distance: f64) -> Result<f64, String> {
    if distance < 0.0 {
        return Err(format!("a distance of {distance}"));
    }
    Ok(distance * config.factor)
}

#[cfg(test)]
mod tests {
    use thalweg_module::testing::Rows;

    use super::*;

    #[test]
    fn distances_are_scaled() {
        let rows = Rows::new().column("distance", [Some(100.0), None, Some(-1.0)]);
        let outcome = rows.run::<Scaled>(r#"{"factor": 1.609344}"#).expect("the module takes these rows");
        assert_eq!(outcome.values::<f64>("distance").expect("a column"), [Some(160.9344), None]);
        assert_eq!(outcome.refused(), [(2, "a distance of -1".to_owned())]);
    }
}
