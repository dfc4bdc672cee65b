//! `table alter`: new columns, and properties.

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::cli::terminal::{Common, key_value};
use crate::table::{Schema, TablePath};

/// `thalweg table alter`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    thalweg table alter flights --add 'note STRING'\n  \
    thalweg table alter flights --add \"tags ARRAY<STRING> COMMENT 'from the crew', rating INT\"\n  \
    thalweg table alter flights --set table.log.ttl=1d --reset owner\n\n\
    New columns stand behind all others and may be null: rows from before have null in them. Programs that have the\n\
    table open go on with the columns they know.")]
pub(in crate::cli) struct Alter {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// Columns to add, as 'note STRING'
    #[arg(long, value_name = "COLUMNS")]
    add: Vec<String>,
    /// A property to set
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, alias = "property")]
    set: Vec<(String, String)>,
    /// A property to set back to what it is by itself
    #[arg(long, value_name = "KEY", alias = "remove")]
    reset: Vec<String>,
    /// A text for people: that of a table cannot be changed, since no server of Fluss takes another
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Alter {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let Self { table, add, set, reset, comment } = self;
        if comment.is_some() {
            bail!(
                "no server of Fluss can change the comment of a table; a new column may have one: --add \"note STRING \
                 COMMENT 'text'\""
            );
        }
        let columns = if add.is_empty() { None } else { Some(columns(&add)?) };
        let mut altered: Vec<String> = set.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        altered.extend(reset.iter().map(|key| format!("{key} reset")));
        ensure!(columns.is_some() || !altered.is_empty(), "nothing to alter: say what with --add, --set or --reset");
        let client = common.connect().await?;
        // Servers take one of both at a time.
        if let Some(columns) = columns {
            let added: Vec<String> = columns.columns.iter().map(|column| format!("{} added", column.name)).collect();
            client.add_columns(&table, columns).await?;
            common.note(&format!("altered table {table}: {}", added.join(", ")));
        }
        if !altered.is_empty() {
            client.alter_table(&table, set, reset).await?;
            common.note(&format!("altered table {table}: {}", altered.join(", ")));
        }
        Ok(())
    }
}

/// The columns of all `--add` together.
fn columns(add: &[String]) -> anyhow::Result<Schema> {
    let text = add.join(", ");
    let schema = Schema::parse_sql(&text).with_context(|| format!("--add {text:?}"))?;
    ensure!(schema.primary_key.is_empty(), "--add {text:?}: the primary key of a table cannot be changed");
    if let Some(column) = schema.columns.iter().find(|column| !column.column_type.nullable) {
        let name = &column.name;
        bail!("--add {text:?}: {name} cannot be NOT NULL, since rows from before have null in it; leave NOT NULL out");
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_and_what_cannot_be_added_is_said() {
        let added = |texts: &[&str]| columns(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let names: Vec<_> = added(&["a INT, b STRING COMMENT 'x'", "c ROW<d INT>"]).unwrap().columns;
        assert_eq!(names.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        for (text, why) in [
            ("a INT NOT NULL", "a cannot be NOT NULL"),
            ("a INT, PRIMARY KEY (a)", "primary key"),
            ("a INT, a INT", "twice"),
            ("a NUMBER", "NUMBER"),
            ("", "--add"),
        ] {
            let error = format!("{:#}", added(&[text]).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
