//! Which members of a JSON object are wanted, and how they are found without building the object.

use thalweg_module::json::{self, JsonError};

/// How many steps a path may have.
const MAX_STEPS: usize = 32;

/// The members wanted of an object.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<(String, Wanted)>,
}

/// What is wanted of one member.
#[derive(Debug, Default)]
struct Wanted {
    /// The columns that get its value.
    columns: Vec<usize>,
    /// What is wanted of what is in it.
    within: Members,
}

/// The steps of a path, as `a.b` or `$.a.b`; the error says what is expected.
pub(crate) fn steps(path: &str) -> Result<Vec<&str>, String> {
    let steps: Vec<&str> = path.strip_prefix("$.").unwrap_or(path).split('.').collect();
    match steps.len() {
        _ if steps.iter().any(|step| step.is_empty() || step.contains(['[', ']', '*'])) => {
            Err(format!("names with points between, as `offer.price`, not `{path}`"))
        }
        count if count > MAX_STEPS => Err(format!("a path of at most {MAX_STEPS} steps")),
        _ => Ok(steps),
    }
}

impl Members {
    /// Wants a member for a column.
    pub(crate) fn add<S: AsRef<str>>(&mut self, steps: &[S], column: usize) {
        let Some((step, rest)) = steps.split_first() else { return };
        let step = step.as_ref();
        let at = self.members.iter().position(|(name, _)| name == step).unwrap_or_else(|| {
            self.members.push((step.to_owned(), Wanted::default()));
            self.members.len() - 1
        });
        let wanted = &mut self.members[at].1;
        match rest.is_empty() {
            true => wanted.columns.push(column),
            false => wanted.within.add(rest, column),
        }
    }

    /// Hands each wanted member's JSON text to its columns.
    pub(crate) fn read(&self, text: &str, push: &mut dyn FnMut(usize, &str)) -> Result<(), JsonError> {
        let mut within = Ok(());
        json::members(text, |name, json| {
            let Some((_, wanted)) = self.members.iter().find(|(known, _)| known == name) else { return };
            wanted.columns.iter().for_each(|&column| push(column, json));
            if !wanted.within.members.is_empty() && json.starts_with('{') && within.is_ok() {
                within = wanted.within.read(json, push);
            }
        })?;
        within
    }
}
