//! A flat map: makes a row of each tag that a row has.

use thalweg_module::flat_map;

/// Makes a row of each tag that a row has; tags are parted by commas.
#[flat_map(column = tag)]
fn tags(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use thalweg_module::testing::Rows;

    use super::*;

    #[test]
    fn each_tag_is_a_row() {
        let rows = Rows::new().column("id", [1_i64, 2]).column("tag", [Some("late, night"), None]);
        let outcome = rows.run::<Tags>("{}").expect("the module takes these rows");
        assert_eq!(outcome.values::<i64>("id").expect("a column"), [Some(1), Some(1)]);
        let tags = outcome.column::<str, _>("tag", str::to_owned).expect("a column");
        assert_eq!(tags, [Some("late".to_owned()), Some("night".to_owned())]);
    }
}
