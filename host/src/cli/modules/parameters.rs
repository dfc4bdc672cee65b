//! The parameters of a module, for programs and for people.

use serde_json::{Value, json};

use crate::module::Parameter;

/// The parameters as a list of objects.
pub(super) fn parameters_as_json(parameters: &[Parameter]) -> Vec<Value> {
    let as_json = |parameter: &Parameter| {
        json!({
            "name": parameter.name, "type": parameter.value_type, "required": parameter.required,
            "default": parameter.default, "text": parameter.text,
        })
    };
    parameters.iter().map(as_json).collect()
}

/// The parameters as aligned lines, each ended.
pub(super) fn parameters_as_text(parameters: &[Parameter]) -> String {
    let need = |parameter: &Parameter| match &parameter.default {
        Some(default) => format!("default {default}"),
        None if parameter.required => "required".to_owned(),
        None => "optional".to_owned(),
    };
    let rows: Vec<[String; 4]> = parameters
        .iter()
        .map(|parameter| {
            [parameter.name.clone(), parameter.value_type.clone(), need(parameter), parameter.text.clone()]
        })
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let line = |[name, value_type, need, text]: &[String; 4]| {
        let [first, second, third] = widths;
        let line = format!("  {name:<first$}  {value_type:<second$}  {need:<third$}  {text}");
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_line_up() {
        let parameter = |name: &str, value_type: &str, required, default, text: &str| Parameter {
            name: name.into(),
            value_type: value_type.into(),
            required,
            default,
            text: text.into(),
        };
        let parameters = [
            parameter("column", "string", true, None, "The column."),
            parameter("n", "integer", false, Some(json!(4)), "How many."),
            parameter("salt", "string", false, None, ""),
        ];
        assert_eq!(
            parameters_as_text(&parameters),
            "  column  string   required   The column.\n  n       integer  default 4  How many.\n  \
             salt    string   optional\n"
        );
    }
}
