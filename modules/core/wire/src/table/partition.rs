//! Partitions by name and by spec (`fluss.md` 2.12), as `ResolvedPartitionSpec` and `PartitionUtils` have them.
//!
//! A partition's spec has a value for each partition key; its name is these values, joined with `$`. Values of columns
//! become text as `PartitionNameConverters` says: see `PartitionEncoder` of the folder `record`.

use super::path::check_name_characters;
use super::{NameError, check_name};

/// What stands between the values in a partition's name.
pub const PARTITION_SEPARATOR: char = '$';

/// A name or spec that is no partition of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// The spec has a value for a key that the table has not.
    #[error("'{key}' is no partition key; the partition keys are {keys}")]
    UnknownKey {
        /// What the spec names.
        key: String,
        /// What there is.
        keys: String,
    },
    /// The spec lacks a value.
    #[error("the partition key '{key}' has no value; give each of {keys} one")]
    MissingKey {
        /// What the spec does not name.
        key: String,
        /// What there is.
        keys: String,
    },
    /// The spec has two values for a key.
    #[error("the partition key '{key}' has two values; give it one")]
    Twice {
        /// What the spec names twice.
        key: String,
    },
    /// The name has not as many values as there are partition keys.
    #[error("the partition '{name}' has {found} values, but the partition keys are {keys}; join their values with '$'")]
    Count {
        /// The name.
        name: String,
        /// How many values it has.
        found: usize,
        /// What there is.
        keys: String,
    },
    /// A value cannot be part of a name.
    #[error(transparent)]
    Value(#[from] NameError),
}

/// The name of the partition with these values, in the order of the partition keys.
pub fn partition_name<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> String {
    let mut name = String::new();
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            name.push(PARTITION_SEPARATOR);
        }
        name.push_str(value.as_ref());
    }
    name
}

/// The values of the partition with this name, in the order of the partition keys `keys`.
///
/// # Errors
/// If there are not as many values as keys, or one of them cannot be part of a name.
pub fn partition_values<'a, S: AsRef<str>>(keys: &[S], name: &'a str) -> Result<Vec<&'a str>, PartitionError> {
    let values: Vec<&str> = name.split(PARTITION_SEPARATOR).collect();
    if values.len() != keys.len() {
        return Err(PartitionError::Count { name: name.to_owned(), found: values.len(), keys: listed(keys) });
    }
    values.iter().try_for_each(|value| check_partition_value(value))?;
    Ok(values)
}

/// The values of a spec, given in any order, in the order of the partition keys `keys`.
///
/// # Errors
/// If a key has no value or two, if there are other keys, or if a value cannot be part of a name.
pub fn resolve_partition<'a, K: AsRef<str>, S: AsRef<str>>(
    keys: &[K],
    spec: &'a [(S, S)],
) -> Result<Vec<&'a str>, PartitionError> {
    for (at, (name, value)) in spec.iter().enumerate() {
        let name = name.as_ref();
        if !keys.iter().any(|key| key.as_ref() == name) {
            return Err(PartitionError::UnknownKey { key: name.to_owned(), keys: listed(keys) });
        }
        if spec.iter().take(at).any(|(earlier, _)| earlier.as_ref() == name) {
            return Err(PartitionError::Twice { key: name.to_owned() });
        }
        check_partition_value(value.as_ref())?;
    }
    let value = |key: &K| {
        let found = spec.iter().find(|(name, _)| name.as_ref() == key.as_ref()).map(|(_, value)| value.as_ref());
        found.ok_or_else(|| PartitionError::MissingKey { key: key.as_ref().to_owned(), keys: listed(keys) })
    };
    keys.iter().map(value).collect()
}

/// A partition as people read it: `k=v/k=v`.
pub fn qualified_partition<K: AsRef<str>, S: AsRef<str>>(keys: &[K], values: &[S]) -> String {
    let pairs = keys.iter().zip(values).map(|(key, value)| format!("{}={}", key.as_ref(), value.as_ref()));
    pairs.collect::<Vec<_>>().join("/")
}

/// Checks a value that is part of the name of a partition that may be there: 1 to 200 letters, digits, `_` and `-` of
/// ASCII. A partition that is to be created must pass [`check_new_partition_value`].
///
/// # Errors
/// If Fluss would refuse it.
pub fn check_partition_value(value: &str) -> Result<(), NameError> {
    check_name_characters("partition", value)
}

/// Checks a value of a partition that is to be created: it may not begin with `__`.
///
/// # Errors
/// If Fluss would refuse it.
pub fn check_new_partition_value(value: &str) -> Result<(), NameError> {
    check_name("partition", value)
}

fn listed<S: AsRef<str>>(keys: &[S]) -> String {
    keys.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYS: [&str; 2] = ["day", "region"];

    #[test]
    fn names_and_specs_that_do_not_fit_are_refused() {
        let name = |name| partition_values(&KEYS, name).unwrap_err().to_string();
        let count = "values, but the partition keys are day, region; join their values with '$'";
        assert_eq!(name("2026"), format!("the partition '2026' has 1 {count}"));
        assert_eq!(name("a$b$c"), format!("the partition 'a$b$c' has 3 {count}"));
        assert_eq!(name("2026$"), "'' is no valid partition name: it is empty");
        let spec = |spec: &[(&str, &str)]| resolve_partition(&KEYS, spec).unwrap_err().to_string();
        assert_eq!(spec(&[("day", "1")]), "the partition key 'region' has no value; give each of day, region one");
        assert_eq!(spec(&[("d", "1")]), "'d' is no partition key; the partition keys are day, region");
        assert_eq!(spec(&[("day", "1"), ("day", "1")]), "the partition key 'day' has two values; give it one");
        assert_eq!(
            spec(&[("day", "1"), ("region", "e u")]),
            "'e u' is no valid partition name: only the letters A to Z and a to z, digits, '_' and '-' are allowed"
        );
    }

    #[test]
    fn values_that_begin_with_two_underscores_may_be_there_but_not_be_created() {
        assert_eq!(check_partition_value("__p1"), Ok(()));
        assert!(check_new_partition_value("__p1").is_err());
        for value in ["$1", "?1", "", ".", "é"] {
            assert!(check_partition_value(value).is_err() && check_new_partition_value(value).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn names_and_specs_round_trip(day in "[A-Za-z0-9_-]{1,9}", region in "[A-Za-z0-9_-]{1,9}") {
            let name = partition_name([&day, &region]);
            prop_assert_eq!(partition_values(&KEYS, &name), Ok(vec![day.as_str(), region.as_str()]));
            let spec = [("region", region.as_str()), ("day", day.as_str())];
            let values = resolve_partition(&KEYS, &spec).unwrap();
            prop_assert_eq!(qualified_partition(&KEYS, &values), format!("day={day}/region={region}"));
            prop_assert_eq!(partition_name(values), name);
        }

        #[test]
        fn any_name_gives_values_or_an_error(name: String) {
            if let Ok(values) = partition_values(&KEYS, &name) {
                prop_assert_eq!(partition_name(values), name);
            }
        }
    }
}
