//! `fields.COLUMN.agg=FUNCTION` and `fields.COLUMN.FUNCTION.PARAMETER=VALUE`: how the aggregation merge engine combines the
//! values of a column, named as Fluss's Flink connector names them.

use crate::table::Schema;

/// Takes the properties of this kind into the schema and gives back the others. The error names the property.
pub(super) fn take(properties: &[(String, String)], schema: &mut Schema) -> Result<Vec<(String, String)>, String> {
    let mut others = Vec::new();
    let mut parameters = Vec::new();
    for (key, value) in properties {
        let Some(rest) = key.strip_prefix("fields.") else {
            others.push((key.clone(), value.clone()));
            continue;
        };
        let column = |name: &str| {
            schema.position(name).ok_or_else(|| format!("property {key}: the table has no column `{name}`"))
        };
        if let Some(name) = rest.strip_suffix(".agg") {
            let at = column(name)?;
            schema.columns[at].aggregation = Some((value.trim().to_ascii_lowercase(), Vec::new()));
        } else if let Some((place, parameter)) = rest.rsplit_once('.')
            && let Some((name, function)) = place.rsplit_once('.')
        {
            parameters.push((column(name)?, function.to_ascii_lowercase(), parameter.to_owned(), key, value));
        } else {
            return Err(format!("property {key} must be fields.COLUMN.agg or fields.COLUMN.FUNCTION.PARAMETER"));
        }
    }
    for (at, function, parameter, key, value) in parameters {
        match &mut schema.columns[at].aggregation {
            Some((chosen, parameters)) if *chosen == function => parameters.push((parameter, value.clone())),
            _ => {
                let name = &schema.columns[at].name;
                return Err(format!("property {key} needs fields.{name}.agg={function} too"));
            }
        }
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_their_parameters_go_to_their_columns() {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let mut schema = Schema::parse_sql("id INT NOT NULL, total BIGINT, tags STRING, other_b INT").expect("columns");
        schema.columns[3].name = "a.b".into();
        let properties = [
            ("fields.tags.listagg.delimiter", ";"),
            ("fields.total.agg", "SUM"),
            ("table.merge-engine", "aggregation"),
            ("fields.tags.agg", "listagg"),
            ("fields.a.b.agg", "max"),
        ];
        let others = take(&properties.map(pair), &mut schema).expect("taken");
        assert_eq!(others, [pair(("table.merge-engine", "aggregation"))]);
        let found: Vec<_> = schema.columns.iter().map(|column| column.aggregation.clone()).collect();
        let function = |name: &str, parameters: Vec<(String, String)>| Some((name.to_owned(), parameters));
        let delimiter = vec![pair(("delimiter", ";"))];
        assert_eq!(found, [None, function("sum", vec![]), function("listagg", delimiter), function("max", vec![])]);
        for (property, problem) in [
            ("fields.other.agg", "no column `other`"),
            ("fields.id", "must be fields.COLUMN.agg"),
            ("fields.id.listagg.delimiter", "needs fields.id.agg=listagg"),
        ] {
            let error = take(&[pair((property, "x"))], &mut schema).expect_err(property);
            assert!(error.contains(problem), "{error}");
        }
    }
}
