//! The attributes of serde that a configuration knows.

use syn::{Attribute, Error, ExprPath, LitStr, Result};

/// What serde's attributes say.
#[derive(Default)]
pub(super) struct Options {
    pub(super) rename: Option<String>,
    pub(super) rename_all: Option<Case>,
    /// Where an enum's case is named.
    pub(super) tag: Option<LitStr>,
    pub(super) default: Option<Default>,
}

/// What stands for a key that is left out.
pub(super) enum Default {
    /// `Default::default()`.
    OfType,
    /// What this function gives.
    By(ExprPath),
}

impl Options {
    /// Of a struct or an enum.
    pub(super) fn of_type(attributes: &[Attribute]) -> Result<Self> {
        read(attributes, &["rename_all", "tag"], "a configuration knows serde's `rename_all`, and an enum `tag`")
    }

    /// Of a field.
    pub(super) fn of_field(attributes: &[Attribute]) -> Result<Self> {
        read(attributes, &["rename", "default"], "a configuration's field knows serde's `rename` and `default`")
    }

    /// Of a case of an enum.
    pub(super) fn of_case(attributes: &[Attribute]) -> Result<Self> {
        read(attributes, &["rename"], "a case knows serde's `rename`")
    }
}

fn read(attributes: &[Attribute], known: &[&str], message: &str) -> Result<Options> {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            let Some(word) = known.iter().find(|word| meta.path.is_ident(word)) else {
                return Err(Error::new_spanned(&meta.path, message));
            };
            match *word {
                "default" if !meta.input.peek(syn::Token![=]) => options.default = Some(Default::OfType),
                "default" => options.default = Some(Default::By(meta.value()?.parse::<LitStr>()?.parse()?)),
                "rename" => options.rename = Some(meta.value()?.parse::<LitStr>()?.value()),
                "tag" => options.tag = Some(meta.value()?.parse()?),
                _ => options.rename_all = Some(Case::parse(&meta.value()?.parse()?)?),
            }
            Ok(())
        })?;
    }
    Ok(options)
}

/// How words are joined into a name.
#[derive(Clone, Copy)]
pub(super) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    fn parse(text: &LitStr) -> Result<Self> {
        let known = CASES.iter().find(|(name, _)| *name == text.value());
        known.map(|(_, case)| *case).ok_or_else(|| {
            let names: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
            Error::new(text.span(), format!("the cases are {}", names.join(", ")))
        })
    }

    /// The name of a field that is written in `snake_case`.
    pub(super) fn of_field(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper => field.to_ascii_uppercase(),
            _ => self.join(&field.split('_').map(str::to_owned).collect::<Vec<_>>()),
        }
    }

    /// The name of an enum's case that is written in `PascalCase`.
    pub(super) fn of_case(self, case: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        for letter in case.chars() {
            match words.last_mut() {
                Some(word) if !letter.is_uppercase() => word.push(letter),
                _ => words.push(letter.to_ascii_lowercase().to_string()),
            }
        }
        self.join(&words)
    }

    fn join(self, words: &[String]) -> String {
        let pascal = || words.iter().map(|word| with_first(word, char::to_ascii_uppercase)).collect::<String>();
        match self {
            Self::Lower => words.concat(),
            Self::Upper => words.concat().to_ascii_uppercase(),
            Self::Pascal => pascal(),
            Self::Camel => with_first(&pascal(), char::to_ascii_lowercase),
            Self::Snake => words.join("_"),
            Self::ScreamingSnake => words.join("_").to_ascii_uppercase(),
            Self::Kebab => words.join("-"),
            Self::ScreamingKebab => words.join("-").to_ascii_uppercase(),
        }
    }
}

/// The word with its first letter changed.
fn with_first(word: &str, change: fn(&char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| change(&first)).into_iter().chain(letters).collect()
}
